import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from assay.data.checked_images import CheckedImages
from assay.data.storage import store
from assay.data.values import Dataset, Split

IDS = st.text(st.characters(codec=None), max_size=5)


@st.composite
def splits(draw):
    shape = draw(st.tuples(*(st.integers(1, 4),) * 3, st.sampled_from([1, 3])))
    n = shape[0]
    images = draw(arrays.arrays(np.uint8, shape))
    labels = draw(arrays.arrays(np.int64, n, elements=st.integers(0, 2)))
    columns = {
        "group": tuple(draw(st.lists(IDS, min_size=n, max_size=n))),
        "bytes": draw(arrays.arrays(np.int64, n)),
    }
    return Split.from_arrays(images, labels, draw(st.lists(IDS, min_size=n, max_size=n)), columns)


@given(train=splits(), test=splits(), name=IDS)
@settings(max_examples=50, deadline=None)
def test_round_trip(train, test, name, tmp_path_factory):
    """Any data set comes back equal: pixels, labels, ids (also such that are no UTF-8), columns."""
    folder = tmp_path_factory.mktemp("store") / "kept"
    dataset = Dataset(name, ("a", "b", "c"), {"train": train, "test": test}, "arrays", notes=(name,))
    store.save(dataset, folder)
    found = store.read(folder)
    assert found == dataset
    assert list(found.splits) == ["train", "test"]
    assert found.fingerprints == dataset.fingerprints
    np.testing.assert_array_equal(found.train.images, train.images)
    shutil.rmtree(folder)


@pytest.fixture
def kept(labelled, tmp_path):
    images, labels = labelled(30)
    split = Split.from_arrays(images[..., None], labels.astype(np.int64), [f"n{i}" for i in range(30)])
    folder = tmp_path / "kept"
    store.save(Dataset("kept", tuple("0123456789"), {"train": split}, "arrays"), folder)
    return folder


def test_nothing_kept_is_none(tmp_path):
    """A folder that is not there holds no data set, and that is no damage."""
    assert store.read(tmp_path / "none") is None


def test_a_flipped_bit_anywhere_is_noticed(kept):
    """One bit of any byte of any file, manifest and headers included."""
    for path in sorted(kept.iterdir()):
        content = path.read_bytes()
        for place in range(0, len(content), 1 + len(content) // 200):
            flipped = bytearray(content)
            flipped[place] ^= 1 << (place % 8)
            path.write_bytes(flipped)
            with pytest.raises(store.DamagedError, match=r"."):
                store.read(kept)
        path.write_bytes(content)
    assert store.read(kept) is not None


@pytest.mark.parametrize("change", ["cut", "longer", "empty", "gone", "folder"])
def test_a_cut_missing_or_longer_file_is_noticed(kept, change):
    """Whatever happened to a file, it is damage, not a crash."""
    for path in sorted(kept.iterdir()):
        content = path.read_bytes()
        path.unlink()
        if change == "folder":
            path.mkdir()
        elif change != "gone":
            path.write_bytes({"cut": content[:-1], "longer": content + b"\0", "empty": b""}[change])
        with pytest.raises(store.DamagedError):
            store.read(kept)
        path.rmdir() if change == "folder" else path.unlink(missing_ok=True)
        path.write_bytes(content)


def test_images_cannot_be_written_to(kept):
    """What was hashed stays what it is."""
    assert not store.read(kept).train.images.flags.writeable


def test_many_images_stay_on_the_disk(kept, monkeypatch):
    """The pixels are read when they are looked at."""
    small = store.read(kept)
    monkeypatch.setattr(store, "IN_MEMORY", 100)
    large = store.read(kept)
    assert isinstance(large.train.images, CheckedImages)
    assert large == small
    np.testing.assert_array_equal(np.concatenate(list(large.train.blocks())), small.train.images)
