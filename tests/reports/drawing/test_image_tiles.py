import base64
import io

import numpy as np
import pytest
from PIL import Image

from assay.reports.drawing.image_grid import _data_address
from assay.reports.drawing.image_tiles import GAP, cell_ratio, fitting, mosaic, shrunk


def test_mosaic_places_every_image() -> None:
    """Hand-computed: two 2 x 2 images in one row, transparent between them."""
    images = np.array([10, 20], np.uint8).repeat(4).reshape(2, 2, 2, 1)
    whole = mosaic(images, np.array([[0, 0], [0, 1]]), (1, 2))
    assert whole.shape == (2, 4 + GAP, 4)
    assert (whole[:, :2] == [10, 10, 10, 255]).all()
    assert (whole[:, 2 : 2 + GAP, 3] == 0).all()
    assert (whole[:, 2 + GAP :] == [20, 20, 20, 255]).all()


def test_missing_places_stay_transparent() -> None:
    """A class with fewer images than columns leaves holes, not garbage."""
    whole = mosaic(np.full((1, 3, 3, 3), 9, np.uint8), np.array([[0, 1]]), (1, 2))
    assert (whole[:, :3, 3] == 0).all()
    assert (whole[:, 3 + GAP :, :3] == 9).all()


def test_shrunk_averages_and_keeps_small_ones() -> None:
    """Hand-computed: a 4 x 4 image of quarters becomes their 2 x 2 means; a small one is untouched."""
    image = np.array([[0, 2, 10, 10], [2, 4, 10, 10], [1, 1, 7, 7], [1, 1, 7, 7]], np.uint8)
    assert shrunk(image[None, ..., None], 2)[0, ..., 0].tolist() == [[2, 10], [1, 7]]
    small = np.zeros((1, 3, 5, 3), np.uint8)
    assert shrunk(small, 5) is small


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 10_000, 1), (512, 512, 3), (10_000, 1, 3)])
def test_any_shape_fits_the_page(shape: tuple[int, int, int]) -> None:
    """200 images of any size stay within half a megabyte of pixels, and none vanishes."""
    reduced = fitting(np.zeros((2, *shape), np.uint8), cells=200)
    assert min(reduced.shape) >= 1
    assert reduced[0].size * 200 <= 480_000


def test_tiny_images_are_enlarged() -> None:
    """A 1 x 1 image becomes 24 x 24 equal pixels, a 10 x 8 one twice as large; larger ones stay."""
    assert fitting(np.full((1, 1, 1, 1), 7, np.uint8), cells=4).tolist() == [[[[7]] * 24] * 24]
    assert fitting(np.zeros((1, 10, 8, 3), np.uint8), cells=4).shape == (1, 20, 16, 3)
    assert fitting(np.zeros((1, 28, 28, 1), np.uint8), cells=100).shape == (1, 28, 28, 1)


def test_cell_ratio_is_bounded() -> None:
    """A strip is squeezed to a shape that can be looked at."""
    assert cell_ratio((28, 28, 1)) == 1
    assert cell_ratio((1, 10_000, 1)) == pytest.approx(1 / 3)
    assert cell_ratio((10_000, 1, 1)) == 3


def test_no_dark_line_beside_a_white_image() -> None:
    """On the page an image is a window on a sheet: a pixel beyond its edge has the color of the edge."""
    images = np.full((2, 3, 3, 1), 255, np.uint8)
    _, address = _data_address(mosaic(images, np.array([[0, 0], [0, 1]]), (1, 2))).split(",")
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(address))))
    assert sheet.shape == (3, 6 + GAP)
    assert (sheet == 255).all()  # the two pixels of the gap are each beside an image
