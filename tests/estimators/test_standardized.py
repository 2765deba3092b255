"""Standardized features: the space that few rows span, and ridge regression in it."""

import numpy as np
import pytest

from assay.estimators import ridge
from assay.estimators.standardized import row_space, with_offset


def features(rows: int, copies: int = 1, width: int = 60) -> np.ndarray:
    """Random features with the offset's column, each row there so many times."""
    rng = np.random.default_rng(0)
    return with_offset(rng.normal(size=(rows, width)).astype(np.float32).repeat(copies, 0))


@pytest.mark.parametrize(("rows", "copies"), [(20, 1), (10, 2), (1, 20), (1, 1)])
def test_the_rows_lie_in_the_space(rows: int, copies: int) -> None:
    """Columns are orthonormal or zero, as many not zero as there are different rows, and lose no row."""
    inputs = features(rows, copies)
    basis = row_space(inputs)
    assert basis.shape == (inputs.shape[1], len(inputs))
    products = basis.T @ basis
    spanned = np.diag(products) > 0.5
    assert spanned.sum() == rows
    np.testing.assert_allclose(products, np.diag(spanned.astype(float)), atol=1e-5)
    np.testing.assert_allclose(inputs @ basis @ basis.T, inputs, atol=1e-4)


def test_rows_of_zeros_span_nothing() -> None:
    """No division by an eigenvalue of 0."""
    assert not row_space(np.zeros((3, 7), np.float32)).any()


def test_many_rows_are_left_as_they_are() -> None:
    """From as many rows as columns on there is nothing to save."""
    assert (row_space(np.ones((9, 5), np.float32)) == np.eye(5)).all()


@pytest.mark.parametrize("copies", [1, 2])
def test_ridge_in_the_space_answers_as_outside(copies: int) -> None:
    """Ridge regression by the textbook, on all columns, gives the same scores for other rows."""
    inputs, others = features(12, copies).astype(np.float64), features(30)[12:].astype(np.float64)
    labels = np.arange(len(inputs)) % 3
    basis = row_space(inputs.astype(np.float32)).astype(np.float64)
    fitted = ridge.fit(lambda: [inputs @ basis], labels, 3, penalties=(0.1,))
    gram = inputs.T @ inputs + fitted.penalty * np.eye(inputs.shape[1])
    expected = others @ np.linalg.solve(gram, inputs.T @ ridge.indicators(labels, 3))
    found = ridge.predict(fitted, lambda: [others @ basis])
    np.testing.assert_allclose(found, expected, atol=1e-4)
