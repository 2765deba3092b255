"""Figures of pixel values: a spike does not hide the rest, a matrix uses its colors."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from assay.reports.figures.classes import _signed_map
from assay.reports.figures.look import _height


@pytest.mark.parametrize(
    ("white", "height", "told"),
    [(0.72, 0.002, True), (0.004, 0.004, False)],
)
def test_a_white_ground_does_not_flatten_the_histogram(white: float, height: float, told: bool) -> None:
    """72 % of the pixels at 255: the axis ends at the next highest value, and the share is written."""
    axes = plt.figure().add_subplot()
    shares = np.full(256, 0.001)
    shares[100], shares[255] = 0.002, white
    assert _height(axes, shares) == height
    assert [text.get_text() for text in axes.texts] == (["255: 72\u00a0%"] if told else [])


def test_classes_that_are_all_alike_have_different_tints() -> None:
    """Correlations of 0.8 to 1: the palest is nearly without tint, the strongest has all of it."""
    canvas = plt.figure()
    correlation = np.array([[1.0, 0.8, 0.9], [0.8, 1.0, 0.95], [0.9, 0.95, 1.0]])
    texts = [[f"{r:.2f}" for r in row] for row in correlation]
    _signed_map(canvas, ["a", "b", "c"], correlation, texts)
    alphas = sorted({round(cell.get_alpha(), 3) for cell in canvas.axes[0].patches})
    assert alphas == [0.25, 0.375, 0.5]  # of 0.9, 0.95 and 1; 0.8 is the lowest
