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


def test_few_rows_have_the_same_axes() -> None:
    """The small matrix of the rows' products gives what the large one of the columns' gives."""
    values = centered(8, 40)
    axes, few = principal_axes(values, 5)[0], principal_axes_of_few(values, 5)
    assert np.abs((axes * few).sum(axis=0)) == pytest.approx(np.ones(5))
