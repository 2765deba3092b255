"""The images that the audit flags, as pictures: the worst of each check, beside what they resemble."""

import textwrap
from collections.abc import Sequence
from itertools import chain
from typing import Final

import numpy as np
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

from assay.audits.issues import Issue
from assay.audits.registry import PICTURED
from assay.audits.values import Audit
from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.values import Dataset, images_of
from assay.reports.drawing.canvas import Plot, label, plot
from assay.reports.drawing.captions import CAPTIONS, Caption, figure
from assay.reports.drawing.image_grid import Grid, draw_grid, plot_grid, row_by_row
from assay.reports.drawing.image_tiles import shrunk
from assay.reports.drawing.scripts import shown as printable
from assay.reports.findings.wording import count, percent
from assay.reports.values import Figure, Results, Table

_COLUMNS: Final = 8
_CELLS: Final = 24

#: No more of one kind, so that a frequent fault does not hide a rare one.
_OF_ONE_KIND: Final = 12

#: Letters beside each other in a figure.
_LETTERS_OF_A_LINE: Final = 105

#: Pixels a side: seven such figures of incompressible noise stay under 700 KB of the page.
_SIDE: Final = 32


def suspects(content: Results) -> tuple[Figure, ...]:
    """A figure for each check that flags images which can be seen, the worst first."""
    drawn = (_suspects_of(check, content) for check in PICTURED)
    return tuple(figure for figure in drawn if figure is not None)


def _caption(check: str, audit: Audit) -> Caption:
    """The check's own texts or, for a check that has none, what its finding says of itself."""
    name = f"suspects-{check}"
    if name in CAPTIONS:
        return CAPTIONS[name]
    finding = audit.finding(check)
    shows = f"Images that the check {check} flags, the worst first. Its limit: {finding.threshold}."
    return Caption(f"Flagged by {check}", shows, f"Why it matters: {finding.reason}.")


def _suspects_of(check: str, content: Results) -> Figure | None:
    issues = [issue for issue in content.audit.issues if issue.check == check]
    if not issues:
        return None
    in_pairs = issues[0].related_index is not None
    shown = worst(issues, _CELLS // 2 if in_pairs else _CELLS - _COLUMNS)
    name = f"suspects-{check}"
    grid = _grid(shown, content.dataset, in_pairs)
    what = "pair" if in_pairs else "image"
    return figure(
        name,
        draw_grid(name, grid),
        f"{count(len(shown), what)} that the check {check} flags, the worst first.",
        _found(content.audit, check, len(shown), len(issues)),
        _table(shown, content.dataset),
        caption=_caption(check, content.audit),
    )


def plot_suspects(audit: Audit, check: str, dataset: Dataset) -> Plot:
    """The images that a check flags, the worst first, as a matplotlib figure for a notebook.

    Where there are none that can be shown, the figure says so in words. Raises AssayError `data-changed` for
    other data.
    """
    finding = audit.findings[check]
    issues = [issue for issue in audit.issues if issue.check == check and issue.index >= 0]
    if audit.dataset["fingerprint"] != dataset.fingerprint:
        fix = "Give the data that were audited: audit.show(check, data)."
        raise AssayError("data-changed", check, "the data are not those of the audit", fix)
    if not issues:
        return _in_words(f"{check} flags no image that can be shown ({finding.verdict}). {finding.summary}")
    in_pairs = issues[0].related_index is not None
    shown = worst(issues, _CELLS // 2 if in_pairs else _CELLS - _COLUMNS)
    return plot_grid(_grid(shown, dataset, in_pairs))


def _in_words(text: str) -> Plot:
    """A figure of a sentence."""
    lines = textwrap.wrap(printable(one_line(text)), _LETTERS_OF_A_LINE)
    height = 0.25 + 0.18 * len(lines)

    def paint(canvas: Canvas) -> None:
        canvas.text(0.01, 0.5, "\n".join(lines), va="center")

    return plot(height, paint, arrange=False)


def worst(issues: Sequence[Issue], most: int) -> list[Issue]:
    """The first `most` of issues sorted worst first, but not only of one kind where there are others."""
    kinds = {issue.kind for issue in issues}
    if len(kinds) < 2:
        return list(issues[:most])
    first = chain.from_iterable([i for i in issues if i.kind == kind][:_OF_ONE_KIND] for kind in kinds)
    return sorted(first, key=lambda i: (-i.score, i.split, i.index, i.kind))[:most]


def _grid(issues: Sequence[Issue], dataset: Dataset, in_pairs: bool) -> Grid:
    cells = [cell for issue in issues for cell in _cells(issue, dataset, in_pairs)]
    images = np.concatenate([_image(dataset, split, index) for split, index, _ in cells])
    return Grid(
        shrunk(images, _SIDE),
        row_by_row(len(cells), _COLUMNS),
        (-(-len(cells) // _COLUMNS), _COLUMNS),
        captions=[caption for _, _, caption in cells],
    )


Cell = tuple[str, int, tuple[str, str]]


def _cells(issue: Issue, dataset: Dataset, in_pairs: bool) -> list[Cell]:
    """The flagged image and, in pairs, the one that it resembles: split, row, and two lines below."""
    mine: Cell = (issue.split, issue.index, (label(issue.label), _second_line(issue, in_pairs)))
    if not in_pairs or issue.related_index is None:
        return [mine]
    other = label(class_of(dataset, issue.related_split, issue.related_index))
    arrow = "\N{RIGHTWARDS ARROW} " if issue.suggested else "= "
    return [mine, (issue.related_split, issue.related_index, (arrow + other, _place(issue, related=True)))]


def _second_line(issue: Issue, in_pairs: bool) -> str:
    if in_pairs:
        return _place(issue)
    return label(f"or {issue.suggested}" if issue.suggested else issue.kind)


def _place(issue: Issue, related: bool = False) -> str:
    return f"{issue.related_split} {issue.related_index}" if related else f"{issue.split} {issue.index}"


def class_of(dataset: Dataset, split: str, index: int) -> str:
    """The class name of one image."""
    return dataset.classes[int(dataset.splits[split].labels[index])]


def _image(dataset: Dataset, split: str, index: int) -> NDArray[np.uint8]:
    return images_of(dataset.splits[split], np.array([index]))


def _found(audit: Audit, check: str, shown: int, flagged: int) -> str:
    summary = audit.finding(check).summary
    return (
        f"{summary} Shown: {'all' if shown == flagged else f'the worst {shown}'}; issues.csv lists every one."
    )


def _table(issues: Sequence[Issue], dataset: Dataset) -> Table:
    return Table(
        ("image", "label", "suggested", "resembles", "score", "detail"),
        tuple(
            (
                issue.id,
                issue.label,
                _suggestion(issue),
                _resembled(issue, dataset),
                f"{issue.score:.3f}",
                issue.detail or issue.kind,
            )
            for issue in issues
        ),
    )


def _suggestion(issue: Issue) -> str:
    if not issue.suggested:
        return ""
    p = issue.suggested_probability
    return issue.suggested if p is None else f"{issue.suggested} ({percent(p)})"


def _resembled(issue: Issue, dataset: Dataset) -> str:
    if issue.related_index is None:
        return ""
    return f"{issue.related_id} ({class_of(dataset, issue.related_split, issue.related_index)})"
