"""Class-conditional noise: what `label-errors` says of classes mixed up with one other class."""

from typing import Any

import numpy as np

from assay.audits.checks.context import CheckContext
from assay.audits.checks.issues import percent
from assay.audits.checks.labels.judge_reliability import known_labels
from assay.audits.checks.labels.renamed import renamed_evidence
from assay.audits.checks.labels.unlike_train import unlike_splits
from assay.estimators.noise.pair_flips import MARGIN, SIGNIFICANT, PairFlip, smallest_share
from assay.evaluation.metrics import wilson_interval

#: Pairs named in the sentence; all stand in the evidence.
_NAMED = 2


def flips_of(context: CheckContext) -> list[tuple[str, PairFlip]]:
    """The mixed up pairs with their split, but for classes that are told to bear each other's names, and for
    splits of pictures that the reference does not know."""
    renamed = {(one["split"], one["looks_like"], one["label"]) for one in renamed_evidence(context)}
    classes, unlike = context.dataset.classes, unlike_splits(context)
    return [
        (name, flip)
        for name, matrix in context.noise.items()
        if name not in unlike
        for flip in matrix.flips
        if (name, classes[flip.true], classes[flip.label]) not in renamed
    ]


def expected_mixed_up(context: CheckContext) -> float:
    """How many labels of all splits are expected to be wrong by mixed up pairs of classes."""
    return sum(flip.expected for _, flip in flips_of(context))


def mixed_up_sentence(context: CheckContext) -> str:
    """Which classes, and about how many labels, for people; empty where no pair is told."""
    told = flips_of(context)
    told.sort(key=lambda item: -item[1].expected)
    if not told:
        return ""
    said = "; ".join(_said(context, name, flip) for name, flip in told[:_NAMED])
    more = len(told) - _NAMED
    rest = "" if more < 1 else f"; and {more} more {'pair' if more == 1 else 'pairs'} of classes"
    either = "look mixed up, or their pictures do not show what parts them"
    return f" Labels of whole classes {either}: {said}{rest}."


def _said(context: CheckContext, name: str, flip: PairFlip) -> str:
    low, high = _range(flip)
    true, label = context.dataset.classes[flip.true], context.dataset.classes[flip.label]
    return (
        f"in {name} about {flip.expected:.0f} images of {true} are labelled {label} (roughly "
        f"{low:.0f} to {high:.0f}), for of the images most like {true} {percent(flip.share, 0)} are"
    )


def _range(flip: PairFlip) -> tuple[float, float]:
    """The expected number for both ends of the interval of the share, the low one for pictures that are alike
    besides: no 95 % interval, for which pictures are most like a class is an estimate too."""
    low, high = wilson_interval(flip.wrong, flip.seen)
    return low / MARGIN * flip.images, high * flip.images


def mixed_up_evidence(context: CheckContext) -> dict[str, Any]:
    """The pairs, and from which share of a class the check could have told one."""
    classes = context.dataset.classes
    pairs = [
        {
            "split": name,
            "class": classes[flip.true],
            "label": classes[flip.label],
            "expected_wrong": flip.expected,
            "expected_wrong_range": list(_range(flip)),
            "share": flip.share,
            "units": flip.seen,
            "p_value": flip.p_value,
        }
        for name, flip in flips_of(context)
    ]
    return {"pairs": pairs, "significance": SIGNIFICANT, "smallest_share": _smallest(context)}


def _smallest(context: CheckContext) -> dict[str, float | None]:
    """Per split the least share of a class that is told in most pairs of classes; None where none is."""
    found = {}
    for name, probabilities in context.label_judge.probabilities.items():
        known = known_labels(context, name)
        labels = context.dataset.splits[name].labels[known]
        found[name] = smallest_share(probabilities[known], labels, context.units(name)[known])
    return found


def power_sentence(context: CheckContext) -> str:
    """What could be seen of labels given to one other class; for the finding's threshold."""
    name, least = next(iter(_smallest(context).items()), ("", None))
    unseen = "; a class of train that got all images of another one looks like a class of two kinds"
    if least is None:
        return (
            "labels of a class that were given to one other class can hardly be told: the classes are too "
            "small, or too much alike" + unseen
        )
    sizes = np.bincount(context.dataset.splits[name].labels)
    return (
        f"labels of a class that were given to one other class are told from about {percent(least, 0)} of a "
        "class on, in most of the pairs of classes that were tried with these very images (the middle class "
        f"has {int(np.median(sizes[sizes > 0]))}), and later where two classes are alike" + unseen
    )
