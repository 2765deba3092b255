"""Features whose inner products are a Gaussian kernel: ridge regression on them is kernel ridge regression.

Random Fourier features only come near the kernel, by a draw. Where images are few, one feature for each image
costs no more and leaves nothing to the draw. No label is looked at, so leaving an image out of the classifier
leaves its label out of everything.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float32s, spread_rows
from assay.estimators.projections import kernel_scale, row_blocks, squared_distances
from assay.estimators.ridge_solution import lower_inverse

#: Added to the kernel's diagonal (1), so that equal images leave the matrix positive definite: a tenth of the
#: smallest penalty that such features are fitted with.
_JITTER: Final = 1e-5

#: The least scale, as a share of the rows' median length: distances far below it are rounding, which a
#: narrower kernel would take for differences between equal images.
_LEAST_SCALE: Final = 1e-4


@dataclass(frozen=True, eq=False)
class KernelMap:
    """The map `k(x, landmarks) @ whitening`.

    landmarks: float64 `(m, components)`; scale: of the Gaussian kernel, in their units; whitening: float64
    `(m, m)`, the transposed inverse of the Cholesky root of the landmarks' kernel matrix.
    """

    landmarks: NDArray[np.float64]
    scale: float
    whitening: NDArray[np.float64]

    def blocks(self, components: Float32s) -> Iterator[Float32s]:
        """The features of `(n, components)`, block by block: float32 `(b, m)`."""
        for block in row_blocks(components):
            similarity = _kernel(block.astype(np.float64), self.landmarks, self.scale)
            yield (similarity @ self.whitening).astype(np.float32)


def fit_kernel_map(components: Float32s, most: int, width: float) -> KernelMap:
    """A Gaussian kernel as wide as `width` median distances, by at most `most` of the rows, evenly spread.

    With all rows of `(n, components)`, n >= 1, the features' products among them are the kernel itself; with
    fewer they are its Nystroem approximation (Williams and Seeger, "Using the Nystroem method to speed up
    kernel machines", 2001).
    """
    landmarks = components[spread_rows(len(components), most)].astype(np.float64)
    length = float(np.median(np.sqrt(np.square(landmarks).sum(axis=1))))
    scale = max(kernel_scale(components, width), _LEAST_SCALE * length)
    matrix = _kernel(landmarks, landmarks, scale)
    matrix[np.diag_indices_from(matrix)] += _JITTER
    return KernelMap(landmarks, scale, np.ascontiguousarray(lower_inverse(np.linalg.cholesky(matrix)).T))


def _kernel(a: NDArray[np.float64], b: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.exp(squared_distances(a, b) / (-2 * scale**2))
    return found
