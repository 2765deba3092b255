"""What people hand over in Python that is odd but plausible: the right set, or one line that says why."""

import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas
import polars
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.core.events import ignore
from assay.workflow.api import evaluate, train
from assay.workflow.load import load

pytestmark = pytest.mark.usefixtures("own_cache")

N = 12
IMAGES = np.random.default_rng(0).integers(0, 256, (N, 5, 6), np.uint8)
LABELS = np.arange(N) % 3
NAMES = np.array(["cat", "dog", "eel"])


def read_only(values):
    found = values.copy()
    found.flags.writeable = False
    return found


def mapped(values):
    file = io.BytesIO()
    np.save(file, values)
    return np.load(io.BytesIO(file.getvalue()))


def of_objects(values):
    found = np.empty(len(values), object)
    found[:] = list(values)
    return found


#: The same images and labels in other clothes.
SAME = {
    "read only": lambda: (read_only(IMAGES), read_only(LABELS)),
    "in Fortran's order": lambda: (np.asfortranarray(IMAGES), LABELS),
    "every other row of a larger array": lambda: (np.repeat(IMAGES, 2, 0)[::2], np.repeat(LABELS, 2)[::2]),
    "backwards": lambda: (IMAGES[::-1], LABELS[::-1]),
    "big-endian": lambda: (IMAGES.astype(">u2"), LABELS.astype(">i8")),
    "floats of 16 bits": lambda: (IMAGES.astype(np.float16), LABELS.astype(np.float16)),
    "lists": lambda: (IMAGES.tolist(), LABELS.tolist()),
    "tuples": lambda: (tuple(IMAGES), tuple(LABELS)),
    "pandas' integers": lambda: (IMAGES, pandas.array(LABELS, dtype="Int64")),
    "a series by another index": lambda: (IMAGES, pandas.Series(LABELS, index=range(N)[::-1])),
    "saved and loaded": lambda: (mapped(IMAGES), mapped(LABELS)),
    "a mask that masks nothing": lambda: (np.ma.array(IMAGES), np.ma.array(LABELS)),
    "pairs with floats": lambda: list(zip(IMAGES, LABELS.astype(np.float32), strict=True)),
    "a frame": lambda: pandas.DataFrame({"image": list(IMAGES), "label": LABELS.astype(np.float32)}),
    "objects": (lambda: (of_objects(IMAGES), LABELS.astype(object))),
    "a frame whose index repeats": lambda: pandas.DataFrame(
        {"image": list(IMAGES), "label": LABELS}, index=[0] * N
    ),
}


@pytest.mark.parametrize("form", SAME)
def test_the_same_set_in_other_clothes(form: str) -> None:
    """One fingerprint, whatever the memory looks like."""
    found = load(SAME[form]())
    assert found.fingerprint == load((IMAGES, LABELS)).fingerprint
    assert found.classes == ("0", "1", "2")


def frame(labels, images=IMAGES):
    return pandas.DataFrame({"image": list(images), "label": labels})


NA = pandas.array([0, pandas.NA, 1] * 4, dtype="Int64")

