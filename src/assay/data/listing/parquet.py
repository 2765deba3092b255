"""Parquet files of images and labels as a `Listing`: labels at once, images as a stream.

Understands the form of the Hugging Face hub: an image column with `bytes` and `path`, labels that are
numbers, class names in the schema's metadata.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import open_file
from assay.data.formats.text_table import LABEL_NAMES, SPLIT_NAMES, chosen_column, optional_column
from assay.data.listing.listing import Listing, Part, stamp_of
from assay.data.listing.names import ordered_splits, split_of
from assay.data.request import Request
from assay.data.values import LeftOut, numbered_ids

#: Older versions load code from files that ask for it (CVE-2023-47248).
OLDEST: Final = (17, 0)

IMAGE_NAMES: Final = ("image", "img", "picture", "photo", "bytes")

#: Images that are held at once while a file is streamed.
_BATCH: Final = 128

#: Bytes of one group of rows, which the reader holds at once.
_LARGEST_GROUP: Final = 1 << 30

#: hub names of files: train-00000-of-00001.parquet, also with a folder for the split.
_SPLIT_IN_NAME: Final = re.compile(
    r"(?:^|[/_.-])(train(?:ing)?|val(?:id(?:ation)?)?|dev|test(?:ing)?)(?=[/_.-])"
)


def need_pyarrow() -> Any:
    """The module `pyarrow.parquet`. Raises AssayError `missing-extra` where it is missing or too old."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise _missing("pyarrow is not installed") from error
    version = tuple(int(part) for part in re.findall(r"\d+", pyarrow.__version__)[:2])
    if version < OLDEST:
        raise _missing(f"pyarrow {pyarrow.__version__} is too old to be safe")
    return pyarrow.parquet


def _missing(what: str) -> AssayError:
    return AssayError("missing-extra", "parquet", what, 'Install it: pip install "assay[parquet]"')


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
    read = [_read(parquet, request, root, path) for path in files]
    classes = next((file.classes for file in read if file.classes), None)
    stamps = [
        f"{file.path}|{s.st_size}|{s.st_mtime_ns}|{s.st_ctime_ns}"
        for file in read
        for s in [file.path.stat()]
    ]
    splits = ordered_splits(split for file in read for split in file.splits)
    parts = {split: _part(parquet, read, split) for split in splits}
    form = f"{len(files):,} Parquet file{'s' if len(files) > 1 else ''}"
    return Listing(parts, form, stamp_of([*stamps, str(request.columns)]), classes)


def _read(parquet: Any, request: Request, root: Path, path: Path) -> _File:
    with _opened(parquet, path) as file:
        schema = file.schema_arrow
        _check_groups(path, file.metadata)
        image = _image_column(path, schema)
        names = [name for name in schema.names if name != image]
        label = chosen_column(path, names, request.label_column, LABEL_NAMES, "--label-column")
        split = optional_column(path, names, request.split_column, SPLIT_NAMES, "--split-column")
        simple = [name for name in names if _is_simple(schema.field(name).type)]
        cells = {name: file.read(columns=[name]).column(0).to_pylist() for name in {label, *simple}}
        if request.group_column is not None:
            group = chosen_column(path, names, request.group_column, (), "--group-column")
            cells["group"] = cells[group]
        for name, values in cells.items():
            _check_rows(path, name, len(values), file.metadata.num_rows)
        classes = _class_names(schema, label)
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


