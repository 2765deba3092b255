"""Features brought to mean 0 and deviation 1, so that a penalty weighs them alike."""

from typing import Final

import numpy as np

from assay.core.arrays import Float32s

#: Added to every deviation, as a share of their mean: a feature that hardly varies must not be blown up.
_FLOOR: Final = 1e-2

#: The offset's column beside features of deviation 1: so large that a penalty hardly weighs on the offset.
#: With 1 the leave-one-out accuracy on 100 stamps was 0.47, with 6 it was 0.76.
OFFSET: Final = 30.0

#: A direction whose eigenvalue is a smaller share of the largest is rounding: rows that are there twice.
_SPANNED: Final = 1e-11

#: What stands for it where nothing varies at all.
_LEAST: Final = 1e-6


def fit_scale(features: Float32s) -> tuple[Float32s, Float32s]:
    """Mean and floored deviation of each column of `(n, d)`: float32 `(d,)` each. No label is looked at."""
    wide = features.astype(np.float64)
    mean, deviation = wide.mean(axis=0), wide.std(axis=0)
    floored = deviation + _FLOOR * float(deviation.mean()) + _LEAST
    return mean.astype(np.float32), floored.astype(np.float32)


def scaled(features: Float32s, mean: Float32s, deviation: Float32s) -> Float32s:
    """`(features - mean) / deviation`, float32 `(n, d)`."""
    found: Float32s = (features - mean) / deviation
    return found


def with_offset(inputs: Float32s) -> Float32s:
    """With a last column of `OFFSET`, by which a linear classifier gets its offset."""
    return np.hstack([inputs, np.full((len(inputs), 1), OFFSET, np.float32)])


def row_space(inputs: Float32s) -> Float32s:
    """A basis `(d, r)` of what the rows of `(n, d)` span, r = min(n, d): orthonormal columns, and columns
    of zeros where the rows span fewer directions.

    Ridge regression on `inputs @ basis` answers as on the inputs, whose coefficients lie in that space; of
    fewer rows than columns costs a fraction: the Gram matrix is of n, not of d. The basis follows from the
    eigenvectors of that matrix: a QR decomposition of 3,584 columns took ten times as long.
    """
    if len(inputs) >= inputs.shape[1]:
        return np.eye(inputs.shape[1], dtype=np.float32)
    wide = inputs.astype(np.float64)
    eigenvalues, axes = np.linalg.eigh(wide @ wide.T)
    spanned = eigenvalues > _SPANNED * max(float(eigenvalues.max(initial=0.0)), 0.0)
    lengths = np.where(spanned, np.sqrt(np.where(spanned, eigenvalues, 1.0)), np.inf)
    basis = wide.T @ (axes / lengths)
    return np.ascontiguousarray(basis, np.float32)
