"""Rows that stay in files are read as an array is, and what others changed is noticed."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from assay.core import durable
from assay.core.durable import TEMPORARY
from assay.core.errors import AssayError
from assay.data import stored_rows
from assay.data.stored_rows import StoredRows, hashed_rows, joined_rows, kept_in_scratch

ROWS = np.random.default_rng(0).normal(size=(1037, 9)).astype(np.float32)
STEP = 64


@pytest.fixture(autouse=True)
def nothing_in_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As of a large set."""
    monkeypatch.setattr(stored_rows, "IN_MEMORY", 0)
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))


def in_a_file(path: Path, rows: np.ndarray = ROWS) -> np.ndarray:
    """Rows behind eleven other bytes."""
    path.write_bytes(b"eleven more" + rows.tobytes())
    digests = [hashlib.sha256(rows[i : i + STEP].tobytes()).digest() for i in range(0, len(rows), STEP)]
    return hashed_rows(path, 11, rows.shape, rows.dtype, digests, STEP)


def in_scratch(tmp_path: Path) -> np.ndarray:
    return kept_in_scratch((ROWS[i : i + 100] for i in range(0, len(ROWS), 100)), ROWS.shape, np.float32)


def joined(tmp_path: Path) -> np.ndarray:
    """A stored table, one in memory, an empty one, and one of which the last rows do not count."""
    more = in_a_file(tmp_path / "two", ROWS[500:])
    return joined_rows([in_a_file(tmp_path / "one", ROWS[:300]), ROWS[300:500], ROWS[:0], more], len(ROWS))


@pytest.mark.parametrize("make", [lambda path: in_a_file(path / "x"), in_scratch, joined])
def test_they_are_read_as_an_array_is(make, tmp_path: Path) -> None:
    """By slices, row numbers in any order, masks, and columns of them."""
    rows = make(tmp_path)
    assert isinstance(rows, StoredRows)
    assert (len(rows), rows.shape, rows.dtype, rows.nbytes) == (1037, (1037, 9), ROWS.dtype, ROWS.nbytes)
    numbers = np.random.default_rng(1).integers(0, 1037, 400)
    for key in (slice(None), slice(60, 130), slice(5, 900, 7), slice(2000, 3000), numbers, numbers[:0]):
        assert np.array_equal(rows[key], ROWS[key])
        assert np.array_equal(rows[key, 2:5], ROWS[key][:, 2:5])
    for row in (0, 7, np.int64(1036)):
        assert np.array_equal(rows[row], ROWS[row])
        assert np.array_equal(rows[row, 2:5], ROWS[row, 2:5])
    mask = numbers.repeat(3)[:1037] % 2 == 0
    assert np.array_equal(rows[mask], ROWS[mask])
    assert np.array_equal(np.asarray(rows), ROWS)
    for wrong in (np.array([1037]), np.array([-1])):
        with pytest.raises(IndexError):
            rows[wrong]


def test_the_first_rows_of_several_tables(tmp_path: Path) -> None:
    """Cut inside a table, in memory or not."""
    one, two = in_a_file(tmp_path / "one", ROWS[:300]), in_a_file(tmp_path / "two", ROWS[300:])
    assert np.array_equal(np.asarray(joined_rows([one, two], 450)), ROWS[:450])
    in_memory = joined_rows([ROWS[:300], ROWS[300:]], 450)
    assert isinstance(in_memory, np.ndarray)
    assert np.array_equal(in_memory, ROWS[:450])


@pytest.mark.parametrize("what", ["changed", "cut", "gone"])
def test_what_others_did_to_the_file_is_noticed(what: str, tmp_path: Path) -> None:
    """Where the rows are read, and not where others are."""
    rows, file = in_a_file(tmp_path / "x"), tmp_path / "x"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    if what == "gone":
        file.unlink()
    else:
        file.write_bytes(content if what == "changed" else content[:-1])
        assert np.array_equal(rows[:STEP], ROWS[:STEP])
    with pytest.raises(AssayError) as caught:
        rows[1030:]
    assert (caught.value.code, caught.value.exit_code) == ("data-changed", 4)


def test_a_scratch_file_has_no_name(tmp_path: Path) -> None:
    """Nobody else can reach it, and nothing is left of it."""
    rows = in_scratch(tmp_path)
    assert list((tmp_path / "cache").rglob("*")) == []
    assert np.array_equal(rows[:], ROWS)


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its code, and nothing is left behind."""

    class Full(durable.Files):
        def write(self, *_) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable, "files", Full())
    with pytest.raises(AssayError) as caught:
        in_scratch(tmp_path)
    assert caught.value.code == "disk-full"
    monkeypatch.undo()
    assert [path for path in (tmp_path / "cache").rglob("*") if path.name.startswith(TEMPORARY)] == []


def test_small_tables_stay_in_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of whatever kind their parts are."""
    monkeypatch.setattr(stored_rows, "IN_MEMORY", ROWS.nbytes)
    for rows in (in_scratch(tmp_path), joined(tmp_path)):
        assert isinstance(rows, np.ndarray)
        assert np.array_equal(rows, ROWS)
