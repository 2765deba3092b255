"""Exact interval of a proportion (Clopper-Pearson), valid at any confidence and number of images.

Wilson's interval holds about 95 of 100; its tails are those of a normal distribution, and at the confidence
that many comparisons ask for (one in a thousand and less) they are far too short near 0 and 1.
"""

import math
from functools import lru_cache
from typing import Final

#: Steps of a root at most, and the width at which it is known.
_STEPS: Final = 200
_WIDTH: Final = 1e-13

#: Terms of the continued fraction at most; it needs about the square root of the number of images.
_TERMS: Final = 10_000

_SMALLEST: Final = 1e-300


@lru_cache(maxsize=4096)
def exact_interval(correct: float, total: float, confidence: float) -> tuple[float, float]:
    """Interval of a proportion (Clopper and Pearson 1934), as (low, high) in [0, 1].

    It holds the true share in at least `confidence` of all samples. Numbers that are not whole are effective
    ones, of images in groups. Raises ValueError when total is 0 or correct is outside [0, total].
    """
    if total <= 0 or not 0 <= correct <= total:
        raise ValueError(f"no interval for {correct} of {total}")
    tail, wrong = (1 - confidence) / 2, total - correct
    low = 0.0 if correct == 0 else _beta_quantile(tail, correct, wrong + 1)
    high = 1.0 if wrong == 0 else 1 - _beta_quantile(tail, wrong, correct + 1)
    return low, high


def _beta_quantile(probability: float, a: float, b: float) -> float:
    """The value that a beta distribution of these parameters, above 0, is below with this probability.

    By Newton's steps between logarithms, where tails are nearly straight; halved into the known range where
    one would leave it.
    """
    low, high, value = 0.0, 1.0, a / (a + b)
    for _ in range(_STEPS):
        below = incomplete_beta(a, b, value)
        low, high = (value, high) if below < probability else (low, value)
        step = value * math.exp(-_log_miss(below, probability, a, b, value))
        before, value = value, step if low < step < high else (low + high) / 2
        if abs(value - before) < _WIDTH or high - low < _WIDTH:
            break
    return value


def _log_miss(below: float, probability: float, a: float, b: float, value: float) -> float:
    """How far to go between logarithms; so far that it is refused where there is no slope to be seen."""
    slope = a * math.log(value) + (b - 1) * math.log1p(-value) - _log_beta(a, b)
    if below < _SMALLEST or slope < math.log(_SMALLEST):
        return math.inf
    miss = math.log(below / probability) * below
    return max(miss / math.exp(slope), -700.0)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularized incomplete beta function of x in [0, 1]; a, b > 0.

    By its continued fraction (Abramowitz and Stegun 1964, 26.5.8), evaluated from the front (Lentz 1976).
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # where the fraction of the mirrored function is the faster one
        return 1 - incomplete_beta(b, a, 1 - x)
    scale = a * math.log(x) + b * math.log1p(-x) - _log_beta(a, b)
    return math.exp(scale) / a / _fraction(a, b, x)


def _fraction(a: float, b: float, x: float) -> float:
    """1 + d1 / (1 + d2 / (1 + ...)), until a term changes nothing."""
    value, upper, lower = 1.0, 1.0, 0.0
    for term in range(1, _TERMS):
        half = term // 2
        if term % 2:
            part = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            part = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        lower = 1 / _apart(1 + part * lower)
        upper = _apart(1 + part / upper)
        value *= upper * lower
        if abs(upper * lower - 1) < 1e-15:
            break
    return value


def _apart(value: float) -> float:
    """The value, or a tiny one in place of 0."""
    return value if abs(value) > _SMALLEST else _SMALLEST
