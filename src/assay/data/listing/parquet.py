"""Parquet files of images and labels as a `Listing`: labels at once, images as a stream.

Understands the form of the Hugging Face hub: an image column with `bytes` and `path`, labels that are
numbers, class names in the schema's metadata.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from assay.core.errors import AssayError
from assay.core.text import counted, one_line, shortened, whole_number
from assay.data.formats.parquet_file import (
    cells_of,
    check_groups,
    check_rows,
    class_names_of,
    group_rows,
    holding_images,
    holding_pixels,
    is_simple,
    need_pyarrow,
    opened,
)
from assay.data.formats.shard_file import PASSING, ShardFile, twice
from assay.data.formats.text_table import LABEL_NAMES, PATH_NAMES, chosen_column, optional_column
from assay.data.listing.columns.groups import groups_of
from assay.data.listing.columns.missing import is_missing, without_minus_one
from assay.data.listing.columns.one_hot import (
    labels_of_one_hot,
    one_hot_columns,
    several_labels,
    shown_columns,
)
from assay.data.listing.columns.splits import split_column, splits_of_cells
from assay.data.listing.image_table import Table, list_columns
from assay.data.listing.listing import Listing, stamp_of
from assay.data.listing.names import ordered_splits
from assay.data.listing.shards.names import (
    note_on_another_split,
    notes_on_shards,
    some_names,
    split_in_name,
)
from assay.data.listing.shards.parquet_rows import (
    Footer,
    ParquetRows,
    notes_on_columns,
    parquet_part,
    refuse_unlike,
)
from assay.data.listing.shards.partitions import refuse_files_of_classes, refuse_partitions
from assay.data.listing.table_labels import refuse_several_columns
from assay.data.request import Request
from assay.data.values import UNLABELLED, LeftOut

IMAGE_NAMES: Final = ("image", "img", "picture", "photo", "bytes")

#: How columns of lists of pixels are called besides.
_PIXEL_NAMES: Final = ("pixels", "pixel_values", "data", "x")


def list_parquet(request: Request, root: Path | str, files: Sequence[ShardFile]) -> Listing:
    """The images in Parquet files, by split: of a column, of the file's name, or all train.

    A file that cannot be read is tried once more; then it is an error or, where bad images are skipped, left
    out as an unreadable one. Raises AssayError `missing-extra`, `parquet-unreadable`, `shards-differ`,
    `column-missing`, `table-value`, `label-out-of-range`.
    """
    parquet = need_pyarrow()
    footers, lost, empty = _footers(parquet, request, files)
    refuse_unlike(footers)
    if isinstance(root, Path) and (tables := _tables_of_paths(parquet, request, footers)):
        listing = list_columns(
            request, root if root.is_dir() else root.parent, tables, "Parquet files of paths"
        )
        return replace(listing, left_out=(*listing.left_out, *lost))
    read = []
    for footer in footers:
        found = _unless_lost(request, footer.file, partial(_read, parquet, request, footer.file), lost)
        read += [] if found is None else [found]
    if not read:
        raise AssayError("too-few-images", root, "the files have no rows", "Give at least one image.")
    if "-1" not in (request.classes or ()):
        known = {label for file in read for label in set(file.labels)}
        read = [replace(file, labels=without_minus_one(file.labels, known)) for file in read]
    splits = ordered_splits(split for file in read for split in set(file.splits))
    parts = {split: parquet_part(parquet, read, split, request.array_form) for split in splits}
    left_out, notes = _set_aside(request, read)
    return Listing(
        {split: part for split, part in parts.items() if part.ids},
        f"{len(files):,} Parquet file{'s' if len(files) > 1 else ''}",
        stamp_of_parquet(request, files),
        next((file.classes for file in read if file.classes), None),
        (*left_out, *lost),
        (
            *notes,
            *dict.fromkeys(note for file in read for note in file.notes),
            *notes_on_columns(request, read),
            *_notes_on(files, empty, lost),
        ),
    )


def stamp_of_parquet(request: Request, files: Sequence[ShardFile]) -> str:
    """What tells whether files of images are still those that were listed."""
    asked = (request.columns, request.skip_unlabelled, request.split_names)
    return stamp_of([*(file.stamp for file in files), *map(str, asked)])


_T = TypeVar("_T")


def _unless_lost(request: Request, file: ShardFile, read: Callable[[], _T], lost: list[LeftOut]) -> _T | None:
    """What `read` gives, at the second try too; or None, with the file among what was `lost`."""
    try:
        return twice(read)
    except AssayError as error:
        if error.code not in PASSING or not request.skip_bad:
            raise
        lost.append(LeftOut(file.name, "unreadable", error.what, split_in_name(file.name) or "train"))
        return None


def _footers(
    parquet: Any, request: Request, files: Sequence[ShardFile]
) -> tuple[list[Footer], list[LeftOut], list[str]]:
    """What the files with rows say of themselves; those that cannot be read; the names of those without rows.

    Raises AssayError as the first where none can be read.
    """
    found: list[Footer] = []
    lost: list[LeftOut] = []
    empty: list[str] = []
    for file in files:
        footer = _unless_lost(request, file, partial(_footer, parquet, file), lost)
        if footer is not None and footer.rows:
            found.append(footer)
        elif footer is not None:
            empty.append(file.name)
    if not found and lost:
        _footer(parquet, next(file for file in files if file.name == lost[0].id))
    return found, lost, empty


def _footer(parquet: Any, file: ShardFile) -> Footer:
    with opened(parquet, file, glance=True) as content:
        check_groups(file, content.metadata)
        group_rows(file, content.metadata)
        return Footer(file, content.schema_arrow, content.metadata.num_rows)


def _notes_on(files: Sequence[ShardFile], empty: Sequence[str], lost: Sequence[LeftOut]) -> list[str]:
    notes = notes_on_shards([file.name for file in files])
    if empty:
        notes.append(f"{counted(len(empty), 'file has', 'files have')} no rows: {some_names(empty)}")
    if lost:
        names = some_names([item.id for item in lost])
        notes.append(f"{counted(len(lost), 'file', 'files')} could not be read: {names}")
    return notes


def _tables_of_paths(
    parquet: Any, request: Request, footers: Sequence[Footer]
) -> list[tuple[Table, dict[str, list[str]]]]:
    """The files as tables of paths, where none has a column of images and all have one of paths."""
    tables = []
    for footer in footers:
        path, schema = footer.file.path, footer.schema
        pixels_there = set(_pixel_columns(schema)) & {*IMAGE_NAMES, *_PIXEL_NAMES}
        if path is None or holding_images(schema) or pixels_there:
            return []
        names = [name for name in schema.names if is_simple(schema.field(name).type)]
        if optional_column(path, names, request.path_column, PATH_NAMES, "--path-column") is None:
            return []
        with opened(parquet, footer.file) as file:
            columns = {name: [_as_text(value) for value in cells_of(path, file, name)] for name in names}
        tables.append((Table(path, split_in_name(footer.file.name) or "train"), columns))
    return tables


def _as_text(value: Any) -> str:
    """A cell as a text table would have it."""
    whole = isinstance(value, float) and value.is_integer()
    return "" if value is None or value != value else str(int(value)) if whole else str(value)


def _set_aside(request: Request, files: Sequence[ParquetRows]) -> tuple[tuple[LeftOut, ...], tuple[str, ...]]:
    """Rows without a label, as left out: those of a split without any, and others on request.

    Raises AssayError `table-value` for a row without a label among others that have one.
    """
    left_out: list[LeftOut] = []
    notes: list[str] = []
    for file in files:
        for split in dict.fromkeys(file.splits):
            rows = [row for row, own in enumerate(file.splits) if own == split]
            missing = [row for row in rows if not file.labels[row]]
            if missing and len(missing) < len(rows) and not request.skip_unlabelled:
                what = f"{len(missing):,} of {len(rows):,} rows have no label, the first is row {missing[0]}"
                fix = "Label or remove them, or leave them out with --skip-unlabelled."
                raise AssayError("table-value", file.file, what, fix)
            if missing:
                reason = f"the {split} split has no labels" if len(missing) == len(rows) else "no label"
                left_out += [LeftOut(f"{split}/{row}", UNLABELLED, reason, split) for row in missing]
                notes.append(f"{len(missing):,} images of {split} without a label are left out: {reason}")
    return tuple(left_out), tuple(notes)


def _no_labels(path: ShardFile, label: str, kind: str) -> AssayError:
    """The error for a column of labels whose values are no text and no numbers. kind: their type in Arrow."""
    if kind.split("[")[0] in ("binary", "large_binary", "binary_view", "fixed_size_binary"):
        what = f"the column {label!r} holds bytes, not text"
        fix = "Write the labels as text or numbers, as by column.cast(pyarrow.string())."
        return AssayError("table-value", path, what, fix)
    return several_labels(path, f"the column {label!r} holds {kind}, not one value an image")


def _refuse_attributes(path: ShardFile, cells: Mapping[str, Sequence[Any]]) -> None:
    """Refuse columns that tell of each image whether it is of a class, one column for each."""
    columns = {name: [_as_text(value) for value in values] for name, values in cells.items()}
    if hot := one_hot_columns(columns, list(columns)):
        labels_of_one_hot(path, columns, hot)
        what = f"the columns {shown_columns(hot)} look like one-hot labels, which are not read in Parquet"
        fix = (
            "Write one column with the name of the class, as pandas does: "
            f"table['label'] = table[{hot}].astype(int).idxmax(axis=1)."
        )
        raise AssayError("column-missing", path, what, fix)


def _read(parquet: Any, request: Request, path: ShardFile) -> ParquetRows:
    with opened(parquet, path, glance=True) as file:
        schema, count = file.schema_arrow, file.metadata.num_rows
        image, notes = _image_column(path, schema, request.path_column)
        names = [name for name in schema.names if name != image]
        simple = [name for name in names if is_simple(schema.field(name).type)]
        label = optional_column(path, names, request.label_column, LABEL_NAMES, "--label-column")
        if label is None:
            several = {name: cells_of(path, file, name) for name in simple}
            _refuse_attributes(path, several)
            texts = {
                name: ["" if value is None else str(value) for value in several[name]] for name in simple
            }
            refuse_several_columns(path, texts, simple, request)
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


def _texts(columns: Mapping[str, Sequence[Any]]) -> dict[str, list[str]]:
    """Columns with each value as text, "" where there is none."""
    return {name: ["" if value is None else str(value) for value in cells] for name, cells in columns.items()}


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


def _labels(path: ShardFile, values: Sequence[Any], classes: tuple[str, ...] | None) -> list[str]:
    """The labels as text, "" where there is none: null, empty, NaN, or -1 where numbers have names."""
    numbers = all(isinstance(value, int | float) for value in values if value is not None)
    # Every shard of an audit reads all labels: each different one is looked at once. A column has one type.
    known = {value: "" if is_missing(_as_text(value)) else _as_text(value) for value in set(values)}
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


def left_out_files(root: Path, files: Sequence[Path]) -> tuple[LeftOut, ...]:
    """Files beside the Parquet files of a folder."""
    own = set(files)
    others = (path for path in sorted(root.rglob("*")) if path.is_file() and path not in own)
    return tuple(LeftOut(path.relative_to(root).as_posix(), "ignored", "no Parquet file") for path in others)
