"""Some rows of many: evenly spread, and not always those of the same class where labels take turns."""

import numpy as np
import pytest

from assay.core.arrays import spread_rows


@pytest.mark.parametrize(("n", "count"), [(10, 4), (1_000, 1), (1_001, 1_000), (70_000, 8_192), (5, 3)])
def test_one_row_of_each_stretch(n: int, count: int) -> None:
    """Of `count` equal stretches each has one row, so none is twice and none far from the next."""
    rows = spread_rows(n, count)
    assert rows.dtype == np.int64
    assert (rows >= np.arange(count) * n // count).all()
    assert (rows < (np.arange(count) + 1) * n // count).all()
    assert spread_rows(n, count).tolist() == rows.tolist()


def test_few_rows_are_all_taken() -> None:
    """No more than there are."""
    assert spread_rows(3, 10).tolist() == spread_rows(3, 3).tolist() == [0, 1, 2]
    assert spread_rows(0, 10).tolist() == []


@pytest.mark.parametrize("turns", [2, 3, 7, 10])
def test_labels_that_take_turns_are_all_met(turns: int) -> None:
    """As many images as a multiple of the steps: at equal steps they were of one class."""
    counts = np.bincount(spread_rows(1_000 * turns, 1_000) % turns, minlength=turns)
    assert (np.abs(counts - 1_000 / turns) < 5 * np.sqrt(1_000 / turns)).all()
