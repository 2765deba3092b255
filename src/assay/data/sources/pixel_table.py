"""Tables whose columns are pixels: `label,pixel1,...,pixel784`, as Kaggle shares digits and clothes."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isqrt
from pathlib import Path
from shlex import quote
from typing import IO, Any, Final

import numpy as np

from assay.core.arrays import Bytes
from assay.core.errors import AssayError
from assay.core.text import whole_number
from assay.data.formats.safe_open import open_file
from assay.data.formats.texts.column_names import LABEL_NAMES, optional_column, usual_spelling
from assay.data.listing.columns.missing import is_minus_one, is_missing
from assay.data.listing.names import ordered_splits
from assay.data.listing.tree import splits_of
from assay.data.request import Request, refuse_unused
from assay.data.sources.array_dataset import dataset_from_arrays
from assay.data.sources.array_forms import transposition_note
from assay.data.sources.packed.pixel_texts import packed_pixels
from assay.data.sources.packed.unlabelled_rows import RawSplit, array_of_cells
from assay.data.values import Dataset

#: The options of a request that this source reads.
TAKES: Final = frozenset(
    {"classes", "channel_order", "label_column", "split_column", "split_names", "skip_unlabelled"}
)

_SUFFIXES: Final = (".csv", ".tsv")

#: Fewer columns of numbers are features, not pixels: 8 x 8 is the smallest set that people share.
_FEWEST_PIXELS: Final = 64

#: Columns of one table, and characters of its longest line.
_MOST_COLUMNS: Final = 1 << 17
_LONGEST: Final = 1 << 21

#: How a column is called that numbers the rows.
_INDEX: Final = ("", "unnamed:_0", "id", "index", "imageid", "image_id")

_NUMBER: Final = re.compile(r"\s*\d+(\.0*)?\s*")


@dataclass(frozen=True)
class _Header:
    """How a pixel table is laid out. label: the column of labels, if any; headless: data from line 1. packed:
    the column of all pixels of a row, if there is one. left_out: a column that numbers the rows."""

    delimiter: str
    label: int | None
    width: int
    headless: bool
    packed: str | None = None
    left_out: int | None = None


def matches(request: Request) -> bool:
    """Whether the path is a pixel table, or a folder of pixel tables named after splits."""
    path = request.path
    return path is not None and bool(_tables(path, request))


def read(request: Request) -> Dataset:
    """The images that the rows are: squares of gray pixels, or of red, green and blue ones.

    Raises AssayError `table-unreadable`, `table-value`, and those of `dataset_from_arrays`.
    """
    path = request.path
    assert path is not None  # `matches` said so
    parts: dict[str, RawSplit] = {}
    left_out = []
    for split, (file, header) in _tables(path, request).items():
        if header.packed is not None:
            packed, notes = packed_pixels(file, header.packed, request, split)
            if twice := parts.keys() & packed.keys():
                what = f"rows of {', '.join(sorted(twice))} stand in another table, too"
                raise AssayError("table-value", file, what, "Give the path of one table.")
            parts |= packed
            left_out += notes
            continue
        if header.label is None:
            left_out.append(f"{file.name} has no column of labels: left out, and nothing is scored on it")
            continue
        refuse_unused(request, TAKES - {"split_column", "split_names"}, "a table of pixels")
        if header.left_out is not None:
            left_out.append(f"the first column of {file.name} numbers the rows: left out")
        images, labels = _content(file, header)
        parts[split] = RawSplit(images, labels, file.name, file.name)
    if "train" not in parts:
        fix = "Name the column with --label-column."
        raise AssayError("column-missing", path, "no column of a table of pixels holds labels", fix)
    ordered = {split: parts[split] for split in ordered_splits(parts)}
    name = request.name or (path.absolute().name if path.is_dir() else path.stem)
    found = dataset_from_arrays(
        name,
        ordered,
        "pixel-table",
        request.classes,
        str(path),
        request.array_form,
        request.skip_unlabelled,
    )
    file_names = " ".join([path.name, *(part.images_name for part in ordered.values())])
    transposed = transposition_note(file_names, found.shape)
    return replace(found, notes=("read as a table of pixels", *found.notes, *left_out, *transposed))


def _tables(path: Path, request: Request) -> dict[str, tuple[Path, _Header]]:
    """The pixel tables by split: a file is train; the files of a folder are what their names say."""
    if path.is_file():
        header = _header(path, request)
        return {"train": (path, header)} if header and header.label is not None else {}
    if not path.is_dir():
        return {}
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in _SUFFIXES and file.is_file())
    headers = {file: header for file in files[:16] if (header := _header(file, request))}
    splits = splits_of([file.stem for file in headers])
    by_split = {splits[file.stem]: (file, header) for file, header in headers.items() if file.stem in splits}
    return by_split if "train" in by_split and len(by_split) == len(headers) else {}


def _header(path: Path, request: Request) -> _Header | None:
    """What the first two lines say; None where they are not those of a table of pixels."""
    if path.suffix.lower() not in _SUFFIXES:
        return None
    with open_file(path) as file:
        first, second = _line(file), _line(file)
    delimiter = max(",;\t ", key=first.count)
    names, cells = _cells(first, delimiter), _cells(second, delimiter)
    if len(names) != len(cells) or len(names) > _MOST_COLUMNS:
        return None
    headless = all(map(_NUMBER.fullmatch, names))
    if not headless and (packed := _packed(names, cells)) is not None:
        return _Header(delimiter, 0, len(names), headless=False, packed=packed)
    column = (
        None
        if headless
        else optional_column(path, names, request.label_column, LABEL_NAMES, "--label-column")
    )
    label = 0 if headless and _are_squares(len(names) - 1) else names.index(column) if column else None
    index = _index(names, label) if not headless else None
    pixels = [cell for place, cell in enumerate(cells) if place not in (label, index)]
    if not _are_squares(len(pixels)) or not all(map(_NUMBER.fullmatch, pixels)):
        return None
    return _Header(delimiter, label, len(names), headless, left_out=index)


def _packed(names: Sequence[str], cells: Sequence[str]) -> str | None:
    """The column whose first cell holds all pixels of a square, parted by spaces: `emotion,pixels,Usage`."""
    for name, cell in zip(names, cells, strict=True):
        values = cell.split()
        if _are_squares(len(values)) and all(map(_NUMBER.fullmatch, values)):
            return name
    return None


def _index(names: Sequence[str], label: int | None) -> int | None:
    """The first column where it numbers the rows, as pandas writes it, beside a square of pixels."""
    others = len(names) - 1 - (label is not None)
    numbers = usual_spelling(names[0]) in _INDEX and label != 0
    return 0 if numbers and _are_squares(others) and not _are_squares(others + 1) else None


def _are_squares(count: int) -> bool:
    """Whether so many values are a square of gray pixels, or of colored ones."""
    squares = (isqrt(count // channels) ** 2 * channels == count for channels in (1, 3))
    return count >= _FEWEST_PIXELS and any(squares)


def _line(file: IO[bytes]) -> str:
    return file.readline(_LONGEST).decode("utf-8-sig", "replace")


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip().strip('"') for cell in line.rstrip("\r\n").split(delimiter)]


def _content(path: Path, header: _Header) -> tuple[Bytes, Any]:
    """The pixels uint8 `(n, values)`, and the labels as whole numbers `(n,)`."""
    images, labels = [], []
    with open_file(path) as file:
        for number, line in _rows(file, header):
            cells = line.rstrip("\r\n").split(header.delimiter)
            if len(cells) != header.width:
                what = f"line {number} has {len(cells):,} cells, the first {header.width:,}"
                raise AssayError("table-unreadable", path, what, "Save the table again.")
            labels.append(cells.pop(header.label or 0).strip().strip('"'))
            if header.left_out is not None:
                del cells[header.left_out]
            images.append(_pixels(path, number, cells))
    if not images:
        raise AssayError("too-few-images", path, "the table has no rows", "Give at least one image.")
    if header.headless and _numbers_classes([row[-1] for row in images]) and not _numbers_classes(labels):
        what = (
            "it has no header, and its last column looks like the label, not the first: few whole numbers "
            "from 0 or 1 on"
        )
        fix = (
            "Put a header before it, or the label first, in its folder: "
            r"""awk -F, -v OFS=, '{sub(/\r$/, ""); l = $NF; NF--; print l, $0}' """
            f"{quote(path.name)} > {quote('label-first-' + path.name)}"
        )
        raise AssayError("table-value", path, what, fix)
    return np.array(images), _labels(path, labels)


def _numbers_classes(values: Sequence[object]) -> bool:
    """Whether values are whole numbers from 0 or 1 on, nearly each of them there and several times."""
    counts = Counter(str(value).strip().partition(".")[0] for value in values)
    numbers = [int(text) for text in counts if text.isdecimal() and len(text) < 6]
    if len(numbers) < max(2, len(counts)) or len(numbers) > len(values) / 2:
        return False
    return min(numbers) <= 1 and max(numbers) + 1 - len(numbers) <= max(2, len(numbers) / 10)


def _rows(file: IO[bytes], header: _Header) -> Iterator[tuple[int, str]]:
    number = 0
    while line := file.readline(_LONGEST):
        number += 1
        if (number > 1 or header.headless) and line.strip(b",;\t \r\n"):  # blank, as spreadsheets write it
            yield number, line.decode("utf-8-sig", "replace")


def _pixels(path: Path, number: int, cells: Sequence[str]) -> Bytes:
    try:
        values = np.array(cells, np.float64)
    except ValueError as error:
        raise _wrong(path, f"line {number}: a pixel is no number ({error})") from error
    if not np.array_equal(values, np.floor(values)) or values.min() < 0 or values.max() > 255:
        raise _wrong(path, f"line {number}: a pixel is no whole number from 0 to 255")
    return values.astype(np.uint8)


def _labels(path: Path, labels: Sequence[str]) -> Any:
    """The labels as whole numbers `(n,)`. Raises AssayError `table-value` for any other."""
    # Not by way of floats: from 2 to the power of 53 on two labels would become one.
    numbers = [
        whole_number(label.strip().partition(".")[0]) if _NUMBER.fullmatch(label) else None
        for label in labels
    ]
    gone = {row for row, label in enumerate(labels) if is_missing(label) or is_minus_one(label)}
    wrong = [row for row, number in enumerate(numbers) if number is None and row not in gone]
    if not wrong:
        return array_of_cells([label.strip().partition(".")[0] for label in labels])
    if not any(map(_NUMBER.fullmatch, labels)):
        return np.array(labels)  # words
    first = wrong[0] + 1
    if _NUMBER.fullmatch(labels[first - 1]):
        what = f"row {first}: the label {labels[first - 1][:40]!r} is too large for the number of a class"
        raise _wrong(path, what)
    raise _wrong(path, f"row {first}: the label {labels[first - 1][:40]!r} is no whole number")


def _wrong(path: Path, what: str) -> AssayError:
    return AssayError("table-value", path, what, "Correct the table.")
