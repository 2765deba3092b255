"""Whatever is written comes back; whatever is damaged is one error, or content, and never a crash."""

import csv
import io
import json
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from assay.core.errors import AssayError
from assay.data.formats.archive import unpack
from assay.data.formats.npy import read_npy, read_npz
from assay.data.formats.shard_file import local_shard
from assay.data.formats.text_table import read_table
from assay.data.listing.columns.missing import is_missing
from assay.data.listing.parquet import list_parquet
from assay.data.request import Request

KINDS = st.sampled_from(["u1", "i8", "<f4", ">i2", "b1", "<U3"])

VALUES = KINDS.flatmap(lambda kind: arrays.arrays(kind, arrays.array_shapes(max_dims=4, max_side=5)))

#: Any text that UTF-8 can hold.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)

NAMES = st.text("abé.- 1", min_size=1, max_size=6).filter(lambda name: set(name) - set(". "))

FILES = st.dictionaries(
    st.tuples(NAMES, NAMES).map("/".join), st.binary(max_size=300), min_size=2, max_size=5
).filter(lambda files: len({name.partition("/")[0] for name in files}) > 1)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("round-trips")


@given(values=VALUES, fortran=st.booleans())
def test_npy(values: np.ndarray, fortran: bool, place: Path) -> None:
    """Arrays of numbers, truths and texts, of any shape and order of bytes."""
    np.save(place / "a.npy", np.asfortranarray(values) if fortran else values)
    found = read_npy(place / "a.npy")
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values)


@given(
    members=st.dictionaries(st.text("xyz_1", min_size=1, max_size=6), VALUES, max_size=4),
    packed=st.booleans(),
)
@settings(max_examples=30)
def test_npz(members: dict[str, np.ndarray], packed: bool, place: Path) -> None:
    """Any number of them under any names, compressed or not."""
    (np.savez_compressed if packed else np.savez)(place / "a.npz", **members)
    found = read_npz(place / "a.npz")
    assert found.keys() == members.keys()
    for name, values in members.items():
        np.testing.assert_array_equal(found[name], values)


@given(rows=st.lists(st.tuples(TEXT, TEXT, TEXT)), suffix=st.sampled_from([".csv", ".tsv", ".jsonl"]))
def test_tables(rows: list[tuple[str, ...]], suffix: str, place: Path) -> None:
    """Cells with quotes, delimiters, line ends, control characters. None begins with an apostrophe:
    one before what looks like a formula is taken off, as `neutral_cell` puts it there. A row without
    anything in it is a blank line, but for JSON lines."""
    rows = [tuple(cell.lstrip("'") for cell in row) for row in rows]
    path = place / f"table{suffix}"
    with path.open("w", encoding="utf-8", newline="") as file:
        if suffix == ".jsonl":
            file.writelines(json.dumps(dict(zip("abc", row, strict=True))) + "\n" for row in rows)
        else:
            writer = csv.writer(file, delimiter="\t" if suffix == ".tsv" else ",")
            writer.writerows([("a", "b", "c"), *rows])
    rows = [row for row in rows if suffix == ".jsonl" or any(map(str.strip, row))]
    columns = [list(column) for column in zip(*rows, strict=True)]
    assert [list(column) for column in read_table(path).values()] == (
        columns or ([] if suffix == ".jsonl" else [[], [], []])
    )


def _packed(path: Path, files: Mapping[str, bytes]) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, f"w:{path.suffix[1:].replace('tar', '')}") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz", ".tar.bz2"])
@given(files=FILES)
@settings(max_examples=15)
def test_archives(suffix: str, files: dict[str, bytes], place: Path) -> None:
    """Every file with its name and content, and nothing besides."""
    target = place / f"unpacked{suffix}"
    target.mkdir()
    try:
        unpack(_packed(place / f"set{suffix}", files), target)
        found = {str(p.relative_to(target)): p.read_bytes() for p in target.rglob("*") if p.is_file()}
    finally:
        shutil.rmtree(target)
    assert found == files


