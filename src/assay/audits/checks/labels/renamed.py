"""Permuted class names: what `label-errors` says of splits that name classes otherwise than train."""

from typing import Any, Final

import numpy as np

from assay.audits.checks.context import CheckContext
from assay.audits.checks.labels.judge_reliability import known_labels
from assay.core.text import one_line
from assay.estimators.noise.renamed_classes import renamed_classes

#: Pairs named in the sentence; all stand in the evidence.
_NAMED: Final = 3

#: A class is said to have gone where so many images of one other class look like it, and that class has more
#: than this share of all that do. In train the classifier reads of no class without images.
FEWEST_GONE: Final = 10
_MOSTLY: Final = 0.75


def renamed_evidence(context: CheckContext) -> list[dict[str, Any]]:
    """Of every split but train, the classes whose images look like another class of the same circle."""
    classes, found = context.dataset.classes, []
    for name, probabilities in context.label_judge.probabilities.items():
        if name == "train":  # which teaches the names
            continue
        known = known_labels(context, name)
        labels, answers = context.dataset.splits[name].labels[known], probabilities[known].argmax(axis=1)
        found += [
            {"split": name, "label": classes[one.label], "looks_like": classes[one.answer],
             "moved": one.moved, "units": one.units}
            for one in renamed_classes(labels, answers, context.units(name)[known], len(classes))
        ]  # fmt: skip
    return found


def gone_evidence(context: CheckContext) -> list[dict[str, Any]]:
    """Of every split but train, the classes without an image whose pictures bear one other class's name."""
    classes, found = context.dataset.classes, []
    for name, probabilities in context.label_judge.probabilities.items():
        if name == "train":
            continue
        known = known_labels(context, name)
        labels, answers = context.dataset.splits[name].labels[known], probabilities[known].argmax(axis=1)
        units = context.units(name)[known]
        for gone in np.setdiff1d(context.label_judge.learned, labels):
            alike = answers == gone
            under, times = np.unique(labels[alike], return_counts=True)
            if len(under) == 0:
                continue
            label = under[times.argmax()]
            images = len(np.unique(units[alike & (labels == label)]))
            if images >= FEWEST_GONE and images > _MOSTLY * len(np.unique(units[alike])):
                told = {"split": name, "class": classes[gone], "label": classes[label], "images": images}
                found.append(told)
    return found


def gone_sentence(found: list[dict[str, Any]]) -> str:
    """Which classes, for people; empty where none is told."""
    return "".join(
        f" No image of {one['split']} has the label {one_line(one['class'])}, and {one['images']:,} with the "
        f"label {one_line(one['label'])} look like it: were all its images given that name?"
        for one in found[:_NAMED]
    )


def renamed_sentence(found: list[dict[str, Any]]) -> str:
    """Which classes, for people; empty where none is told."""
    if not found:
        return ""
    said = [f"{one_line(one['label'])} looks like {one_line(one['looks_like'])}" for one in found[:_NAMED]]
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"Classes bear each other's names: in {found[0]['split']} {', '.join(said)}{more}. "
