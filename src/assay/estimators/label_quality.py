"""How far each label can be trusted, by the probabilities of a classifier that did not see it."""

from dataclasses import dataclass

import numpy as np

from assay.core.arrays import Floats, Rows


@dataclass(frozen=True)
class LabelQuality:
    """For each of n images, in their order; None where the classifier does not know the label's class.

    own: the probability of the label. suggested: the most probable other class, and other its probability.
    """

    own: tuple[float | None, ...]
    suggested: tuple[int | None, ...]
    other: tuple[float | None, ...]


def label_quality(probabilities: Floats, labels: Rows, learned: Rows) -> LabelQuality:
    """The label's probability beside that of its strongest rival.

    probabilities: `(n, k)`, out of sample, k >= 2; labels: int64 `(n,)`; learned: the classes that are known.
    """
    each = np.arange(len(labels))
    own = probabilities[each, labels].astype(np.float64)
    rivals = probabilities.astype(np.float64)
    rivals[each, labels] = -1.0
    suggested = rivals.argmax(axis=1)
    other = rivals[each, suggested]
    known = np.isin(labels, learned).tolist()
    return LabelQuality(
        tuple(_rounded(p, k) for p, k in zip(own.tolist(), known, strict=True)),
        tuple(s if k else None for s, k in zip(suggested.tolist(), known, strict=True)),
        tuple(_rounded(p, k) for p, k in zip(other.tolist(), known, strict=True)),
    )


def _rounded(probability: float, known: bool) -> float | None:
    """Seven significant digits: float32 holds no more."""
    return float(f"{probability:.7g}") if known else None
