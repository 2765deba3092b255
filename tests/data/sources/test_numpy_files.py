import pickle
import struct
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.workflow.load import load


def refused(path, code, **options) -> str:
    with pytest.raises(AssayError) as caught:
        load(path, **options)
    assert (caught.value.code, caught.value.exit_code) == (code, 3)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def arrays(labelled):
    return {
        "x_train": labelled(40)[0],
        "y_train": labelled(40)[1],
        "x_test": labelled(20)[0],
        "y_test": labelled(20)[1],
    }


@pytest.fixture
def expected(arrays):
    return load(arrays=tuple(arrays.values()))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("X_train", "y_train", "X_test", "y_test"),
    ],
)
def test_an_npz_with_the_usual_names(arrays, expected, tmp_path, save, names):
    """Keras', MedMNIST's and scikit-learn's names."""
    path = tmp_path / "digits.npz"
    save(path, **dict(zip(names, arrays.values(), strict=True)))
    found = load(path)
    assert found.fingerprints == expected.fingerprints
    assert (found.name, found.source) == ("digits", "npz")


@pytest.mark.parametrize(
    "names",
    [
        ("training_pictures", "training_classes", "testing_pictures", "testing_classes"),
        ("train_imgs", "train_lbls", "test_imgs", "test_lbls"),
        ("IMAGES", "LABELS", "IMAGES_TEST", "LABELS_TEST"),
    ],
)
def test_other_names_are_told_by_the_shapes(arrays, expected, tmp_path, names):
    """Where one array can be images and one has as many labels, whatever else lies beside them."""
    np.savez(tmp_path / "set.npz", **dict(zip(names, arrays.values(), strict=True)), mean=np.zeros(3))
    found = load(tmp_path / "set.npz")
    assert found.fingerprints == expected.fingerprints
    assert any(f"{names[0]} are the images, {names[1]} the labels of train" in note for note in found.notes)


@pytest.mark.parametrize("more", ["fine", "pictures2"])
def test_names_that_can_be_meant_in_two_ways_are_refused(arrays, tmp_path, more):
    """Two arrays of labels, or two of images: the shapes are shown."""
    other = arrays["y_train"] // 2 if more == "fine" else arrays["x_train"]
    values = {"pictures": arrays["x_train"], "kinds": arrays["y_train"], more: other}
    np.savez(tmp_path / "set.npz", **values)
    assert "pictures (40," in refused(tmp_path / "set.npz", "file-missing")


@pytest.mark.parametrize("names", [("images", "labels"), ("x", "y"), ("data", "target"), ("arr_0", "arr_1")])
def test_one_pair_of_arrays_is_train(arrays, tmp_path, names):
    """Without a test split; labels as a column count too."""
    labels = arrays["y_train"][:, None]
    np.savez(tmp_path / "set.npz", **dict(zip(names, (arrays["x_train"], labels), strict=True)))
    assert list(load(tmp_path / "set.npz").splits) == ["train"]


def test_npy_files_side_by_side(arrays, expected, tmp_path):
    """The folder, or one of the files; other files do not matter."""
    for name, values in arrays.items():
        np.save(tmp_path / f"{name}.npy", values)
    np.save(tmp_path / "weights.npy", np.array([{}], object), allow_pickle=True)
    assert load(tmp_path).fingerprints == expected.fingerprints
    assert load(tmp_path / "x_train.npy").fingerprints == expected.fingerprints


def test_class_names_inside(arrays, tmp_path):
    """An array of text called classes."""
    np.savez(tmp_path / "set.npz", classes=np.array([f"c{i}" for i in range(10)]), **arrays)
    assert load(tmp_path / "set.npz").classes[3] == "c3"


def test_other_names_are_told(arrays, tmp_path):
    """What is there, and what was looked for."""
    np.savez(tmp_path / "set.npz", a=arrays["x_train"], b=arrays["y_train"][1:])
    text = refused(tmp_path / "set.npz", "file-missing")
    assert "x_train" in text
    assert "a (40, " in text
    assert "b (39,)" in text


class Canary:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_a_pickled_array_is_refused_and_never_run(tmp_path, suffix, arrays):
    """Its code would make a file: the file is not there (case 16)."""
    canary = tmp_path / "canary"
    hostile = np.array([Canary(canary)], object)
    if suffix == "npz":
        np.savez(tmp_path / "set.npz", **{**arrays, "x_train": hostile})
        refused(tmp_path / "set.npz", "npz-unreadable")
    else:
        np.save(tmp_path / "images.npy", hostile, allow_pickle=True)
        np.save(tmp_path / "labels.npy", arrays["y_train"])
        refused(tmp_path, "npz-unreadable")
    assert not canary.exists()
    pickle.loads(pickle.dumps(hostile))
    assert canary.exists(), "the canary of this test does not sing"


def npy(shape: tuple[int, ...], content: bytes, descr: str = "|u1") -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (64 - (len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00\xff\xff",
        b"\x93NUMPY\x01\x00\x40\x00" + b"{'descr': '|u1', (".ljust(64),
        b"\x93NUMPY\x01\x00\x00\x08" + b"[" * 2048,
        b"\x93NUMPY\x09\x00" + b"\0" * 100,
        npy((10**12,), b"x"),
        npy((10**6, 10**6, 10**6), b"x"),
        npy((-1, 4), b"x"),
        npy((2, 2), b"xxxxx"),
        npy((2, 2), b"xxx"),
        npy((2,), b"x" * 16, "|O"),
        npy((2,), b"x" * 16, "|V8"),
        npy((2,), b"x" * 16, "nonsense"),
        npy((2,), b"xx").replace(b"'shape'", b"'shap3'"),
        npy((2,), b"xx").replace(b"False", b"exit()"),
    ],
)
@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_wrong_headers_are_refused(tmp_path, content, suffix, arrays):
    """Promises that do not hold are refused before anything is allocated (case 17)."""
    if suffix == "npz":
        with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
            archive.writestr("images.npy", content)
            archive.writestr("labels.npy", npy((2,), b"\0\1"))
        refused(tmp_path / "set.npz", "npz-unreadable")
    else:
        (tmp_path / "images.npy").write_bytes(content)
        np.save(tmp_path / "labels.npy", arrays["y_train"])
        refused(tmp_path, "npz-unreadable")