@given(
    rows=st.lists(
        st.tuples(st.binary(max_size=50), TEXT.filter(lambda t: not is_missing(t)), TEXT), min_size=1
    ),
    size=st.integers(1, 7),
)
@settings(max_examples=30)
def test_parquet(rows: list[tuple[bytes, str, str]], size: int, place: Path) -> None:
    """Contents, labels and other columns, in any division into groups of rows."""
    images = [{"bytes": content, "path": None} for content, _, _ in rows]
    table = {"image": images, "label": [row[1] for row in rows], "note": [row[2] for row in rows]}
    pq.write_table(pa.table(table), place / "a.parquet", row_group_size=size)
    part = list_parquet(Request(), place, [local_shard(place / "a.parquet", place)]).parts["train"]
    assert list(part.payloads()) == [row[0] for row in rows]
    assert list(part.labels) == [row[1] for row in rows]
    assert list(part.columns["note"]) == [row[2] for row in rows]


def _npy_content() -> bytes:
    out = io.BytesIO()
    np.save(out, np.arange(60, dtype=np.uint8).reshape(3, 5, 4))
    return out.getvalue()


def _npz_content() -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, images=np.zeros((4, 3, 3), np.uint8), labels=np.arange(4))
    return out.getvalue()


def _parquet_content() -> bytes:
    out = io.BytesIO()
    images = [{"bytes": bytes([number]) * 9, "path": f"{number}.png"} for number in range(5)]
    pq.write_table(pa.table({"image": images, "label": list("abcab")}), out, row_group_size=2)
    return out.getvalue()


def _unpacked(path: Path) -> None:
    target = path.with_suffix(".d")
    target.mkdir()
    try:
        unpack(path, target)
    finally:
        shutil.rmtree(target)


def _listed(path: Path) -> None:
    for part in list_parquet(Request(), path.parent, [local_shard(path, path.parent)]).parts.values():
        list(part.payloads())


def _archive_content(suffix: str, place: Path) -> bytes:
    return _packed(place / f"good{suffix}", {"a/1.png": b"one" * 9, "b/2.png": b"two" * 9}).read_bytes()


#: By the ending of the name: a whole file, and what reads it.
READERS: Mapping[str, tuple[Callable[[Path], bytes], Callable[[Path], Any]]] = {
    ".npy": (lambda _: _npy_content(), read_npy),
    ".npz": (lambda _: _npz_content(), read_npz),
    ".csv": (lambda _: b'file_name,label\n"a ""1"".png",x\nb.png,y\n', read_table),
    ".jsonl": (lambda _: b'{"file_name": "a.png", "label": "x"}\n{"label": null}\n', read_table),
    ".parquet": (lambda _: _parquet_content(), _listed),
    ".zip": (lambda place: _archive_content(".zip", place), _unpacked),
    ".tar": (lambda place: _archive_content(".tar", place), _unpacked),
    ".tar.gz": (lambda place: _archive_content(".tar.gz", place), _unpacked),
    ".tar.bz2": (lambda place: _archive_content(".tar.bz2", place), _unpacked),
}


def _damaged(content: bytes, random: np.random.Generator) -> bytes:
    """Some bytes changed, taken out, put in, set to zero or to the largest, or the end cut off."""
    damaged = bytearray(content)
    for _ in range(random.integers(1, 4)):
        at, length = int(random.integers(len(content))), int(random.integers(1, 9))
        new = (random.bytes(length), b"", bytes(length), b"\xff" * length)[random.integers(4)]
        damaged[at : at + (0 if random.integers(4) == 0 else length)] = new
    return bytes(damaged[: random.integers(len(damaged) + 1)] if random.integers(5) == 0 else damaged)


@pytest.mark.parametrize("suffix", READERS)
def test_damage_is_one_error_or_none(suffix: str, place: Path) -> None:
    """100 damaged files of each form: refused as bad data, or read; nothing else ever comes of them."""
    make, read = READERS[suffix]
    content, random = make(place), np.random.default_rng(zlib.crc32(suffix.encode()))
    path = place / f"damaged{suffix}"
    path.write_bytes(content)
    read(path)
    refused = 0
    for _ in range(100):
        path.write_bytes(_damaged(content, random))
        try:
            read(path)
        except AssayError as error:
            assert error.exit_code == 3, error
            assert "\n" not in str(error)
            refused += 1
    assert refused > 0
