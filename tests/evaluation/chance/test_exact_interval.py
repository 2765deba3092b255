"""The exact interval: equal to SciPy's, and holding what it says where Wilson's does not."""

import numpy as np
import pytest
from scipy.special import betainc
from scipy.stats import beta, binom

from assay.evaluation.chance.exact_interval import exact_interval, incomplete_beta
from assay.evaluation.metrics import wilson_interval


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.999, 1 - 1e-6])
@pytest.mark.parametrize("total", [1.0, 2.5, 20.0, 333.3, 100_000.0])
def test_against_scipy(total: float, confidence: float) -> None:
    """Nothing, everything, one, all but one, and shares between, of whole and of effective numbers."""
    tail = (1 - confidence) / 2
    for correct in {0.0, 1.0, total / 3, 0.9 * total, total - 1, total}:
        low, high = exact_interval(correct, total, confidence)
        wrong = total - correct
        wanted_low = beta.ppf(tail, correct, wrong + 1) if correct else 0.0
        wanted_high = beta.ppf(1 - tail, correct + 1, wrong) if wrong else 1.0
        assert low == pytest.approx(wanted_low, abs=1e-10)
        assert high == pytest.approx(wanted_high, abs=1e-10)


def test_incomplete_beta_against_scipy() -> None:
    rng = np.random.default_rng(0)
    for a, b, x in zip(
        10 ** rng.uniform(-1, 5, 500), 10 ** rng.uniform(-1, 5, 500), rng.random(500), strict=True
    ):
        assert incomplete_beta(a, b, x) == pytest.approx(betainc(a, b, x), abs=1e-9)
    assert (incomplete_beta(2, 3, 0), incomplete_beta(2, 3, 1)) == (0, 1)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99, 0.995, 0.999])
def test_it_holds_at_the_confidence_of_many_comparisons(share: float) -> None:
    """Exactly, by the binomial distribution: 20 images, one of 200 comparisons; Wilson's misses by far."""
    confidence, counts = 1 - 0.05 / 200, range(21)
    chance = binom.pmf(counts, 20, share)
    held = {}
    for name, interval in (("exact", exact_interval), ("wilson", wilson_interval)):
        ends = np.array([interval(float(count), 20.0, confidence) for count in counts])
        held[name] = chance[(ends[:, 0] <= share) & (share <= ends[:, 1])].sum()
    assert held["exact"] >= confidence - 1e-12
    if share in {0.995, 0.999}:
        assert 1 - held["wilson"] > 10 * (1 - confidence)


@pytest.mark.parametrize(("correct", "total"), [(0, 0), (-1, 3), (4, 3)])
def test_impossible_counts(correct: float, total: float) -> None:
    with pytest.raises(ValueError, match="no interval"):
        exact_interval(correct, total, 0.95)
