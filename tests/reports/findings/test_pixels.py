import numpy as np
import pytest

from assay.audits.measures.pixel_sums import measure_block
from assay.reports.findings import pixels as findings


def levels(*pixels: int) -> np.ndarray:
    return np.bincount(np.array(pixels, np.int64), minlength=256)


def test_range_mean_and_zeros_are_the_datas_own() -> None:
    """Hand-computed: 0, 0, 100, 200 have mean 75, deviation 82.9156 and half zeros."""
    text = findings.histogram_finding(levels(0, 0, 100, 200))
    assert "Only 0-200 of 0-255 is used (79\u00a0% of the levels)." in text
    assert "Mean 75.0000, standard deviation 82.9156; 50.0\u00a0% of the pixels are exactly 0." in text


def test_the_full_range_is_recognized() -> None:
    """0 and 255 present: the full range is used."""
    assert findings.histogram_finding(levels(0, 17, 255)).startswith("The full range 0-255 is used.")


def test_nothing_and_constant() -> None:
    """No pixels, or all alike, are said to be so; nothing is divided by zero."""
    assert findings.histogram_finding(levels()) == "There are no pixels to look at."
    assert findings.histogram_finding(levels(7, 7)).startswith("Every pixel is 7:")


def test_bimodality_is_told_either_way() -> None:
    """Background and subject are bimodal; a flat histogram is not."""
    two = levels(*[0] * 50, *[200] * 50)
    assert "It is bimodal" in findings.histogram_finding(two)
    assert "humps with means 0 and 200" in findings.histogram_finding(two)
    assert "It is not bimodal" in findings.histogram_finding(np.full(256, 10))


@pytest.mark.parametrize(
    ("pixels", "advice"),
    [
        (range(100, 150), "consider a contrast stretch"),
        ([*range(1, 60)] * 20 + [*range(60, 256)], "lean to the dark side"),
        ([*range(200, 256)] * 20 + [*range(1, 200)], "lean to the bright side"),
        ([128] * 600 + [*range(1, 256)] * 2, "consider histogram equalization"),
        (range(1, 256), "no contrast adjustment is called for"),
    ],
    ids=["narrow", "dark", "bright", "crowded", "good"],
)
def test_contrast_advice(pixels: range, advice: str) -> None:
    """Each planted fault gets its own advice, and good data get none."""
    assert advice in findings.contrast_sentence(levels(*pixels))


def test_gamma_brings_the_median_to_the_middle() -> None:
    """Hand-computed: a median of 64 needs log(1/2) / log(64/255) = 0.50."""
    pixels = levels(*[10] * 40, *[63] * 45, *[255] * 15)
    assert "a gamma of 0.50" in findings.contrast_sentence(pixels)


def test_zeros_do_not_count_as_subject() -> None:
    """Advice on contrast is about the picture, not about its black background."""
    with_background = levels(*[0] * 10_000, *range(1, 256))
    assert "no contrast adjustment" in findings.contrast_sentence(with_background)
    assert findings.contrast_sentence(levels(0, 0)) == ""


def test_brightest_and_darkest_class() -> None:
    """Hand-computed: means 10, 200 and 90; the class without images is not the darkest."""
    images = np.array([10, 200, 90], np.uint8).reshape(3, 1, 1, 1)
    measured = measure_block(images, np.array([0, 1, 2]), 4)
    text = findings.class_histograms_finding(("low", "high", "mid", "none"), measured)
    assert text.startswith(
        "high is brightest (mean 200.0), low darkest (10.0): 2.44 standard deviations of the pixels "
        "apart, so brightness alone already separates some classes"
    )


def test_noise_within_images_does_not_hide_their_means() -> None:
    """Images of mean 118 and 138, each of noise: any mean tells the class, and one pixel hardly does."""
    rng, labels = np.random.default_rng(0), np.arange(40) % 2
    images = rng.normal(128, 60, (40, 16, 16, 1)) + 20 * labels[:, None, None, None] - 10
    measured = measure_block(images.clip(0, 255).astype(np.uint8), labels, 2)
    text = findings.class_histograms_finding(("a", "b"), measured)
    assert (
        "so one pixel hardly tells the class (whether the mean of an image does, the check shortcuts" in text
    )
    assert "shape has to" not in text


def test_one_class_has_no_comparison() -> None:
    """With one class nothing is compared, and nothing crashes."""
    measured = measure_block(np.ones((2, 1, 1, 1), np.uint8), np.array([0, 0]), 1)
    assert "nothing to compare" in findings.class_histograms_finding(("only",), measured)


@pytest.mark.parametrize(
    ("border", "inside", "words"),
    [
        (0, 200, "bright subjects"),
        (255, 20, "dark subjects"),
        (4, 20, "bright subjects"),
        (251, 235, "dark subjects"),
        (100, 110, "reach the border"),
    ],
)
def test_framing(border: int, inside: int, words: str) -> None:
    """The ring of border pixels is told from the inside by brightness."""
    image = np.full((1, 5, 5, 1), border, np.uint8)
    image[:, 1:-1, 1:-1] = inside
    text = findings.framing_finding(measure_block(image, np.array([0]), 1))
    assert words in text
    assert f"averages {border}.0, the inside {inside}.0" in text


def test_a_single_pixel_has_no_inside() -> None:
    """A 1 x 1 image is all border."""
    measured = measure_block(np.ones((1, 1, 1, 3), np.uint8), np.array([0]), 1)
    assert findings.framing_finding(measured) == "1 color image of 1 x 1 pixels: too small to have an inside."


def test_absent_classes_are_named() -> None:
    """A class without images is named; none missing, nothing said."""
    assert findings.absent_sentence(("a", "b"), np.array([1, 0])) == " No image at all: b."
    assert findings.absent_sentence(("a", "b"), np.array([1, 1])) == ""


@pytest.mark.parametrize("ground", [1, 255])
def test_a_plain_ground_calls_for_no_gamma(ground: int) -> None:
    """Where most pixels are white (or 1), no gamma moves their median to the middle: it was called 176."""
    text = findings.contrast_sentence(levels(*[ground] * 90, *range(2, 250, 6)))
    assert "a plain ground" in text
    assert "gamma" not in text


@pytest.mark.parametrize("middle", [238, 250, 254])
def test_a_nearly_white_ground_calls_for_no_gamma(middle: int) -> None:
    """Icons on white with a median of 250 were advised a gamma of 35."""
    text = findings.contrast_sentence(levels(*[middle] * 90, *range(2, 255, 4)))
    assert f"nearly white (median {middle}): a plain ground, or too much light" in text
    assert "gamma" not in text
