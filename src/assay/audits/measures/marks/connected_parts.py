"""Connected parts of a binary map, and the ring of places around one."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Along a border a part covers at most this share of the side: what is longer is a frame.
_MOST_OF_SIDE: Final = 0.5


def is_frame(ys: NDArray[np.int64], xs: NDArray[np.int64], shape: tuple[int, ...]) -> bool:
    """Whether a part is a frame: it touches the border and is long. ys, xs: int64 `(m,)`, its places."""
    touches = any(at.min() == 0 or at.max() == side - 1 for at, side in zip((ys, xs), shape, strict=True))
    long = any(np.ptp(at) + 1 > _MOST_OF_SIDE * side for at, side in zip((ys, xs), shape, strict=True))
    return touches and long


def ring_around(ys: NDArray[np.int64], xs: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The 4-neighborhood of a part without the part, bool `(h, w)`. shape: begins with (h, w)."""
    ring = np.zeros((shape[0] + 2, shape[1] + 2), bool)
    for down, right in ((0, 1), (1, 0), (1, 2), (2, 1)):
        ring[ys + down, xs + right] = True
    ring[ys + 1, xs + 1] = False
    return ring[1:-1, 1:-1]


def connected(open_places: NDArray[np.bool_], y: int, x: int) -> list[tuple[int, int]]:
    """The 4-connected component (row, column) of a place, by flood fill; its places are set to false.

    open_places: bool `(h, w)`, changed in place.
    """
    height, width = open_places.shape
    part, waiting = [], [(y, x)]
    open_places[y, x] = False
    while waiting:
        y, x = waiting.pop()
        part.append((y, x))
        for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            near = y + down, x + right
            if 0 <= near[0] < height and 0 <= near[1] < width and open_places[near]:
                open_places[near] = False
                waiting.append(near)
    return part
