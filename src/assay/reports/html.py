"""report.html: chapters, each a template with its figures, in the order of the run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from assay.core import durable
from assay.core.text import one_line
from assay.reports import class_figures, look_figures, result_figures, suspect_figures, wording
from assay.reports.colors import style_variables
from assay.reports.listing import (
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
from assay.reports.pointers import Numbers
from assay.reports.story import tell
from assay.reports.values import Figure, ReportContent

Figures = tuple[Figure, ...]


@dataclass(frozen=True)
class Chapter:
    """One numbered step: its template `templates/chapters/<name>.html`, its figures, and when it is there."""

    name: str
    title: str
    draw: Callable[[ReportContent], Figures] = lambda _: ()
    present: Callable[[ReportContent], bool] = lambda _: True


def _look(content: ReportContent) -> Figures:
    return (
        look_figures.sample_grid(content),
        look_figures.class_distribution(content),
        look_figures.pixel_histogram(content),
        look_figures.class_histograms(content),
        class_figures.class_means(content),
        class_figures.class_deviations(content),
        class_figures.mean_correlation(content),
    )


def _train(content: ReportContent) -> Figures:
    assert content.history is not None
    return (result_figures.learning_curves(content.history),) if content.history.records else ()


def _evaluate(content: ReportContent) -> Figures:
    score = content.evaluation
    assert score is not None
    figures = (result_figures.confusion(score), result_figures.recalls(score))
    if len(score.mistakes(1)) == 0:
        return figures
    return (*figures, result_figures.mistakes(score, content.dataset.splits["test"]))


#: The report, in order. A new chapter is a line here and a template.
CHAPTERS: Final = (
    Chapter("load", "Load"),
    Chapter("look", "Look", _look),
    Chapter("audit", "Audit and integrity report", suspect_figures.suspects),
    Chapter("normalize", "Normalize", present=lambda c: c.preprocessing is not None),
    Chapter("model", "Model", present=lambda c: c.layers is not None),
    Chapter("train", "Train", _train, lambda c: c.history is not None),
    Chapter("evaluate", "Evaluate", _evaluate, lambda c: c.evaluation is not None),
    Chapter("files", "Files and how to repeat"),
)


def write_report(folder: Path, content: ReportContent) -> None:
    """Write `report.html` and `figures/*.png` into `folder`. Equal content gives equal bytes.

    Raises AssayError when the disk refuses (see `assay.core.durable`).
    """
    figures = draw_figures(content)
    directory = durable.make_directory(folder / "figures")
    for figure in (figure for group in figures.values() for figure in group):
        durable.write_bytes(directory / f"{figure.name}.png", figure.png)
    durable.write_text(folder / "report.html", page(content, figures))


def draw_figures(content: ReportContent) -> dict[str, Figures]:
    """The figures of every chapter that is there, by its name."""
    return {chapter.name: chapter.draw(content) for chapter in CHAPTERS if chapter.present(content)}


def page(content: ReportContent, figures: Mapping[str, Figures]) -> str:
    """The whole report as HTML, with the figures of each chapter."""
    chapters = [chapter for chapter in CHAPTERS if chapter.present(content)]
    template = _environment().get_template("report.html")
    return template.render(
        content=content,
        story=tell(content),
        chapters=chapters,
        figures=figures,
        number=_numbers(content),
        variables=Markup(style_variables()),
    )


def _numbers(content: ReportContent) -> Numbers:
    records: dict[str, Any] = {"audit.json": content.audit.as_record()}
    if content.evaluation is not None:
        records["evaluation.json"] = content.evaluation.as_record()
    return Numbers(records)


#: What templates may call, beside the content itself.
_HELPERS: Final[dict[str, Any]] = {
    "area_rows": area_rows,
    "channel_rows": channel_rows,
    "class_counts": class_counts,
    "classes_note": classes_note,
    "evidence_rows": evidence_rows,
    "run_files": run_files,
    "self_test_rows": self_test_rows,
    "settings_rows": settings_rows,
    "worst_classes": worst_classes,
    "count": wording.count,
    "decimal": wording.decimal,
    "kilobytes": wording.kilobytes,
    "percent": wording.percent,
    "plain": one_line,
    "plain_rows": plain_rows,
    "picture": Markup,  # an SVG made by `canvas.draw`, whose texts matplotlib has escaped
}


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("assay.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = one_line
    environment.filters["prose"] = wording.prose
    environment.globals.update(_HELPERS)
    return environment