def test_an_npz_that_is_no_clean_zip(tmp_path, arrays):
    """Not a zip, names twice, encrypted, cut off (case 17)."""
    path = tmp_path / "set.npz"
    path.write_bytes(b"hello")
    refused(path, "archive-refused")
    np.savez(path, **arrays)
    whole = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("x_train.npy", npy((2, 2, 2), b"\0" * 8))
    assert "twice" in refused(path, "archive-refused")
    path.write_bytes(whole[: len(whole) // 2])
    refused(path, "archive-refused")
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    path.write_bytes(changed)
    refused(path, "npz-unreadable")


def test_an_npz_bomb_is_refused(tmp_path):
    """78 MB of zeros in a few kilobytes."""
    np.savez_compressed(
        tmp_path / "set.npz", x_train=np.zeros((100_000, 28, 28), np.uint8), y_train=np.zeros(3, int)
    )
    assert (tmp_path / "set.npz").stat().st_size < 1 << 20
    refused(tmp_path / "set.npz", "archive-too-large")


def test_floats_in_an_npz_need_the_flag(arrays, tmp_path):
    """As arrays do."""
    np.savez(tmp_path / "set.npz", x=arrays["x_train"] / 255, y=arrays["y_train"])
    refused(tmp_path / "set.npz", "bad-arrays")
    np.testing.assert_array_equal(
        load(tmp_path / "set.npz", floats=True).train.images[..., 0], arrays["x_train"]
    )


def test_other_idx_names(idx_folder, tmp_path):
    """EMNIST's names: one set of several in a folder is chosen by one of its files."""
    expected = load(idx_folder)
    both = tmp_path / "emnist"
    both.mkdir()
    for lead in ("emnist-digits", "emnist-mnist"):
        for path in idx_folder.iterdir():
            (both / f"{lead}-{path.name.replace('t10k', 'test')}").write_bytes(path.read_bytes())
    with pytest.raises(AssayError) as caught:
        load(both)
    assert "emnist-digits, emnist-mnist" in str(caught.value)
    found = load(both / "emnist-mnist-train-images-idx3-ubyte.gz")
    assert found.fingerprints == expected.fingerprints
    assert found.name == "emnist-mnist"


@pytest.mark.parametrize("form", ["an npz an array", "an npz a split", "npy of other names"])
def test_files_of_arrays_side_by_side(arrays, expected, tmp_path, form):
    """As Kuzushiji-MNIST is shared: each file is an array by its name, each split two of them."""
    x, y, x_test, y_test = (arrays[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    if form == "an npz an array":
        for name, values in {
            "train-imgs": x,
            "train-labels": y,
            "test-imgs": x_test,
            "test-labels": y_test,
        }.items():
            np.savez(tmp_path / f"kmnist-{name}.npz", values)
    elif form == "an npz a split":
        np.savez(tmp_path / "train.npz", pictures=x, kinds=y)
        np.savez(tmp_path / "test.npz", pictures=x_test, kinds=y_test)
    else:
        for name, values in {"trainX": x, "trainY": y, "testX": x_test, "testY": y_test}.items():
            np.save(tmp_path / f"{name}.npy", values)
    found = load(tmp_path)
    assert found.fingerprint == expected.fingerprint
    assert any("told by the shapes" in note for note in found.notes)


def test_one_file_of_images_names_the_way_on(arrays, tmp_path):
    """Labels lie in the file beside: the folder is what to give."""
    np.savez(tmp_path / "images.npz", arrays["x_train"])
    np.savez(tmp_path / "labels.npz", arrays["y_train"])
    with pytest.raises(AssayError, match=r"file-missing.*Give a folder that holds nothing but"):
        load(tmp_path / "images.npz")
    assert len(load(tmp_path).train) == len(arrays["x_train"])
    (tmp_path / "note.txt").write_text("a text beside them changes nothing, and is named")
    assert "beside them lie note.txt" in "\n".join(load(tmp_path).notes)
    (tmp_path / "more.bin").write_bytes(b"more")
    with pytest.raises(AssayError, match="too-few-images"):
        load(tmp_path)


@pytest.mark.parametrize("form", ["npz", "npy"])
def test_arrays_that_are_not_read_are_told(form, arrays, tmp_path):
    """Images of a test split without labels were left out without a word."""
    given = {name: values for name, values in arrays.items() if name != "y_test"} | {"ids": np.arange(40)}
    if form == "npz":
        np.savez(tmp_path / "set.npz", **given)
    else:
        for name, values in given.items():
            np.save(tmp_path / f"{name}.npy", values)
    notes = "\n".join(load(tmp_path / "set.npz" if form == "npz" else tmp_path).notes)
    if form == "npz":
        assert "the 20 images of x_test have no labels: left out, nothing is scored on them" in notes
        assert "arrays that were not read: ids" in notes
    else:
        assert "files of arrays that were not read: ids.npy, x_test.npy" in notes


def test_arrays_that_are_all_read_are_no_news(arrays, tmp_path):
    np.savez(tmp_path / "set.npz", **arrays, class_names=np.array([f"c{n}" for n in range(10)]))
    assert "not read" not in "\n".join(load(tmp_path / "set.npz").notes)
