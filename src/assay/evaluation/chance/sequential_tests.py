"""Group-sequential tests: the level of each look at growing data that keeps the level of all together.

Whoever looks at the surest 100 answers, then at the surest 102, and takes the best of all that pass, errs far
more often than each look alone.
"""

from functools import lru_cache
from typing import Final

import numpy as np

from assay.core.arrays import Floats

#: Halvings of the range that holds the level, on a log scale: it is known within 2 % after these.
_HALVINGS: Final = 8

#: Probabilities below this are left out of the sums.
_TINY: Final = 1e-14


@lru_cache(maxsize=1024)
def common_level(counts: tuple[int, ...], share: float, level: float) -> float:
    """The nominal level of each of several looks at growing data (a constant boundary: Pocock 1977).

    counts: how many answers each look has, not falling, each with the answers of the looks before; share: the
    share of wrong answers, in (0, 1), that a look rejects where so few are wrong that this is no more
    probable than the nominal level; level: the probability, in (0, 1), that any look may reject although each
    answer is wrong with just that share. Never more than `level`, never less than Bonferroni's. Found by the
    recursion of Armitage, McPherson and Rowe (1969).
    """
    gains = np.diff(np.asarray(counts, np.int64), prepend=0).tolist()
    steps = {gain: _without_tails(0, _binomial(gain, share)) for gain in set(gains)}
    totals = [np.cumsum(_binomial(count, share)) for count in counts]

    def rejected(nominal: float) -> float:
        """The probability that at least one look rejects at this nominal level."""
        most = [int(np.searchsorted(total, nominal, side="right")) - 1 for total in totals]
        first, found = 0, 0.0
        open_: Floats = np.ones(1)
        for gain, limit in zip(gains, most, strict=True):
            least, added = steps[gain]
            first, open_ = _without_tails(first + least, np.convolve(open_, added))
            passed = max(limit + 1 - first, 0)
            found += float(open_[:passed].sum())
            first, open_ = first + passed, open_[passed:]
            if not len(open_):
                break
        return found

    if rejected(level) <= level:
        return level
    low, high = level / len(gains), level
    for _ in range(_HALVINGS):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if rejected(middle) <= level else (low, middle)
    return low


def _without_tails(first: int, probabilities: Floats) -> tuple[int, Floats]:
    """The probabilities that matter, and the number of wrong answers of the first of them."""
    kept = np.flatnonzero(probabilities > _TINY)
    if not len(kept):
        return first, probabilities[:0]
    return first + int(kept[0]), probabilities[kept[0] : kept[-1] + 1]


def _binomial(n: int, share: float) -> Floats:
    """The probabilities of 0 to n successes."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    k = np.arange(n + 1)
    return np.asarray(
        np.exp(logs[n] - logs - logs[::-1] + k * np.log(share) + (n - k) * np.log1p(-share)), np.float64
    )
