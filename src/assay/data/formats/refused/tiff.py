"""How many bands a TIFF has, and of which kind: what converts it follows from that."""

import struct
from dataclasses import dataclass
from typing import Final

#: Tags of the first picture (TIFF 6.0): bits of a sample, samples of a pixel, their kind (3: floats).
_BITS: Final = 258
_SAMPLES: Final = 277
_KIND: Final = 339
_FLOATS: Final = 3

#: Entries that are looked through; and bytes of a value by its type: of whole numbers of 16 and 32 bits.
_MOST: Final = 200
_SHORT: Final = 3

#: Bands of Sentinel-2, whose red, green and blue are the fourth, third and second.
_SENTINEL: Final = (10, 12, 13)
_RGB: Final = 3
_DEEP: Final = 8


@dataclass(frozen=True)
class TiffFacts:
    """bands: samples of a pixel. bits: of a sample. floats: whether samples are no whole numbers.
    several: whether there are more pictures in the file: pages, slices or channels."""

    bands: int
    bits: int
    floats: bool
    several: bool = False

    @property
    def told(self) -> str:
        """The facts that matter, to stand behind the word TIFF; empty for an ordinary picture."""
        if self.bands <= _RGB + 1 and not self.floats:
            return ""
        bands = "1 band" if self.bands == 1 else f"{self.bands} bands"
        return f" of {bands} of {self.bits} bits{', no whole numbers' if self.floats else ''}"

    @property
    def way(self) -> str:
        """What makes a PNG of it, by GDAL; empty where any program does."""
        if not self.told:
            return ""
        red, blue = (4, 2) if self.bands in _SENTINEL else (3, 1)
        bands = f" -b {red} -b {red - 1} -b {blue}" if self.bands > _RGB else ""
        deep = " -ot UInt16" if self.bits > _DEEP else ""
        scale = " -scale LOW HIGH 0 65535" if self.floats else ""
        return f"gdal_translate -of PNG{deep}{scale}{bands} INPUT OUTPUT.png"

    @property
    def about(self) -> str:
        """What is to be written into the command; empty where nothing is."""
        told = "; behind -b stand the bands of red, green and blue" if " -b " in self.way else ""
        told += "; it holds several pictures, of which this takes the first" if self.several else ""
        return f"{told}; LOW and HIGH are the extremes of the whole set" if self.floats else told


def tiff_facts(data: bytes) -> TiffFacts | None:
    """What the first directory of a TIFF says; None where it cannot be read, or is a BigTIFF."""
    order = "<" if data.startswith(b"II") else ">"
    found: dict[int, int] = {}
    try:
        magic, start = struct.unpack_from(f"{order}HI", data, 2)
        if magic != 42:
            return None
        (entries,) = struct.unpack_from(f"{order}H", data, start)
        for entry in range(min(entries, _MOST)):
            place = start + 2 + 12 * entry
            tag, kind, count = struct.unpack_from(f"{order}HHI", data, place)
            if kind != _SHORT or not count:
                continue
            # Two values of 16 bits fit into the entry; of more it has the place.
            at = place + 8 if count <= 2 else struct.unpack_from(f"{order}I", data, place + 8)[0]
            (found[tag],) = struct.unpack_from(f"{order}H", data, at)
    except struct.error:
        return None
    end = start + 2 + 12 * entries
    several = any(data[end : end + 4])  # where the next directory is; nothing behind the last
    return TiffFacts(found.get(_SAMPLES, 1), found.get(_BITS, 1), found.get(_KIND) == _FLOATS, several)
