"""Intervals of proportions for clustered images: frames of a video, slices of a patient, copies.

Images of one group are answered alike, so they tell less than as many single ones. All shares of an
evaluation are given their intervals here.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.evaluation.chance.exact_interval import exact_interval
from assay.evaluation.intervals import CONFIDENCE, Interval, difference_interval, nested_difference_interval
from assay.evaluation.metrics import normal_quantile, wilson_interval
from assay.evaluation.seed_variance import student_t

#: Degrees of freedom up to which Student's quantile is exact.
_FEW: Final = 30

Mask = NDArray[np.bool_]
Groups = NDArray[np.int64]


def share_interval(right: Mask, groups: Groups | None = None, confidence: float = CONFIDENCE) -> Interval:
    """Confidence interval of a share as (low, high) in [0, 1]; with groups, of the share in new groups.

    right: bool `(n,)`, n >= 1. groups: int64 `(n,)`, equal for images of one group; None where each stands
    alone. Wilson's interval (1927), with groups at the effective number of images: Dean and Pagano,
    "Evaluating confidence interval methods for binomial proportions in clustered surveys", 2015.
    """
    if groups is None or len(np.unique(groups)) == len(groups):
        return wilson_interval(int(right.sum()), len(right), confidence)
    share, number = float(right.mean()), effective_images(right, groups, confidence)
    return wilson_interval(share * number, number, confidence)


def corrected_interval(right: Mask, groups: Groups | None, looked_at: int) -> Interval:
    """Interval of the share of one of `looked_at` parts, so wide that all of them hold with 95 % confidence.

    right, groups: as in `share_interval`. Exact (Clopper and Pearson 1934) at a confidence of 1 - 0.05 /
    looked_at (Bonferroni): out there Wilson's interval of a share near 0 or 1 holds far less than it says.
    """
    confidence = 1 - (1 - CONFIDENCE) / max(looked_at, 1)
    if groups is None or len(np.unique(groups)) == len(groups):
        return exact_interval(float(right.sum()), float(len(right)), confidence)
    share, number = float(right.mean()), effective_images(right, groups, confidence)
    return exact_interval(share * number, number, confidence)


def nested_interval(right: Mask, out: Mask, groups: Groups | None = None) -> Interval:
    """95 % interval of the accuracy without the images of `out` minus that of all, in [-1, 1].

    right, out: bool `(n,)`; groups: as in `share_interval`. See `nested_difference_interval`; with groups
    each side counts as its effective number of images.
    """
    kept, removed = right[~out], right[out]
    if groups is None or not out.any():
        return nested_difference_interval(int(kept.sum()), len(kept), int(removed.sum()), len(removed))
    sides = [
        (float(part.mean()), effective_images(part, groups[of]))
        for part, of in ((kept, ~out), (removed, out))
    ]
    low, high = difference_interval(*(number for share, n in sides for number in (share * n, n)))
    return float(out.mean()) * low, float(out.mean()) * high


def effective_images(right: Mask, groups: Groups, confidence: float = CONFIDENCE) -> float:
    """How many images that stand alone tell as much of a share as these do; at most n.

    right: bool `(n,)`, n >= 1; groups: int64 `(n,)`, equal for images of one group. n over the design
    effect, which is the variance of the share between groups over that of single images, and less for few
    groups, whose variance is badly known: Korn and Graubard, "Confidence intervals for proportions with
    small expected number of positive counts estimated from survey data", 1998. Groups of unlike sizes count
    as fewer (n squared over the sum of their squared sizes). A few large groups hold most of the images, and
    the share hardly differs from theirs, so what is seen between groups may be far too little: the effect is
    at least that of how alike answers are within groups (Fleiss and Cuzick 1979). Where all are right, or
    none, there is no variance to see: then each group counts as one answer.
    """
    _, place = np.unique(groups, return_inverse=True)
    sizes, hits = np.bincount(place), np.bincount(place[right], minlength=int(place.max()) + 1)
    n, count, share = len(right), len(sizes), float(right.mean())
    if count == n:
        return float(n)
    if count == 1:
        return 1.0
    squares = int((sizes**2).sum())
    if share in (0.0, 1.0):
        effect = squares / n
    else:
        between = count / (count - 1) * float(((hits - share * sizes) ** 2).sum())
        alike = _likeness(sizes, hits, share)
        effect = max(between / (n * share * (1 - share)), 1 + alike * (squares / n - 1), 1.0)
    freedom = max(n * n // squares - 1, 1)
    few = student_quantile(confidence, n - 1) / student_quantile(confidence, freedom)
    return n / effect * few**2


def _likeness(sizes: NDArray[np.int64], hits: NDArray[np.int64], share: float) -> float:
    """Correlation of two answers in one group, in [0, 1].

    Fleiss and Cuzick, "The reliability of dichotomous judgments: unequal numbers of judges per subject",
    1979.
    """
    within = float((hits * (sizes - hits) / sizes).sum())
    expected = float(sizes.sum() - len(sizes)) * share * (1 - share)
    return max(1 - within / expected, 0.0)


def student_quantile(confidence: float, freedom: int) -> float:
    """How many deviations to each side of its mean hold `confidence` of Student's t distribution.

    Beyond `_FEW` degrees of freedom by four terms of Abramowitz and Stegun, 26.7.5.
    """
    if freedom <= _FEW:
        return student_t(freedom, confidence)
    z = normal_quantile(confidence)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / freedom**power for power, term in enumerate(terms, 1))
