"""Many small pictures in few files: sheets of tiles, as PNG in base64, for the page to cut up."""

import base64
import io
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assay.data.values import Split
from assay.reports.drawing.image_tiles import shrunk

#: Tiles beside each other, and in one sheet: decoded when its first tile is shown, or left out whole.
COLUMNS: Final = 8
PER_SHEET: Final = 64

#: Longest side of a tile in pixels and levels of each channel, the first that fits into the budget is taken.
#: Of gray pictures 16 levels take less than half of the bytes of 256, and can hardly be told from them.
FORMS: Final = ((64, 256), (48, 256), (48, 32), (32, 32), (32, 16), (24, 16))

#: Tiles encoded to tell how many bytes all of them would take.
_SAMPLE: Final = 128

Place = tuple[str, int]


@dataclass(frozen=True, eq=False)
class Atlas:
    """Pictures of a data set, packed.

    sheets: PNG files in base64. width, height: of a tile, in pixels. tiles: the number of each picture's
    tile by split name and row; tile t is in sheet t // PER_SHEET, row and column by COLUMNS within it.
    levels: that each channel was rounded to; 256 is as it was.
    """

    sheets: tuple[str, ...] = ()
    width: int = 1
    height: int = 1
    tiles: dict[Place, int] = field(default_factory=dict)
    levels: int = 256

    @property
    def tile(self) -> tuple[int, int, int, int]:
        """What it takes to cut a tile out: width, height, tiles beside each other, and in a sheet."""
        return self.width, self.height, COLUMNS, PER_SHEET


def pack(splits: dict[str, Split], places: list[Place], budget: int, needed: int | None = None) -> Atlas:
    """The pictures at `places` (no two alike), the first ones first, as many as fit into `budget` bytes.

    They are averaged down and rounded to the first of `FORMS` in which the first `needed` (None: all) of them
    would fit; those that come last are left out where there is no room. Equal pictures give equal bytes.
    """
    if not places:
        return Atlas()
    wanted = places[:needed] or places
    side, levels = next((form for form in FORMS if _estimate(splits, wanted, *form) <= budget), FORMS[-1])
    sheets: list[bytes] = []
    for start in range(0, len(places), PER_SHEET):
        sheet = _png(_tiles(splits, places[start : start + PER_SHEET], side), levels)
        if sum(map(len, sheets)) + len(sheet) > budget:
            break
        sheets.append(sheet)
    held = places[: len(sheets) * PER_SHEET]
    height, width = _tiles(splits, places[:1], side).shape[1:3]
    texts = tuple(base64.b64encode(sheet).decode("ascii") for sheet in sheets)
    return Atlas(texts, width, height, {place: tile for tile, place in enumerate(held)}, levels)


def _estimate(splits: dict[str, Split], places: list[Place], side: int, levels: int) -> float:
    """Bytes of all the pictures in that form, from some of them."""
    step = max(1, len(places) // _SAMPLE)
    some = places[::step]
    return len(_png(_tiles(splits, some, side), levels)) / len(some) * len(places)


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


def _png(tiles: NDArray[np.uint8], levels: int) -> bytes:
    """The tiles as one PNG: `COLUMNS` beside each other, the last row filled up with black."""
    count, height, width, channels = tiles.shape
    rows = -(-count // COLUMNS)
    whole = np.zeros((rows * COLUMNS, height, width, channels), np.uint8)
    whole[:count] = tiles
    grid = whole.reshape(rows, COLUMNS, height, width, channels).swapaxes(1, 2)
    sheet = grid.reshape(rows * height, COLUMNS * width, channels)
    if levels == 16 and channels == 1:
        return _packed(sheet[..., 0])
    shown = rounded(sheet, levels)
    return _file(Image.fromarray(shown[..., 0] if channels == 1 else shown))


def rounded(pixels: NDArray[np.uint8], levels: int) -> NDArray[np.uint8]:
    """Each value as the nearest of so many levels, evenly spaced from 0 to 255."""
    nearest = np.rint(np.arange(256) * (levels - 1) / 255) * 255 / (levels - 1)
    table: NDArray[np.uint8] = np.rint(nearest).astype(np.uint8)
    return table[pixels]


def _packed(gray: NDArray[np.uint8]) -> bytes:
    """A gray sheet of 16 levels with two pixels in a byte."""
    sheet = Image.fromarray(np.rint(gray / 17).astype(np.uint8), "P")
    sheet.putpalette([17 * level for level in range(16) for _ in "rgb"])
    return _file(sheet, bits=4)


def _file(sheet: Image.Image, **options: int) -> bytes:
    out = io.BytesIO()
    sheet.save(out, "png", compress_level=6, **options)
    return out.getvalue()
