"""Principal components and random Fourier features."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import rbf_kernel

from assay.estimators import projections


def test_components_equal_scikit_learns_up_to_sign():
    """The axes are the principal components, by falling variance."""
    features = (np.random.default_rng(0).normal(size=(200, 6)) * [9, 5, 3, 2, 1, 0.5]).astype(np.float32)
    ours = projections.fit_components(features, 3).project(features)
    oracle = PCA(3).fit_transform(features)
    np.testing.assert_allclose(np.abs(ours), np.abs(oracle), atol=1e-3)


def test_fourier_features_give_the_gaussian_kernel():
    """Inner products of the features approach the kernel as their number grows."""
    points = np.random.default_rng(1).normal(size=(60, 4)).astype(np.float32)
    fourier = projections.fit_fourier(points, 20_000)
    features = np.vstack(list(fourier.blocks(points)))
    distances = np.sqrt(projections.squared_distances(points[::2].astype(float), points[1::2].astype(float)))
    gamma = 0.5 / np.median(distances) ** 2
    np.testing.assert_allclose(features @ features.T, rbf_kernel(points, gamma=gamma), atol=0.05)
    np.testing.assert_allclose(np.square(features).sum(axis=1), 1, atol=1e-5)


def test_the_width_does_not_hang_on_the_order_of_classes():
    """Points sorted by class give nearly the width of the same points mixed: a folder per class is sorted."""
    rng = np.random.default_rng(2)
    middles = 6 * rng.normal(size=(5, 8))
    mixed = np.concatenate([middles + rng.normal(size=(5, 8)) for _ in range(200)]).astype(np.float32)
    ordered = mixed[np.argsort(np.arange(1000) % 5, kind="stable")]
    widths = [np.abs(projections.fit_fourier(points, 64).frequencies).mean() for points in (mixed, ordered)]
    assert abs(widths[0] / widths[1] - 1) < 0.03


def test_equal_points_do_not_divide_by_zero():
    """Points without any distance, or a single one, still give finite features."""
    for n in (1, 5):
        points = np.zeros((n, 3), np.float32)
        assert np.isfinite(np.vstack(list(projections.fit_fourier(points, 8).blocks(points)))).all()
