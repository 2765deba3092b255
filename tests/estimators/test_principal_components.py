"""Principal axes against the singular value decomposition."""

import numpy as np
import pytest

from assay.estimators.principal_components import principal_axes, principal_axes_of_few


def centered(rows: int, columns: int) -> np.ndarray:
    values = np.random.default_rng(rows).normal(size=(rows, columns)) * np.arange(1, columns + 1)
    return values - values.mean(axis=0)


@pytest.mark.parametrize("shape", [(60, 5), (6, 20)])
def test_the_axes_are_those_of_the_svd(shape: tuple[int, int]) -> None:
    """The same directions but for their sign, strongest first, and the same sums of squares."""
    values = centered(*shape)
    count = min(3, shape[0] - 1)
    _, lengths, directions = np.linalg.svd(values, full_matrices=False)
    axes, squares = principal_axes(values, count)
    assert squares == pytest.approx(lengths[:count] ** 2)
    assert np.abs((axes * directions[:count].T).sum(axis=0)) == pytest.approx(np.ones(count))


@pytest.mark.parametrize("columns", [40, 1_400])
def test_few_rows_have_the_same_axes(columns: int) -> None:
    """The small matrix of the rows' products gives what the large one of the columns' gives."""
    values = centered(8, columns)
    _, lengths, directions = np.linalg.svd(values, full_matrices=False)
    for found in (principal_axes, principal_axes_of_few):
        axes, squares = found(values, 5)
        assert np.abs((axes * directions[:5].T).sum(axis=0)) == pytest.approx(np.ones(5))
        assert squares == pytest.approx(lengths[:5] ** 2)


@pytest.mark.parametrize("rows", [1, 2, 8])
def test_where_few_rows_have_no_variance_there_are_zeros(rows: int) -> None:
    """Rows that repeat: as many directions of length 1 as the rank, at right angles; then zeros, no noise."""
    values = np.repeat(centered(rows, 40), 3, axis=0)
    axes, squares = principal_axes_of_few(values, 30)
    assert (axes.shape, squares.shape) == ((40, 30), (30,))
    rank = rows - 1
    assert axes[:, :rank].T @ axes[:, :rank] == pytest.approx(np.eye(rank), abs=1e-6)
    assert not axes[:, rank:].any()
    assert not squares[rank:].any()
    assert squares.sum() == pytest.approx(np.square(values).sum())


def test_no_square_of_the_columns_is_made_for_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of features of a hundred pictures: the work follows the smaller number."""
    sizes: list[int] = []
    eigh = np.linalg.eigh
    monkeypatch.setattr(np.linalg, "eigh", lambda matrix: (sizes.append(len(matrix)), eigh(matrix))[1])
    principal_axes(centered(9, 1_400), 3)
    principal_axes(centered(400, 9), 3)
    assert sizes == [9, 9]
