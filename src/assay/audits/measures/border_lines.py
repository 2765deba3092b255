"""How a border line of a picture looks along its length: an object that reaches it covers a part of it."""

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
