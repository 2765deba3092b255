"""Parquet files of images and labels as a `Listing`: labels at once, images as a stream.

Understands the form of the Hugging Face hub: an image column with `bytes` and `path`, labels that are
numbers, class names in the schema's metadata.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from assay.core.errors import AssayError
from assay.core.text import counted
from assay.data.formats.parquet_file import (
    cells_of,
    check_groups,
    group_rows,
    holding_images,
    is_simple,
    need_pyarrow,
    opened,
)
from assay.data.formats.shard_file import PASSING, ShardFile, twice
from assay.data.formats.texts.column_names import PATH_NAMES, optional_column
from assay.data.listing.columns.missing import without_minus_one
from assay.data.listing.image_table import Table, list_columns
from assay.data.listing.listing import Listing, stamp_of
from assay.data.listing.names import ordered_splits
from assay.data.listing.shards.names import notes_on_shards, some_names, split_in_name
from assay.data.listing.shards.one_parquet import as_text, has_pixels, rows_of_parquet
from assay.data.listing.shards.parquet_rows import (
    Footer,
    ParquetRows,
    notes_on_columns,
    parquet_part,
    refuse_unlike,
)
from assay.data.request import Request
from assay.data.values import UNLABELLED, LeftOut


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
        found = _unless_lost(
            request, footer.file, partial(rows_of_parquet, parquet, request, footer.file), lost
        )
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
        if path is None or holding_images(schema) or has_pixels(schema):
            return []
        names = [name for name in schema.names if is_simple(schema.field(name).type)]
        if optional_column(path, names, request.path_column, PATH_NAMES, "--path-column") is None:
            return []
        with opened(parquet, footer.file) as file:
            columns = {name: [as_text(value) for value in cells_of(path, file, name)] for name in names}
        tables.append((Table(path, split_in_name(footer.file.name) or "train"), columns))
    return tables


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


def left_out_files(root: Path, files: Sequence[Path]) -> tuple[LeftOut, ...]:
    """Files beside the Parquet files of a folder."""
    own = set(files)
    others = (path for path in sorted(root.rglob("*")) if path.is_file() and path not in own)
    return tuple(LeftOut(path.relative_to(root).as_posix(), "ignored", "no Parquet file") for path in others)
