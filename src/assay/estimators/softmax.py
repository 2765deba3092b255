"""Softmax and log-sum-exp, without overflow."""

import numpy as np

from assay.core.arrays import Float64s, Floats


def softmax(logits: Floats) -> Float64s:
    """Probabilities float64 `(n, k)` of logits `(n, k)`, each row summing to 1; n may be 0."""
    logits = logits.astype(np.float64, copy=False)
    weights: Float64s = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def log_sum_exp(logits: Float64s) -> Float64s:
    """The logarithm of the sum of the exponentials of each row of `(n, k)`: float64 `(n,)`."""
    most = logits.max(axis=1)
    total: Float64s = most + np.log(np.exp(logits - most[:, None]).sum(axis=1))
    return total
