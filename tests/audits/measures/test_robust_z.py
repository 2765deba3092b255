"""How unusual figures are: by hand, and with figures that are not known."""

import numpy as np
import pytest

from assay.audits.measures.robust_z import by_class, low_tail_scores, robust_scores, tail_scores


def test_by_hand() -> None:
    """0 to 10: median 5, lowest tenth 1, 95th percentile 9.5, median absolute deviation 3."""
    reference = np.arange(11.0)
    assert low_tail_scores(np.array([-3.0, 5, 9]), reference).tolist() == pytest.approx([2, 0, -1])
    assert tail_scores(np.array([9.5, 14.0, 5.0]), reference).tolist() == pytest.approx([0, 1, -1])
    assert robust_scores(np.array([5 + 1.4826 * 3]), reference).tolist() == pytest.approx([1])


@pytest.mark.parametrize("score", [robust_scores, tail_scores, low_tail_scores])
def test_a_figure_that_is_not_known_scores_nothing_and_hides_nothing(score) -> None:
    """As the sharpness of an image of one color; beside classes, too, and where none is known."""
    values = np.array([-4.0, 3, 30])
    reference = np.arange(40.0)
    expected = score(values, reference)
    unknown = np.append(reference, np.nan)
    assert score(np.append(values, np.nan), unknown).tolist() == [*expected.tolist(), 0]
    assert score(values, np.full(3, np.nan)).tolist() == [0, 0, 0]
    labels = np.zeros(len(unknown), np.int64)
    found = by_class(score, values, labels[:3], unknown, labels)
    assert found.tolist() == expected.tolist()
