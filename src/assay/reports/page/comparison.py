"""The page of several models: a table, accuracy against seconds, and what of their differences is chance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from assay.audits.values import Audit
from assay.core import durable
from assay.data.values import Split
from assay.evaluation.compare import Comparison, Pair
from assay.evaluation.seed_variance import OverSeeds
from assay.reports.drawing.colors import style_variables
from assay.reports.figures.differences import differences
from assay.reports.figures.ladder import ladder
from assay.reports.findings import comparison as findings
from assay.reports.findings.wording import count, percent
from assay.reports.page.html import environment
from assay.reports.page.provenance import Numbers
from assay.reports.values import Figure, Table

#: Rows of a table on the page, and models in the matrix of agreement; comparison.json has all.
_MOST_PAIRS: Final = 60
_MOST_MODELS: Final = 12

#: No script at all: nothing on this page needs one.
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True, eq=False)
class ComparisonContent:
    """All that the page shows.

    seconds: of each model's training, None where unknown. folders: where each run lies, for runs that are not
    part of this one; empty for the models of one run, which lie in `models/`. audit: of the data of that run.
    test: the test images that all were judged on, for pictures; None shows none.
    """

    comparison: Comparison
    seconds: Mapping[str, float | None] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    audit: Audit | None = None
    test: Split | None = None


@dataclass(frozen=True)
class _Chapter:
    """One section of the page: its identifier, its title, and whether it is there."""

    name: str
    title: str
    present: bool = True


def write_comparison(folder: Path, content: ComparisonContent) -> None:
    """Write comparison.json, differences.csv (where there are pairs), figures and report.html.

    Equal models give an equal comparison.json and differences.csv; the page and its figure also tell seconds.
    Raises AssayError when the disk refuses (see `assay.core.durable`).
    """
    comparison = content.comparison
    figures = draw_figures(content)
    durable.write_json(folder / "comparison.json", comparison.as_record())
    if comparison.pairs:
        durable.write_text(folder / "differences.csv", comparison.differences_csv())
    directory = durable.make_directory(folder / "figures")
    for figure in (one for group in figures.values() for one in group):
        durable.write_bytes(directory / f"{figure.name}.png", figure.png)
    durable.write_text(folder / "report.html", comparison_page(content, figures))


def draw_figures(content: ComparisonContent) -> dict[str, tuple[Figure, ...]]:
    """The figures of the page by chapter."""
    drawn = ladder(content.comparison, content.seconds)
    shown = differences(content.comparison, content.test) if content.comparison.pairs and content.test else ()
    return {"models": (drawn,) if drawn else (), "images": shown}


def comparison_page(content: ComparisonContent, figures: Mapping[str, tuple[Figure, ...]]) -> str:
    """The whole page as HTML."""
    comparison = content.comparison
    several = tuple(group for group in comparison.over_seeds if len(group.seeds) > 1)
    chapters = (
        _Chapter("models", "The models"),
        _Chapter("seeds", "Over seeds", bool(several)),
        _Chapter("pairs", "Pair by pair"),
        _Chapter("images", "Images", bool(figures["images"])),
        _Chapter("files", "Files"),
    )
    return (
        environment()
        .get_template("comparison.html")
        .render(
            content=content,
            comparison=comparison,
            chapters=[chapter for chapter in chapters if chapter.present],
            figures=figures,
            findings=findings,
            number=Numbers(_records(content)),
            widest=max(several, key=lambda group: group.standard_deviation or 0.0, default=None),
            seeds_table=_seeds_table(several),
            pairs_table=_pairs_table(comparison),
            agreement_table=_agreement_table(comparison),
            files=_files(content),
            policy=_POLICY,
            variables=Markup(style_variables()),
        )
    )


def _records(content: ComparisonContent) -> dict[str, Any]:
    """Where the page's numbers come from: the comparison, and what only the manifest tells."""
    models = {name: {"seconds": seconds} for name, seconds in content.seconds.items()}
    return {"comparison.json": content.comparison.as_record(), "manifest.json": {"models": models}}


def _seeds_table(groups: tuple[OverSeeds, ...]) -> Table:
    return Table(
        (
            "recipe",
            "seeds",
            "mean",
            "standard deviation",
            "95 % interval of the mean",
            "lowest",
            "highest",
            "runs",
        ),
        tuple(_seeds_row(group) for group in groups),
        "The interval is Student's t over seeds: where the mean over all seeds lies, on these test images; "
        "equal scores do not tell. "
        "Each model's own interval tells what other test images would change. No run is left out.",
    )


def _seeds_row(group: OverSeeds) -> tuple[str, ...]:
    interval = group.mean_interval
    return (
        group.recipe,
        str(len(group.seeds)),
        percent(group.mean, 2),
        percent(group.standard_deviation, 2),
        f"{percent(interval[0], 2)} to {percent(interval[1], 2)}" if interval else "not known",
        percent(min(group.accuracies), 2),
        percent(max(group.accuracies), 2),
        ", ".join(percent(accuracy, 2) for accuracy in group.accuracies),
    )


def _pairs_table(comparison: Comparison) -> Table:
    left = len(comparison.pairs) - _MOST_PAIRS
    note = f"{count(left, 'more pair')} in comparison.json. " if left > 0 else ""
    return Table(
        (
            "first and second",
            "difference, points",
            "95 % interval, points",
            "only first right",
            "only second right",
            "p",
            "p, corrected",
        ),
        tuple(_pair_row(pair) for pair in comparison.pairs[:_MOST_PAIRS]),
        f"{note}Difference: accuracy of the second minus that of the first; a dash for an interval: too few "
        "images, or too few on which the two differ.",
    )


def _pair_row(pair: Pair) -> tuple[str, ...]:
    interval = "\N{EN DASH}"
    if pair.interval:
        interval = " to ".join(f"{100 * end:+.2f}" for end in pair.interval)
    return (
        f"{pair.first}, {pair.second}",
        f"{100 * pair.difference:+.2f}",
        interval,
        f"{pair.only_first:,}",
        f"{pair.only_second:,}",
        findings.p_value(pair.p_value),
        findings.p_value(pair.p_value_holm),
    )


def _agreement_table(comparison: Comparison) -> Table:
    names = comparison.names[:_MOST_MODELS]
    rows = [
        (name, *(percent(share) for share in shares[:_MOST_MODELS]))
        for name, shares in zip(names, comparison.agreement(), strict=False)
    ]
    left = len(comparison.names) - len(names)
    note = f" {count(left, 'more model')} in comparison.json." if left > 0 else ""
    return Table(("same answer", *names), tuple(rows), f"Right or wrong, but the same.{note}")


def _files(content: ComparisonContent) -> list[tuple[str, str]]:
    """The files beside the page, and what each holds."""
    files = [
        ("comparison.json", "every model, every pair, mean and spread over seeds"),
        ("differences.csv", "each image that one model gets right and another wrong, with all answers"),
        ("manifest.json", "seconds of training and folders of the models, the machine, a hash of each file"),
    ]
    if not content.comparison.pairs:
        del files[1]
    if not content.folders:
        files.append(("models/", "a complete run of each model, with a report of its own"))
        files.append(("audit.json, issues.csv", "what was found in the data"))
    return files