#: What cannot be read, and the code.
REFUSED = {
    "masked images": (lambda: load((np.ma.masked_less(IMAGES, 9), LABELS)), "bad-arrays"),
    "masked labels": (lambda: load((IMAGES, np.ma.masked_equal(LABELS, 1))), "bad-arrays"),
    "a masked picture": (
        lambda: load([(np.ma.masked_less(x, 9), y) for x, y in zip(IMAGES, LABELS, strict=True)]),
        "bad-arrays",
    ),
    "masked labels in pairs": (
        lambda: load(list(zip(IMAGES, np.ma.masked_equal(LABELS, 1), strict=True))),
        "table-value",
    ),
    "NA in pairs": (lambda: load(list(zip(IMAGES, NA, strict=True))), "table-value"),
    "NA in an array": (lambda: load((IMAGES, NA)), "label-not-integer"),
    "NA in a frame": (lambda: load(frame(NA)), "table-value"),
    "two columns of one name": (
        lambda: load(pandas.DataFrame([[x, 1, 2] for x in IMAGES], columns=["image", "label", "label"])),
        "table-value",
    ),
    "no picture in the first row": (
        lambda: load(frame(LABELS, [None, *IMAGES[1:]])),
        "image-unreadable",
    ),
    "labels that are no UTF-8": (
        lambda: load((IMAGES, np.array([b"caf\xe9", b"caf\xe8", b"c"])[LABELS])),
        "label-not-integer",
    ),
    "labels that are any objects": (
        lambda: load([(x, object()) for x in IMAGES]),
        "bad-arrays",
    ),
    "a label of 5,000 digits": (lambda: load([(x, 10**5000) for x in IMAGES]), "bad-arrays"),
    "a generator": (lambda: load(arrays=(a for a in (IMAGES, LABELS))), "bad-arrays"),
    "arrays by name": (lambda: load(arrays={"x": IMAGES, "y": LABELS}), "bad-arrays"),
    "classes in a set": (lambda: load((IMAGES, LABELS), classes={"a", "b", "c"}), "class-names"),
    "classes by name": (lambda: load((IMAGES, LABELS), classes={"b": 1, "a": 0, "c": 2}), "class-names"),
    "classes that are numbers": (lambda: load((IMAGES, LABELS), classes=[0, 1, 2]), "class-names"),
    "a number of classes": (lambda: load((IMAGES, LABELS), classes=3), "class-names"),
    "an empty path": (lambda: load(""), "unknown-data"),
    "labels by number": (lambda: load(arrays=(IMAGES, dict(enumerate(LABELS)))), "bad-arrays"),
    "objects of many types": (
        lambda: load(arrays=(IMAGES, of_objects([0, 1.5, "a"] * 4))),
        "label-not-integer",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_missing_masked_or_means_nothing_is_told(case: str) -> None:
    """One line; before, a mask was dropped, NA a fault of Assay, and a set of classes drawn by chance."""
    do, code = REFUSED[case]
    with pytest.raises(AssayError) as caught:
        do()
    assert caught.value.code == code, caught.value
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 600


def test_rows_without_a_label_or_picture_are_left_out_on_request() -> None:
    """Of a frame with NA and with None, as of any table."""
    assert len(load(frame(NA), skip_unlabelled=True).train) == 8
    found = load(frame(LABELS, [*IMAGES[:3], None, *IMAGES[4:]]), skip_bad=True)
    assert (len(found.train), len(found.left_out)) == (N - 1, 1)


def test_labels_of_bytes_are_text() -> None:
    """Not the way in which Python shows bytes."""
    found = load([(x, b"cat" if y else b"dog") for x, y in zip(IMAGES, LABELS, strict=True)])
    assert found.classes == ("cat", "dog")


def test_classes_of_numpy_are_text() -> None:
    """Text of NumPy's own type was kept as such."""
    assert {type(name) for name in load((IMAGES, LABELS), classes=NAMES).classes} == {str}


@pytest.mark.parametrize(
    "options",
    [
        {"name": 5}, {"name": Path("a")}, {"seed": "a"}, {"seed": -1}, {"seed": 1.5}, {"seed": None},
        {"seed": True}, {"seed": 2**32}, {"test_fraction": "0.2"}, {"test_fraction": True},
        {"test_fraction": float("nan")}, {"test_fraction": Fraction(1, 5)}, {"label_column": 0},
        {"path_column": ["a"]}, {"layout": 5}, {"resize": "zoom"}, {"split_names": ["a"]},
        {"split_names": {"train": 5}}, {"root": 5},
        {"skip_bad": "no"}, {"offline": 2}, {"follow_links": []},
    ],
    ids=str,
)  # fmt: skip
def test_an_option_of_another_type_is_told(options: dict[str, object]) -> None:
    """Exit 2 in one line: some were faults of Assay, others passed by unseen."""
    with pytest.raises(AssayError) as caught:
        load((IMAGES, LABELS), **{"test_fraction": 0.5, **options})
    assert caught.value.code == "bad-value"
    assert len(str(caught.value).splitlines()) == 1


def test_numbers_of_numpy_are_numbers() -> None:
    """As the ones of Python."""
    found = load((IMAGES, LABELS), test_fraction=np.float32(0.5), seed=np.int64(3), skip_bad=np.bool_(False))
    assert len(found.train) == N / 2


def test_a_mask_is_no_picture_and_no_answer() -> None:
    """Wherever arrays come in: to be predicted, and as answers of another model."""
    data = load((IMAGES, LABELS, IMAGES, LABELS))
    model = train(data, "nearest-mean", on_event=ignore)
    masked = np.ma.masked_less(IMAGES, 9)
    rows = np.ma.masked_less(np.eye(3)[LABELS], 0.5)
    for do in (
        lambda: model.predict_proba(masked),
        lambda: model.predict_proba(list(masked)),
        lambda: evaluate(probabilities=rows, data=data, on_event=ignore),
        lambda: evaluate(predictions=np.ma.masked_equal(LABELS, 1), data=data, on_event=ignore),
    ):
        with pytest.raises(AssayError) as caught:
            do()
        assert caught.value.code == "bad-arrays"
        assert "masked" in str(caught.value)
    with pytest.raises(AssayError, match="no audit"):
        evaluate(model, data, audit=5, on_event=ignore)


def of_mode(mode: str, values: np.ndarray) -> Image.Image:
    """A picture of a mode that few programs write."""
    if mode.startswith("I;16"):
        order = {"I;16B": ">u2", "I;16L": "<u2"}[mode]
        return Image.frombytes(mode, values.shape[::-1], values.astype(order).tobytes())
    return Image.fromarray(values.astype({"I": np.int32, "F": np.float32}[mode]))


@pytest.mark.parametrize("mode", ["I", "I;16B", "I;16L"])
def test_pictures_of_many_bits_keep_their_values(mode: str) -> None:
    """As an array of 16 bits is read: Pillow's own conversion cuts off at 255."""
    deep = IMAGES.astype(np.uint16) * 257
    found = load([(of_mode(mode, x), int(y)) for x, y in zip(deep, LABELS, strict=True)])
    assert np.array_equal(found.train.images[..., 0], IMAGES)


def test_pictures_of_floats_are_read_as_arrays_of_floats() -> None:
    """Shares of brightness were cut off at 0: every picture was black."""
    pairs = [(of_mode("F", x / 255), int(y)) for x, y in zip(IMAGES, LABELS, strict=True)]
    with pytest.raises(AssayError, match=r"--floats 0-1"):
        load(pairs)
    assert np.array_equal(load(pairs, floats="0-1").train.images[..., 0], IMAGES)
    whole = [(of_mode("F", x), int(y)) for x, y in zip(IMAGES, LABELS, strict=True)]
    assert np.array_equal(load(whole, floats="0-255").train.images[..., 0], IMAGES)


@pytest.mark.parametrize("values", [IMAGES.astype(int) - 128, IMAGES.astype(int) * 1000])
def test_pictures_of_values_that_no_file_holds_are_told(values: np.ndarray) -> None:
    """Below 0 and above 65,535: they were cut off."""
    with pytest.raises(AssayError, match="16 bits hold 0 to 65,535") as caught:
        load([(of_mode("I", x), int(y)) for x, y in zip(values, LABELS, strict=True)])
    assert caught.value.code == "pixel-out-of-range"


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_column_for_each_class_keeps_its_name(library: str) -> None:
    """The columns of test lack a class: by number they were other classes than those of train."""
    train, test = NAMES[LABELS], np.where(NAMES[LABELS] == "dog", "eel", NAMES[LABELS])
    if library == "pandas":
        columns = [pandas.get_dummies(labels) for labels in (train, test)]
    else:
        columns = [
            polars.DataFrame({n: (labels == n).astype(int) for n in set(labels)}) for labels in (train, test)
        ]
    found = load(arrays=(IMAGES, columns[0], IMAGES, columns[1]))
    assert [found.classes[label] for label in found.train.labels] == list(train)
    assert [found.classes[label] for label in found.splits["test"].labels] == list(test)
    unnamed = load(arrays=(IMAGES, pandas.DataFrame(np.eye(3, dtype=int)[LABELS])))
    assert unnamed.classes == ("0", "1", "2")
    twice = pandas.get_dummies(train)
    twice.iloc[0] = True
    with pytest.raises(AssayError, match="several ones"):
        load(arrays=(IMAGES, twice))
