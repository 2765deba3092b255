"""The audit's suspects as the page lists them: to be decided about there, or in a spreadsheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from markupsafe import Markup

from assay.audits.issues import ISSUE_COLUMNS, Issue
from assay.audits.registry import REVIEWED
from assay.audits.review_table import Row, suspect_rows
from assay.core.text import csv_text
from assay.data.decisions import COLUMNS
from assay.reports.drawing.sprite_sheet import Atlas, Place
from assay.reports.findings.wording import check_title, count
from assay.reports.page.data_block import data_block, deflated
from assay.reports.values import Results, Table

#: Suspects in the page at most, and those of them in the table that is there without scripts.
MOST_SUSPECTS: Final = 5_000
_IN_TABLE: Final = 20

#: Bytes that they may take of the page: fewer of them where ids or class names are very long.
_MOST_BYTES: Final = 600_000

#: An image that a suspect resembles: its place, its class name, its id.
Near = tuple[Place, str, str]

#: Of them, shown beside a suspect at most.
_MOST_NEAR: Final = 3


@dataclass(frozen=True, eq=False)
class Suspects:
    """rows: those in the page, with the columns of `decisions.csv`. total: how many there are.

    near: for each row, what its findings say that it resembles: place, class name and id. key: of the data.
    """

    rows: tuple[Row, ...]
    total: int
    classes: tuple[str, ...]
    near: tuple[tuple[Near, ...], ...] = ()
    key: str = ""

    @property
    def places(self) -> list[Place]:
        """Each image, then what it resembles, in order; none of images that left the data."""
        own = [[(row["split"], int(row["index"]))] if row["index"] else [] for row in self.rows]
        near = [[place for place, _, _ in one] for one in self.near] or [[]] * len(own)
        return [place for pair in zip(own, near, strict=True) for part in pair for place in part]


def has_suspects(content: Results) -> bool:
    """Whether there is anything to decide about."""
    found = any(issue.check in REVIEWED and issue.index >= 0 for issue in content.audit.issues)
    return found or bool(content.decisions)


def list_suspects(content: Results) -> Suspects | None:
    """The rows that `assay review` writes of the same run, the first ones; None where there are none."""
    if not has_suspects(content):
        return None
    rows, total = _rows(content)
    shown, classes = rows[:MOST_SUSPECTS], content.dataset.classes
    while len(deflated(_cells(shown))) > _MOST_BYTES:
        shown = shown[: len(shown) // 2]
    return Suspects(shown, total, classes, _near(shown, content), content.dataset.fingerprint)


def _rows(content: Results) -> tuple[tuple[Row, ...], int]:
    """The rows that the page may show, the first of all, and how many there are in all.

    Earlier decisions may be about any of them, and those about none come last: then all are made.
    """
    if content.decisions:
        rows = tuple(suspect_rows(content.audit.issues_csv(), content.decisions))
        return rows, len(rows)
    reviewed: dict[str, list[Issue]] = {check: [] for check in REVIEWED}
    for issue in content.audit.issues:
        if issue.check in reviewed and issue.index >= 0:
            reviewed[issue.check].append(issue)
    images = dict.fromkeys((issue.split, issue.index) for own in reviewed.values() for issue in own)
    first = set(islice(images, MOST_SUSPECTS))
    kept = (
        issue.as_row() for own in reviewed.values() for issue in own if (issue.split, issue.index) in first
    )
    return tuple(suspect_rows(csv_text(ISSUE_COLUMNS, kept))), len(images)


def _near(rows: Sequence[Row], content: Results) -> tuple[tuple[Near, ...], ...]:
    """What each suspect resembles, by the findings about it."""
    found: dict[tuple[str, str], dict[Place, Near]] = {}
    splits, classes = content.dataset.splits, content.dataset.classes
    for issue in content.audit.issues:
        if issue.related_index is None or issue.related_split not in splits:
            continue
        place = (issue.related_split, issue.related_index)
        label = classes[int(splits[place[0]].labels[place[1]])]
        mine = found.setdefault((issue.split, str(issue.index)), {})
        mine.setdefault(place, (place, label, issue.related_id))
    chosen = (found.get((row["split"], row["index"]), {}) for row in rows)
    return tuple(tuple(one.values())[:_MOST_NEAR] for one in chosen)


def suspects_note(suspects: Suspects, atlas: Atlas) -> str:
    """How many there are, and what the page leaves out."""
    told = f"The audit flagged {count(suspects.total, 'image')}."
    if len(suspects.rows) < suspects.total:
        told += f" This page lists the first {len(suspects.rows):,}; `assay review RUN` writes them all."
    own = [(row["split"], int(row["index"])) for row in suspects.rows if row["index"]]
    pictured = sum(place in atlas.tiles for place in own)
    if pictured < len(suspects.rows):
        told += f" To keep it small, {pictured:,} of them are pictured."
    return told


def suspects_table(suspects: Suspects) -> Table:
    """The first of them, for readers without scripts."""
    header = ("image", "label", "what was found", "suggested label", "decision")
    rows = tuple(
        tuple(row[name] for name in ("id", "label", "found", "suggested", "decision"))
        for row in suspects.rows[:_IN_TABLE]
    )
    left = len(suspects.rows) - len(rows)
    return Table(header, rows, f"{count(left, 'more image')} in `assay review RUN`." if left else "")


def suspects_data(suspects: Suspects, atlas: Atlas) -> Markup:
    """Columns, class names and rows for the page's script."""
    data = {
        "columns": COLUMNS,
        "classes": suspects.classes,
        "checks": {check: check_title(check) for check in REVIEWED},
        "key": f"assay decisions {suspects.key}",
        "near": [
            [[atlas.tiles.get(place, -1), label, name] for place, label, name in near]
            for near in suspects.near
        ],
        "tile": atlas.tile,
        "rows": _cells(suspects.rows),
        "tiles": [_tile(row, atlas) for row in suspects.rows],
    }
    return data_block(data)


def _cells(rows: Sequence[Row]) -> list[list[str]]:
    return [list(row.values()) for row in rows]


def _tile(row: Row, atlas: Atlas) -> int:
    return atlas.tiles.get((row["split"], int(row["index"])), -1) if row["index"] else -1
