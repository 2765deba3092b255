"""Expected calibration error of perfectly calibrated probabilities: what sampling alone makes of it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Sets of right and wrong answers drawn: 95 of 100 then is between 93.5 and 96.3.
DRAWS: Final = 1_000

#: Parts of a bin within which the probabilities count as equal, at most.
_PARTS: Final = 40

#: From this variance of a count on its distribution is the normal one.
_NORMAL: Final = 50.0

_SEED: Final = 0xECE


def error_by_chance(
    confidence: NDArray[np.float64], place: NDArray[np.int64], spread: NDArray[np.float64], *, grouped: bool
) -> tuple[float, float]:
    """Mean calibration error of probabilities that are all true, and what 95 of 100 such sets stay below.

    confidence: `(n,)` in [0, 1], n >= 1, of the answers; place: int64 `(n,)`, the bin of each; spread:
    float64 `(bins,)`, the variance of the number of right answers in each bin. Answers are drawn anew, each
    right as often as it says, in `DRAWS` sets (seeded). grouped: answers of one group are right or wrong
    together, and these numbers are drawn from normal distributions of that variance.
    """
    random = np.random.default_rng(_SEED)
    gaps = np.zeros(DRAWS)
    for bin_ in np.flatnonzero(spread > 0).tolist():
        if grouped or spread[bin_] >= _NORMAL:
            gaps += np.abs(random.normal(0, np.sqrt(spread[bin_]), DRAWS))
        else:
            gaps += np.abs(_excess(confidence[place == bin_], random))
    gaps /= len(confidence)
    return float(gaps.mean()), float(np.quantile(gaps, 0.95, method="higher"))


def _excess(confidence: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """Drawn numbers of right answers less what the probabilities add up to, float64 `(DRAWS,)`."""
    found = np.zeros(DRAWS)
    for part in np.array_split(np.sort(confidence), min(_PARTS, len(confidence))):
        share = float(part.mean())
        found += random.binomial(len(part), min(share, 1.0), DRAWS) - len(part) * share
    return found
