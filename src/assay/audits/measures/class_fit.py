"""Inverted and channel-swapped pictures: whether a picture fits its class as it is, or changed."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.robust_z import FEWEST
from assay.core.arrays import Float32s
from assay.estimators.odd_kernel import odd_kernel_ridge

#: Gray levels by which a change must move a picture: of one without color nobody can say which is red.
_SEEN: Final = 10.0

#: How `Texture.levels` would look of the picture set right; twice changed it is as it was.
Change = Callable[[Float32s], Float32s]


def inverted(levels: Float32s) -> Float32s:
    """Of the negative: cells turn over, and quantiles change places too."""
    turned = 255 - levels
    return np.concatenate([turned[:, :-5], turned[:, :-6:-1]], axis=1)


def exchanged(levels: Float32s) -> Float32s:
    """Of the picture with red for blue."""
    return levels[..., ::-1]


def fit_as_it_is(
    change: Change,
    levels: Float32s,
    labels: NDArray[np.int64],
    train: Float32s,
    train_labels: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How surely a picture is as it should be, by its class and the set; by kernel ridge regression.

    float64 `(n,)`, about 1 where it is and -1 where it should be changed, near 0 where the set does not tell;
    0 of a picture that the change hardly moves. And that of pictures of train, `(m,)`, which says how well
    the set tells it (see `odd_kernel_ridge`). Classes of fewer than `FEWEST` pictures count as one.

    levels: `Texture.levels` of the pictures asked about, `(n, 21, c)`; train: of those that are learned from;
    where both are the same array, each is left out of what it is judged by.
    """
    small = np.bincount(train_labels, minlength=int(labels.max(initial=0)) + 1) < FEWEST
    asked_of, learned_of = (np.where(small[of], -1, of) for of in (labels, train_labels))
    own = levels is train
    points, twins = _flat(levels), _flat(change(levels))
    base, base_twins = (points, twins) if own else (_flat(train), _flat(change(train)))
    seen, known = (_moves(*pair) > _SEEN for pair in ((points, twins), (base, base_twins)))
    told = np.zeros(len(levels))
    told[seen], left_out = odd_kernel_ridge(
        points[seen], asked_of[seen], base[known], base_twins[known], learned_of[known], itself=own
    )
    return told, left_out


def _moves(points: Float32s, twins: Float32s) -> NDArray[np.float64]:
    distances: NDArray[np.float64] = np.sqrt(np.square(points - twins).sum(axis=1, dtype=np.float64))
    return distances


def _flat(levels: Float32s) -> Float32s:
    """So that a distance is a mean difference in gray levels: cells and quantiles weigh the same."""
    cells, quantiles = levels[:, :-5].reshape(len(levels), -1), levels[:, -5:].reshape(len(levels), -1)
    parts = [part / np.sqrt(2 * part.shape[1]) for part in (cells, quantiles)]
    flat: Float32s = np.concatenate(parts, axis=1)
    return flat
