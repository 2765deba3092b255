"""The sample of images whose hidden groups are looked for: outside train, or else of train."""

from collections.abc import Collection
from typing import Final

import numpy as np

from assay.core.arrays import Rows, spread_rows
from assay.data.values import Dataset

#: Of larger sets so many images are looked at, of whole classes.
MOST_IMAGES: Final = 100_000


def first_classes(sizes: Rows, least: int = 1) -> Rows:
    """The first classes that have `MOST_IMAGES` images together, those without any left out: int64 labels.

    sizes: images of each class. least: so many classes at least, however large.
    """
    there = np.flatnonzero(sizes)
    most = max(MOST_IMAGES, int(sizes[there[:least]].sum()))
    first: Rows = there[np.cumsum(sizes[there]) <= most]
    return first


def asked_places(
    dataset: Dataset, known: Collection[tuple[str, int]], classes: Rows, most: int
) -> list[tuple[str, int]]:
    """Split and row of at most `most` images of some classes, evenly spread. known: those not to be asked."""
    others = [name for name in dataset.splits if name != "train" and len(dataset.splits[name])]
    places = [
        (name, row)
        for name in others or ["train"]
        for row in np.flatnonzero(np.isin(dataset.splits[name].labels, classes)).tolist()
        if (name, row) not in known
    ]
    return [places[row] for row in spread_rows(len(places), most).tolist()]
