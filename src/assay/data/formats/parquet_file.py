"""Parquet files that may be hostile: opened, and their columns checked."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from assay.core.errors import AssayError
from assay.core.text import one_line, shortened
from assay.data.formats.shard_file import ShardFile

#: Older versions load code from files that ask for it (CVE-2023-47248).
OLDEST: Final = (17, 0)

#: Lists in lists that a picture can be: rows, columns, channels.
_DEEPEST: Final = 3

#: Bytes of one group of rows, which the reader holds at once.
_LARGEST_GROUP: Final = 1 << 30


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


#: Characters of one text: labels, groups and paths are shorter.
_LONGEST_TEXT: Final = 10_000


@contextmanager
def opened(parquet: Any, path: ShardFile, glance: bool = False) -> Iterator[Any]:
    """The file, opened; glance: for its footer and single columns.

    Raises AssayError `parquet-unreadable` for whatever is wrong with it meanwhile.
    """
    import pyarrow

    with (path.glanced if glance else path.opened)() as handle:
        try:
            texts = _texts(parquet, path, handle)
            # Checksums of pages, where the writer made them: a changed bit is damage, not another picture.
            checked = {"read_dictionary": texts, "page_checksum_verification": True}
            with parquet.ParquetFile(handle, **checked) as file:
                yield file
        except (pyarrow.ArrowException, OSError, ValueError, KeyError, IndexError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise AssayError(
                "parquet-unreadable", path, reason, "Replace the file with an intact copy, or write it again."
            ) from error


def _texts(parquet: Any, path: ShardFile, handle: Any) -> list[str]:
    """The columns of text: read as dictionaries, they take the memory of their different values."""
    import pyarrow.types as types

    schema = parquet.read_schema(handle)
    handle.seek(0)
    _check_names(path, schema.names)
    return [
        name
        for name in schema.names
        if types.is_string(schema.field(name).type) or types.is_large_string(schema.field(name).type)
    ]


def _check_names(path: ShardFile, names: Sequence[str]) -> None:
    """Raise AssayError `parquet-unreadable` where two columns have one name: either could be meant."""
    name, count = Counter(names).most_common(1)[0] if names else ("", 0)
    if count > 1:
        what = f"{count:,} columns are called {shortened(one_line(name))}"
        fix = "Rename or remove all but one, and write the file again."
        raise AssayError("parquet-unreadable", path, what, fix)


def check_groups(path: object, metadata: Any) -> None:
    """Raise AssayError `parquet-unreadable` where a group of rows is too large to be held."""
    for number in range(metadata.num_row_groups):
        size = metadata.row_group(number).total_byte_size
        if not 0 <= size <= _LARGEST_GROUP:
            raise AssayError(
                "parquet-unreadable",
                path,
                f"its group of rows {number} has {size:,} bytes; at most {_LARGEST_GROUP:,} are read at once",
                "Write it again with smaller row groups.",
            )


def group_rows(path: object, metadata: Any) -> list[int]:
    """Rows of each group. Raises AssayError `parquet-unreadable` where they are not those of the file."""
    rows = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    if min(rows, default=0) < 0 or sum(rows) != metadata.num_rows:
        raise AssayError(
            "parquet-unreadable",
            path,
            f"its groups have {sum(rows):,} rows in all, the file {metadata.num_rows:,}",
            "Replace the file with an intact copy, or write it again.",
        )
    return rows


def check_rows(path: object, column: str, found: int, promised: int) -> None:
    """A damaged file may have fewer values than rows, and is read without a word."""
    if found != promised:
        raise AssayError(
            "parquet-unreadable",
            path,
            f"column {one_line(column)} has {found:,} values for {promised:,} rows",
            "Replace the file with an intact copy, or write it again.",
        )


def cells_of(path: object, file: Any, name: str) -> list[Any]:
    """The values of one column, equal texts kept once: a small file can hold a long text many times."""
    column = file.read(columns=[name]).column(0)
    found: list[Any] = []
    longest = 0
    for chunk in column.chunks:
        values = (chunk.dictionary if hasattr(chunk, "dictionary") else chunk).to_pylist()
        longest = max(longest, max((len(value) for value in values if isinstance(value, str)), default=0))
        if hasattr(chunk, "dictionary"):
            values = [None if place is None else values[place] for place in chunk.indices.to_pylist()]
        found += values
    if longest > _LONGEST_TEXT:
        what = f"column {one_line(name)} holds texts of more than {_LONGEST_TEXT:,} characters"
        raise AssayError("parquet-unreadable", path, what, "Leave the column out of the file.")
    return found


def holding_images(schema: Any) -> list[str]:
    """The columns that are binary, or a struct with binary `bytes`."""
    import pyarrow.types as types

    def holds_images(kind: Any) -> bool:
        if types.is_struct(kind):
            return any(
                kind.field(i).name == "bytes" and _is_bytes(kind.field(i).type)
                for i in range(kind.num_fields)
            )
        return _is_bytes(kind)

    return [name for name in schema.names if holds_images(schema.field(name).type)]


def _is_bytes(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def holding_pixels(schema: Any) -> list[str]:
    """The columns of lists of numbers, or of lists of such lists, up to three deep."""
    import pyarrow.types as types

    def depth(kind: Any) -> int:
        if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
            inner = depth(kind.value_type)
            return inner + 1 if inner else 0
        return 1 if types.is_integer(kind) or types.is_floating(kind) else 0

    return [name for name in schema.names if 2 <= depth(schema.field(name).type) <= _DEEPEST + 1]


def is_simple(kind: Any) -> bool:
    """Whether a column holds one number, truth value or text a row."""
    import pyarrow.types as types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    return bool(
        types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_boolean(kind)
        or types.is_string(kind)
        or types.is_large_string(kind)
    )


def class_names_of(schema: Any, label: str) -> tuple[str, ...] | None:
    """Class names from the hub's metadata, where there are any of the right form."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        names = features[label]["names"]
    except (KeyError, ValueError, TypeError, RecursionError):
        return None
    right = isinstance(names, list) and bool(names) and all(isinstance(name, str) for name in names)
    return tuple(names) if right else None


def kinds_of(schema: Any) -> dict[str, str]:
    """What each column holds, in a word: shards of one set hold the same."""
    import pyarrow.types as types

    tests = (
        ("nothing", types.is_null),
        ("truth values", types.is_boolean),
        ("numbers", types.is_integer),
        ("numbers", types.is_floating),
        ("text", types.is_string),
        ("text", types.is_large_string),
        ("bytes", _is_bytes),
        ("structs", types.is_struct),
        ("lists", types.is_list),
        ("lists", types.is_large_list),
        ("lists", types.is_fixed_size_list),
    )

    def kind(found: Any) -> str:
        plain = found.value_type if types.is_dictionary(found) else found
        return next((word for word, test in tests if test(plain)), str(plain))

    return {name: kind(schema.field(name).type) for name in schema.names}
