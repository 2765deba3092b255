"""One Parquet file of images and labels: which column is which, and what its rows say."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from assay.core.errors import AssayError
from assay.core.text import one_line, shortened, whole_number
from assay.data.formats.parquet_file import (
    cells_of,
    check_rows,
    class_names_of,
    holding_images,
    holding_pixels,
    is_simple,
    opened,
)
from assay.data.formats.shard_file import ShardFile
from assay.data.formats.texts.column_names import LABEL_NAMES, chosen_column, optional_column
from assay.data.listing.columns.groups import groups_of
from assay.data.listing.columns.missing import is_missing
from assay.data.listing.columns.one_hot import (
    labels_of_one_hot,
    one_hot_columns,
    several_labels,
    shown_columns,
)
from assay.data.listing.columns.splits import split_column, splits_of_cells
from assay.data.listing.shards.names import note_on_another_split, split_in_name
from assay.data.listing.shards.parquet_rows import ParquetRows
from assay.data.listing.shards.partitions import refuse_files_of_classes, refuse_partitions
from assay.data.listing.table_labels import refuse_several_columns
from assay.data.request import Request

IMAGE_NAMES: Final = ("image", "img", "picture", "photo", "bytes")

#: How columns of lists of pixels are called besides.
_PIXEL_NAMES: Final = ("pixels", "pixel_values", "data", "x")


def rows_of_parquet(parquet: Any, request: Request, path: ShardFile) -> ParquetRows:
    """The rows of one file: labels, splits, groups and all other columns of plain values, without the images.

    parquet: the module. Raises AssayError where there is no column of images, or of one label an image.
    """
    with opened(parquet, path, glance=True) as file:
        schema, count = file.schema_arrow, file.metadata.num_rows
        image, notes = _image_column(path, schema, request.path_column)
        names = [name for name in schema.names if name != image]
        simple = [name for name in names if is_simple(schema.field(name).type)]
        label = optional_column(path, names, request.label_column, LABEL_NAMES, "--label-column")
        if label is None:
            several = {name: cells_of(path, file, name) for name in simple}
            _refuse_attributes(path, several)
            refuse_several_columns(path, _texts(several), simple, request)
            refuse_partitions(path)
            if not simple:
                refuse_files_of_classes(path)
            label = chosen_column(path, names, None, LABEL_NAMES, "--label-column")
        if label not in simple:
            raise _no_labels(path, label, str(schema.field(label).type))
        cells = {name: cells_of(path, file, name) for name in {label, *simple}}
        for name, values in cells.items():
            check_rows(path, name, len(values), count)
        texts = _texts({name: cells[name] for name in simple})
        group = request.group_column
        used = {label} if group is None else {label, group}
        told = split_column(path, texts, simple, request, used)
        splits = [split_in_name(path.name) or "train"] * count
        if told.name is not None:
            splits, more = splits_of_cells(path, told.name, texts[told.name], request.split_names)
            notes += [*more, *note_on_another_split(path.name, told.name, splits)]
        if group is not None:
            texts["group"], more = groups_of(
                group, texts[chosen_column(path, names, group, (), "--group-column")]
            )
            notes += more
        classes = class_names_of(schema, label)
        return ParquetRows(
            path,
            image,
            label,
            texts[label],
            _labels(path, cells[label], classes),
            splits,
            _paths(file, schema, image),
            {name: values for name, values in texts.items() if name not in (label, told.name)},
            classes,
            (*notes, *told.notes),
        )


def _image_column(path: ShardFile, schema: Any, asked: str | None) -> tuple[str, list[str]]:
    """The column of images, as asked for or by a usual name; a note where there are several."""
    names = holding_images(schema) or _pixel_columns(schema)
    if not names:
        kinds = ", ".join(f"{one_line(name)} ({schema.field(name).type})" for name in schema.names[:6])
        what = f"no column holds encoded pictures or their paths; there are {kinds}"
        fix = "Store PNG or JPEG bytes, or paths in a column that --path-column names."
        raise AssayError("column-missing", path, what, fix)
    usual = (*IMAGE_NAMES, *_PIXEL_NAMES)
    only = names[0] if len(names) == 1 and asked is None else asked
    chosen = chosen_column(path, names, only, usual, "--path-column")
    others = ", ".join(one_line(name) for name in names if name != chosen)
    if asked is not None or not others:
        return chosen, []
    note = f"the pictures are in the column {one_line(chosen)}; so may be {others} (--path-column)"
    return chosen, [note]


def _pixel_columns(schema: Any) -> list[str]:
    """The columns of lists of pixels; lists called labels are several labels an image."""
    return [name for name in holding_pixels(schema) if name.casefold() not in LABEL_NAMES]


def has_pixels(schema: Any) -> bool:
    """Whether a column of lists of pixels has a usual name."""
    return bool(set(_pixel_columns(schema)) & {*IMAGE_NAMES, *_PIXEL_NAMES})


def _labels(path: ShardFile, values: Sequence[Any], classes: tuple[str, ...] | None) -> list[str]:
    """The labels as text, "" where there is none: null, empty, NaN, or -1 where numbers have names."""
    numbers = all(isinstance(value, int | float) for value in values if value is not None)
    # Every shard of an audit reads all labels: each different one is looked at once. A column has one type.
    known = {value: "" if is_missing(as_text(value)) else as_text(value) for value in set(values)}
    texts = [known[value] for value in values]
    if classes is None or not numbers:
        return texts
    texts = ["" if text == "-1" else text for text in texts]
    places = [whole_number(text) for text in texts]
    wrong = [
        row
        for row, (text, place) in enumerate(zip(texts, places, strict=True))
        if text and (place is None or place >= len(classes))
    ]
    if wrong:
        raise AssayError(
            "label-out-of-range",
            path,
            f"{len(wrong):,} of {len(values):,} labels are outside 0-{len(classes) - 1}, "
            f"the first in row {wrong[0]} ({shortened(texts[wrong[0]])})",
            "Correct the labels.",
        )
    return ["" if place is None else classes[place] for place in places]


def _paths(file: Any, schema: Any, image: str) -> list[str]:
    """The names of the images, where the file has one for each; else nothing."""
    kind = schema.field(image).type
    if not hasattr(kind, "num_fields") or "path" not in [kind.field(i).name for i in range(kind.num_fields)]:
        return []
    column = file.read(columns=[f"{image}.path"]).column(0).to_pylist()
    paths = [row["path"] for row in column if row and row["path"]]
    return paths if len(paths) == len(column) else []


def _no_labels(path: ShardFile, label: str, kind: str) -> AssayError:
    """The error for a column of labels whose values are no text and no numbers. kind: their type in Arrow."""
    if kind.split("[")[0] in ("binary", "large_binary", "binary_view", "fixed_size_binary"):
        what = f"the column {label!r} holds bytes, not text"
        fix = "Write the labels as text or numbers, as by column.cast(pyarrow.string())."
        return AssayError("table-value", path, what, fix)
    return several_labels(path, f"the column {label!r} holds {kind}, not one value an image")


def _refuse_attributes(path: ShardFile, cells: Mapping[str, Sequence[Any]]) -> None:
    """Refuse columns that tell of each image whether it is of a class, one column for each."""
    columns = {name: [as_text(value) for value in values] for name, values in cells.items()}
    if hot := one_hot_columns(columns, list(columns)):
        labels_of_one_hot(path, columns, hot)
        what = f"the columns {shown_columns(hot)} look like one-hot labels, which are not read in Parquet"
        fix = (
            "Write one column with the name of the class, as pandas does: "
            f"table['label'] = table[{hot}].astype(int).idxmax(axis=1)."
        )
        raise AssayError("column-missing", path, what, fix)


def _texts(columns: Mapping[str, Sequence[Any]]) -> dict[str, list[str]]:
    """Columns with each value as text, "" where there is none."""
    return {name: ["" if value is None else str(value) for value in cells] for name, cells in columns.items()}


def as_text(value: Any) -> str:
    """A cell as a text table would have it."""
    whole = isinstance(value, float) and value.is_integer()
    return "" if value is None or value != value else str(int(value)) if whole else str(value)
