"""Out-of-sample accuracy of the reference classifier, which every finding that rests on it states."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from assay.audits.measures.cross_validated import CrossValidated
from assay.core.arrays import Rows
from assay.data.values import Dataset
from assay.evaluation.intervals import Interval
from assay.evaluation.metrics import wilson_interval

#: A reference that is surely right for less than this share of the labels is too weak to dispute them.
#: Measured on digits under growing noise: with 5 % of the labels wrong, 79 % of the disputed labels are wrong
#: ones at an accuracy of .83 and 57 % at .66; with none wrong, it disputes 1.6 % at .88 and 3.5 % at .71.
WEAKEST: Final = 0.7


@dataclass(frozen=True)
class Strength:
    """Out-of-sample accuracy on n images beside that of always answering the largest class.

    Both with their 95 % Wilson intervals for as many answers as there are `units`: groups of images that were
    left out together, for such images are right or wrong together.
    """

    n: int
    units: int
    accuracy: float
    accuracy_ci95: Interval
    majority_accuracy: float
    majority_ci95: Interval

    @property
    def too_weak(self) -> str:
        """Why labels cannot be judged by it; empty where they can."""
        least = max(WEAKEST, self.majority_accuracy)
        if self.accuracy_ci95[1] >= least:
            return ""
        (low, high), always = self.accuracy_ci95, self.majority_accuracy
        return (
            f"the reference is too weak on these data: it agrees with {100 * self.accuracy:.1f} % of the "
            f"labels (95 % interval {100 * low:.1f} % to {100 * high:.1f} %; always one class: "
            f"{100 * always:.1f} %), and below {100 * least:.0f} % it cannot tell its own "
            "mistakes from wrong labels"
        )

    def as_record(self) -> dict[str, Any]:
        """As JSON types."""
        return {
            "images": self.n,
            "units": self.units,
            "accuracy": self.accuracy,
            "accuracy_ci95": list(self.accuracy_ci95),
            "majority_accuracy": self.majority_accuracy,
            "majority_accuracy_ci95": list(self.majority_ci95),
            "weakest": WEAKEST,
        }


def reference_strength(
    cross_validated: CrossValidated, dataset: Dataset, groups: Rows | None = None
) -> Strength:
    """The strength on the first split that it judged: train, unless the user gave probabilities of others.

    groups: those of `judge`, of the training images.
    """
    judged, probabilities = next(iter(cross_validated.probabilities.items()))
    split = dataset.splits[judged]
    n = len(split)
    units = n if groups is None else len(np.unique(groups))
    right = float((probabilities.argmax(axis=1) == split.labels).mean())
    largest = int(split.counts(len(dataset.classes)).max()) / n
    return Strength(n, units, right, _interval(right, units), largest, _interval(largest, units))


def _interval(share: float, units: int) -> Interval:
    return wilson_interval(round(share * units), units)
