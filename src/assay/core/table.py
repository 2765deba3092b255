"""`Table`: columns by name, for people to look at and for pandas, polars and Arrow to take over.

None of these libraries is needed to have a table; each is loaded by the function that is named after it.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from assay.core.errors import AssayError
from assay.core.text import html_table

#: Rows that a notebook is shown.
_SHOWN: Final = 20


class Tabular:
    """What has a `table()`: it can be handed to pandas, polars, and whatever reads Arrow."""

    def table(self) -> "Table":
        """The columns by name."""
        raise NotImplementedError

    def to_pandas(self) -> Any:
        """A pandas DataFrame. Raises AssayError `missing-extra` without pandas."""
        return _library("pandas").DataFrame({k: list(v) for k, v in self.table().columns.items()})

    def to_polars(self) -> Any:
        """A polars DataFrame. Raises AssayError `missing-extra` without polars."""
        return _library("polars").DataFrame({k: list(v) for k, v in self.table().columns.items()})

    def to_arrow(self) -> Any:
        """A pyarrow Table. Raises AssayError `missing-extra` without pyarrow."""
        return _library("pyarrow").table({k: list(v) for k, v in self.table().columns.items()})

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The Arrow PyCapsule interface: any library that reads Arrow takes the table as it is."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __dataframe__(self, nan_as_null: bool = False, allow_copy: bool = True) -> Any:
        """The data frame interchange protocol."""
        return self.to_arrow().__dataframe__(nan_as_null, allow_copy)


class Table(Tabular):
    """Columns of equal length by name. Iterating gives the rows, as mappings."""

    def __init__(self, columns: Mapping[str, Sequence[Any]], name: str = "Table") -> None:
        self.columns, self.name = dict(columns), name
        if len({len(column) for column in self.columns.values()}) > 1:
            raise ValueError("the columns are not equally long")

    def table(self) -> "Table":
        """The table itself."""
        return self

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, name: str) -> Sequence[Any]:
        return self.columns[name]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for cells in zip(*self.columns.values(), strict=True):
            yield dict(zip(self.columns, cells, strict=True))

    def __repr__(self) -> str:
        return f"{self.name}({len(self):,} rows: {', '.join(self.columns)})"

    def _repr_html_(self) -> str:
        shown = [[column[row] for column in self.columns.values()] for row in range(min(len(self), _SHOWN))]
        more = f", the first {_SHOWN}" if len(self) > _SHOWN else ""
        return html_table(tuple(self.columns), shown, f"{self.name}: {len(self):,} rows{more}")


def figure_of(room: str, function: str, *arguments: Any) -> Any:
    """A figure from the room that draws, which is loaded only when somebody wants to see one.

    Values below `reports` have `plot` and `show` as a convenience; the picture is made above, by name, and
    nothing below depends on it (docs/decisions/0095).
    """
    return getattr(import_module(f"assay.reports.figures.{room}"), function)(*arguments)


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        fix = f"Install it: pip install {name}."
        raise AssayError("missing-extra", name, "this form of a table needs it", fix) from error
