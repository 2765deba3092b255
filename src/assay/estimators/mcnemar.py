"""Whether one of two classifiers is right more often than chance explains: McNemar's exact test, and the same
of images in groups."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Additions that an exact test of groups may take; beyond, many groups make a sum that is normal.
_MOST_STEPS: Final = 300_000_000


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided p-value of the exact McNemar test (1947; exact form: the sign test), in (0, 1].

    only_first, only_second: images that one model alone got right. Were the two equally good, each of these
    would be either's with probability 1/2; the p-value is the chance of a split at least this uneven.
    Relative error below 1e-12. Raises ValueError for negative counts.
    """
    if min(only_first, only_second) < 0:
        raise ValueError("counts of images are not negative")
    n, fewer = only_first + only_second, min(only_first, only_second)
    # Division of integers of any size is rounded once; the terms below follow from the largest.
    term = math.comb(n, fewer) / 2**n
    terms = [term]
    for k in range(fewer, 0, -1):
        term *= k / (n - k + 1)
        if term < terms[0] * 1e-18:
            break
        terms.append(term)
    return min(1.0, 2 * math.fsum(terms))


def groups_test(first: NDArray[np.bool_], second: NDArray[np.bool_], groups: NDArray[np.int64]) -> float:
    """Two-sided p-value of a difference in accuracy on images in groups, in (0, 1].

    first, second: bool `(n,)`, whether each model was right; groups: int64 `(n,)`, equal for images of one
    group. The paired randomization test (Fisher 1935; Pitman 1937): were the two equally good, the answers of
    a group would be either's with probability 1/2, and the p-value is the chance of a difference in accuracy
    at least this large. With one image a group it is McNemar's exact test.
    """
    _, place = np.unique(groups, return_inverse=True)
    sums = np.bincount(place.ravel(), second.astype(np.float64) - first).astype(np.int64)
    found, gains = abs(int(sums.sum())), np.abs(sums[sums != 0])
    if len(gains) == 0 or gains.max() == 1:
        return mcnemar(int((sums < 0).sum()), int((sums > 0).sum()))
    total = int(gains.sum())
    if len(gains) * total > _MOST_STEPS:
        return math.erfc(found / math.sqrt(2 * float((gains**2).sum())))
    # How likely each sum of the gains that fall to the second model is: from none of them to all.
    chances = np.zeros(total + 1)
    chances[0] = 1.0
    for reached, gain in zip(np.cumsum(gains).tolist(), gains.tolist(), strict=True):
        moved = chances[: reached - gain + 1].copy()
        chances[: reached + 1] *= 0.5
        chances[gain : reached + 1] += 0.5 * moved
    tail = (total + found + 1) // 2  # the second has at least so much where it leads by `found`
    return min(1.0, 2 * math.fsum(chances[tail:].tolist()))
