"""Softmax and log-sum-exp against SciPy, and where a plain computation overflows."""

import numpy as np
import pytest
from scipy import special

from assay.estimators.softmax import log_sum_exp, softmax


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e6])
def test_against_scipy(scale: float) -> None:
    """Equal to an independent implementation, also where exponentials of the logits overflow."""
    logits = scale * np.random.default_rng(0).normal(size=(50, 7))
    assert softmax(logits) == pytest.approx(special.softmax(logits, axis=1), abs=1e-14)
    assert log_sum_exp(logits) == pytest.approx(special.logsumexp(logits, axis=1), rel=1e-14)


def test_by_hand() -> None:
    """Logits 0 and log 3 are odds of one to three; float32 logits give float64 probabilities."""
    found = softmax(np.log(np.array([[1.0, 3.0]], np.float32)))
    assert found.dtype == np.float64
    assert found == pytest.approx(np.array([[0.25, 0.75]]), abs=1e-7)
    assert log_sum_exp(np.log(np.array([[1.0, 3.0]]))) == pytest.approx(np.log([4.0]))


def test_no_rows() -> None:
    """Nothing in, nothing out."""
    assert softmax(np.zeros((0, 3))).shape == (0, 3)
