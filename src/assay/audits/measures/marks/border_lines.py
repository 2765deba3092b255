"""Gray values along the border lines of pictures: a frame is one value, an object covers a part."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float32s, gray_of
from assay.data.values import Split
from assay.features.hand_made import map_blocks

#: The figure of the check `shortcuts` -> its border line in `(n, h, w)` gray values.
LINES: Final[Mapping[str, tuple[slice | int, ...]]] = {
    "top border color": (slice(None), 0),
    "bottom border color": (slice(None), -1),
    "left border color": (slice(None), slice(None), 0),
    "right border color": (slice(None), slice(None), -1),
}

#: Between these the middle half of a line lies.
_QUARTILES: Final = (0.25, 0.75)

#: A figure is one value in a class where so many of its images are up to so many gray levels from its median.
_ONE_VALUE: Final = 0.7
_SAME: Final = 6.0


def is_one_value(values: NDArray[np.generic], own: NDArray[np.bool_]) -> bool:
    """Whether nearly all images of a class have the same gray value. values, own: `(n,)`; own: any is true.

    What was laid over pictures, or put behind them, is the same in all; what they show differs.
    """
    mine = values[own].astype(np.float64)
    return bool((np.abs(mine - np.median(mine)) <= _SAME).mean() >= _ONE_VALUE)


def has_edge(split: Split, figure: str, own: NDArray[np.bool_]) -> bool:
    """Whether nearly all images of a class change from a border line to the picture inside it.

    figure: a key of `LINES`; own: bool `(n,)`, any is true. Inside is an eighth of the side further in.
    """

    def of_block(images: NDArray[np.uint8]) -> Float32s:
        gray = gray_of(images[..., :3])
        deep = max(min(gray.shape[1:]) // 8, 1)
        inner = gray[:, deep : gray.shape[1] - deep, deep : gray.shape[2] - deep]
        if not inner.size:
            return np.zeros(len(gray), np.float32)
        steps = gray[LINES[figure]].mean(axis=1) - inner[LINES[figure]].mean(axis=1)
        found: Float32s = np.abs(steps).astype(np.float32)
        return found

    return bool((map_blocks(of_block, split)[own] > 2 * _SAME).mean() >= _ONE_VALUE)


def line_quartiles(split: Split, figure: str) -> tuple[Float32s, Float32s]:
    """Lower and upper quartile of the gray values along a border line of every image, float32 `(n,)` each.

    What covers the whole line (a frame, a backdrop, the light) moves both; an object that reaches it, one.
    figure: a key of `LINES`.
    """

    def of_block(images: NDArray[np.uint8]) -> Float32s:
        line = gray_of(images[..., :3])[LINES[figure]]
        # Values of the line itself: between two of them lies nothing that was in the picture.
        found: Float32s = np.quantile(line, _QUARTILES, axis=1, method="nearest").T.astype(np.float32)
        return found

    table = map_blocks(of_block, split)
    return table[:, 0], table[:, 1]
