import base64
import io

import numpy as np
import pytest
from PIL import Image

from assay.data.values import Split, numbered_ids
from assay.reports.drawing import sprite_sheet


def noise(count: int, shape: tuple[int, int, int], seed: int = 0) -> Split:
    images = np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)
    return Split.from_arrays(images, np.zeros(count, np.int64), numbered_ids("x", count))


def unpacked(packed: sprite_sheet.Atlas, place: sprite_sheet.Place) -> np.ndarray:
    """The pixels of one picture, cut out of its sheet as the page does."""
    number, tile = divmod(packed.tiles[place], sprite_sheet.PER_SHEET)
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(packed.sheets[number]))))
    row, column = divmod(tile, sprite_sheet.COLUMNS)
    height, width = packed.height, packed.width
    return sheet[row * height : (row + 1) * height, column * width : (column + 1) * width]


@pytest.mark.parametrize("shape", [(5, 7, 1), (6, 4, 3)], ids=["gray", "color"])
def test_every_picture_comes_back(shape: tuple[int, int, int]) -> None:
    """Of several splits in any order, over several sheets: each tile holds its own picture, bit by bit."""
    splits = {"train": noise(300, shape), "test": noise(40, shape, 1)}
    places = [("test", 39), ("train", 7), *(("train", row) for row in range(299, 20, -1)), ("test", 0)]
    packed = sprite_sheet.pack(splits, places, 10_000_000)
    assert len(packed.sheets) == -(-len(places) // sprite_sheet.PER_SHEET) > 1
    assert set(packed.tiles) == set(places)
    for name, row in places:
        expected = splits[name].images[row]
        assert np.array_equal(unpacked(packed, (name, row)).reshape(expected.shape), expected)


def test_pictures_shrink_before_any_is_left_out() -> None:
    """Noise of 64 x 64 does not fit: it is averaged down, and all are there; the first ones stay longest."""
    splits = {"test": noise(300, (64, 64, 3))}
    places = [("test", row) for row in range(300)]
    packed = sprite_sheet.pack(splits, places, 1_200_000)
    assert (packed.width, packed.levels) in sprite_sheet.FORMS[1:]
    assert len(packed.tiles) == 300
    few = sprite_sheet.pack(splits, places, 200_000)
    assert (few.width, few.levels) == sprite_sheet.FORMS[-1]
    assert 0 < len(few.tiles) < 300
    assert list(few.tiles) == places[: len(few.tiles)]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("levels", [256, 32, 16])
def test_brightness_is_rounded_before_any_is_left_out(channels: int, levels: int) -> None:
    """Small pictures lose levels of brightness, as few as those that are needed allow; each pixel is then the
    nearest level. What is not needed is there as far as it fits."""
    smooth = noise(520, (28, 28, channels))
    smooth.images[:] = smooth.images // 2 + 90
    places = [("test", row) for row in range(520)]
    budget = int(1.01 * sprite_sheet._estimate({"test": smooth}, places[:256], 28, levels))
    packed = sprite_sheet.pack({"test": smooth}, places, budget, 256)
    assert (packed.width, packed.levels) == (28, levels)
    assert 256 <= len(packed.tiles) < 520
    expected = sprite_sheet.rounded(smooth.images[5], levels)
    shown = unpacked(packed, ("test", 5)).reshape(expected.shape)
    assert np.array_equal(17 * shown if levels == 16 and channels == 1 else shown, expected)
    assert np.abs(expected.astype(int) - smooth.images[5]).max() <= 255 / (levels - 1) / 2 + 0.5


def test_levels_by_hand() -> None:
    """Two levels are black and white; 16 are the multiples of 17; 256 change nothing."""
    pixels = np.arange(256, dtype=np.uint8)
    assert np.array_equal(sprite_sheet.rounded(pixels, 2), np.where(pixels < 128, 0, 255))
    assert set(sprite_sheet.rounded(pixels, 16).tolist()) == set(range(0, 256, 17))
    assert np.array_equal(sprite_sheet.rounded(pixels, 256), pixels)


@pytest.mark.parametrize("budget", [0, 1_000, 300_000, 700_000])
def test_the_budget_is_never_passed(budget: int) -> None:
    """Whatever the pictures are, their sheets take no more bytes than allowed."""
    packed = sprite_sheet.pack(
        {"test": noise(520, (32, 32, 1))}, [("test", row) for row in range(520)], budget
    )
    assert sum(len(base64.b64decode(sheet)) for sheet in packed.sheets) <= budget


def test_no_pictures_at_all() -> None:
    """Nothing to pack gives no sheet."""
    assert sprite_sheet.pack({"test": noise(1, (4, 4, 1))}, [], 1000).sheets == ()
