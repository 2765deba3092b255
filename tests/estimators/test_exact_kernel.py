"""Features that stand for a kernel: ridge regression on them is kernel ridge regression."""

import numpy as np
import pytest

from assay.core.arrays import spread_rows
from assay.estimators import ridge
from assay.estimators.exact_kernel import fit_kernel_map

ROWS = np.random.default_rng(3).normal(size=(80, 6)).astype(np.float32)
LABELS = (ROWS[:, 0] > 0).astype(np.int64) + (ROWS[:, 1] > 1)


def textbook(a: np.ndarray, b: np.ndarray, scale: float) -> np.ndarray:
    """A Gaussian kernel, pair by pair."""
    apart = a.astype(np.float64)[:, None] - b.astype(np.float64)
    return np.exp(-np.square(apart).sum(axis=2) / (2 * scale**2))


def features(most: int, rows: np.ndarray = ROWS) -> np.ndarray:
    return np.concatenate(list(fit_kernel_map(ROWS, most, 0.7).blocks(rows)))


def test_products_of_all_rows_are_the_kernel() -> None:
    """Among the rows that it was fitted to, and from them to new ones."""
    scale = fit_kernel_map(ROWS, 80, 0.7).scale
    new = np.random.default_rng(4).normal(size=(15, 6)).astype(np.float32)
    assert features(80) @ features(80).T == pytest.approx(textbook(ROWS, ROWS, scale), abs=1e-4)
    assert features(80, new) @ features(80).T == pytest.approx(textbook(new, ROWS, scale), abs=1e-4)


def test_the_scale_is_a_share_of_the_median_distance() -> None:
    """Of all pairs of rows, whatever their order."""
    apart = [np.linalg.norm(a - b) for place, a in enumerate(ROWS.astype(np.float64)) for b in ROWS[:place]]
    assert fit_kernel_map(ROWS, 10, 0.5).scale == pytest.approx(0.5 * np.median(apart))
    assert fit_kernel_map(ROWS[::-1], 10, 0.5).scale == pytest.approx(0.5 * np.median(apart))


def test_left_out_as_kernel_ridge_fitted_anew() -> None:
    """Each group, by the dual solution of the textbook without its rows."""
    groups = np.arange(80) // 3
    scale, inputs = fit_kernel_map(ROWS, 80, 0.7).scale, features(80)
    fitted = ridge.fit(lambda: [inputs], LABELS, 3, groups, ridge.FINE_PENALTIES)
    found = ridge.leave_one_out(fitted, lambda: [inputs], LABELS, groups)
    kernel, hot = textbook(ROWS, ROWS, scale), np.eye(3)[LABELS]
    for group in np.unique(groups):
        own, rest = groups == group, groups != group
        solved = np.linalg.solve(kernel[rest][:, rest] + fitted.penalty * np.eye(rest.sum()), hot[rest])
        assert found[own] == pytest.approx(kernel[own][:, rest] @ solved, abs=2e-3)


def test_fewer_rows_come_near_it() -> None:
    """Half of the rows as landmarks: features half as many, products the kernel's best in their span."""
    made = features(40)
    assert made.shape == (80, 40)
    landmarks = spread_rows(80, 40)
    scale = fit_kernel_map(ROWS, 40, 0.7).scale
    kernel = textbook(ROWS, ROWS, scale)
    across = kernel[:, landmarks]
    nystroem = across @ np.linalg.solve(kernel[np.ix_(landmarks, landmarks)] + 1e-5 * np.eye(40), across.T)
    assert made @ made.T == pytest.approx(nystroem, abs=1e-3)


@pytest.mark.parametrize("rows", [np.zeros((30, 4)), np.repeat(ROWS[:10], 6, axis=0), ROWS[:1]])
def test_equal_rows_and_single_ones_give_numbers(rows: np.ndarray) -> None:
    """A kernel matrix without an inverse."""
    rows = rows.astype(np.float32)
    made = np.concatenate(list(fit_kernel_map(rows, 100, 0.7).blocks(rows)))
    assert np.isfinite(made).all()
    assert (made @ made.T)[0, 0] == pytest.approx(1, abs=1e-3)


def test_rounding_is_no_difference() -> None:
    """One picture many times: its rows are as near to each other as to themselves."""
    rows = np.repeat(ROWS[:1], 60, axis=0)
    made = np.concatenate(list(fit_kernel_map(rows, 60, 0.7).blocks(rows)))
    assert made @ made.T == pytest.approx(np.ones((60, 60)), abs=1e-3)
