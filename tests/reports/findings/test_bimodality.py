import numpy as np
import pytest

from assay.reports.findings.bimodality import humps, otsu_threshold


def histogram(values: np.ndarray) -> np.ndarray:
    return np.bincount(np.clip(np.rint(values), 0, 255).astype(np.int64), minlength=256)


def test_two_points_are_fitted_exactly() -> None:
    """Hand-computed: half at 10, half at 40: D = sqrt(2) * 30 / sqrt(1/12 + 1/12) = 103.92."""
    found = humps(np.bincount([10, 40] * 50, minlength=256))
    assert found is not None
    assert found.means == pytest.approx((10, 40))
    assert found.shares == pytest.approx((0.5, 0.5))
    assert found.ashman_d == pytest.approx(2**0.5 * 30 / (2 / 12) ** 0.5)
    assert found.bimodal


def test_a_planted_mixture_is_recovered() -> None:
    """Means, deviations and shares of a known mixture come back."""
    rng = np.random.default_rng(0)
    found = humps(histogram(np.r_[rng.normal(60, 12, 30_000), rng.normal(180, 20, 70_000)]))
    assert found is not None
    assert found.means == pytest.approx((60, 180), abs=0.5)
    assert found.deviations == pytest.approx((12, 20), abs=0.5)
    assert found.shares == pytest.approx((0.3, 0.7), abs=0.01)
    assert found.bimodal


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: rng.uniform(0, 255, 200_000),
        lambda rng: rng.normal(128, 30, 200_000),
        lambda rng: rng.exponential(40, 200_000),
        lambda rng: rng.lognormal(3.5, 0.6, 200_000),
        lambda rng: np.r_[rng.normal(100, 20, 100_000), rng.normal(135, 20, 100_000)],
    ],
    ids=["uniform", "normal", "exponential", "lognormal", "too-close"],
)
def test_one_hump_is_not_called_two(draw) -> None:
    """Flat, skewed and merged distributions are not bimodal, whatever Ashman's D alone would say."""
    found = humps(histogram(draw(np.random.default_rng(1))))
    assert found is not None
    assert not found.bimodal


def test_a_speck_is_not_a_hump() -> None:
    """A component with 1 % of the pixels does not make a histogram bimodal."""
    rng = np.random.default_rng(2)
    found = humps(histogram(np.r_[rng.normal(40, 5, 99_000), rng.normal(200, 5, 1_000)]))
    assert found is not None
    assert found.ashman_d > 2
    assert not found.bimodal


@pytest.mark.parametrize("pixels", [[], [7, 7, 7]])
def test_one_value_has_no_humps(pixels: list[int]) -> None:
    """With fewer than two levels in use there is nothing to fit."""
    assert humps(np.bincount(np.array(pixels, np.int64), minlength=256)) is None


def test_otsu_threshold_parts_two_groups() -> None:
    """Hand-computed: 2, 3 | 8, 9 part best after 3 (the first of the equal thresholds 3 to 7)."""
    density = np.bincount([2, 3, 8, 9], minlength=16) / 4
    assert otsu_threshold(density) == 3
