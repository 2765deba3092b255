"""The expected number of wrong labels among those that `label-errors` lists, as a range."""

from collections.abc import Mapping
from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext
from assay.audits.checks.issues import percent
from assay.audits.checks.labels.judge_reliability import FEW_LISTED, own_mistakes, sure_of_labels, why_unsure
from assay.core.arrays import Rows
from assay.estimators.noise.pair_flips import binomial_tail

#: A chance that would be rounded to certainty is told as one over this.
_SURE: Final = 0.99

#: Two classes have more listed labels between them than labels wrong at random would, in any pair of classes.
_CROWDED: Final = 0.05

#: Deviations of the number of wrong ones among labels of known chances.
_DEVIATIONS: Final = 1.96


def told_expected(context: CheckContext, suspects: Mapping[str, Rows]) -> str:
    """How many of the list are expected to be wrong, in parentheses; empty where nothing is listed."""
    chances = chances_of(context, suspects)
    if len(chances) == 0:
        return ""
    low, high = expected_range(context, suspects)
    if len(chances) == 1:
        chance = float(chances[0])
        sure = percent(chance, 0) if chance < _SURE else f"over {percent(_SURE, 0)}"
        why = f", or it is right: {why_unsure(context)}" if low == 0 else ""
        return f" (with a chance of {sure}{why})"
    told = f"about {chances.sum():.0f} of these {len(chances)} are expected to be wrong"
    if context.label_judge.own:
        return f" ({told})"
    if low == 0:
        return f" ({told}, or none: {why_unsure(context)})"
    why = "" if sure_of_labels(context) else f": {why_unsure(context)}"
    return f" (roughly {low:.0f} to {high:.0f} of these {len(chances)} are expected to be wrong{why})"


def expected_range(context: CheckContext, suspects: Mapping[str, Rows]) -> tuple[float, float]:
    """The least and the most of the list that may be wrong.

    At most what the chances of the labels come to, and two deviations more. At least that of the labels that
    `beyond_mistakes` counts, less what the reference may list by its own mistakes; 0 where that is less than
    one, or of few labels.
    """
    chances = chances_of(context, suspects)
    total, spread = float(chances.sum()), float((chances * (1 - chances)).sum()) ** 0.5
    most = min(total + _DEVIATIONS * spread, float(len(chances)))
    if context.label_judge.own:
        return total, most
    listed = beyond_mistakes(context, suspects)
    least = float(chances[listed].sum()) - own_mistakes(context, suspects)
    return (least if least >= 1 and len(chances) > FEW_LISTED else 0.0), most


def beyond_mistakes(context: CheckContext, suspects: Mapping[str, Rows]) -> NDArray[np.bool_]:
    """Which labels of the list, in its order, do not lie in a crowd between two classes, bool `(n,)`.

    A reference that is not sure makes its sure mistakes between few classes that look alike (O and 0), and
    labels that are wrong at random lie between all. Crowded are two classes with more of the list than chance
    puts between any two, unless their labels are told as mixed up. Images of one unit count once.
    """
    parts = [_pairs_and_units(context, name, rows) for name, rows in suspects.items()]
    pairs = np.concatenate([np.zeros(0, np.int64), *(pair for pair, _ in parts)])
    if context.label_judge.own or sure_of_labels(context):
        return np.ones(len(pairs), bool)
    counted = [np.unique(np.stack(part), axis=1)[0] for part in parts]
    found, often = np.unique(np.concatenate([np.zeros(0, np.int64), *counted]), return_counts=True)
    ways = comb(len(context.label_judge.learned), 2)
    total, mixed = int(often.sum()), _mixed_up(context)
    crowded = [
        pair
        for pair, count in zip(found.tolist(), often.tolist(), strict=True)
        if ways > 1 and pair not in mixed and ways * binomial_tail(count, total, 1 / ways) < _CROWDED
    ]
    return ~np.isin(pairs, crowded)


def _pairs_and_units(context: CheckContext, name: str, rows: Rows) -> tuple[Rows, Rows]:
    """For each listed label the number of its pair of classes, and its unit."""
    labels = context.dataset.splits[name].labels[rows]
    suggested = context.label_judge.probabilities[name][rows].argmax(axis=1)
    pairs = np.minimum(labels, suggested) * len(context.dataset.classes) + np.maximum(labels, suggested)
    return pairs, context.units(name)[rows]


def _mixed_up(context: CheckContext) -> set[int]:
    k = len(context.dataset.classes)
    pairs = (flip.pair for noise in context.noise.values() for flip in noise.flips)
    return {first * k + second for first, second in pairs}


def chances_of(context: CheckContext, suspects: Mapping[str, Rows]) -> NDArray[np.float64]:
    """The chance of each label on the list to be wrong."""
    return np.concatenate([np.zeros(0), *(context.wrong_chances[name][r] for name, r in suspects.items())])
