"""Seeded random generators: each follows from seed and position, so that none must be saved.

So a run can be taken up at any step, with nothing to restore but the position.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError

#: What the numbers are drawn for; each purpose has its own stream.
_ORDER: Final = 1
MIRROR: Final = 2
AUGMENTATION: Final = 3
_LAYERS: Final = 4


def check_seed(seed: int) -> None:
    """Raise AssayError `bad-value` unless `seed` is in [0, 2**63)."""
    if not 0 <= seed < 2**63:
        raise AssayError("bad-value", "--seed", f"{seed} is not in [0, 2**63)", "Give a number such as 0.")


def generator(seed: int, purpose: int, epoch: int = 0) -> np.random.Generator:
    """A generator of its own for one purpose and epoch."""
    return np.random.default_rng([seed, purpose, epoch])


def layer_seed(seed: int, epoch: int, step: int, worker: int = 0) -> int:
    """The seed of what a net's own layers draw in one step, as dropout does: in [0, 2**63).

    worker: of several processes each draws for other images, so each draws other numbers.
    """
    return int(
        np.random.default_rng([seed, _LAYERS, epoch, step, *([worker] * (worker > 0))]).integers(2**63)
    )


def epoch_order(rows: NDArray[np.int64], seed: int, epoch: int) -> NDArray[np.int64]:
    """The rows in the order of one epoch: int64, each exactly once."""
    return generator(seed, _ORDER, epoch).permutation(rows)
