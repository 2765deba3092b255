"""Arrays as people save them: read where there is one reading, refused with the remedy where two."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.workflow.load import load

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 9, 7), np.uint8)
NUMBERS = np.array([0, 1, 2, 0, 1, 2])
EXPECTED = load(arrays=(IMAGES, NUMBERS))


LABELS = {
    "whole floats": NUMBERS.astype(float),
    "a column": NUMBERS[:, None],
    "one-hot rows": np.eye(3, dtype=np.uint8)[NUMBERS],
    "one-hot floats": np.eye(3)[NUMBERS],
    "one-hot booleans": np.eye(3, dtype=bool)[NUMBERS],
    "small unsigned": NUMBERS.astype(np.uint8),
}


@pytest.mark.parametrize("form", LABELS)
def test_labels_that_are_numbers_in_other_clothes(form: str) -> None:
    """The same data set, whatever the labels are saved as."""
    assert load(arrays=(IMAGES, LABELS[form])).fingerprint == EXPECTED.fingerprint


@pytest.mark.parametrize("kind", ["U", "S", object])
def test_labels_that_are_names(kind: str) -> None:
    """Text labels name the classes, in natural order, and may be chosen from more names."""
    names = np.array(["dog", "img10", "img2"])[NUMBERS].astype(kind)
    found = load(arrays=(IMAGES, names))
    assert found.classes == ("dog", "img2", "img10")
    assert found.train.labels.tolist() == [0, 2, 1, 0, 2, 1]
    chosen = load(arrays=(IMAGES, names), classes=("img2", "dog", "img10", "more"))
    assert chosen.train.labels.tolist() == [1, 2, 0, 1, 2, 0]
    with pytest.raises(AssayError, match=r"class-names.*'img10'"):
        load(arrays=(IMAGES, names), classes=("dog", "img2"))


def test_labels_that_are_truth_values() -> None:
    """False and True name the two classes."""
    found = load(arrays=(IMAGES, NUMBERS > 0))
    assert found.classes == ("False", "True")
    assert found.train.labels.tolist() == [0, 1, 1, 0, 1, 1]


@pytest.mark.parametrize(
    ("labels", "classes", "words"),
    [
        ([1, 2, 3, 1, 2, 3], ("1", "2", "3"), "the labels are 1-3: 1 number "),
        ([10, 20, 30, 10, 20, 30], ("10", "20", "30"), "10, 20 and 30"),
        ([0, 1, 2, 0, 1, 60_000], ("0", "1", "2", "60000"), "0-2 and 60000: 59,997 numbers"),
    ],
)
def test_unused_numbers_are_no_classes(labels: list[int], classes: tuple[str, ...], words: str) -> None:
    """EMNIST counts letters from 1; one stray label does not make sixty thousand classes, and is named."""
    found = load(arrays=(IMAGES, np.array(labels)))
    assert found.classes == classes
    assert any(words in note for note in found.notes)
    assert found.train.counts(len(classes)).sum() == 6


def test_numbers_from_one_under_names_are_asked_about() -> None:
    """Every name shifted by one would go unseen: the line asks, and a - answers."""
    labels = NUMBERS + 1
    with pytest.raises(
        AssayError, match=r"class-names.*is 1 the first name \('a'\) or the second \('b'\)"
    ) as caught:
        load(arrays=(IMAGES, labels), classes=("a", "b", "c", "d"))
    assert "--classes -,a,b,c,d or --classes -,b,c,d" in str(caught.value)
    first = load(arrays=(IMAGES, labels), classes=("-", "a", "b", "c", "d"))
    assert (first.classes, first.train.labels.tolist()) == (("a", "b", "c", "d"), [0, 1, 2, 0, 1, 2])
    second = load(arrays=(IMAGES, labels), classes=("-", "b", "c", "d"))
    assert (second.classes, second.train.labels.tolist()) == (("b", "c", "d"), [0, 1, 2, 0, 1, 2])


def test_numbers_from_zero_under_names_are_not() -> None:
    """A class that no image has is no reason to ask, as long as 0 occurs."""
    assert load(arrays=(IMAGES, NUMBERS), classes=("a", "b", "c", "d")).classes == ("a", "b", "c", "d")


def test_flat_squares() -> None:
    """Rows of 784 values are gray pictures of 28 x 28; rows of 3,072 may be in two orders."""
    squares = np.random.default_rng(1).integers(0, 256, (6, 28, 28), np.uint8)
    assert (
        load(arrays=(squares.reshape(6, -1), NUMBERS)).fingerprint
        == load(arrays=(squares, NUMBERS)).fingerprint
    )
    with pytest.raises(AssayError, match=r"bad-arrays.*two orders.*reshape\(-1, 32, 32, 3\).*transpose"):
        load(arrays=(np.zeros((6, 3072), np.uint8), NUMBERS))
    with pytest.raises(AssayError, match="bad-arrays"):
        load(arrays=(np.zeros((6, 50), np.uint8), NUMBERS))


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_first(channels: int) -> None:
    """As torch has them."""
    last = np.random.default_rng(2).integers(0, 256, (6, 9, 7, channels), np.uint8)
    first = np.moveaxis(last, 3, 1)
    found = load(arrays=(first, NUMBERS))
    assert found.fingerprint == load(arrays=(last, NUMBERS)).fingerprint
    assert any("channels came first" in note for note in found.notes)


def test_channels_first_or_last_is_asked_about() -> None:
    """Three by nine by three may be either."""
    with pytest.raises(AssayError, match=r"bad-arrays.*first or last"):
        load(arrays=(np.zeros((6, 3, 9, 3), np.uint8), NUMBERS))


def test_rgba_is_laid_over_white() -> None:
    """As transparent files are: opaque stays, clear becomes white, half is the mean."""
    rgba = np.zeros((6, 4, 4, 4), np.uint8)
    rgba[0, ..., 3], rgba[1, ..., 3] = 255, 0
    rgba[2, ..., :3], rgba[2, ..., 3] = 100, 51
    found = load(arrays=(rgba, NUMBERS))
    values = np.concatenate(list(found.train.blocks()))[:3, 0, 0]
    assert values.tolist() == [[0, 0, 0], [255, 255, 255], [224, 224, 224]]


@pytest.mark.parametrize(("fourth", "read"), [("band", False), ("opaque", True), ("soft edges", True)])
def test_a_fourth_band_is_no_alpha(fourth: str, read: bool) -> None:
    """Near infrared was laid over white as alpha, with a note alone, and little of the colors was left."""
    rgba = np.random.default_rng(5).integers(0, 256, (6, 16, 16, 4), np.uint8)
    rgba[..., 3] = {"band": rgba[..., 3] // 2 + 9, "opaque": 255}.get(fourth, 255 * (rgba[..., 3] > 99))
    if fourth == "soft edges":
        rgba[:, :3, :, 3] = 130
    if read:
        assert load(arrays=(rgba, NUMBERS)).train.shape == (16, 16, 3)
        return
    with pytest.raises(AssayError, match="may be a band of its own and no alpha") as caught:
        load(arrays=(rgba, NUMBERS))
    over = np.rint(rgba[..., :3] * (rgba[..., 3:] / 255) + 255 - rgba[..., 3:]).astype(np.uint8)
    assert "numpy.rint(X[..., :3] * (X[..., 3:] / 255) + 255 - X[..., 3:])" in caught.value.fix
    opaque = np.concatenate([rgba[..., :3], np.full((6, 16, 16, 1), 255, np.uint8)], 3)
    opaque[..., :3] = over
    assert load(arrays=(over, NUMBERS)).fingerprint == load(arrays=(opaque, NUMBERS)).fingerprint


def test_arrays_that_need_a_word_come_with_it() -> None:
    """The number of the image last, and truth values: what to type."""
    colors = np.random.default_rng(5).integers(0, 256, (6, 9, 8, 3), np.uint8)
    with pytest.raises(AssayError, match=r"numpy\.moveaxis\(X, -1, 0\)"):
        load(arrays=(np.moveaxis(colors, 0, -1), NUMBERS))
    with pytest.raises(AssayError, match=r"\(X \* 255\)\.astype\(numpy\.uint8\)"):
        load(arrays=(colors > 99, NUMBERS))


def test_two_batches_of_a_loader_are_no_splits() -> None:
    """`list(loader)` of two batches was read as train and test. Tuples, as of Keras, are read."""
    torch = pytest.importorskip("torch")
    batches = [[torch.tensor(IMAGES), torch.tensor(NUMBERS)]] * 2
    with pytest.raises(AssayError, match=r"bad-arrays.*two batches"):
        load(batches)
    assert load(tuple(map(tuple, batches))).splits.keys() == {"train", "test"}


def test_arrays_given_as_data() -> None:
    """A tuple or a list of arrays is what `arrays` is; two or four of them."""
    assert load((IMAGES, NUMBERS)).fingerprint == EXPECTED.fingerprint
    assert load([IMAGES, NUMBERS, IMAGES, NUMBERS]).splits.keys() == {"train", "test"}
    with pytest.raises(AssayError, match="bad-arrays"):
        load((IMAGES,))
    with pytest.raises(AssayError, match="usage"):
        load((IMAGES, NUMBERS), arrays=(IMAGES, NUMBERS))


@pytest.mark.parametrize("data", [IMAGES, {"X": IMAGES}, 7, iter([])], ids=lambda data: type(data).__name__)
def test_what_is_no_data_is_told_the_forms(data: object) -> None:
    """An error of Assay with its remedy, not one of Python's."""
    with pytest.raises(AssayError, match=r"unknown-data.*neither a name nor a path") as caught:
        load(data)  # type: ignore[arg-type]
    assert "assay.load((X, y))" in caught.value.fix
    assert ("for name, images in d.items()" in caught.value.fix) == isinstance(data, dict)


