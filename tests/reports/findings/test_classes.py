import numpy as np
import pytest

from assay.audits.measures.pixel_sums import measure_block
from assay.reports.findings import classes as findings

CLASSES = ("a", "b", "c")


def measured(*pixels: list[int], labels: list[int] | None = None):
    """Images of one row of pixels each, one class per image unless labels say otherwise."""
    images = np.array(pixels, np.uint8).reshape(len(pixels), 1, -1, 1)
    return measure_block(images, np.array(labels if labels else range(len(pixels))), 3)


def test_balanced_splits() -> None:
    """Equal counts are called balanced, equal shares equal."""
    text = findings.distribution_finding(CLASSES, {"train": np.array([6, 6, 6]), "test": np.array([2, 2, 2])})
    assert text == (
        "train: 6 images in every class, perfectly balanced. test: 2 images in every class, perfectly "
        "balanced. Every class has the same share in all splits."
    )


def test_imbalance_absence_and_differing_splits() -> None:
    """Hand-computed: ratio 4; c is absent from test; the share of c differs by 16.7 points."""
    text = findings.distribution_finding(CLASSES, {"train": np.array([8, 2, 2]), "test": np.array([8, 2, 0])})
    assert "train: a is largest (8), b smallest (2), a ratio of 4." in text
    assert "test: a is largest (8), b smallest (2), a ratio of 4. No image at all: c." in text
    assert "the share of c differs most: by 16.7 percentage points." in text


def test_an_empty_split_is_said_to_be_empty() -> None:
    """No images: no largest class, no division by zero."""
    assert findings.distribution_finding(CLASSES, {"test": np.zeros(3, np.int64)}) == "test: no images."


def test_nearest_means() -> None:
    """Hand-computed: (0, 0) and (6, 8) are sqrt((36 + 64) / 2) = 7.1 apart, nearer than either to c."""
    text = findings.means_finding(CLASSES, measured([0, 0], [6, 8], [200, 200]), np.arange(3))
    assert text.startswith("Nearest to each other are the means of a and b: 7.1 of 255 levels apart")


def test_what_labels_at_random_explain_is_told_where_images_are_few() -> None:
    """Two classes of two images each explain a third of any pictures; of 2,000 images nothing is said."""
    few = measured([0], [4], [8], [12], labels=[0, 0, 1, 1])
    told = "explains 80.0\u00a0% of the variance of its pixels, and labels at random 33.3\u00a0%;"
    assert told in findings.means_finding(CLASSES, few, np.arange(2))
    many = measured(*[[0], [4], [8], [12]] * 100, labels=[0, 0, 1, 1] * 100)
    assert "at random" not in findings.means_finding(CLASSES, many, np.arange(2))


def test_means_of_one_class() -> None:
    """A single class with images has nothing to be near to."""
    assert "nothing to compare" in findings.means_finding(CLASSES, measured([1, 2]), np.arange(3))


def test_explained_variance_by_hand() -> None:
    """All variance between classes: 1; none between: 0; nothing varies: 0; a mixed case by hand.

    0, 4 in class a and 8, 12 in class b: total sum of squares 80, between 4 * 16 = 64, so 0.8.
    """
    assert findings.explained_variance(measured([0], [9])) == 1
    assert findings.explained_variance(measured([0], [9], [0], [9], labels=[0, 0, 1, 1])) == 0
    assert findings.explained_variance(measured([5], [5])) == 0
    assert findings.explained_variance(measured([0], [4], [8], [12], labels=[0, 0, 1, 1])) == pytest.approx(
        0.8
    )


def test_deviations_name_most_and_least_and_where() -> None:
    """Class b varies by 50 in its right pixel alone, class a not at all."""
    found = measured([5, 5, 5], [5, 5, 5], [0, 0, 0], [0, 0, 100], labels=[0, 0, 1, 1])
    text = findings.deviations_finding(CLASSES, found, np.arange(3))
    assert text == "b varies most (on average 16.7 levels, most of all at the right), a least (0.0)."


def test_deviations_of_copies_and_single_images() -> None:
    """Copies do not vary; single images cannot."""
    copies = measured([5, 5], [5, 5], labels=[0, 0])
    assert "nothing varies at all" in findings.deviations_finding(CLASSES, copies, np.arange(3))
    assert "No class has two images" in findings.deviations_finding(CLASSES, measured([1], [2]), np.arange(3))


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [(0, 0, "at the top left"), (1, 1, "in the middle"), (2, 1, "at the bottom"), (1, 2, "at the right")],
)
def test_places(row: int, column: int, words: str) -> None:
    """Each ninth of an image has its name."""
    image = np.zeros((9, 9))
    image[3 * row + 1, 3 * column + 1] = 1
    assert findings.place(image) == words


def test_correlation_names_both_ends() -> None:
    """The most and the least alike pair are named; pairs above 0.9 are counted; undefined ones skipped."""
    r = np.array([[1, 0.95, -0.5], [0.95, 1, np.nan], [-0.5, np.nan, 1]])
    text = findings.correlation_finding(CLASSES, np.arange(3), r)
    assert text.startswith("Most alike are a and b with r = 0.950, least alike a and c with r = -0.500.")
    assert "1 pair above 0.9 (a / b)" in text


def test_correlation_without_pairs() -> None:
    """Constant means correlate with nothing."""
    text = findings.correlation_finding(CLASSES, np.arange(3), np.full((3, 3), np.nan))
    assert "nothing can be correlated" in text
