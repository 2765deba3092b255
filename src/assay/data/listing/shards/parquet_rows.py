"""Rows of Parquet shards as a `Part`: of a file only the groups of rows that are asked for are read."""

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, repeat
from typing import Any, Final

import numpy as np

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.parquet_file import check_rows, class_names_of, group_rows, kinds_of, opened
from assay.data.formats.pixel_arrays import ArrayForm, pixels, plain_images
from assay.data.formats.png import png_bytes
from assay.data.formats.shard_file import PASSING, ShardFile
from assay.data.listing.listing import Part, Payload
from assay.data.listing.table_labels import notes_on_labels
from assay.data.request import Request
from assay.data.values import numbered_ids

#: Images that are held at once while a file is streamed.
_BATCH: Final = 128


@dataclass(frozen=True, eq=False)
class Footer:
    """What a file says of itself: its schema, and how many rows it has."""

    file: ShardFile
    schema: Any
    rows: int


@dataclass(frozen=True, eq=False)
class ParquetRows:
    """The rows of one file, but for the images: their labels ("" where there is none), splits, and the rest.

    image: the column of images. label: that of the labels, of which `told` are the values as text. paths:
    their names, where the file has one for each; else nothing. notes: what was decided about its columns.
    """

    file: ShardFile
    image: str
    label: str
    told: list[str]
    labels: list[str]
    splits: list[str]
    paths: list[str]
    columns: Mapping[str, list[str]]
    classes: tuple[str, ...] | None
    notes: tuple[str, ...] = ()


def notes_on_columns(request: Request, files: Sequence[ParquetRows]) -> list[str]:
    """Notes on what the columns of all files together tell of labels, as of tables."""
    first, own = files[0], {request.group_column, "group"}
    names = dict.fromkeys(name for file in files for name in file.columns if name not in own)
    columns = {first.label: [cell for file in files for cell in file.told]}
    for name in names:  # a column without any value is of no kind, and has no cells
        columns[name] = [c for file in files for c in file.columns.get(name, [""] * len(file.told))]
    labels = [label for file in files for label in file.labels]
    return notes_on_labels(first.file, columns, list(columns), first.label, labels, request)


def refuse_unlike(footers: Sequence[Footer]) -> None:
    """Raise AssayError `shards-differ` where a file has other columns or class names than the first."""
    for footer in footers[1:]:
        if told := _difference(footers[0], footer):
            fix = "Write them alike, or give those of one set by a pattern, as 'FOLDER/train-*.parquet'."
            raise AssayError("shards-differ", footer.file, told, fix)


def _difference(first: Footer, other: Footer) -> str | None:
    one, two = kinds_of(first.schema), kinds_of(other.schema)
    name = one_line(first.file.name)
    if more := [column for column in two if column not in one]:
        return f"it has a column {one_line(more[0])!r} that {name} has not"
    if fewer := [column for column in one if column not in two]:
        return f"it lacks the column {one_line(fewer[0])!r} of {name}"
    for column, kind in one.items():
        if kind != two[column] and "nothing" not in (kind, two[column]):
            return f"its column {one_line(column)!r} holds {two[column]}, that of {name} holds {kind}"
        if class_names_of(first.schema, column) != class_names_of(other.schema, column):
            return f"its column {one_line(column)!r} has other class names than that of {name}"
    return None


def parquet_part(parquet: Any, files: Sequence[ParquetRows], split: str, form: ArrayForm) -> Part:
    """The labelled rows of one split. form: what was said of lists of pixels."""
    own = [(file, _rows_of(file, split)) for file in files]
    ends = list(accumulate(len(rows) for _, rows in own))
    count = ends[-1] if ends else 0

    def some(wanted: range) -> Iterator[Payload]:
        for (file, rows), end in zip(own, ends, strict=True):
            start = end - len(rows)
            here = rows[max(wanted.start - start, 0) : max(wanted.stop - start, 0)]
            if here:
                yield from _images(parquet, file, here, form)

    paths = [file.paths[row] for file, rows in own if file.paths for row in rows]
    ids = paths if len(set(paths)) == count else numbered_ids(split, count)
    names = sorted({name for file in files for name in file.columns})
    columns = {
        name: [file.columns[name][row] if name in file.columns else "" for file, rows in own for row in rows]
        for name in names
    }
    return Part(
        ids,
        [file.labels[row] for file, rows in own for row in rows],
        lambda: some(range(count)),
        columns,
        some,
        [size for file, rows in own for size in repeat(str(file.file.size), len(rows))],
        own[0][1] if len(own) == 1 else None,
    )


def _rows_of(file: ParquetRows, split: str) -> "array[int]":
    rows = zip(file.splits, file.labels, strict=True)
    return array("q", (row for row, (own, label) in enumerate(rows) if own == split and label))


def _images(parquet: Any, file: ParquetRows, rows: Sequence[int], form: ArrayForm) -> Iterator[Payload]:
    """The images of some rows of a file, which rise; one small batch in memory at a time.

    What is damaged is tried once more; then the images of its group of rows are told as unreadable.
    """
    done, tried, stop = 0, -1, math.inf
    while done < len(rows):
        try:
            with opened(parquet, file.file) as content:
                sizes = group_rows(file.file, content.metadata)
                for number, end in enumerate(accumulate(sizes)):
                    stop = end
                    own = rows[done : bisect_left(rows, end)]
                    for value, row in _of_group(content, file, number, end - sizes[number], own):
                        yield _encoded(value, f"{file.file}: row {row}", form)
                        done += 1
                return
        except AssayError as error:
            if error.code not in PASSING:
                raise
            if tried != done:
                tried = done
                continue
            lost = bisect_left(rows, stop) - done
            what = f"its shard {one_line(file.file.name)} cannot be read there: {error.what}"
            yield from repeat(AssayError("image-unreadable", file.file, what, ""), lost)
            done += lost


def _of_group(
    content: Any, file: ParquetRows, number: int, start: int, rows: Sequence[int]
) -> Iterator[tuple[Any, int]]:
    """The values of some rows of one group that begins at row `start`."""
    if not rows:
        return
    row, done = start, 0
    for batch in content.iter_batches(_BATCH, row_groups=[number], columns=[file.image]):
        here = rows[done : bisect_left(rows, row + len(batch))]
        for wanted in here:
            yield batch.column(0)[wanted - row].as_py(), wanted
        done, row = done + len(here), row + len(batch)
    check_rows(file.file, file.image, row - start, content.metadata.row_group(number).num_rows)


def _encoded(value: Any, where: str, form: ArrayForm) -> bytes:
    """The content of an image file, or of a PNG made of lists of pixels; a missing image counts as an empty
    one: unreadable."""
    if not isinstance(value, list):
        return (value.get("bytes") if isinstance(value, dict) else value) or b""
    try:
        array_ = np.array(value, float if form.floats else None)
    except ValueError:  # rows of different lengths
        array_ = np.zeros(0)
    if array_.size == 0 or array_.dtype.kind not in "iuf":
        return b""
    if array_.dtype.kind in "iu" and 0 <= array_.min() <= array_.max() <= 255:
        array_ = array_.astype(np.uint8)
    shaped, _ = plain_images(array_[None], where, form.channel_order)
    return png_bytes(pixels(shaped, where, form.floats)[0])
