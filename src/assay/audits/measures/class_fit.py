"""Would a picture fit its class better if it were inverted, or its channels exchanged?"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.robust_z import FEWEST
from assay.core.arrays import Float32s
from assay.estimators.projections import spread_rows

#: Which nearest picture of the class counts: with damaged pictures in the class the first may be one too.
_NEAREST: Final = 3

#: A class is represented by so many of its pictures.
_MOST: Final = 200

#: A picture set right must lie in its class: no farther than this share of its pictures, with some room.
_FITS: Final = 0.95
_ROOM: Final = 1.3

#: How `Texture.levels` would look of the picture set right.
Change = Callable[[Float32s], Float32s]


def inverted(levels: Float32s) -> Float32s:
    """Of the negative: cells turn over, and quantiles change places too."""
    turned = 255 - levels
    return np.concatenate([turned[:, :-5], turned[:, :-6:-1]], axis=1)


def exchanged(levels: Float32s) -> Float32s:
    """Of the picture with red for blue."""
    return levels[..., ::-1]


def misfit(
    change: Change,
    slack: float,
    levels: Float32s,
    labels: NDArray[np.int64],
    train: Float32s,
    train_labels: NDArray[np.int64],
) -> NDArray[np.float64]:
    """How many times farther a picture lies from its class than it would if it were changed: float64 `(n,)`.

    0 where it would not fit its class after the change either. A class of fewer than `FEWEST` pictures stands
    for itself with all the others. slack: gray levels added to both distances, so that of two pictures nearly
    in place neither is out of place. levels: of the pictures asked about, train: of those that tell the
    classes; where both are the same pictures, each is left out of its own class.
    """
    told = np.zeros(len(levels))
    own = levels is train
    for label in np.unique(labels):
        asked = np.flatnonzero(labels == label)
        members = np.flatnonzero(train_labels == label)
        few = members if len(members) >= FEWEST else np.arange(len(train))
        few = few[spread_rows(len(few), _MOST)]
        if len(few) <= _NEAREST:
            continue
        reference = _flat(train[few])
        usual = np.quantile(_distances(reference, reference, few[:, None] == few), _FITS)
        itself = (asked[:, None] == few) & own
        as_is = _distances(_flat(levels[asked]), reference, itself)
        after = _distances(_flat(change(levels[asked])), reference, itself)
        told[asked] = np.where(after <= _ROOM * usual, (as_is + slack) / (after + slack), 0)
    return told


def _flat(levels: Float32s) -> Float32s:
    """So that a distance is a mean difference in gray levels: cells and quantiles weigh the same."""
    cells, quantiles = levels[:, :-5].reshape(len(levels), -1), levels[:, -5:].reshape(len(levels), -1)
    parts = [part / np.sqrt(2 * part.shape[1]) for part in (cells, quantiles)]
    flat: Float32s = np.concatenate(parts, axis=1)
    return flat


def _distances(asked: Float32s, reference: Float32s, itself: NDArray[np.bool_]) -> NDArray[np.float64]:
    """To the `_NEAREST` nearest of the reference. itself: `(asked, reference)`, pairs that do not count."""
    squares = (asked**2).sum(axis=1)[:, None] + (reference**2).sum(axis=1) - 2 * asked @ reference.T
    squares[itself] = np.inf
    nearest = np.partition(np.maximum(squares, 0), _NEAREST - 1, axis=1)[:, _NEAREST - 1]
    distances: NDArray[np.float64] = np.sqrt(nearest).astype(np.float64)
    return distances
