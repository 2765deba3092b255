"""Content that changes while it is used: what is used is what was hashed, or the command stops."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.data import checked_images
from assay.data.checked_images import CheckedImages, FilePixels, array_images, file_images
from assay.data.digests import image_digests
from assay.data.formats import npy
from assay.data.sources import arrays
from assay.data.storage import store
from assay.data.values import Dataset, Split, images_of
from assay.workflow.load import load

Labelled = Callable[[int], tuple[NDArray[np.uint8], NDArray[np.uint8]]]


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """No set is held in memory."""
    for module in (checked_images, npy, store, arrays):
        monkeypatch.setattr(module, "IN_MEMORY", 100)


@pytest.fixture
def npy_folder(tmp_path: Path, labelled: Labelled) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    images, labels = labelled(40)
    np.save(folder / "x_train.npy", images)
    np.save(folder / "y_train.npy", labels)
    return folder


def overwrite(path: Path) -> None:
    """Write to a file in place, as a program does that has it mapped."""
    content = np.memmap(path, np.uint8, "r+")
    content[-200:] ^= 255
    content.flush()


def cut(path: Path) -> None:
    os.truncate(path, 130)


CHANGES = {"overwritten": overwrite, "cut short": cut, "removed": Path.unlink}


@pytest.mark.parametrize("how", CHANGES)
@pytest.mark.parametrize("large", [False, True])
def test_a_numpy_file_that_changes_after_it_was_read(
    npy_folder: Path, how: str, large: bool, request: pytest.FixtureRequest
) -> None:
    """The set is a copy of our own: pixels and digests agree, whatever becomes of the file."""
    if large:
        request.getfixturevalue("small_memory")
    found = load(npy_folder)
    before = np.load(npy_folder / "x_train.npy")
    CHANGES[how](npy_folder / "x_train.npy")
    assert np.array_equal(images_of(found.train, np.arange(40))[..., 0], before)
    assert np.array_equal(image_digests(images_of(found.train, np.arange(40))), found.train.digests)


@pytest.fixture
def kept(tmp_path: Path, labelled: Labelled) -> Path:
    """An entry of the cache."""
    images, labels = labelled(30)
    split = Split.from_arrays(images[..., None], labels.astype(np.int64), [f"n{i}" for i in range(30)])
    folder = tmp_path / "kept"
    store.save(Dataset("kept", tuple("0123456789"), {"train": split}, "arrays"), folder)
    return folder


@pytest.mark.parametrize("how", CHANGES)
def test_an_entry_of_the_cache_that_changes_after_it_was_read(kept: Path, how: str) -> None:
    """A small one is held in memory: labels, ids and pixels stay those that were hashed."""
    found, again = store.read(kept), store.read(kept)
    for path in kept.iterdir():
        CHANGES[how](path) if path.stat().st_size > 200 else path.unlink()
    assert found == again
    assert found is not None
    assert np.array_equal(image_digests(found.train.images), found.train.digests)


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize("how", ["overwritten", "cut short"])
def test_a_large_entry_of_the_cache_that_changes_is_noticed_at_the_next_read(kept: Path, how: str) -> None:
    """Exit 4, and no SIGBUS."""
    found = store.read(kept)
    assert found is not None
    assert isinstance(found.train.images, CheckedImages)
    assert sum(len(block) for block in found.train.blocks(size=7)) == 30
    CHANGES[how](kept / "train-images.npy")
    with pytest.raises(AssayError, match=r"train-images") as caught:
        list(found.train.blocks(np.array([3, 29, 28])))
    assert (caught.value.code, caught.value.exit_code) == ("data-changed", 4)


@pytest.mark.usefixtures("small_memory")
def test_a_large_entry_that_is_removed_stays_readable(kept: Path) -> None:
    """The file is open: its name does not matter."""
    found = store.read(kept)
    assert found is not None
    (kept / "train-images.npy").unlink()
    assert len(images_of(found.train, np.arange(30))) == 30


@pytest.mark.parametrize("large", [False, True])
def test_arrays_that_the_caller_changes(
    labelled: Labelled, large: bool, request: pytest.FixtureRequest
) -> None:
    """Small ones are copied; of large ones the change is noticed."""
    if large:
        request.getfixturevalue("small_memory")
    images, labels = labelled(40)
    found, before = load(arrays=(images, labels)), images.copy()
    images[7] ^= 1
    labels[:] = 0
    assert found.train.labels[7] == 7
    if large:
        with pytest.raises(AssayError, match=r"arrays\[0\]: image 7") as caught:
            list(found.train.blocks())
        assert caught.value.exit_code == 4
    else:
        assert np.array_equal(images_of(found.train, np.arange(40))[..., 0], before)


def test_a_numpy_file_that_is_cut_while_it_is_read(npy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its header was right; the bytes are not there any more."""
    path = npy_folder / "x_train.npy"
    np.save(path, np.zeros((4000, 5, 4), np.uint8))  # more than is read ahead
    check = npy._check_header

    def checked(file: Any, where: object, size: int) -> None:
        check(file, where, size)
        os.truncate(path, size - 300)

    monkeypatch.setattr(npy, "_check_header", checked)
    with pytest.raises(AssayError, match="shorter") as caught:
        npy.read_npy(path)
    assert caught.value.code == "data-changed"


@pytest.mark.parametrize("key", [3, slice(2, 9), slice(None), slice(8, 2, -1), [5, 1, 2, 3, 9], [], "mask"])
def test_checked_images_are_read_as_an_array_is(tmp_path: Path, labelled: Labelled, key: Any) -> None:
    """By row, slice, rows or mask; from a file with something before it, and from an array."""
    images = labelled(12)[0][..., None]
    (tmp_path / "pixels").write_bytes(b"head" + images.tobytes())
    if key == "mask":
        key = images[:, 0, 0, 0] > 99
    key = np.array(key, np.int64) if isinstance(key, list) else key
    digests = image_digests(images)
    for found in (
        file_images(tmp_path / "pixels", images.shape, digests, 4),
        array_images(images, digests, "here"),
    ):
        assert np.array_equal(found[key], images[key])
        assert (found.shape, found.ndim, found.dtype) == (images.shape, images.ndim, images.dtype)
        assert (len(found), found.nbytes) == (12, images.nbytes)
        assert np.array_equal(np.asarray(found), images)


def test_descriptors_are_given_back(tmp_path: Path) -> None:
    """A split that is gone keeps no file open."""
    path = tmp_path / "pixels"
    path.write_bytes(bytes(40))

    def descriptors() -> int:  # of this file alone: what others hold may be given back meanwhile
        found = [fd for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]
        return sum(os.path.realpath(fd) == str(path.resolve()) for fd in found)

    kept = FilePixels(path, (10, 2, 2, 1))
    assert descriptors() == 1
    del kept
    for _ in range(5):
        FilePixels(path, (10, 2, 2, 1))
    assert descriptors() == 0


def test_a_scratch_file_that_changes_before_it_is_stored(kept: Path, tmp_path: Path) -> None:
    """What decoding wrote and storing reads again is compared with the digests of decoding."""
    found = store.read(kept)
    assert found is not None
    (tmp_path / "pixels").write_bytes(found.train.images.tobytes())
    images = file_images(tmp_path / "pixels", found.train.images.shape, found.train.digests)
    overwrite(tmp_path / "pixels")
    damaged = replace(found, splits={"train": replace(found.train, images=images)})
    with pytest.raises(AssayError, match="no longer"):
        store.save(damaged, tmp_path / "entry")
    assert not (tmp_path / "entry").exists()
