"""Nearest neighbors, exact and in cells."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from assay.estimators import nearest_neighbors


def points(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 5)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 3, 20])
def test_exact_search_equals_scikit_learns(count):
    """Distances and rows are those of brute force, for few neighbors and for many."""
    base, queries = points(300), points(40, 1)
    squares, rows = nearest_neighbors.nearest(queries, base, count)
    distances, expected = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(base).kneighbors(queries)
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_allclose(np.sqrt(squares), distances, atol=1e-3)


def test_asking_for_more_than_there_are_gives_all():
    """The count is cut to the number of points."""
    squares, rows = nearest_neighbors.nearest(points(4, 1), points(3), 10)
    assert squares.shape == rows.shape == (4, 3)
    assert np.sort(rows, axis=1).tolist() == [[0, 1, 2]] * 4


def test_visiting_every_cell_finds_the_nearest():
    """With all cells visited the answer is exact."""
    base, queries = points(2000), points(50, 1)
    cells = nearest_neighbors.build_cells(base)
    assert len(cells.centers) == 7
    squares, rows = nearest_neighbors.search_cells(cells, queries, 7, 1)
    found = np.take_along_axis(rows, squares.argmin(axis=1)[:, None], axis=1)
    np.testing.assert_array_equal(found, nearest_neighbors.nearest(queries, base, 1)[1])


def test_a_point_finds_itself_in_its_own_cell():
    """A query equal to a point of the base is answered at distance 0 with a single visit."""
    base = points(1500)
    squares, rows = nearest_neighbors.search_cells(nearest_neighbors.build_cells(base), base, 1, 1)
    np.testing.assert_array_equal(rows.ravel(), np.arange(1500))
    np.testing.assert_allclose(squares, 0, atol=1e-4)


def test_cells_with_too_few_points_answer_with_minus_one():
    """Where a cell holds fewer points than asked for, the rest of the answer is empty."""
    squares, rows = nearest_neighbors.search_cells(
        nearest_neighbors.build_cells(points(3)), points(1, 1), 1, 5
    )
    assert rows.shape == (1, 5)
    assert (rows[0, 3:] == -1).all()
    assert np.isinf(squares[0, 3:]).all()


def test_equal_points_are_no_trouble():
    """Many equal points still give cells and answers."""
    base = np.zeros((1200, 4), np.float32)
    squares, _ = nearest_neighbors.search_cells(nearest_neighbors.build_cells(base), base[:5], 2, 2)
    assert (squares[:, 0] == 0).all()
