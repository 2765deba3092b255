"""Groups of training images: the data set's own, exact copies, near copies and parts of one picture."""

from typing import Final

import numpy as np

from assay.core.arrays import Rows
from assay.data.splitting.groups import join_pairs
from assay.data.values import Dataset
from assay.duplicates.find import Copies
from assay.duplicates.overlapping.overlaps import overlapping_pictures

#: A group grows by near copies to at most this share of a class: a chain of lookalikes is no one picture.
_LARGEST_SHARE: Final = 0.2


def groups_of_copies(dataset: Dataset, copies: Copies) -> Rows:
    """int64 `(n,)` for the training images, equal for those of one group, directly or by way of others."""
    train = copies.splits.index("train")
    first_in_train = np.full(len(copies.first), -1, np.int64)
    members = np.flatnonzero(copies.split == train)[::-1]
    first_in_train[copies.picture[members]] = copies.index[members]
    one, two = first_in_train[copies.near_first], first_in_train[copies.near_second]
    both = np.flatnonzero((one >= 0) & (two >= 0))
    by_score = both[np.argsort(-copies.score[both], kind="stable")]
    near = np.stack([one[by_score], two[by_score]], axis=1)
    parts = first_in_train[overlapping_pictures(copies.overlaps)]
    pairs = np.concatenate([near, parts[(parts >= 0).all(axis=1)]])
    return join_pairs(dataset.train, pairs, _LARGEST_SHARE)[0]
