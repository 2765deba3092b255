"""Many small pictures in few files: sheets of tiles, as PNG in base64, for the page to cut up."""

import base64
import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assay.data.values import Split
from assay.reports.raster import shrunk

#: Tiles beside each other, and in one sheet: decoded when its first tile is shown, or left out whole.
COLUMNS: Final = 8
PER_SHEET: Final = 64

#: Longest side of a tile in pixels, the first that fits into the budget is taken.
SIDES: Final = (64, 48, 32, 24)

#: Tiles encoded to tell how many bytes all of them would take.
_SAMPLE: Final = 128

Place = tuple[str, int]


@dataclass(frozen=True, eq=False)
class Atlas:
    """Pictures of a data set, packed.

    sheets: PNG files in base64. width, height: of a tile, in pixels. tiles: the number of each picture's
    tile by split name and row; tile t is in sheet t // PER_SHEET, row and column by COLUMNS within it.
    """

    sheets: tuple[str, ...]
    width: int
    height: int
    tiles: dict[Place, int]


def pack(splits: dict[str, Split], places: list[Place], budget: int) -> Atlas:
    """The pictures at `places` (no two alike), the first ones first, as many as fit into `budget` bytes.

    They are averaged down to the largest of `SIDES` at which all of them would fit; where none is small
    enough, those that come last are left out. Equal pictures give equal bytes.
    """
    if not places:
        return Atlas((), 1, 1, {})
    side = next((side for side in SIDES if _estimate(splits, places, side) <= budget), SIDES[-1])
    sheets: list[bytes] = []
    for start in range(0, len(places), PER_SHEET):
        sheet = _png(_tiles(splits, places[start : start + PER_SHEET], side))
        if sum(map(len, sheets)) + len(sheet) > budget:
            break
        sheets.append(sheet)
    held = places[: len(sheets) * PER_SHEET]
    height, width = _tiles(splits, places[:1], side).shape[1:3]
    texts = tuple(base64.b64encode(sheet).decode("ascii") for sheet in sheets)
    return Atlas(texts, width, height, {place: tile for tile, place in enumerate(held)})


def _estimate(splits: dict[str, Split], places: list[Place], side: int) -> float:
    """Bytes of all the pictures at that side, from some of them."""
    step = max(1, len(places) // _SAMPLE)
    some = places[::step]
    return len(_png(_tiles(splits, some, side))) / len(some) * len(places)


def _tiles(splits: dict[str, Split], places: list[Place], side: int) -> NDArray[np.uint8]:
    """The pictures at some places, averaged down, uint8 `(n, h, w, c)` in that order."""
    order: dict[str, list[int]] = {}
    for number, (name, _) in enumerate(places):
        order.setdefault(name, []).append(number)
    found: dict[int, NDArray[np.uint8]] = {}
    for name, numbers in order.items():
        rows = np.array([places[n][1] for n in numbers], np.int64)
        small = np.concatenate([shrunk(block, side) for block in splits[name].blocks(rows, PER_SHEET)])
        found.update(zip(numbers, small, strict=True))
    return np.stack([found[number] for number in range(len(places))])


def _png(tiles: NDArray[np.uint8]) -> bytes:
    """The tiles as one PNG: `COLUMNS` beside each other, the last row filled up with black."""
    count, height, width, channels = tiles.shape
    rows = -(-count // COLUMNS)
    whole = np.zeros((rows * COLUMNS, height, width, channels), np.uint8)
    whole[:count] = tiles
    grid = whole.reshape(rows, COLUMNS, height, width, channels).swapaxes(1, 2)
    sheet = grid.reshape(rows * height, COLUMNS * width, channels)
    out = io.BytesIO()
    Image.fromarray(sheet[..., 0] if channels == 1 else sheet).save(out, "png", compress_level=6)
    return out.getvalue()
