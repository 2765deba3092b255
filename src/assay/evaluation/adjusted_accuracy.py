"""Adjusted accuracies: without leaked copies, without suspect labels, and as a person decided.

Images with a copy in train make it too good. Images whose label is likely wrong make it too bad - but so
does every honest mistake of the classifier that disputes the labels, so taking them out raises the accuracy
even where every label is right. That score is a bound, no correction, and is shown with three figures that
say how far it can be believed.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.estimators.label_noise import Chances, LabelPosterior, chances
from assay.evaluation.grouped import nested_interval, share_interval
from assay.evaluation.intervals import Interval

#: The adjusted accuracies, in their order.
ENTRIES: Final = ("as_given", "without_copies", "without_suspects", "without_both")

#: Test sets with labels drawn anew.
DRAWS: Final = 200

_UNDECIDED: Final = "no decision changes a test image"

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Score:
    """A share of right answers with its 95 % Wilson interval."""

    n: int
    correct: int
    accuracy: float
    ci95: Interval


@dataclass(frozen=True)
class Entry(Score):
    """The score of the images that are left when `removed` are taken out.

    difference: its accuracy minus that of all images, with the 95 % interval of the paired difference.
    """

    removed: int
    difference: float
    difference_ci95: Interval


@dataclass(frozen=True)
class CleanRise:
    """How far taking out disputed images raises the accuracy where every label is right.

    mean, low, high: mean, 2.5th and 97.5th percentile over `draws` test sets. removed: images disputed, in
    the mean. floor: share of the labels that no picture explains, which the drawn labels are free of.
    """

    mean: float
    low: float
    high: float
    removed: float
    floor: float
    draws: int
    seed: int


@dataclass(frozen=True)
class Suspects:
    """What the score without suspects is worth. clean_rise: None, and the reason, where it cannot be made."""

    n: int
    counted_right: Score
    counted_wrong: Score
    rise: float | None
    clean_rise: CleanRise | None
    clean_rise_reason: str


@dataclass(frozen=True)
class DecidedScore(Score):
    """The score as a person decided about test images: without the dropped ones, with their new labels.

    No interval of the difference: none has been shown to hold for labels that somebody chose to look at.
    """

    dropped: int
    relabelled: int
    difference: float


@dataclass(frozen=True, eq=False)
class DecidedImages:
    """What was decided about the images judged. labels: int64 `(n,)`; dropped: bool `(n,)`."""

    labels: NDArray[np.int64]
    dropped: Mask


@dataclass(frozen=True)
class AdjustedAccuracy:
    """The adjusted accuracies; that of all images first. None: see the reason beside it."""

    as_given: Entry
    without_copies: Entry | None
    without_copies_reason: str
    without_suspects: Entry | None
    without_suspects_reason: str
    without_both: Entry | None
    without_both_reason: str
    suspects: Suspects | None
    suspects_reason: str
    with_decisions: DecidedScore | None
    with_decisions_reason: str


@dataclass(frozen=True, eq=False)
class FlaggedTestImages:
    """Which images of the split are in doubt: bool `(n,)`, or None and the reason.

    posterior: of the classifier that disputes labels, for simulating its false alarms.
    decided: what a person decided about the images.
    """

    copies: Mask | None
    copies_reason: str
    suspects: Mask | None
    suspects_reason: str
    posterior: LabelPosterior | None = None
    decided: DecidedImages | None = None


def nothing_flagged(reason: str) -> FlaggedTestImages:
    """Nothing is known of the images, for one reason."""
    return FlaggedTestImages(None, reason, None, reason)


def adjusted_accuracy(
    labels: NDArray[np.int64],
    predicted: NDArray[np.int64],
    class_count: int,
    flagged_test: FlaggedTestImages,
    seed: int = 0,
    groups: NDArray[np.int64] | None = None,
) -> AdjustedAccuracy:
    """All adjusted accuracies. labels, predicted: int64 `(n,)`, n >= 1. groups: as in `share_interval`."""
    right = labels == predicted
    both_reason = flagged_test.copies_reason or flagged_test.suspects_reason
    both = None
    if flagged_test.copies is not None and flagged_test.suspects is not None:
        both = flagged_test.copies | flagged_test.suspects
    as_given, _ = _entry(right, np.zeros(len(right), bool), "", groups)
    assert as_given is not None
    suspects = None
    if flagged_test.suspects is not None:
        suspects = _suspects(
            right, flagged_test.suspects, predicted, class_count, flagged_test.posterior, seed, groups
        )
    return AdjustedAccuracy(
        as_given,
        *_entry(right, flagged_test.copies, flagged_test.copies_reason, groups),
        *_entry(right, flagged_test.suspects, flagged_test.suspects_reason, groups),
        *_entry(right, both, both_reason, groups),
        suspects,
        flagged_test.suspects_reason,
        *_as_decided(labels, predicted, flagged_test.decided, groups),
    )


def _entry(
    right: Mask, out: Mask | None, reason: str, groups: NDArray[np.int64] | None
) -> tuple[Entry | None, str]:
    """The score without the images of `out`, or None and the reason."""
    if out is None:
        return None, reason
    if out.all():
        return None, "no image is left"
    own, removed = score(right[~out], _of(groups, ~out)), int(out.sum())
    interval = nested_interval(right, out, groups)
    return Entry(
        **vars(own), removed=removed, difference=own.accuracy - float(right.mean()), difference_ci95=interval
    ), ""


def _of(groups: NDArray[np.int64] | None, kept: Mask) -> NDArray[np.int64] | None:
    return None if groups is None else groups[kept]


def _as_decided(
    labels: NDArray[np.int64],
    predicted: NDArray[np.int64],
    decided: DecidedImages | None,
    groups: NDArray[np.int64] | None,
) -> tuple[DecidedScore | None, str]:
    if decided is None:
        return None, _UNDECIDED
    kept, changed = ~decided.dropped, (decided.labels != labels) & ~decided.dropped
    if kept.all() and not changed.any():
        return None, _UNDECIDED
    if not kept.any():
        return None, "no image is left"
    own = score((decided.labels == predicted)[kept], _of(groups, kept))
    difference = own.accuracy - float((labels == predicted).mean())
    dropped, relabelled = int(decided.dropped.sum()), int(changed.sum())
    return DecidedScore(**vars(own), dropped=dropped, relabelled=relabelled, difference=difference), ""


def score(right: Mask, groups: NDArray[np.int64] | None = None) -> Score:
    """A share of right answers. right: bool `(n,)`, n >= 1; groups: as in `share_interval`."""
    correct = int(right.sum())
    return Score(len(right), correct, correct / len(right), share_interval(right, groups))


def _suspects(
    right: Mask,
    out: Mask,
    predicted: NDArray[np.int64],
    class_count: int,
    posterior: LabelPosterior | None,
    seed: int,
    groups: NDArray[np.int64] | None,
) -> Suspects:
    rise = None if out.all() else float(right[~out].mean() - right.mean())
    counted = score(right | out, groups), score(right & ~out, groups)
    if posterior is None:
        reason = "the audit does not tell what its classifier thinks of the other labels"
        return Suspects(int(out.sum()), *counted, rise, None, reason)
    clean = _clean_rise(chances(posterior, predicted, class_count), posterior.floor, seed)
    return Suspects(int(out.sum()), *counted, rise, clean, "")


def _clean_rise(chance: Chances, floor: float, seed: int) -> CleanRise:
    """Draw every label anew from what the disputing classifier believes, and apply its rule to them.

    Such labels are right by construction: each is what its picture shows, as often as the classifier thinks
    so. One number in [0, 1) decides for each image what its label does: right and disputed, right, disputed,
    or neither.
    """
    generator = np.random.default_rng([seed, 0xC1EA])
    rises, removed = np.zeros(DRAWS), np.zeros(DRAWS)
    for draw in range(DRAWS):
        number = generator.random(len(chance.answer))
        right = number < chance.answer
        # From `answer - both` on, so that the two overlap in exactly `both`.
        start = chance.answer - chance.both
        out = (number >= start) & (number < start + chance.disputed)
        removed[draw] = out.sum()
        rises[draw] = right[~out].mean() - right.mean() if not out.all() else 0.0
    low, high = np.quantile(rises, [0.025, 0.975])
    return CleanRise(float(rises.mean()), float(low), float(high), float(removed.mean()), floor, DRAWS, seed)
