"""Reliability of the reference classifier, as both checks of labels need it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext
from assay.audits.checks.issues import percent
from assay.audits.measures.cross_validated import FEWEST_PER_CLASS, CrossValidated
from assay.core.arrays import spread_rows
from assay.core.text import counted
from assay.estimators.noise.power import told_of_wrong

#: Beyond this share of suspects the score is decided by the labels as much as by the model.
FAIL_SHARE: Final = 0.03


#: Images that the power is worked out on, and their probabilities; of 100 wrong labels what it should reach.
_MOST_JUDGED: Final = 2000
_MOST_CELLS: Final = 2_000_000
_HALF: Final = 50

#: From this share of rows on that are 0 and 1 alone the finding says so.
_MANY_HARD: Final = 0.5

#: A reference that agrees with fewer of the labels makes sure mistakes that look like wrong labels, up to
#: such a share of its mistakes (at most .21 on clean sets that it was not chosen on). A surer one lists right
#: labels, too, up to such a share of all.
_STRONG: Final = 0.9
_OF_MISTAKES: Final = 0.3
OF_ALL: Final = 0.01

#: So few prove nothing, however small the set: of 192 clean sets of 80 to 360 images 73 list 1 to 3 labels.
FEW_LISTED: Final = 3

#: A median class of fewer training images is few.
_FEW_IMAGES: Final = 20


def sure_of_labels(context: CheckContext) -> bool:
    """Whether the reference agrees with so many of the labels that it makes few sure mistakes."""
    return context.label_judge.accuracy.get("train", 1.0) >= _STRONG


def own_mistakes(context: CheckContext, splits: Iterable[str]) -> float:
    """How many labels of some splits the reference may list by its own mistakes."""
    known = {name: int(known_labels(context, name).sum()) for name in splits}
    if sure_of_labels(context):
        return OF_ALL * sum(known.values())
    return _OF_MISTAKES * sum((1 - context.label_judge.accuracy[name]) * n for name, n in known.items())


def why_unsure(context: CheckContext) -> str:
    """Why none of a list need be wrong, for people."""
    if sure_of_labels(context):
        return "right labels have such short lists, too"
    sizes = context.dataset.train.counts(len(context.dataset.classes))[context.label_judge.learned]
    if len(sizes) and np.median(sizes) < _FEW_IMAGES:
        return "the reference learned from few images"
    return "the reference is sure of some of its mistakes"


def told_of_hundred(context: CheckContext) -> int:
    """How many of 100 wrong labels would be listed, were `FAIL_SHARE` of the labels wrong at random."""
    name, probabilities = next(iter(context.label_judge.probabilities.items()))
    labels, learned = context.dataset.splits[name].labels, context.label_judge.learned
    rows = np.flatnonzero(np.isin(labels, learned))
    rows = rows[spread_rows(len(rows), max(1, min(_MOST_JUDGED, _MOST_CELLS // len(learned))))]
    among = np.searchsorted(learned, labels[rows])
    noise = context.noise[name]
    place = {label: i for i, label in enumerate(learned.tolist())}
    flips = tuple(
        replace(flip, true=place[flip.true], label=place[flip.label])
        for flip in noise.flips
        if {flip.true, flip.label} <= place.keys()
    )
    seen = probabilities[rows][:, learned]
    return round(100 * told_of_wrong(seen, among, noise.temperature, FAIL_SHARE, flips))


def little_is_told(context: CheckContext) -> bool:
    """Whether more wrong labels would be missed than told, so that a short list says little."""
    return told_of_hundred(context) < _HALF


def power_of_list_sentence(context: CheckContext) -> str:
    """How many of 100 wrong labels would be told, where that is less than half of them; else empty."""
    if not little_is_told(context):
        return ""
    told = told_of_hundred(context)
    return (
        f" Of 100 wrong labels only about {told} would be told here: that few or none are listed says little."
    )


def hard_sentence(judged: CrossValidated) -> str:
    """That most probabilities are 0 and 1 alone, as hard or rounded answers are; empty where they are not."""
    rows = sum(map(len, judged.probabilities.values()))
    hard = sum(int(((p == 0) | (p == 1)).all(axis=1).sum()) for p in judged.probabilities.values())
    if not rows or hard < _MANY_HARD * rows:
        return ""
    return (
        f" {percent(hard / rows)} of them are 1 for one class and 0 for the others, as hard or rounded "
        "answers are: there each label that differs counts as wrong for certain."
    )


def reference_record(context: CheckContext) -> dict[str, Any]:
    """The strength of the classifier that the finding rests on."""
    return {"reference": context.judge_strength.as_record()}


def small_classes_sentence(context: CheckContext) -> str:
    """Of how many images nothing was said, as their classes have too few in train; empty where of none."""
    names = context.label_judge.probabilities
    left = sum(int((~known_labels(context, name)).sum()) for name in names)
    if not left:
        return ""
    why = "class has" if left == 1 else "classes have"
    few = "no" if context.label_judge.own else f"fewer than {FEWEST_PER_CLASS}"
    were = "was" if left == 1 else "were"
    return f" {counted(left, 'image', 'images')} {were} not judged: the {why} {few} training images."


def known_labels(context: CheckContext, name: str) -> NDArray[np.bool_]:
    """Which images carry a label that the reference could learn."""
    labels = context.dataset.splits[name].labels
    return np.isin(labels, context.label_judge.learned)
