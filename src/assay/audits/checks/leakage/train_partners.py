"""Which picture of train goes best with each picture, of pairs such as near copies."""

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Rows
from assay.duplicates.find import Copies


def images_in_train(copies: Copies) -> Rows:
    """int64 `(pictures,)`: the first training image of each picture, -1 where train has none."""
    found = np.full(len(copies.first), -1, np.int64)
    members = np.flatnonzero(copies.split == copies.splits.index("train"))[::-1]
    found[copies.picture[members]] = members
    return found


def best_in_train(
    first: Rows, second: Rows, score: NDArray[np.float64], in_train: Rows
) -> dict[int, tuple[int, int]]:
    """Picture -> its best pair with a picture of train, and that picture. in_train: as `images_in_train`."""
    found: dict[int, tuple[int, int]] = {}
    for pair in np.argsort(-score, kind="stable").tolist():
        one, other = int(first[pair]), int(second[pair])
        for picture, partner in ((one, other), (other, one)):
            if in_train[partner] >= 0:
                found.setdefault(picture, (pair, partner))
    return found
