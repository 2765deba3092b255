"""Power of the rule for wrong labels: the share of randomly wrong labels that it lists."""

from typing import Final

import numpy as np

from assay.core.arrays import Floats, Rows
from assay.estimators.noise.noise_matrix import disputes
from assay.estimators.noise.pair_flips import PairFlip, chances_of_flips

_TINY: Final = 1e-12


def told_of_wrong(
    probabilities: Floats,
    labels: Rows,
    temperature: float,
    share: float,
    flips: tuple[PairFlip, ...] = (),
) -> float:
    """The share in [0, 1] of single wrong labels that `disputes` would list; 1 where none can be wrong.

    Each image in turn is given each other class in place of its label, all as likely, where `share` of all
    labels, in (0, 1), are wrong so. probabilities: `(n, k)`, out of sample; labels: int64 `(n,)`;
    temperature, flips: as in `NoiseMatrix`.
    """
    n, k = probabilities.shape
    if n == 0 or k < 2:
        return 1.0
    true = np.maximum(probabilities.astype(np.float64), _TINY) ** (1 / temperature)
    true /= true.sum(axis=1, keepdims=True)
    right = true * (1 - share)
    wrong = 1 - right / (right + (1 - true) * share / (k - 1))
    for label, chance in chances_of_flips(flips, probabilities):
        wrong[:, label] = np.maximum(wrong[:, label], chance)
    told = disputes(wrong, probabilities, probabilities.max(axis=1, keepdims=True))
    told[np.arange(n), labels] = False
    return float(np.count_nonzero(told) / (n * (k - 1)))