@contextmanager
def _opened(parquet: Any, path: Path) -> Iterator[Any]:
    import pyarrow

    with open_file(path) as handle:
        try:
            with parquet.ParquetFile(handle) as file:
                yield file
        except (pyarrow.ArrowException, OSError, ValueError, KeyError, IndexError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise AssayError(
                "parquet-unreadable", path, reason, "Replace the file with an intact copy, or write it again."
            ) from error


def _check_groups(path: Path, metadata: Any) -> None:
    for number in range(metadata.num_row_groups):
        size = metadata.row_group(number).total_byte_size
        if not 0 <= size <= _LARGEST_GROUP:
            raise AssayError(
                "parquet-unreadable",
                path,
                f"its group of rows {number} has {size:,} bytes; at most {_LARGEST_GROUP:,} are read at once",
                "Write it again with smaller row groups.",
            )


def _check_rows(path: Path, column: str, found: int, promised: int) -> None:
    """A damaged file may have fewer values than rows, and is read without a word."""
    if found != promised:
        raise AssayError(
            "parquet-unreadable",
            path,
            f"column {one_line(column)} has {found:,} values for {promised:,} rows",
            "Replace the file with an intact copy, or write it again.",
        )


def _image_column(path: Path, schema: Any) -> str:
    """The column of images: binary, or a struct with binary `bytes`."""
    import pyarrow.types as types

    def holds_images(kind: Any) -> bool:
        if types.is_struct(kind):
            return any(
                kind.field(i).name == "bytes" and _is_bytes(kind.field(i).type)
                for i in range(kind.num_fields)
            )
        return _is_bytes(kind)

    names: list[str] = [name for name in schema.names if holds_images(schema.field(name).type)]
    return chosen_column(path, names, names[0] if len(names) == 1 else None, IMAGE_NAMES, "an image column")


def _is_bytes(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _is_simple(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(
        types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_boolean(kind)
        or types.is_string(kind)
        or types.is_large_string(kind)
    )


def _class_names(schema: Any, label: str) -> tuple[str, ...] | None:
    """Class names from the hub's metadata, where there are any of the right form."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        names = features[label]["names"]
    except (KeyError, ValueError, TypeError, RecursionError):
        return None
    right = isinstance(names, list) and bool(names) and all(isinstance(name, str) for name in names)
    return tuple(names) if right else None


def _labels(path: Path, values: Sequence[Any], classes: tuple[str, ...] | None) -> list[str]:
    missing = [row for row, value in enumerate(values) if value is None or value == ""]
    if missing:
        raise AssayError(
            "table-value",
            path,
            f"{len(missing):,} of {len(values):,} rows have no label, the first is row {missing[0]}",
            "Label or remove them.",
        )
    if classes is None or not all(isinstance(value, int) for value in values):
        return [str(value) for value in values]
    wrong = [row for row, value in enumerate(values) if not 0 <= value < len(classes)]
    if wrong:
        raise AssayError(
            "label-out-of-range",
            path,
            f"{len(wrong):,} of {len(values):,} labels are outside 0-{len(classes) - 1}, "
            f"the first in row {wrong[0]} ({values[wrong[0]]})",
            "Correct the labels; -1 means that the set was published without them.",
        )
    return [classes[value] for value in values]


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


def _part(parquet: Any, files: Sequence[_File], split: str) -> Part:
    rows = [(file, row) for file in files for row, own in enumerate(file.splits) if own == split]
    paths = [file.paths[row] for file, row in rows if file.paths]
    ids = paths if len(set(paths)) == len(rows) else numbered_ids(split, len(rows))
    names = {name for file in files for name in file.columns}
    columns = {
        name: [file.columns[name][row] if name in file.columns else "" for file, row in rows]
        for name in sorted(names)
    }
    labels = [file.labels[row] for file, row in rows]
    return Part(ids, labels, lambda: _payloads(parquet, files, split), columns)


def _payloads(parquet: Any, files: Sequence[_File], split: str) -> Iterator[bytes]:
    """The encoded images of a split, one small batch in memory at a time."""
    for file in files:
        if split not in file.splits:
            continue
        row = 0
        with _opened(parquet, file.path) as opened:
            for batch in opened.iter_batches(_BATCH, columns=[file.image]):
                for value in batch.column(0).to_pylist():
                    if row < len(file.splits) and file.splits[row] == split:
                        content = value.get("bytes") if isinstance(value, dict) else value
                        yield content or b""  # a missing image counts as an empty one: unreadable
                    row += 1
        _check_rows(file.path, file.image, row, len(file.splits))


def left_out_files(root: Path, files: Sequence[Path]) -> tuple[LeftOut, ...]:
    """Files beside the Parquet files of a folder."""
    own = set(files)
    others = (path for path in sorted(root.rglob("*")) if path.is_file() and path not in own)
    return tuple(LeftOut(path.relative_to(root).as_posix(), "ignored", "no Parquet file") for path in others)
