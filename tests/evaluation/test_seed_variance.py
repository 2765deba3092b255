"""Mean and spread over seeds, against hand-computed cases, scipy and simulation."""

import numpy as np
import pytest
from scipy.stats import t

from assay.evaluation.seed_variance import OverSeeds, student_t


def test_students_t_equals_scipy() -> None:
    """For 1 to 60 degrees of freedom and four confidences, within 1e-10."""
    for freedom in range(1, 61):
        for confidence in (0.5, 0.9, 0.95, 0.999):
            expected = t.ppf(0.5 + confidence / 2, freedom)
            assert student_t(freedom, confidence) == pytest.approx(expected, rel=1e-10)
    for freedom, confidence in ((0, 0.95), (1, 1.0)):
        with pytest.raises(ValueError, match="no quantile"):
            student_t(freedom, confidence)


def test_mean_and_spread_by_hand() -> None:
    """0.8, 0.9 and 1.0: mean 0.9, deviation 0.1, and 4.3027 standard errors to both sides, within [0, 1]."""
    scores = OverSeeds("mlp", (0, 1, 2), (0.8, 0.9, 1.0))
    assert scores.mean == pytest.approx(0.9)
    assert scores.standard_deviation == pytest.approx(0.1)
    assert scores.mean_interval == pytest.approx((0.9 - 4.302653 * 0.1 / 3**0.5, 1.0), abs=1e-6)
    record = scores.as_record()
    assert (record["lowest"], record["highest"], record["seeds"]) == (0.8, 1.0, [0, 1, 2])


def test_one_seed_has_no_spread() -> None:
    """From a single run nothing is said of other seeds."""
    record = OverSeeds("mlp", (4,), (0.8,)).as_record()
    assert (record["mean"], record["standard_deviation"], record["mean_ci95"]) == (0.8, None, None)


def test_the_interval_over_seeds_holds_the_truth() -> None:
    """For 2 to 10 seeds whose scores vary normally, 94 to 96 % of the intervals hold the true mean."""
    rng, held = np.random.default_rng(5), []
    for n in (2, 3, 5, 10):
        draws = rng.normal(0.9, 0.002, (1500, n))
        for row in draws.tolist():
            low, high = OverSeeds("x", tuple(range(n)), tuple(row)).mean_interval or (0, 0)
            held.append(low <= 0.9 <= high)
    assert 0.94 <= np.mean(held) <= 0.96


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_equal_scores_tell_no_interval(seeds: int) -> None:
    """A net that answers one test image of 30 by chance: where all seeds have one score the deviation is 0,
    and an interval of no width holds the mean over all seeds in no case. Where they differ it does."""
    rng, held = np.random.default_rng(6), []
    for row in (0.9 + rng.binomial(1, 0.3, (1000, seeds)) / 30).tolist():
        interval = OverSeeds("x", tuple(range(seeds)), tuple(row)).mean_interval
        assert (interval is None) == (len(set(row)) == 1)
        if interval:
            held.append(interval[0] <= 0.9 + 0.3 / 30 <= interval[1])
    assert 100 < len(held) < 1000
    assert np.mean(held) > 0.95
    record = OverSeeds("x", (0, 1, 2), (0.1 + 0.2,) * 3).as_record()
    assert (record["standard_deviation"], record["mean_ci95"]) == (0.0, None)
