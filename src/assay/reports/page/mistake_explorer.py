"""The mistake explorer: which test images it holds, what is said about each, and their pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from assay.audits.issues import Issue
from assay.core.arrays import Rows
from assay.core.text import one_line
from assay.data.values import Dataset
from assay.evaluation.values import Evaluation
from assay.reports.drawing.sampling import evenly_spaced
from assay.reports.drawing.sprite_sheet import Atlas, Place
from assay.reports.figures.embedding import Map, map_of, places_on_map
from assay.reports.findings.similar_images import nearest_in_train
from assay.reports.findings.wording import check_title, count
from assay.reports.page.data_block import data_block
from assay.reports.page.map_view import ALIKE, alike, flagged_rows, map_data
from assay.reports.values import Results

#: Test images listed at most: the most confident mistakes, and right answers of each class for comparison.
MOST_MISTAKES: Final = 5_000
RIGHT_PER_CLASS: Final = 24
MOST_RIGHT: Final = 1_200

#: Training images shown beside each.
NEAREST: Final = 3

#: Pictures are not looked for among more pairs than this, nor in more bytes of training images: a second.
_MOST_PAIRS: Final = 150_000_000
_MOST_TRAIN_BYTES: Final = 1_000_000_000


@dataclass(frozen=True, eq=False)
class Explorer:
    """What the explorer holds; the pictures of these images are in the page's atlas, as far as they fit.

    rows: of the test split, the mistakes first (the most confident first), then right answers.
    wrong: how many of `rows` are mistakes; mistakes: how many there are in all.
    nearest: int64 `(n, 3)`, rows of train, for the first n of `rows`.
    flags: what the audit said of test images, by row.
    found: the map of the test images; None where there is none. alike: for each of `rows` the positions of
    those that the model sees as most similar to it; flagged: rows that the audit flagged on the map.
    """

    evaluation: Evaluation
    dataset: Dataset
    rows: Rows
    wrong: int
    mistakes: int
    nearest: Rows
    flags: Mapping[int, tuple[Issue, ...]]
    found: Map | None = None
    alike: Rows = field(default_factory=lambda: np.zeros((0, ALIKE), np.int64))
    flagged: Rows = field(default_factory=lambda: np.zeros(0, np.int64))

    def pictured(self, atlas: Atlas) -> int:
        """How many of `rows` have their picture in the page."""
        return sum(("test", row) in atlas.tiles for row in self.rows.tolist())

    def places(self) -> list[Place]:
        """The images to be pictured, in the order of importance: the mistakes, those near them, the rest."""
        test: list[Place] = [("test", row) for row in self.rows.tolist()]
        near: list[Place] = [("train", row) for row in self.nearest.ravel().tolist()]
        cut = NEAREST * self.wrong
        return [*test[: self.wrong], *near[:cut], *test[self.wrong :], *near[cut:]]

    def record(self, atlas: Atlas) -> dict[str, Any]:
        """What `report.json` says of the explorer: counts, the tile's size, and who is near whom."""
        rows = self.rows[: len(self.nearest)].tolist()
        return {
            "mistakes": self.mistakes,
            "mistakes_listed": self.wrong,
            "right_listed": len(self.rows) - self.wrong,
            "pictured": self.pictured(atlas),
            "tile": {"width": atlas.width, "height": atlas.height, "levels": atlas.levels},
            "alike": {
                str(row): self.rows[near].tolist()
                for row, near in zip(self.rows.tolist(), self.alike, strict=False)
            },
            "nearest": {str(row): near for row, near in zip(rows, self.nearest.tolist(), strict=True)},
        }


def explore(content: Results) -> Explorer | None:
    """The explorer of a run; None where no model was judged."""
    score, dataset = content.evaluation, content.dataset
    if score is None or len(score.labels) == 0:
        return None
    mistakes = score.mistakes()
    wrong = mistakes[:MOST_MISTAKES]
    rows = np.concatenate([wrong, _right_answers(score)])
    if len(rows) == 0:
        return None
    near = _nearest(dataset, rows)
    flags = _flags(content.audit.issues, set(rows.tolist()))
    found = map_of(score, content.features)
    told = (score, dataset, rows, len(wrong), len(mistakes), near, flags)
    if found is None:
        return Explorer(*told)
    flagged = flagged_rows(content.audit.issues, len(score.labels))
    return Explorer(*told, found, alike(found, rows), flagged)


