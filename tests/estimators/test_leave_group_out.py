"""Leaving whole groups out: equal to fitting again without each group."""

import numpy as np
import pytest

from assay.estimators import ridge, ridge_solution


def data(rows: int, columns: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, rows)
    features = random.normal(size=(rows, columns)) + np.eye(columns)[labels % columns]
    return features, labels


def refitted(fitted: ridge.Ridge, features: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Scores of each row from a ridge of the same penalty without the rows of its group, worked out anew."""
    classes = fitted.targets.shape[1]
    scores = np.zeros((len(labels), classes))
    for group in np.unique(groups):
        rest, own = groups != group, groups == group
        gram = features[rest].T @ features[rest] + fitted.penalty * np.eye(features.shape[1])
        hot = np.eye(classes)[labels[rest]]
        scores[own] = features[own] @ np.linalg.solve(gram, features[rest].T @ hot)
    return scores


@pytest.mark.parametrize("size", [1, 2, 5, 13, 40])
def test_exact_for_groups_of_any_size(size: int) -> None:
    """Small groups go by the leverages, large ones by the Gram matrix; blocks may cut them."""
    features, labels = data(120, 12, 3)
    groups = np.random.default_rng(1).permutation(np.arange(120) // size)
    fitted = ridge.fit(lambda: [features[:50], features[50:]], labels, 3, groups)
    found = ridge.leave_one_out(fitted, lambda: [features[:50], features[50:]], labels, groups)
    assert found == pytest.approx(refitted(fitted, features, labels, groups), abs=2e-4)


def test_groups_of_one_change_no_bit() -> None:
    """Without a shared group the scores and the penalty are those of leaving single rows out."""
    features, labels = data(90, 8, 4)
    plain = ridge.fit(lambda: [features], labels, 4)
    alone = ridge.fit(lambda: [features], labels, 4, np.arange(90) * 7)
    assert plain.penalty == alone.penalty
    assert np.array_equal(
        ridge.leave_one_out(plain, lambda: [features], labels),
        ridge.leave_one_out(alone, lambda: [features], labels, np.arange(90) * 7),
    )


def test_single_rows_among_groups() -> None:
    """Rows alone and rows in groups, side by side."""
    features, labels = data(60, 6, 2)
    groups = np.where(np.arange(60) < 30, 0, np.arange(60))
    fitted = ridge.fit(lambda: [features], labels, 2, groups)
    found = ridge.leave_one_out(fitted, lambda: [features], labels, groups)
    assert found == pytest.approx(refitted(fitted, features, labels, groups), abs=2e-4)


@pytest.mark.parametrize("size", [1, 4, 9, 10, 40])
def test_the_solution_of_one_penalty_leaves_groups_out_too(size: int) -> None:
    """The fit by a Cholesky root gives the same left-out scores, for groups larger than the features too."""
    features, labels = data(80, 9, 3)
    groups = np.random.default_rng(4).permutation(np.arange(80) // size)
    solution = ridge_solution.solve(lambda: [features], labels, 3, 0.01)
    trace = float((features.T @ features).trace())
    twin = ridge.Ridge(np.zeros(9), np.eye(9), np.zeros((9, 3)), 0.01 * trace / 9)
    found = ridge_solution.left_out(solution, [features[:33], features[33:]], labels, groups)
    assert found == pytest.approx(refitted(twin, features, labels, groups), abs=1e-5)


def test_copies_no_longer_vouch_for_themselves() -> None:
    """Labels drawn at random, each picture ten times: left out alone it is known by heart."""
    random = np.random.default_rng(2)
    features = np.repeat(random.normal(size=(40, 60)), 10, axis=0) + random.normal(size=(400, 60)) * 0.01
    labels, groups = np.repeat(random.integers(0, 2, 40), 10), np.repeat(np.arange(40), 10)

    def agreement(known: np.ndarray | None) -> float:
        fitted = ridge.fit(lambda: [features], labels, 2, known)
        scores = ridge.leave_one_out(fitted, lambda: [features], labels, known)
        return float((scores.argmax(axis=1) == labels).mean())

    assert agreement(None) > 0.95
    assert agreement(groups) < 0.75