def test_whole_floats_beyond_one_are_pixels() -> None:
    """Values that are whole and reach beyond 1 can only be pixels; a mask of 0 and 1 need not be."""
    found = load(arrays=(IMAGES.astype(np.float32), NUMBERS))
    assert found.fingerprint == EXPECTED.fingerprint
    assert any("in [0, 255], were read as round(x)" in note for note in found.notes)
    with pytest.raises(AssayError, match=r"bad-arrays.*0 to 1.*--floats 0-1"):
        load(arrays=((IMAGES > 99).astype(np.float32), NUMBERS))


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        (IMAGES * 0.99, "--floats 0-255"),
        (IMAGES / 255, "--floats 0-1"),
        ((IMAGES - 127.0) / 60, "standardized or scaled"),
        (IMAGES / 60 + 0.1, "standardized or scaled"),
        (IMAGES / 0.0625 + 0.5, "standardized or scaled"),
        (np.where(IMAGES > 9, IMAGES, np.nan), "finite"),
    ],
)
def test_floats_are_refused_with_what_to_type(values: np.ndarray, advice: str) -> None:
    """The remedy follows from the values that there are."""
    with pytest.raises(AssayError, match="bad-arrays") as caught:
        load(arrays=(values, NUMBERS))
    assert advice in str(caught.value)


