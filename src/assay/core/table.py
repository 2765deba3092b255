"""`Table`: columns by name, for people to look at and for pandas, polars and Arrow to take over.

None of these libraries is needed to have a table; each is loaded by the function that is named after it.
"""

import base64
import html
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from assay.core.errors import AssayError
from assay.core.text import html_table, in_unicode

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow
    from matplotlib.figure import Figure

#: Rows that a notebook is shown.
_SHOWN: Final = 20


#: Rows of one group of a Parquet file.
_GROUP: Final = 100_000


class Tabular:
    """Base of values with a `table()`, which pandas, polars and whatever reads Arrow take."""

    def table(self) -> "Table":
        """The columns by name."""
        raise NotImplementedError

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame. Raises AssayError `missing-extra` without pandas."""
        made: pandas.DataFrame = _library("pandas").DataFrame(self._columns())
        return made

    def to_polars(self) -> "polars.DataFrame":
        """A polars DataFrame. Raises AssayError `missing-extra` without polars."""
        made: polars.DataFrame = _library("polars").DataFrame(self._columns())
        return made

    def to_arrow(self) -> "pyarrow.Table":
        """A pyarrow Table. Raises AssayError `missing-extra` without pyarrow."""
        return _library("pyarrow").table(self._columns())

    def parquet(self, numbers: Mapping[str, str]) -> bytes:
        """The content of a Parquet file: equal tables give equal bytes, with one version of pyarrow.

        numbers: columns of numbers, each with its type in Arrow; all others are text. None: a missing value.
        Raises AssayError `missing-extra` without pyarrow.
        """
        arrow, writer = _library("pyarrow"), _library("pyarrow.parquet")
        columns = self.table().columns
        kinds = {name: getattr(arrow, numbers.get(name, "string"))() for name in columns}
        arrays = [
            arrow.array([in_unicode(v) if isinstance(v, str) else v for v in column], kinds[name])
            for name, column in columns.items()
        ]
        target = arrow.BufferOutputStream()
        writer.write_table(
            arrow.table(arrays, arrow.schema(list(kinds.items()))), target, row_group_size=_GROUP
        )
        return bytes(target.getvalue())

    def _columns(self) -> dict[str, list[object]]:
        return {
            name: [in_unicode(v) if isinstance(v, str) else v for v in column]
            for name, column in self.table().columns.items()
        }

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The Arrow PyCapsule interface: any library that reads Arrow takes the table as it is."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __dataframe__(self, nan_as_null: bool = False, allow_copy: bool = True) -> object:
        """The data frame interchange protocol."""
        return self.to_arrow().__dataframe__(nan_as_null, allow_copy)


class Table(Tabular):
    """Columns of equal length by name. Iterating gives the rows, as mappings."""

    def __init__(self, columns: Mapping[str, Sequence[object]], name: str = "Table") -> None:
        self.columns, self.name = dict(columns), name
        if len({len(column) for column in self.columns.values()}) > 1:
            raise ValueError("the columns are not equally long")

    def table(self) -> "Table":
        """The table itself."""
        return self

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, name: str) -> Sequence[object]:
        return self.columns[name]

    def __iter__(self) -> Iterator[dict[str, object]]:
        for cells in zip(*self.columns.values(), strict=True):
            yield dict(zip(self.columns, cells, strict=True))

    def __repr__(self) -> str:
        return f"{self.name}({len(self):,} rows: {', '.join(self.columns)})"

    def _repr_html_(self) -> str:
        shown = [[column[row] for column in self.columns.values()] for row in range(min(len(self), _SHOWN))]
        more = f", the first {_SHOWN}" if len(self) > _SHOWN else ""
        return html_table(tuple(self.columns), shown, f"{self.name}: {len(self):,} rows{more}")


def figure_of(room: str, function: str, *arguments: object) -> "Figure":
    """A figure from the room that draws, which is loaded only when somebody wants to see one.

    Values below `reports` have `plot` and `show` as a convenience; the picture is made above, by name, and
    nothing below depends on it (docs/decisions/0095).
    """
    drawn: Figure = getattr(import_module(f"assay.reports.figures.{room}"), function)(*arguments)
    return drawn


def picture_html(figure: "Figure", caption: str) -> str:
    """A figure of the report as HTML for a notebook: its pixels inside, its caption as its description."""
    # The report's figures know how they are drawn in their own style.
    pixels = base64.b64encode(getattr(figure, "_repr_png_")()).decode()  # noqa: B009  matplotlib's has none
    told = html.escape(caption)
    image = f'<img style="max-width:100%" alt="{told}" src="data:image/png;base64,{pixels}"/>'
    return f"<figure>{image}<figcaption>{told}</figcaption></figure>"


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        fix = f"Install it: pip install {name}."
        raise AssayError("missing-extra", name, "this form of a table needs it", fix) from error
