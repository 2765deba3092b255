"""report.html: chapters, each a template with its figures, in the order of the run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from assay.core import durable
from assay.core.text import one_line
from assay.reports.drawing.colors import style_variables
from assay.reports.drawing.confusion_table import matrix_rows
from assay.reports.drawing.sprite_sheet import Atlas, pack
from assay.reports.figures import classes, embedding, look, results, saliency, suspects, trust, typical
from assay.reports.findings import trust as trust_findings
from assay.reports.findings import wording
from assay.reports.findings.training_course import curves_finding
from assay.reports.page.map_view import flagged_rows
from assay.reports.page.mistake_explorer import Explorer, explore, explorer_data, explorer_note
from assay.reports.page.provenance import Numbers
from assay.reports.page.script import page_script, policy
from assay.reports.page.steps import digitized, label_table, net_blocks, partition_bar
from assay.reports.page.summary import first_sentence, groups, placeholders, tell
from assay.reports.page.suspect_editor import (
    Suspects,
    has_suspects,
    list_suspects,
    suspects_data,
    suspects_note,
    suspects_table,
)
from assay.reports.page.tables import (
    about,
    area_cells,
    area_rows,
    channel_rows,
    class_counts,
    classes_note,
    evidence_rows,
    plain_rows,
    run_files,
    self_test_rows,
    settings_rows,
    worst_classes,
)
from assay.reports.values import Figure, Results

Figures = tuple[Figure, ...]

#: Bytes of the page: what it may have at most, and what is kept free of that for the numbers of the tiles.
LARGEST_PAGE: Final = 3_000_000
_SPARE: Final = 50_000

#: Suspects of an audit alone that are to be pictured, however small.
_MOST_NEEDED: Final = 1_000

#: Bytes of original pictures that are read to be averaged down.
_MOST_READ: Final = 500_000_000


@dataclass(frozen=True)
class Chapter:
    """One numbered step: its template `templates/chapters/<name>.html`, its figures, and when it is there."""

    name: str
    title: str
    draw: Callable[[Results], Figures] = lambda _: ()
    present: Callable[[Results], bool] = lambda _: True


def _load(content: Results) -> Figures:
    """Balanced classes are told in words: bars of equal length would fill a screen and show nothing."""
    equal = all(len(set(m.counts.tolist())) == 1 for m in content.measurements.values())
    return () if equal else (look.class_distribution(content),)


def _normalize(content: Results) -> Figures:
    return (look.normalized_histogram(content),)


def _look(content: Results) -> Figures:
    return (
        look.sample_grid(content),
        look.pixel_histogram(content),
        look.class_histograms(content),
        classes.class_means(content),
        typical.typical(content),
        classes.class_deviations(content),
        classes.mean_correlation(content),
    )


def _train(content: Results) -> Figures:
    assert content.history is not None
    if not content.history.records or content.history.closed_form:
        return ()
    early = bool((content.recipe or {}).get("patience"))
    return (results.learning_curves(content.history, early),)


def _evaluate(content: Results) -> Figures:
    score = content.evaluation
    assert score is not None
    return (results.recalls(score),)


def _mistakes(content: Results) -> Figures:
    score = content.evaluation
    assert score is not None
    test, found = content.dataset.splits["test"], embedding.map_of(score, content.features)
    figures = [results.confusion(score)]
    if len(score.mistakes(1)):
        figures.append(results.mistakes(score, test))
    if content.saliency is not None and len(content.saliency.rows):
        figures.append(saliency.saliency_figure(content.saliency, score, test))
    if content.asked is not None and len(content.asked.rows):
        figures.append(saliency.saliency_figure(content.asked, score, test, "saliency-asked"))
    if found is not None:
        figures.append(embedding.map_figure(found, score, flagged_rows(content.audit.issues, len(test))))
    return tuple(figures)


def _trust(content: Results) -> Figures:
    score = content.evaluation
    assert score is not None
    record = score.as_record()
    figures = [trust.confidences(score)]
    if record.get("calibration"):
        figures.append(trust.reliability(record["calibration"]))
    if record.get("abstention"):
        gate = (record.get("out_of_distribution") or {}).get("gate")
        figures.append(trust.risk_coverage(record["abstention"], gated=bool(gate)))
    return tuple(figures)


#: The report, in order. A new chapter is a line here and a template.
CHAPTERS: Final = (
    Chapter("load", "Load", _load),
    Chapter("look", "Look", _look),
    Chapter("audit", "Audit", suspects.suspects),
    Chapter("normalize", "Normalize", _normalize, lambda c: c.preprocessing is not None),
    Chapter("model", "Model", present=lambda c: c.layers is not None),
    Chapter("train", "Train", _train, lambda c: c.history is not None),
    Chapter("evaluate", "Evaluate", _evaluate, lambda c: c.evaluation is not None),
    Chapter("trust", "Trust", _trust, lambda c: c.evaluation is not None),
    Chapter("mistakes", "Mistakes", _mistakes, lambda c: c.evaluation is not None),
    Chapter("decide", "Decide", present=has_suspects),
    Chapter("files", "Files"),
)


@dataclass(frozen=True)
class Drawn:
    """All pictures of a report: the figures of every chapter that is there, and what its script shows.

    atlas: the pictures of single images that the explorer and the suspects have in common.
    """

    figures: Mapping[str, Figures]
    explorer: Explorer | None
    suspects: Suspects | None
    atlas: Atlas = field(default_factory=Atlas)

    def record(self) -> dict[str, Any]:
        """The content of `report.json`: what the report tells and no other file of the run holds."""
        drawn = [figure for group in self.figures.values() for figure in group]
        return {
            "schema": 1,
            "figures": {figure.name: dict(figure.record) for figure in drawn if figure.record},
            "explorer": self.explorer.record(self.atlas) if self.explorer else None,
        }


def write_report(folder: Path, content: Results) -> None:
    """Write `report.html`, `report.json` and `figures/*.png` into `folder`. Equal content gives equal bytes.

    Raises AssayError when the disk refuses (see `assay.core.durable`).
    """
    drawn = draw_all(content)
    directory = durable.make_directory(folder / "figures")
    for figure in (figure for group in drawn.figures.values() for figure in group):
        durable.write_bytes(directory / f"{figure.name}.png", figure.png)
    durable.write_json(folder / "report.json", drawn.record())
    durable.write_text(folder / "report.html", page(content, drawn))


def draw_all(content: Results) -> Drawn:
    """Everything that the page shows as pictures; of single images as many as there is room for."""
    figures = {chapter.name: chapter.draw(content) for chapter in CHAPTERS if chapter.present(content)}
    drawn = Drawn(figures, explore(content), list_suspects(content))
    # Base64 makes four bytes of three.
    room = (LARGEST_PAGE - _SPARE - len(page(content, drawn).encode("utf-8", "backslashreplace"))) * 3 // 4
    explored = list(dict.fromkeys(drawn.explorer.places())) if drawn.explorer else []
    places = list(dict.fromkeys([*explored, *(drawn.suspects.places if drawn.suspects else [])]))
    places = places[: _MOST_READ // max(1, int(np.prod(content.dataset.shape)))]
    needed = len(explored) or _MOST_NEEDED
    return replace(drawn, atlas=pack(dict(content.dataset.splits), places, room, needed))


def page(content: Results, drawn: Drawn) -> str:
    """The whole report as HTML."""
    chapters = [chapter for chapter in CHAPTERS if chapter.present(content)]
    template = environment().get_template("report.html")
    script = page_script()
    numbers = _numbers(content, drawn)
    return template.render(
        content=content,
        story=tell(content),
        chapters=chapters,
        figures=drawn.figures,
        drawn=drawn,
        explorer=drawn.explorer,
        suspects=drawn.suspects,
        number=numbers,
        scores=numbers.records.get("evaluation.json", {}),
        variables=Markup(style_variables()),
        script=Markup(script),
        policy=Markup(policy(script)),
    )


def _numbers(content: Results, drawn: Drawn) -> Numbers:
    records: dict[str, Any] = {"audit.json": content.audit.as_record(), "report.json": drawn.record()}
    if content.evaluation is not None:
        records["evaluation.json"] = content.evaluation.as_record()
    return Numbers(records)


#: What templates may call, beside the content itself.
_HELPERS: Final[dict[str, Any]] = {
    "about": about,
    "area_cells": area_cells,
    "area_rows": area_rows,
    "channel_rows": channel_rows,
    "check_title": wording.check_title,
    "class_counts": class_counts,
    "classes_note": classes_note,
    "curves_finding": curves_finding,
    "digitized": digitized,
    "evidence_rows": evidence_rows,
    "explorer_data": explorer_data,
    "explorer_note": explorer_note,
    "first_sentence": first_sentence,
    "groups": groups,
    "label_table": label_table,
    "matrix_rows": matrix_rows,
    "net_blocks": net_blocks,
    "partition_bar": partition_bar,
    "run_files": run_files,
    "self_test_rows": self_test_rows,
    "settings_rows": settings_rows,
    "suspects_data": suspects_data,
    "suspects_note": suspects_note,
    "suspects_table": suspects_table,
    "slice_places": trust_findings.slice_places,
    "slices_finding": trust_findings.slices_finding,
    "weakest_places": trust_findings.weakest_places,
    "worst_classes": worst_classes,
    "count": wording.count,
    "decimal": wording.decimal,
    "kilobytes": wording.kilobytes,
    "percent": wording.percent,
    "placeholders": placeholders,
    "plain": one_line,
    "plain_rows": plain_rows,
    "picture": Markup,  # an SVG made by `canvas.draw`, whose texts matplotlib has escaped
}


@cache
def environment() -> Environment:
    """Templates escape whatever they are given, and fail on a name that does not exist. Compiled once."""
    environment = Environment(
        loader=PackageLoader("assay.reports.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["plain"] = one_line
    environment.filters["prose"] = wording.prose
    environment.globals.update(_HELPERS)
    return environment
