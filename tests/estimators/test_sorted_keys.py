"""Neighbors by sorted keys: near points are found, each once, without comparing all."""

import numpy as np
import pytest

from assay.estimators.nearest_neighbors import nearest
from assay.estimators.sorted_keys import build_keys, search_keys


def points_with_twins(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points that vary far more in some directions than in others, and twins of 200 of them, a bit off."""
    rng = np.random.default_rng(seed)
    deviation = 0.5 * 0.9 ** np.arange(40)
    points = (rng.normal(size=(count, 40)) * deviation).astype(np.float32)
    twins = points[:200] + (0.05 * rng.normal(size=(min(count, 200), 40)) * deviation).astype(np.float32)
    return points, twins


@pytest.mark.parametrize("count", [2_000, 40_000])
def test_twins_are_found_among_few_candidates(count: int) -> None:
    """At least 99 of 100, however many points there are, while few of them are looked at."""
    points, twins = points_with_twins(count, 0)
    distances, rows = search_keys(build_keys(points, 16), twins, 16, 2, 4)
    assert rows.shape == (200, 4)
    assert (rows == np.arange(200)[:, None]).any(axis=1).mean() >= 0.99
    exact, _ = nearest(twins, points, 1)
    assert np.isclose(distances.min(axis=1), exact[:, 0], atol=1e-4).mean() >= 0.99


def test_distances_are_those_of_the_points_and_each_comes_once() -> None:
    """Squared, as of any search; a point that all tables bring is one answer."""
    points, twins = points_with_twins(3_000, 1)
    distances, rows = search_keys(build_keys(points, 8), twins, 8, 2, 16)
    for asked in range(200):
        found = rows[asked][rows[asked] >= 0]
        assert len(set(found.tolist())) == len(found) > 4
        expected = np.square(points[found] - twins[asked]).sum(axis=1)
        assert np.allclose(distances[asked][rows[asked] >= 0], expected, rtol=1e-4)


def test_few_points_and_no_queries() -> None:
    """Fewer points than answers asked for: the rest is -1, at no finite distance."""
    points, twins = points_with_twins(3, 2)
    distances, rows = search_keys(build_keys(points, 4), twins[:3], 4, 2, 8)
    assert all(set(row.tolist()) == {-1, 0, 1, 2} for row in rows)
    assert np.isinf(distances[rows < 0]).all()
    assert search_keys(build_keys(points, 4), points[:0], 4, 2, 8)[1].shape == (0, 8)


def test_equal_points_do_not_hide_others() -> None:
    """Points without any deviation in some directions, and all equal ones, are sorted as well."""
    points = np.zeros((500, 6), np.float32)
    points[0, 0] = 1
    _, rows = search_keys(build_keys(points, 4), points[:1], 4, 2, 3)
    assert 0 in rows[0]