def test_floats_from_0_to_255_where_the_user_says_so() -> None:
    """Rounded to the nearest level; a value beyond stops the reading."""
    found = load(arrays=(np.clip(IMAGES + 0.25, 0, 255), NUMBERS), floats="0-255")
    assert found.fingerprint == EXPECTED.fingerprint
    with pytest.raises(AssayError, match=r"pixel-out-of-range.*outside \[0, 255\]"):
        load(arrays=(IMAGES + 1.0, NUMBERS), floats="0-255")


def test_more_bits_than_eight_are_refused_with_the_shift() -> None:
    """Twelve bits in arrays of 16: the remedy is complete as typed."""
    deep = IMAGES.astype(np.uint16) << 4
    with pytest.raises(AssayError, match=r"pixel-out-of-range.*12 bits.*\(X >> 4\)"):
        load(arrays=(deep, NUMBERS))
    assert load(arrays=((deep >> 4).astype(np.uint8), NUMBERS)).fingerprint == EXPECTED.fingerprint


def _scenes(count: int) -> np.ndarray:
    """Smooth colored pictures, uint8 `(count, 12, 12, 3)`: slow waves."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:12, :12] / 12
    slopes = rng.normal(size=(2, 3, count, 1, 1))
    waves = [np.sin(6 * (slopes[0, color] * y + slopes[1, color] * x) + color) for color in range(3)]
    return np.rint(127 + 99 * np.stack(waves, axis=3)).astype(np.uint8)


def _lines(count: int) -> np.ndarray:
    """A colored line in each, at another height: of these the wrong order of colors is the smoother one."""
    rng = np.random.default_rng(2)
    found = np.zeros((count, 12, 12, 3), np.uint8)
    found[np.arange(count), rng.integers(0, 12, count)] = rng.integers(0, 256, (count, 1, 3))
    return found


@pytest.mark.parametrize("pictures", [_scenes, _lines])
@pytest.mark.parametrize("order", ["last", "first"])
@pytest.mark.parametrize("form", ["arrays", "npz", "table", "objects"])
def test_rows_of_colors_are_read_in_the_order_that_the_user_names(
    form: str, order: str, pictures: Callable[[int], np.ndarray], tmp_path: Path
) -> None:
    """CIFAR's order and that of Kaggle's tables: asked about, whatever the pixels look like, then read."""
    images, labels = pictures(40), np.arange(40) % 2
    rows = (images.transpose(0, 3, 1, 2) if order == "first" else images).reshape(40, -1)
    data: Any = (rows, labels)
    if form == "npz":
        data = tmp_path / "set.npz"
        np.savez(data, images=rows, labels=labels)
    elif form == "table":
        data = tmp_path / "set.csv"
        lines = ["label," + ",".join(f"pixel{number}" for number in range(rows.shape[1]))]
        lines += [f"{y}," + ",".join(map(str, row)) for y, row in zip(labels, rows.tolist(), strict=True)]
        data.write_text("\n".join(lines))
    elif form == "objects":
        data = list(zip(rows, labels.tolist(), strict=True))
    with pytest.raises(AssayError, match=r"two orders.*--channel-order last .*--channel-order first"):
        load(data)
    found = load(data, channel_order=order)
    assert found.fingerprint == load(arrays=(images, labels)).fingerprint


@pytest.mark.parametrize(
    ("images", "advice"),
    [
        (_scenes(40), "most with --channel-order last"),
        (_scenes(40).transpose(0, 3, 1, 2), "most with --channel-order first"),
        (np.random.default_rng(0).integers(0, 256, (40, 12, 12, 3), np.uint8), "in neither"),
    ],
)
def test_the_question_says_what_the_pixels_speak_for(images: np.ndarray, advice: str) -> None:
    """Advice, no decision."""
    with pytest.raises(AssayError, match=r"bad-arrays.*two orders") as caught:
        load(arrays=(images.reshape(40, -1), np.arange(40) % 2))
    assert advice in str(caught.value)


@pytest.mark.parametrize("shape", [(6, 9, 7), (6, 9, 7, 3), (6, 3, 9, 7), (6, 784)])
@pytest.mark.parametrize("order", ["last", "first"])
def test_an_order_that_the_shape_tells_is_not_asked_for(shape: tuple[int, ...], order: str) -> None:
    """It would be ignored, or contradict the shape: refused."""
    with pytest.raises(AssayError, match=r"option-not-used.*--channel-order"):
        load(arrays=(np.zeros(shape, np.uint8), NUMBERS), channel_order=order)


def test_three_channels_on_both_sides_are_asked_about() -> None:
    """`(n, 3, h, 3)`: the same option answers; another word than its two is refused."""
    images = np.random.default_rng(0).integers(0, 256, (6, 3, 9, 3), np.uint8)
    with pytest.raises(AssayError, match=r"bad-arrays.*--channel-order last"):
        load(arrays=(images, NUMBERS))
    assert load(arrays=(images, NUMBERS), channel_order="last").shape == (3, 9, 3)
    assert load(arrays=(images, NUMBERS), channel_order="first").shape == (9, 3, 3)
    with pytest.raises(AssayError, match=r"bad-value.*--channel-order.*last and first"):
        load(arrays=(images, NUMBERS), channel_order="rgb")


@pytest.mark.parametrize("kind", ["numbers", "names"])
def test_a_test_split_without_a_class_of_train_is_no_test(kind: str) -> None:
    """Nothing could be right there: it is left out and said, as in folders."""
    labels, other = (
        (NUMBERS, NUMBERS + 5) if kind == "numbers" else (np.array(list("abcabc")), np.array(["x"] * 6))
    )
    found = load(arrays=(IMAGES, labels, IMAGES, other))
    assert list(found.splits) == ["train"]
    assert len(found.classes) == 3
    assert any("shares no class with train" in note for note in found.notes)
    assert [left.split for left in found.left_out] == ["test"] * 6


def test_test_images_of_a_class_that_train_lacks_are_left_out() -> None:
    """The others keep their ids; a class that nobody has any more is none."""
    found = load(arrays=(IMAGES, NUMBERS, IMAGES, NUMBERS + 1))
    assert (found.classes, list(found.splits["test"].ids)) == (
        ("0", "1", "2"),
        ["test/0", "test/1", "test/3", "test/4"],
    )
    assert found.splits["test"].labels.tolist() == [1, 2, 1, 2]
    assert [left.id for left in found.left_out] == ["test/2", "test/5"]
    assert any(
        "2 images of the test split are of a class that train lacks ('3')" in note for note in found.notes
    )
    named = load(arrays=(IMAGES, NUMBERS, IMAGES, NUMBERS + 1), classes=("a", "b", "c", "d"))
    assert named.classes == ("a", "b", "c", "d")
    assert len(named.splits["test"]) == 4


def test_names_that_differ_by_case_stop_in_arrays_too() -> None:
    """Cat and cat are one class, or two: asked."""
    with pytest.raises(AssayError, match=r"class-names.*'Cat' in train is 'cat' in test"):
        load(arrays=(IMAGES, np.array(["Cat", "Dog"] * 3), IMAGES, np.array(["cat", "Dog"] * 3)))
