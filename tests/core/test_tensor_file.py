"""What `core.tensor_file` writes is a safetensors file, as the library of that name reads it."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from assay.core.tensor_file import Tensor, can_hold, read_tensors, tensor_place, write_tensors

ARRAYS = {
    "a": np.arange(12, dtype=np.uint8).reshape(3, 4),
    "b": np.linspace(0, 1, 6).astype(np.float32).reshape(2, 3),
    "none": np.zeros((0, 5), np.int64),
    "flags": np.array([True, False]),
}


def test_the_library_reads_what_is_written(tmp_path: Path) -> None:
    """Names, types, shapes and values come back; an array can be read from its place alone."""
    file = tmp_path / "x.safetensors"
    size, _ = write_tensors(file, {name: Tensor.of(values) for name, values in ARRAYS.items()})
    assert file.stat().st_size == size
    found = safetensors.numpy.load_file(file)
    assert {name: (v.dtype, v.shape) for name, v in found.items()} == {
        name: (v.dtype, v.shape) for name, v in ARRAYS.items()
    }
    assert all(np.array_equal(found[name], values) for name, values in ARRAYS.items())
    start, shape = tensor_place(file, "a")
    assert file.read_bytes()[start : start + 12] == bytes(range(12))
    assert shape == (3, 4)


def test_blocks_are_written_one_after_the_other(tmp_path: Path) -> None:
    """An array in blocks is the array; blocks that do not add up to it are refused, and leave no file."""
    values = np.arange(10, dtype=np.int64).reshape(5, 2)
    blocks = [values[:2], values[2:]]
    write_tensors(tmp_path / "x", {"v": Tensor(values.dtype, values.shape, blocks)})
    assert np.array_equal(safetensors.numpy.load_file(tmp_path / "x")["v"], values)
    with pytest.raises(ValueError, match="5 rows has 2"):
        write_tensors(tmp_path / "y", {"v": Tensor(values.dtype, values.shape, blocks[:1])})
    with pytest.raises(ValueError, match="another type"):
        write_tensors(tmp_path / "y", {"v": Tensor(values.dtype, values.shape, [values.astype(np.int32)])})
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_texts_are_no_tensors() -> None:
    """Numbers alone."""
    assert can_hold(np.dtype(np.int16))
    assert not can_hold(np.dtype("U3"))


def test_arrays_come_back_and_some_stay_in_the_file(tmp_path: Path) -> None:
    """Types, shapes and values; of those left behind the place and the hash of each few rows."""
    file = tmp_path / "x.safetensors"
    size, sha = write_tensors(file, {name: Tensor.of(values) for name, values in ARRAYS.items()})
    found = read_tensors(file, ["a"], 2)
    assert found.sha256 == sha
    assert set(found.arrays) == {"b", "none", "flags"}
    for name, values in found.arrays.items():
        assert (values.dtype, values.shape) == (ARRAYS[name].dtype, ARRAYS[name].shape)
        assert np.array_equal(values, ARRAYS[name])
    left = found.left["a"]
    assert (left.offset, left.shape, left.dtype) == (tensor_place(file, "a")[0], (3, 4), np.dtype(np.uint8))
    assert left.digests == tuple(
        hashlib.sha256(rows).digest() for rows in (bytes(range(8)), bytes(range(8, 12)))
    )
    assert file.stat().st_size == size


def test_files_of_another_form_are_refused(tmp_path: Path) -> None:
    """Whatever is in the header: nothing is allocated on its word, and nothing crashes."""
    file = tmp_path / "x.safetensors"
    write_tensors(file, {name: Tensor.of(values) for name, values in ARRAYS.items()})
    content = file.read_bytes()
    wrong = [b"", content[:5], content[:-1], content + b"x", b"\xff" * 8 + content[8:]]
    wrong += [
        content.replace(*pair) for pair in ((b"[3,4]", b"[9,9]"), (b"[3,4]", b"[-3,-4]"), (b"U8", b"Q8"))
    ]
    wrong += [content.replace(b'"a":', b'"b":'), content.replace(b"[2,3]", b"[2e9,3]")]
    for other in wrong:
        assert other != content
        file.write_bytes(other)
        with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
            read_tensors(file, ["a"], 2)
