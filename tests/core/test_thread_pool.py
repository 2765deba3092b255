"""Work on all cores, in order, without reading ahead of it."""

from collections.abc import Iterator

import pytest

from assay.core.machine import thread_count
from assay.core.thread_pool import in_order


def test_results_come_in_order_and_few_items_are_taken_in_advance() -> None:
    """Blocks of a set of images would fill the memory, were all of them read at once."""
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(500):
            taken += 1
            yield number

    for place, found in enumerate(in_order(lambda number: number**2, items())):
        assert found == place**2
        assert taken - place <= 2 * thread_count() + 1
    assert taken == 500
    assert list(in_order(str, [])) == []


def test_an_error_of_one_is_raised() -> None:
    """Where its result would come."""
    results = in_order(lambda number: 6 // number, [3, 2, 0, 1])
    assert [next(results), next(results)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(results)