def _right_answers(score: Evaluation) -> Rows:
    """Of each class, right answers at equal steps from the most to the least confident."""
    none, each = np.zeros(0, np.int64), min(RIGHT_PER_CLASS, MOST_RIGHT // len(score.classes))
    if each == 0:
        return none
    right = np.flatnonzero(score.predicted == score.labels)
    right = right[np.argsort(-score.confidence[right], kind="stable")]
    chosen = [evenly_spaced(right[score.labels[right] == c], each) for c in np.unique(score.labels[right])]
    return np.concatenate([none, *chosen])


def _nearest(dataset: Dataset, rows: Rows) -> Rows:
    """The nearest training images of the first rows, as many as can be looked up in about a second."""
    train = dataset.train
    if len(train) * np.prod(train.shape) > _MOST_TRAIN_BYTES or len(train) == 0:
        return np.zeros((0, NEAREST), np.int64)
    asked = rows[: _MOST_PAIRS // len(train)]
    return nearest_in_train(train, dataset.splits["test"], asked, NEAREST)


def _flags(issues: tuple[Issue, ...], rows: set[int]) -> dict[int, tuple[Issue, ...]]:
    found: dict[int, tuple[Issue, ...]] = {}
    for issue in issues:
        if issue.split == "test" and issue.index in rows:
            found[issue.index] = (*found.get(issue.index, ()), issue)
    return found


def explorer_note(explorer: Explorer, atlas: Atlas) -> str:
    """What the explorer holds and what it leaves out, in words."""
    told = [
        f"{count(explorer.wrong, 'mistake')}, the most confident first"
        if explorer.wrong == explorer.mistakes
        else f"the {explorer.wrong:,} most confident of {count(explorer.mistakes, 'mistake')}",
        f"{count(len(explorer.rows) - explorer.wrong, 'right answer')} for comparison",
    ]
    text = f"It holds {', and '.join(told)}."
    if (pictured := explorer.pictured(atlas)) < len(explorer.rows):
        text += f" To keep this page small, {pictured:,} of these images are pictured."
    height, width, _ = explorer.dataset.shape
    if (atlas.height, atlas.width) != (height, width):
        text += f" Pictures are averaged down to {atlas.width} x {atlas.height} pixels."
    if atlas.levels < 256:
        text += f" They are shown in {atlas.levels} levels of brightness."
    if len(explorer.nearest) < len(explorer.rows):
        text += f" The nearest training images were looked up for {len(explorer.nearest):,} of them."
    return f"{text} predictions.csv has every image."


def explorer_data(explorer: Explorer, atlas: Atlas) -> Markup:
    """The explorer for a data block of the page."""
    return data_block(_data(explorer, atlas))


def _data(explorer: Explorer, atlas: Atlas) -> dict[str, Any]:
    checks = sorted({issue.check for issues in explorer.flags.values() for issue in issues})
    train = explorer.dataset.train
    near = np.unique(explorer.nearest).tolist()
    return {
        "classes": [one_line(name) for name in explorer.evaluation.classes],
        "checks": [check_title(check) for check in checks],
        "tile": atlas.tile,
        "train": {
            row: [one_line(train.ids[row]), int(train.labels[row]), _tile(atlas, "train", row)]
            for row in near
        },
        **(_map_data(explorer, explorer.found) if explorer.found else {}),
        "images": [_image(explorer, atlas, checks, number) for number in range(len(explorer.rows))],
    }


def _map_data(explorer: Explorer, found: Map) -> dict[str, Any]:
    """The drawn points, the place of each listed image among them, and what the model sees as similar."""
    places = places_on_map(found, found.points[explorer.rows])
    return {
        "map": map_data(found, explorer.evaluation, explorer.flagged),
        "places": places.round(4).tolist(),
        "alike": explorer.alike.tolist(),
    }


def _image(explorer: Explorer, atlas: Atlas, checks: list[str], number: int) -> list[Any]:
    """Row, id, label, answer, its probability, the label's, tile (-1: none), neighbors, flags."""
    score, row = explorer.evaluation, int(explorer.rows[number])
    label = int(score.labels[row])
    return [
        row,
        one_line(explorer.dataset.splits["test"].ids[row]),
        label,
        int(score.predicted[row]),
        float(score.confidence[row]),
        float(score.probabilities[row, label]),
        _tile(atlas, "test", row),
        explorer.nearest[number].tolist() if number < len(explorer.nearest) else [],
        [[checks.index(issue.check), _told(issue)] for issue in explorer.flags.get(row, ())],
    ]


def _tile(atlas: Atlas, split: str, row: int) -> int:
    return atlas.tiles.get((split, row), -1)


def _told(issue: Issue) -> str:
    """What the audit said of one image, in a few words."""
    words = issue.detail or issue.kind.replace("-", " ")
    return one_line(f"rather {issue.suggested} ({words})" if issue.suggested else words)
