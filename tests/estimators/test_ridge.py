"""The closed-form classifier and its leave-one-out answers."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge as OracleRidge

from assay.estimators import ridge, ridge_solution


def made(n: int = 40, size: int = 7, k: int = 3, seed: int = 0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(n, size)), generator.integers(0, k, n)


def in_blocks(rows, size=13):
    return lambda: (rows[start : start + size] for start in range(0, len(rows), size))


def test_leave_one_out_equals_refitting_without_the_row():
    """Every leave-one-out score is that of a fit to all other rows, to 1e-9."""
    rows, labels = made()
    fitted = ridge.fit(in_blocks(rows), labels, 3)
    scores = ridge.leave_one_out(fitted, in_blocks(rows), labels)
    hot = ridge.indicators(labels, 3)
    for i in range(len(rows)):
        rest = np.arange(len(rows)) != i
        gram = rows[rest].T @ rows[rest] + fitted.penalty * np.eye(rows.shape[1])
        expected = rows[i] @ np.linalg.solve(gram, rows[rest].T @ hot[rest])
        np.testing.assert_allclose(scores[i], expected, atol=1e-9)


def test_predictions_equal_scikit_learns_ridge():
    """The fit is ridge regression onto the class indicators without an intercept."""
    rows, labels = made(seed=1)
    fresh, _ = made(seed=2)
    fitted = ridge.fit(in_blocks(rows), labels, 3)
    oracle = OracleRidge(alpha=fitted.penalty, fit_intercept=False).fit(rows, ridge.indicators(labels, 3))
    np.testing.assert_allclose(ridge.predict(fitted, in_blocks(fresh)), oracle.predict(fresh), atol=1e-9)


def test_blocks_do_not_matter():
    """The same rows in blocks of another size give the same scores."""
    rows, labels = made(seed=3)
    results = []
    for size in (1, 40):
        fitted = ridge.fit(in_blocks(rows, size), labels, 3)
        results.append(ridge.leave_one_out(fitted, in_blocks(rows, size), labels))
    np.testing.assert_allclose(results[0], results[1], atol=1e-9)


def test_noise_is_not_learned():
    """With labels that have nothing to do with the rows, leave-one-out finds about chance, not better."""
    rows, labels = made(n=600, size=300, k=2, seed=4)
    fitted = ridge.fit(in_blocks(rows), labels, 2)
    right = (ridge.leave_one_out(fitted, in_blocks(rows), labels).argmax(axis=1) == labels).mean()
    assert 0.42 < right < 0.58


@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_or_equal_rows_give_finite_scores(n):
    """One row, and rows without any difference, give finite scores."""
    rows, labels = np.ones((n, 4)), np.arange(n) % 2
    fitted = ridge.fit(in_blocks(rows), labels, 2)
    assert np.isfinite(ridge.leave_one_out(fitted, in_blocks(rows), labels)).all()


def test_solving_for_one_penalty_gives_the_same_answers():
    """With the penalty that `fit` chose: the same coefficients, and the same left-out scores of any rows."""
    rows, labels = made(n=60, size=9)
    fitted = ridge.fit(in_blocks(rows), labels, 3)
    solved = ridge_solution.solve(in_blocks(rows), labels, 3, fitted.share)
    np.testing.assert_allclose(solved.coefficients, fitted.axes @ fitted.coefficients, atol=1e-9)
    some = np.array([3, 8, 59])
    expected = ridge.leave_one_out(fitted, in_blocks(rows), labels)[some]
    found = ridge_solution.left_out(solved, in_blocks(rows[some], size=2)(), labels[some])
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("n", [1, 2, 3, 17, 64])
def test_a_triangle_inverted_by_quarters(n: int, monkeypatch: pytest.MonkeyPatch):
    """However often it is divided, and for odd sizes: lower triangular, and times the triangle it is 1."""
    monkeypatch.setattr(ridge_solution, "_INVERTED_AT_ONCE", 1)
    rows, _ = made(n=2 * n, size=n)
    lower = np.linalg.cholesky(rows.T @ rows + 0.1 * np.eye(n))
    found = ridge_solution.lower_inverse(lower)
    np.testing.assert_allclose(found @ lower, np.eye(n), atol=1e-12)
    assert np.array_equal(found, np.tril(found))


def test_solving_is_stable_where_features_are_nearly_equal():
    """A Gram matrix whose eigenvalues span many powers of ten: the leverages are those of a factorization."""
    rows, labels = made(n=900, size=600)
    rows = 1e3 + rows * np.geomspace(1, 1e-2, 600)
    solved = ridge_solution.solve(in_blocks(rows, 100), labels, 3, 1e-6)
    fitted = ridge.Ridge(
        *np.linalg.eigh(rows.T @ rows), np.zeros((600, 3)), 1e-6 * np.square(rows).sum() / 600
    )
    along = rows @ fitted.axes
    leverage = (np.square(along) / (fitted.eigenvalues + fitted.penalty)).sum(axis=1)
    np.testing.assert_allclose(np.square(rows @ solved.root.T).sum(axis=1), leverage, rtol=1e-3)


def test_inverting_can_be_ended():
    """What is raised between the steps comes out."""

    def enough() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        ridge_solution.solve(in_blocks(made()[0]), made()[1], 3, 1e-3, enough)


@pytest.mark.parametrize("distinct", [1, 2, 20])
def test_many_equal_rows_are_solved_too(distinct: int):
    """A Gram matrix in single precision that is singular but for rounding: finite, and each row is told."""
    generator = np.random.default_rng(0)
    waves = generator.normal(size=(distinct, 1500)).astype(np.float32)
    rows = (waves / np.linalg.norm(waves, axis=1, keepdims=True))[np.arange(3000) % distinct]
    labels = np.arange(3000) % distinct
    solved = ridge_solution.solve(in_blocks(rows, 500), labels, distinct, 1e-6)
    assert np.isfinite(solved.root).all()
    assert ((rows @ solved.coefficients).argmax(axis=1) == labels).all()
    assert (ridge_solution.left_out(solved, in_blocks(rows, 500)(), labels).argmax(axis=1) == labels).all()
