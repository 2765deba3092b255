import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.formats.pixel_arrays import pixels
from assay.data.listing.class_names import checked_classes, read_class_names
from assay.data.sources.array_dataset import whole_labels
from assay.workflow.load import load


def images(n=4, h=3, w=2, c=None, dtype=np.uint8):
    shape = (n, h, w) if c is None else (n, h, w, c)
    return (np.arange(np.prod(shape)) % 256).reshape(shape).astype(dtype)


def refused(code, *arrays, **options):
    with pytest.raises(AssayError) as caught:
        load(arrays=arrays, **options)
    assert caught.value.code == code
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_arrays_become_a_data_set():
    """Gray images get one channel; classes are numbered; ids name split and position."""
    data = load(arrays=(images(), np.array([0, 1, 2, 1]), images(2), np.array([0, 2], np.uint8)))
    assert data.classes == ("0", "1", "2")
    assert data.train.images.shape == (4, 3, 2, 1)
    assert data.train.labels.tolist() == [0, 1, 2, 1]
    assert list(data.splits) == ["train", "test"]
    assert data.train.ids[3] == "train/3"
    assert data.source == "arrays"


def test_color_images_keep_their_channels():
    """(n, h, w, 3) stays as it is."""
    given = images(c=3)
    np.testing.assert_array_equal(load(arrays=(given, np.zeros(4, int))).train.images, given)


def test_other_integers_count_when_they_fit():
    """int64 in 0-255 is the same set as uint8; beyond, the first image and the count are named."""
    as_bytes, labels = images(), np.arange(4)
    assert load(arrays=(as_bytes.astype(np.int64), labels)) == load(arrays=(as_bytes, labels))
    wrong = as_bytes.astype(np.int16)
    wrong[1, 0, 0], wrong[3, 2, 1] = -1, 256
    assert "2 of 4 images have values outside 0-255, the first at index 1" in refused(
        "pixel-out-of-range", wrong, labels
    )


def test_floats_need_the_flag_and_are_recorded():
    """Floats in [0, 1] become round(255 x) with floats=True, and a note says so."""
    floats = np.array([[[0.0, 1.0], [0.5, 0.1]]])
    assert "floats=True" in refused("bad-arrays", floats, np.zeros(1, int))
    data = load(arrays=(floats, np.zeros(1, int)), floats=True)
    assert data.train.images.ravel().tolist() == [0, 255, 128, 26]
    assert "already scaled" in data.notes[0]
    assert load(arrays=(data.train.images, np.zeros(1, int))).notes == ()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.01, 1.01, 255.0])
def test_floats_outside_0_to_1_are_refused(value):
    """NaN, infinity and 0-255 floats are not pixels in [0, 1]; the first image is named."""
    floats = np.zeros((3, 2, 2), np.float32)
    floats[2, 1, 1] = value
    assert "1 of 3 images have values outside [0, 1], the first at index 2" in refused(
        "pixel-out-of-range", floats, np.zeros(3, int), floats=True
    )


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros(4, np.uint8),
        np.zeros((4, 3), np.uint8),
        np.zeros((4, 5, 2, 2), np.uint8),
        np.zeros((4, 3, 3, 2, 1), np.uint8),
        np.zeros((4, 0, 2), np.uint8),
        np.zeros((4, 3, 2), bool),
        np.zeros((4, 3, 2), complex),
        np.full((4, 3, 2), "a"),
        np.full((4, 3, 2), None),
        np.zeros((4, 3, 2), "datetime64[s]"),
    ],
)
def test_what_is_no_image_is_refused(wrong):
    """Wrong shapes and types are told, whatever they are."""
    refused("bad-arrays", wrong, np.zeros(4, int))


def test_ragged_and_missing_arrays_are_refused():
    """Lists that are no arrays, and a wrong number of arrays."""
    refused("bad-arrays", [[1, 2], [3]], [0, 1])
    refused("bad-arrays", images())
    refused("bad-arrays", images(), np.zeros(4, int), images())


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ([0, 1, -1, -2], "2 of 4 labels are outside 0-65535, the first at index 2 (-1)"),
        ([0, 1, 2, 10**9], "1 of 4 labels are outside 0-65535, the first at index 3"),
    ],
)
def test_labels_out_of_range_name_the_first_and_the_count(labels, text):
    """Negative and absurd labels."""
    assert text in refused("label-out-of-range", images(), np.array(labels))


