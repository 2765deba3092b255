"""Parquet files of images and labels as a `Listing`: labels at once, images as a stream.

Understands the form of the Hugging Face hub: an image column with `bytes` and `path`, labels that are
numbers, class names in the schema's metadata.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.parquet_file import (
    cells_of,
    check_groups,
    check_rows,
    class_names_of,
    holding_images,
    holding_pixels,
    is_simple,
    need_pyarrow,
    opened,
)
from assay.data.formats.pixel_arrays import ArrayForm, pixels, plain_images
from assay.data.formats.png import png_bytes
from assay.data.formats.text_table import LABEL_NAMES, PATH_NAMES, SPLIT_NAMES, chosen_column, optional_column
from assay.data.listing.image_table import Table, list_columns
from assay.data.listing.listing import Listing, Part, stamp_of
from assay.data.listing.names import ordered_splits, split_of
from assay.data.listing.table_labels import is_missing, several_labels
from assay.data.request import Request
from assay.data.values import UNLABELLED, LeftOut, numbered_ids

IMAGE_NAMES: Final = ("image", "img", "picture", "photo", "bytes")

#: How columns of lists of pixels are called besides.
_PIXEL_NAMES: Final = ("pixels", "pixel_values", "data", "x")

#: Images that are held at once while a file is streamed.
_BATCH: Final = 128

#: hub names of files: train-00000-of-00001.parquet, also with a folder for the split.
_SPLIT_IN_NAME: Final = re.compile(
    r"(?:^|[/_.-])(train(?:ing)?|val(?:id(?:ation)?)?|dev|test(?:ing)?)(?=[/_.-])"
)


@dataclass(frozen=True)
class _File:
    """One Parquet file: where, which columns matter, and the split of each of its rows."""

    path: Path
    image: str
    labels: list[str]
    splits: list[str]
    paths: list[str]
    columns: dict[str, list[str]]
    classes: tuple[str, ...] | None


def list_parquet(request: Request, root: Path, files: Sequence[Path]) -> Listing:
    """The images in Parquet files, by split: of a column, of the file's name, or all train.

    Raises AssayError `missing-extra`, `parquet-unreadable`, `column-missing`, `table-value`,
    `label-out-of-range`.
    """
    parquet = need_pyarrow()
    if tables := _tables_of_paths(parquet, request, files):
        return list_columns(request, root if root.is_dir() else root.parent, tables, "Parquet files of paths")
    read = [_read(parquet, request, root, path) for path in files]
    classes = next((file.classes for file in read if file.classes), None)
    stamps = [
        f"{file.path}|{s.st_size}|{s.st_mtime_ns}|{s.st_ctime_ns}"
        for file in read
        for s in [file.path.stat()]
    ]
    splits = ordered_splits(split for file in read for split in file.splits)
    parts = {split: _part(parquet, read, split, request.array_form) for split in splits}
    form = f"{len(files):,} Parquet file{'s' if len(files) > 1 else ''}"
    left_out, notes = _set_aside(request, read)
    parts = {split: part for split, part in parts.items() if part.ids}
    stamp = stamp_of([*stamps, str(request.columns), str(request.skip_unlabelled)])
    return Listing(parts, form, stamp, classes, left_out, notes)


def _tables_of_paths(
    parquet: Any, request: Request, files: Sequence[Path]
) -> list[tuple[Table, dict[str, list[str]]]]:
    """The files as tables of paths, where none has a column of images and all have one of paths."""
    tables = []
    for path in files:
        with opened(parquet, path) as file:
            schema = file.schema_arrow
            if holding_images(schema) or set(_pixel_columns(schema)) & {*IMAGE_NAMES, *_PIXEL_NAMES}:
                return []
            names = [name for name in schema.names if is_simple(schema.field(name).type)]
            if optional_column(path, names, request.path_column, PATH_NAMES, "--path-column") is None:
                return []
            columns = {name: [_as_text(value) for value in cells_of(path, file, name)] for name in names}
        tables.append((Table(path, _splits(path, path.parent, None, 1)[0]), columns))
    return tables


def _as_text(value: Any) -> str:
    """A cell as a text table would have it."""
    whole = isinstance(value, float) and value.is_integer()
    return "" if value is None or value != value else str(int(value)) if whole else str(value)


def _set_aside(request: Request, files: Sequence[_File]) -> tuple[tuple[LeftOut, ...], tuple[str, ...]]:
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
                raise AssayError("table-value", file.path, what, fix)
            if missing:
                reason = f"the {split} split has no labels" if len(missing) == len(rows) else "no label"
                left_out += [LeftOut(f"{split}/{row}", UNLABELLED, reason, split) for row in missing]
                notes.append(f"{len(missing):,} images of {split} without a label are left out: {reason}")
    return tuple(left_out), tuple(notes)


def _read(parquet: Any, request: Request, root: Path, path: Path) -> _File:
    with opened(parquet, path) as file:
        schema = file.schema_arrow
        check_groups(path, file.metadata)
        image = _image_column(path, schema)
        names = [name for name in schema.names if name != image]
        label = chosen_column(path, names, request.label_column, LABEL_NAMES, "--label-column")
        split = optional_column(path, names, request.split_column, SPLIT_NAMES, "--split-column")
        simple = [name for name in names if is_simple(schema.field(name).type)]
        if label not in simple:
            what = f"the column {label!r} holds {schema.field(label).type}, not one value an image"
            raise several_labels(path, what)
        cells = {name: cells_of(path, file, name) for name in {label, *simple}}
        if request.group_column is not None:
            group = chosen_column(path, names, request.group_column, (), "--group-column")
            cells["group"] = cells[group]
        for name, values in cells.items():
            check_rows(path, name, len(values), file.metadata.num_rows)
        classes = class_names_of(schema, label)
        return _File(
            path,
            image,
            _labels(path, cells.pop(label), classes),
            _splits(path, root, cells.pop(split) if split else None, file.metadata.num_rows),
            _paths(file, schema, image),
            {
                name: ["" if value is None else str(value) for value in values]
                for name, values in cells.items()
            },
            classes,
        )


def _image_column(path: Path, schema: Any) -> str:
    """The column of images."""
    names = holding_images(schema) or _pixel_columns(schema)
    if not names:
        kinds = ", ".join(f"{one_line(name)} ({schema.field(name).type})" for name in schema.names[:6])
        what = f"no column holds encoded pictures or their paths; there are {kinds}"
        fix = "Store PNG or JPEG bytes, or paths in a column that --path-column names."
        raise AssayError("column-missing", path, what, fix)
    usual = (*IMAGE_NAMES, *_PIXEL_NAMES)
    return chosen_column(path, names, names[0] if len(names) == 1 else None, usual, "an image column")


def _pixel_columns(schema: Any) -> list[str]:
    """The columns of lists of pixels; lists called labels are several labels an image."""
    return [name for name in holding_pixels(schema) if name.casefold() not in LABEL_NAMES]


def _labels(path: Path, values: Sequence[Any], classes: tuple[str, ...] | None) -> list[str]:
    """The labels as text, "" where there is none: null, empty, NaN, or -1 among numbers from 0 on."""
    numbers = all(isinstance(value, int | float) for value in values if value is not None)
    texts = ["" if is_missing(_as_text(value)) else _as_text(value) for value in values]
    if numbers:
        texts = ["" if text == "-1" else text for text in texts]
    if classes is None or not numbers:
        return texts
    wrong = [
        row for row, text in enumerate(texts) if text and not (text.isdecimal() and int(text) < len(classes))
    ]
    if wrong:
        raise AssayError(
            "label-out-of-range",
            path,
            f"{len(wrong):,} of {len(values):,} labels are outside 0-{len(classes) - 1}, "
            f"the first in row {wrong[0]} ({values[wrong[0]]})",
            "Correct the labels.",
        )
    return [classes[int(text)] if text else "" for text in texts]


def _splits(path: Path, root: Path, cells: Sequence[Any] | None, count: int) -> list[str]:
    if cells is None:
        below = path.relative_to(root).as_posix() if path != root else path.name
        found = _SPLIT_IN_NAME.search(below.lower())
        return [(split_of(found[1]) if found else None) or "train"] * count
    splits = [split_of(str(cell)) for cell in cells]
    if None in splits:
        row = splits.index(None)
        raise AssayError(
            "table-value", path, f"row {row}: {cells[row]!r} is no split", "Use train, validation or test."
        )
    return [split for split in splits if split is not None]


def _paths(file: Any, schema: Any, image: str) -> list[str]:
    """The names of the images, where the file has one for each; else nothing."""
    kind = schema.field(image).type
    if not hasattr(kind, "num_fields") or "path" not in [kind.field(i).name for i in range(kind.num_fields)]:
        return []
    column = file.read(columns=[f"{image}.path"]).column(0).to_pylist()
    paths = [row["path"] for row in column if row and row["path"]]
    return paths if len(paths) == len(column) else []


def _part(parquet: Any, files: Sequence[_File], split: str, form: ArrayForm) -> Part:
    rows = [
        (file, row)
        for file in files
        for row, own in enumerate(file.splits)
        if own == split and file.labels[row]
    ]
    paths = [file.paths[row] for file, row in rows if file.paths]
    ids = paths if len(set(paths)) == len(rows) else numbered_ids(split, len(rows))
    names = {name for file in files for name in file.columns}
    columns = {
        name: [file.columns[name][row] if name in file.columns else "" for file, row in rows]
        for name in sorted(names)
    }
    labels = [file.labels[row] for file, row in rows]
    return Part(ids, labels, lambda: _payloads(parquet, files, split, form), columns)


def _encoded(value: Any, where: str, form: ArrayForm) -> bytes:
    """The content of an image file, or of a PNG made of lists of pixels; a missing image counts as an empty
    one: unreadable."""
    if not isinstance(value, list):
        return (value.get("bytes") if isinstance(value, dict) else value) or b""
    try:
        array = np.array(value, float if form.floats else None)
    except ValueError:  # rows of different lengths
        array = np.zeros(0)
    if array.size == 0 or array.dtype.kind not in "iuf":
        return b""
    if array.dtype.kind in "iu" and 0 <= array.min() <= array.max() <= 255:
        array = array.astype(np.uint8)
    shaped, _ = plain_images(array[None], where, form.channel_order)
    return png_bytes(pixels(shaped, where, form.floats)[0])


def _payloads(parquet: Any, files: Sequence[_File], split: str, form: ArrayForm) -> Iterator[bytes]:
    """The encoded images of a split, one small batch in memory at a time."""
    for file in files:
        if split not in file.splits:
            continue
        row = 0
        with opened(parquet, file.path) as content:
            for batch in content.iter_batches(_BATCH, columns=[file.image]):
                for value in batch.column(0).to_pylist():
                    if row < len(file.splits) and file.splits[row] == split and file.labels[row]:
                        yield _encoded(value, f"{file.path}: row {row}", form)
                    row += 1
        check_rows(file.path, file.image, row, len(file.splits))


def left_out_files(root: Path, files: Sequence[Path]) -> tuple[LeftOut, ...]:
    """Files beside the Parquet files of a folder."""
    own = set(files)
    others = (path for path in sorted(root.rglob("*")) if path.is_file() and path not in own)
    return tuple(LeftOut(path.relative_to(root).as_posix(), "ignored", "no Parquet file") for path in others)
