"""The flagged images of an audit: the rows of `issues.csv`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from assay.core.table import Table, Tabular

#: The columns of `issues.csv`, in order.
ISSUE_COLUMNS: Final = (
    "check",
    "kind",
    "score",
    "split",
    "index",
    "id",
    "digest",
    "label",
    "suggested",
    "suggested_probability",
    "related_split",
    "related_index",
    "related_id",
    "detail",
)

#: So many issues are written as Parquet too: a spreadsheet does not open them any more.
MANY_ISSUES: Final = 100_000

#: The columns of issues that are numbers; all others are text.
_ISSUE_NUMBERS: Final = {
    "score": "float64",
    "index": "int64",
    "suggested_probability": "float64",
    "related_index": "int64",
}


@dataclass(frozen=True)
class Issue:
    """One flagged image: a row of `issues.csv`. score: in [0, 1], 1 is worst.

    index: -1 for an image that could not be read and so has no place in its split; an empty cell in the file.
    """

    check: str
    kind: str
    score: float
    split: str
    index: int
    id: str
    digest: str
    label: str
    suggested: str = ""
    suggested_probability: float | None = None
    related_split: str = ""
    related_index: int | None = None
    related_id: str = ""
    detail: str = ""

    def as_row(self) -> tuple[object, ...]:
        """The issue's cells in the order of `ISSUE_COLUMNS`."""
        cells = {column: getattr(self, column) for column in ISSUE_COLUMNS}
        return tuple((cells | {"index": None if self.index < 0 else self.index}).values())


class Issues(Tabular, tuple[Issue, ...]):
    """The flagged images, as rows of `issues.csv`."""

    __slots__ = ()

    def of(self, check: str) -> "Issues":
        """Those of one check, the worst first."""
        return Issues(issue for issue in self if issue.check == check)

    def table(self) -> Table:
        """A row for each issue, with the columns of `issues.csv`; None where a cell is empty."""
        rows = [issue.as_row() for issue in self]
        columns = zip(*rows, strict=True) if rows else ((),) * len(ISSUE_COLUMNS)
        return Table(dict(zip(ISSUE_COLUMNS, columns, strict=True)), "Issues")

    def __repr__(self) -> str:
        counts = Counter(issue.check for issue in self)
        return f"Issues({len(self):,}: {', '.join(f'{n:,} {check}' for check, n in counts.items())})"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def sorted_issues(issues: Sequence[Issue]) -> tuple[Issue, ...]:
    """Issues as `issues.csv` wants them: by check, then score falling, then source order."""
    return tuple(sorted(issues, key=lambda i: (i.check, -i.score, i.split, i.index, i.kind)))