def test_labels_beyond_the_class_names_are_refused():
    """With k names, labels go to k - 1."""
    assert "1 of 4 labels are outside 0-1, the first at index 3 (2)" in refused(
        "label-out-of-range", images(), np.array([0, 1, 1, 2]), classes=("a", "b")
    )


def test_a_label_beyond_int64_does_not_wrap():
    """2**64 - 1 is out of range, not -1 or a class."""
    refused("label-out-of-range", images(), np.array([0, 1, 2, 2**64 - 1], np.uint64))


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (
            [0.0, 0.5, 1.0, np.nan],
            "2 of 4 labels are not whole numbers but float64, the first at index 1 (0.5)",
        ),
        ([1 + 2j, 0, 1, 1], "labels are of type complex128"),
        (["a", "", "a", "b"], "1 labels are empty"),
        ([None, "a", "b", "a"], "labels are of type object"),
    ],
)
def test_labels_that_are_no_whole_numbers_are_refused(labels, text):
    """Floats with a fraction, NaN, complex numbers, and names that are missing."""
    assert text in refused("label-not-integer", images(), np.array(labels))


def test_rows_that_are_not_one_hot_are_refused():
    """Probabilities are no labels; two ones in a row are two labels."""
    refused("bad-arrays", images(), np.full((4, 3), 0.3))
    several = np.eye(4, dtype=int)
    several[2, 0] = 1
    assert "row 2 has 2 ones" in refused("several-labels", images(), several)
    assert "row 1 has 0 ones" in refused(
        "several-labels", images(), np.eye(4, dtype=int)[[0, 0, 1, 2]] * [[1], [0], [1], [1]]
    )


def test_counts_must_agree():
    """Both counts and both names are given."""
    text = refused("count-mismatch", images(4), np.zeros(3, int))
    assert "3 labels for the 4 images of arrays[0]" in text
    assert "arrays[1]" in text


@pytest.mark.parametrize(
    "empty", [(images(0), np.zeros(0, int)), (images(), np.zeros(4, int), images(0), np.zeros(0, int))]
)
def test_no_images_are_too_few(empty):
    """An empty split is an error, not a crash."""
    refused("too-few-images", *empty)


def test_train_and_test_must_have_one_shape():
    """5 x 4 images cannot test a net that was trained on 3 x 2."""
    assert "5 x 4 x 1" in refused(
        "shape-mismatch", images(), np.zeros(4, int), images(2, 5, 4), np.zeros(2, int)
    )


def test_class_names_come_as_text_file_or_sequence(tmp_path):
    """Commas, a file of lines, or a sequence: the same names."""
    path = tmp_path / "names.txt"
    path.write_text("cat\n\n dog \n", encoding="utf-8")
    assert read_class_names("cat, dog") == read_class_names(str(path)) == checked_classes(["cat", "dog"])


def test_a_name_longer_than_a_file_can_have_is_a_name():
    """The system refuses to look for such a file."""
    assert read_class_names("x" * 300) == ("x" * 300,)


@pytest.mark.parametrize("name", ["nams.txt", "there/classes.TXT", "labels.json"])
def test_a_file_of_names_that_is_not_there_is_told(name):
    """It would be taken for the only class, and the labels blamed."""
    with pytest.raises(AssayError, match="no such file of class names") as caught:
        read_class_names(name)
    assert caught.value.code == "file-missing"


@pytest.mark.parametrize("names", [[], [""], ["a", " "], ["a", "b", "a"], [1, 2]])
def test_class_names_must_be_distinct_and_there(names):
    """No empty name, none twice, only text."""
    with pytest.raises(AssayError) as caught:
        checked_classes(names)
    assert caught.value.code == "class-names"


def test_a_file_of_names_must_be_text(tmp_path):
    """Bytes that are no UTF-8 are refused."""
    path = tmp_path / "names.txt"
    path.write_bytes(b"caf\xe9\n")
    with pytest.raises(AssayError) as caught:
        read_class_names(str(path))
    assert caught.value.code == "class-names"


def test_inputs_are_not_changed():
    """The user's arrays are read, never written."""
    given, labels = images(dtype=np.int32), np.arange(4, dtype=np.int8)
    before = given.copy(), labels.copy()
    pixels(given, "X")
    whole_labels(labels, "y")
    np.testing.assert_array_equal(given, before[0])
    np.testing.assert_array_equal(labels, before[1])
