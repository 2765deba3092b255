"""Images that one model gets right and another wrong, as pictures."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from assay.data.values import Split, images_of
from assay.evaluation.compare import Candidate, Comparison
from assay.evaluation.predictions_file import Answer
from assay.reports.drawing.canvas import label
from assay.reports.drawing.captions import figure
from assay.reports.drawing.image_grid import Grid, draw_grid, row_by_row
from assay.reports.findings.wording import count, percent
from assay.reports.values import Figure, Table

#: Pictures in one grid, two rows of six; and pairs of models that have grids.
_MOST: Final = 12
_COLUMNS: Final = 6
_MOST_PAIRS: Final = 3


def differences(comparison: Comparison, test: Split) -> tuple[Figure, ...]:
    """For the pairs of `shown_pairs`: what the first alone gets right, and what the second alone does."""
    first_run = comparison.candidates[0]
    found = [
        _grid(f"differences-{number}", right, wrong, first_run, test)
        for number, (right, wrong) in enumerate(_both_ways(shown_pairs(comparison)), 1)
    ]
    return tuple(one for one in found if one is not None)


def _both_ways(pairs: Sequence[tuple[Candidate, Candidate]]) -> list[tuple[Candidate, Candidate]]:
    return [way for first, second in pairs for way in ((second, first), (first, second))]


def shown_pairs(comparison: Comparison) -> list[tuple[Candidate, Candidate]]:
    """Neighbors in accuracy among the recipes, the first seed standing for each; of one recipe its first two
    runs. The most accurate come first, at most three pairs."""
    by_place = {(c.recipe["name"], c.seed, c.accuracy): c for c in reversed(comparison.candidates)}
    firsts = [by_place[g.recipe, g.seeds[0], g.accuracies[0]] for g in comparison.over_seeds]
    if len(firsts) == 1:
        firsts = list(comparison.candidates[:2])
    ranked = sorted(firsts, key=lambda c: -(c.accuracy or 0.0))
    return [(worse, better) for better, worse in pairwise(ranked)][:_MOST_PAIRS]


def _grid(key: str, right: Candidate, wrong: Candidate, first_run: Candidate, test: Split) -> Figure | None:
    """The most confident mistakes of `wrong` among the images that `right` gets right; None without any."""
    assert right.answers is not None
    assert wrong.answers is not None
    assert first_run.answers is not None
    places = np.flatnonzero(right.answers.right & ~wrong.answers.right).tolist()
    if not places:
        return None
    said = wrong.answers.rows
    shown = sorted(places, key=lambda place: -said[place].probability)[:_MOST]
    rows = np.array([first_run.answers.rows[place].index for place in shown], np.int64)
    grid = Grid(
        images_of(test, rows),
        row_by_row(len(rows), _COLUMNS),
        (-(-len(rows) // _COLUMNS), _COLUMNS),
        captions=[_caption(said[place]) for place in shown],
    )
    title = f"Right by {right.name}, wrong by {wrong.name}"
    drawn = figure(
        "differences",
        draw_grid(key, grid),
        f"{count(len(rows), 'test image')}: {title}.",
        f"{right.name} gets {count(len(places), 'image')} right that {wrong.name} gets wrong.",
        Table(
            ("image", "label", f"answer of {wrong.name}", "probability"),
            tuple(_cells(first_run.answers.rows[place], said[place]) for place in shown),
            f"The {len(shown)} most confident of {len(places):,}; differences.csv has all.",
        ),
    )
    return replace(drawn, name=key, title=title)


def _caption(answer: Answer) -> tuple[str, str]:
    arrow = f"\N{RIGHTWARDS ARROW} {label(answer.predicted)} {percent(answer.probability)}"
    return label(answer.label), arrow


def _cells(image: Answer, answer: Answer) -> tuple[str, ...]:
    return image.id, image.label, answer.predicted, percent(answer.probability)
