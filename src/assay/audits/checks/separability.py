"""Check `separability`: class pairs that are confused, and the error of simple to stronger classifiers."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.class_similarity import nearest_mean_accuracy
from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import not_evaluated, percent
from assay.audits.checks.leakage.column_groups import doubt_by_column
from assay.audits.checks.neighborhoods import GAIN, SIGNIFICANT, gain_sentence
from assay.audits.measures.cross_validated import NO_BETTER_THAN_CHANCE
from assay.audits.values import Finding
from assay.core.arrays import Rows
from assay.data.values import Split
from assay.duplicates.candidates import averaged_down
from assay.estimators import ridge
from assay.estimators.mcnemar import groups_test
from assay.estimators.noise.pair_flips import binomial_tail
from assay.evaluation.grouped import effective_images

#: A pair of classes is hard where the reference takes more than this share of both for the other.
HARD: Final = 0.1

#: With fewer images of a class the reference may find nothing where there is something.
_FEW: Final = 50

#: Pixel values that the linear model sees at most (28 x 28 gray, 16 x 16 in color): its cost grows with
#: their number squared.
_VALUES: Final = 784

#: Rows per block of pixel values.
_BLOCK: Final = 4096

_PAIRS: Final = 10


def check_separability(context: CheckContext) -> Checked:
    """Compare class means, a linear model on pixels, and the reference, by leave-one-out on train."""
    cross_validated = context.cross_validated
    if cross_validated.refusal == NO_BETTER_THAN_CHANCE:
        return Checked(_inseparable(_small_class(context)))
    if cross_validated.refusal:
        return not_evaluated("separability", cross_validated.refusal)
    train, k = context.dataset.train, len(context.dataset.classes)
    linear = linear_right(train, k, context.groups)
    reference_right = cross_validated.probabilities["train"].argmax(axis=1) == train.labels
    by_chance = groups_test(linear, reference_right, context.groups)
    steps = {
        "class means": nearest_mean_accuracy(train, context.measurements["train"], context.groups),
        "linear on pixels": float(linear.mean()),
        "reference with spatial features": cross_validated.accuracy["train"],
    }
    pairs = hard_pairs(
        cross_validated.probabilities["train"], train.labels, context.dataset.classes, context.groups
    )
    hard = [pair for pair in pairs if pair["confused"] > HARD and not pair["may_be_chance"]]
    reference = {"reference": context.strength.as_record()}
    if not hard and context.strength.too_weak:  # many classes, each confused with many: no pair stands out
        return not_evaluated("separability", context.strength.too_weak, reference)
    return Checked(
        Finding(
            check="separability",
            verdict="warn" if hard else "pass",
            summary=_summary(steps, by_chance, hard, pairs) + doubt_by_column(context.dataset),
            evidence={
                "accuracy": steps,
                "gain": gains(steps),
                "gain_p": by_chance,
                "hardest": pairs[:_PAIRS],
                "hard": len(hard),
                **reference,
            },
            threshold=f"of a pair of classes, at most {percent(HARD, 0)} are classified as the other, beyond "
            "what chance makes of the most confused one of all pairs; a gain "
            f"is an error lower by {percent(GAIN, 0)} of itself, beyond chance (p below {SIGNIFICANT:g}, "
            "McNemar's exact test; images that are left out together count once)",
            reason="each step adds one ability: positions weighed together, then edges and neighborhoods "
            "(gradient histograms); what it gains is the measured case for a model that has it",
            fix="Give these classes most of the attention: more images, clearer definitions, or merge them."
            if hard
            else "",
        )
    )


def _small_class(context: CheckContext) -> str:
    """That a class has too few images for a weak signal to be told; empty where none has."""
    counts = context.dataset.train.counts(len(context.dataset.classes))
    learned = context.cross_validated.learned
    least = learned[counts[learned].argmin()]
    if counts[least] >= _FEW:
        return ""
    return (
        f" That is no proof that there is nothing: with {counts[least]} training images of "
        f"{context.dataset.classes[least]} only what is plain can be told."
    )


def _inseparable(small: str) -> Finding:
    return Finding(
        check="separability",
        verdict="warn",
        summary=f"{NO_BETTER_THAN_CHANCE[0].upper()}{NO_BETTER_THAN_CHANCE[1:]}: it found nothing in the "
        f"training pictures that goes with their labels.{small}",
        evidence={"better_than_chance": False},
        threshold="images left out score higher for their own label than the average image does, by 3 "
        "standard errors",
        reason="labels that belong to other pictures, or pictures that show nothing, cannot be learned",
        fix="Make sure that images and labels are in the same order and belong together."
        + (" Collect more images of the smallest classes." if small else ""),
    )


def gains(steps: dict[str, float]) -> dict[str, float | None]:
    """By what share of itself the error falls at each step; None after an error of 0."""
    names = list(steps)
    return {
        f"{before} -> {after}": (steps[after] - steps[before]) / (1 - steps[before])
        if steps[before] < 1
        else None
        for before, after in pairwise(names)
    }


def _summary(
    steps: dict[str, float], by_chance: float, hard: list[dict[str, Any]], pairs: list[dict[str, Any]]
) -> str:
    figures = ", ".join(f"{name} {percent(accuracy)}" for name, accuracy in steps.items())
    spatial = gain_sentence(steps["class means"], list(gains(steps).values())[-1], by_chance)
    named = (
        f"{len(hard)} hard {'pair' if len(hard) == 1 else 'pairs'}, first {hard[0]['first']} and "
        f"{hard[0]['second']} ({percent(hard[0]['confused'])} confused)"
        if hard
        else f"no hard pair ({pairs[0]['first']} and {pairs[0]['second']}: {percent(pairs[0]['confused'])}"
        f"{_of_few(pairs[0])})"
        if pairs
        else "no pair of classes"
    )
    return f"Leave-one-out accuracy: {figures}. {spatial} {named[0].upper()}{named[1:]}."


def _of_few(pair: dict[str, Any]) -> str:
    """That a large share of a pair is one of few images; empty where it is not large."""
    return f" of {pair['images']:,} images, which may be chance" if pair["confused"] > HARD else ""


def linear_right(split: Split, class_count: int, groups: Rows | None = None) -> NDArray[np.bool_]:
    """Of which images ridge regression on the pixels (averaged down to 784 values at most) tells the class.

    Each by leave-one-out. groups: int64 `(n,)`, equal for images that are left out together.
    """
    side = max(math.isqrt(_VALUES // split.shape[2]), 1)

    def blocks() -> Iterator[NDArray[np.float32]]:
        for block in split.blocks(size=_BLOCK):
            small = averaged_down(block, side)
            pixels = small.reshape(len(small), -1).astype(np.float32) / 255
            yield np.hstack([pixels, np.ones((len(pixels), 1), np.float32)])

    fitted = ridge.fit(blocks, split.labels, class_count, groups)
    scores = ridge.leave_one_out(fitted, blocks, split.labels, groups)
    right: NDArray[np.bool_] = scores.argmax(axis=1) == split.labels
    return right


def hard_pairs(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.int64],
    classes: tuple[str, ...],
    groups: Rows | None = None,
) -> list[dict[str, Any]]:
    """Pairs of classes by falling share of their images that are classified as the other (those over 0).

    may_be_chance: whether any pair would have as many in more than 5 of 100 sets, were the mistakes of each
    class spread evenly over the others, or half of `HARD` of the images confused, where that is less. Images
    of one group (int64 `(n,)`, equal in it) are confused together: they count as their effective number.
    """
    k = len(classes)
    answers = probabilities.argmax(axis=1)
    wrong = answers != labels
    low = np.minimum(labels, answers)[wrong]
    high = np.maximum(labels, answers)[wrong]
    code, counts = np.unique(low * k + high, return_counts=True)
    sizes = np.bincount(labels, minlength=k)
    present = int(np.count_nonzero(sizes))
    even = min(float(wrong.mean()) / max(present - 1, 1), HARD / 2) if len(labels) else HARD / 2
    of_class = np.split(np.argsort(labels, kind="stable"), np.cumsum(sizes)[:-1])
    pairs = []
    for pair, count in zip(code.tolist(), counts.tolist(), strict=True):
        images = int(sizes[pair // k] + sizes[pair % k])
        both = np.concatenate([of_class[pair // k], of_class[pair % k]])
        taken = wrong[both] & np.isin(answers[both], divmod(pair, k))
        number = images if groups is None else effective_images(taken, groups[both])
        seen = math.floor(count / images * number), math.floor(number)
        by_chance = math.comb(present, 2) * binomial_tail(*seen, even)
        pairs.append(
            {
                "first": classes[pair // k],
                "second": classes[pair % k],
                "confused": count / images,
                "images": images,
                "may_be_chance": by_chance >= SIGNIFICANT,
            }
        )
    return sorted(pairs, key=lambda pair: (-pair["confused"], pair["first"], pair["second"]))
