"""What is strange is far away, and a gate refuses as few familiar pictures as it says."""

import numpy as np
import pytest

from assay.estimators.mahalanobis import conformal_bound, fit_space, in_units_of_train


def _clouds(rng: np.random.Generator, n: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    labels = rng.integers(0, 3, n)
    centers = np.eye(3, width) * 8
    spread = np.linspace(2, 0.05, width)
    return (centers[labels] + rng.normal(size=(n, width)) * spread).astype(np.float32), labels


@pytest.mark.parametrize("width", [1, 5, 40, 300])
@pytest.mark.parametrize("n", [1, 2, 50, 1000])
def test_spaces_of_any_size_are_finite(n: int, width: int) -> None:
    """One image or many, one feature or more than there are images."""
    features, labels = _clouds(np.random.default_rng(0), n, max(width, 3))
    space = fit_space(features[:, :width], labels)
    distances = space.distances(space.coordinates(features[:, :width]))
    assert np.isfinite(distances).all()
    assert distances.shape == (n,)


def test_strange_points_are_farther_than_familiar_ones() -> None:
    """Off the clouds, and in a direction in which nothing ever varied, points are strange; twins are not."""
    rng = np.random.default_rng(1)
    space = fit_space(*_clouds(rng, 3000, 10))
    threshold, rate = conformal_bound(space.distances(space.coordinates(_clouds(rng, 2000, 10)[0])), 0.01)
    assert rate <= 0.01
    twins = space.distances(space.coordinates(_clouds(rng, 5000, 10)[0]))
    assert (twins > threshold).mean() < 0.02
    strange = _clouds(rng, 100, 10)[0]
    strange[:, -1] += 4
    assert (space.distances(space.coordinates(strange)) > threshold).all()
    far = rng.normal(size=(100, 10)).astype(np.float32) * 50
    assert (space.distances(space.coordinates(far)) > threshold).mean() > 0.95


def test_distances_in_units_of_the_training_images() -> None:
    """One in a hundred lies beyond 1, whatever the features' scale; the order of distances stays."""
    features, labels = _clouds(np.random.default_rng(2), 1000, 10)
    for factor in (1, 50):
        plain = fit_space(features * factor, labels)
        units = in_units_of_train(plain, features * factor)
        own = units.distances(units.coordinates(features * factor))
        assert (own > 1).sum() == 10
        raw = plain.distances(plain.coordinates(features * factor))
        assert own * (raw[0] / own[0]) == pytest.approx(raw, rel=1e-4)
    constant = np.ones((20, 4), np.float32)
    still = in_units_of_train(fit_space(constant, np.zeros(20, np.int64)), constant)
    assert np.isfinite(still.distances(still.coordinates(constant + 1))).all()


def test_features_that_were_constant_do_no_harm() -> None:
    """Constant features have no spread to divide by."""
    features = np.ones((20, 4), np.float32)
    space = fit_space(features, np.zeros(20, np.int64))
    assert np.isfinite(space.distances(space.coordinates(features))).all()


@pytest.mark.parametrize(
    ("n", "rank", "rate"), [(1, 1, 1 / 2), (50, 50, 1 / 51), (99, 99, 1 / 100), (199, 198, 2 / 200)]
)
def test_the_bound_by_hand(n: int, rank: int, rate: float) -> None:
    """The ceil((n + 1) * 0.99)-th smallest distance, or the largest where there are too few."""
    distances = np.random.default_rng(2).permutation(np.arange(1, n + 1)).astype(np.float32)
    assert conformal_bound(distances, 0.01) == (rank, pytest.approx(rate))


def test_the_promise_holds_in_the_mean() -> None:
    """Over many gates, the share of familiar points refused is at most the one stated."""
    rng = np.random.default_rng(3)
    refused = []
    for _ in range(2000):
        seen, new = rng.exponential(size=150), rng.exponential(size=20)
        threshold, rate = conformal_bound(seen.astype(np.float32), 0.02)
        refused.append((new > threshold).mean())
    assert np.mean(refused) == pytest.approx(rate, abs=0.003)
