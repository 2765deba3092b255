"""Out-of-distribution gate on the test split: its false-positive rate against the promised one."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.evaluation.chance.exact_interval import exact_interval
from assay.evaluation.grouped import Groups, share_interval
from assay.evaluation.intervals import Interval
from assay.evaluation.metrics import wilson_interval


@dataclass(frozen=True)
class Refused:
    """Of n images, those farther from the training images than the gate allows, with a 95 % interval."""

    n: int
    refused: int
    rate: float
    rate_ci95: Interval


#: Validation images from which a gate keeps what it states; with fewer it is the largest distance seen.
_ENOUGH: Final = 99


def refused_at_most(n: int, stated: float) -> float | None:
    """What a gate refuses of familiar pictures at most, with 95 % confidence; None of `_ENOUGH` images on.

    n: validation images that it was set by. stated: the share that it refuses on average. Over sets of so
    many images the true share has a beta distribution (Vovk 2012), whose ends are Clopper and Pearson's.
    """
    beyond = round(stated * (n + 1)) - 1
    return exact_interval(float(beyond), float(n), 0.9)[1] if 0 < n < _ENOUGH and 0 <= beyond <= n else None


@dataclass(frozen=True)
class Gate:
    """layer: where the features come from. components: numbers that a picture is compared by.

    threshold: the largest familiar distance. false_refusal_rate: the share of familiar pictures that it
    turns away, as promised.
    """

    layer: str
    components: int
    threshold: float
    false_refusal_rate: float
    validation: Refused
    test: Refused


@dataclass(frozen=True)
class OutOfDistribution:
    """gate: None, and the reason, where there is none."""

    gate: Gate | None
    gate_reason: str


def count_refused(distances: NDArray[np.floating], threshold: float, groups: Groups | None = None) -> Refused:
    """How many of the images, with distances `(n,)`, n >= 1, the gate turns away. groups: as in
    `share_interval`."""
    refused = distances > threshold
    count, n = int(refused.sum()), len(refused)
    return Refused(n, count, count / n, share_interval(refused, groups))


def refused_of(refused: int, n: int) -> Refused:
    """The same from counts, each image standing alone."""
    return Refused(n, refused, refused / n, wilson_interval(refused, n))
