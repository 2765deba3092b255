"""A grid of images on the page: names break between their words."""

import numpy as np

from assay.reports.drawing.image_grid import Grid, draw_grid, row_by_row


def test_names_break_between_words() -> None:
    """`Animals_Nature` broke before its last letter; what a name holds is no markup; numbers stay whole."""
    images = np.zeros((2, 4, 4, 1), np.uint8)
    captions = (("Animals_Nature", "mean 201.6"), ("a<b_c", ""))
    page = draw_grid("names", Grid(images, row_by_row(2, 2), (1, 2), captions=captions)).svg
    assert "<span>Animals_<wbr>Nature</span><span>mean 201.6</span>" in page
    assert "<span>a&lt;b_<wbr>c</span>" in page
