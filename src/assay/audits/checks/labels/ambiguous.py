"""Check `ambiguous-labels`: images that two classes fit about equally."""

import numpy as np

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import counted, flagged, not_evaluated, percent
from assay.audits.checks.labels.judge_reliability import (
    FAIL_SHARE,
    known_labels,
    reference_record,
    small_classes_sentence,
)
from assay.audits.issues import Issue
from assay.audits.values import Finding
from assay.estimators.noise.noise_matrix import BOTH


def check_ambiguous_labels(context: CheckContext) -> Checked:
    """Find images that two classes fit about equally, so that no label is surely right."""
    cross_validated = context.label_judge
    if cross_validated.refusal:
        return not_evaluated("ambiguous-labels", cross_validated.refusal)
    if context.judge_strength.too_weak:
        return not_evaluated("ambiguous-labels", context.judge_strength.too_weak, reference_record(context))
    issues = [issue for name in cross_validated.probabilities for issue in _ambiguous(context, name)]
    total = sum(int(known_labels(context, name).sum()) for name in cross_validated.probabilities)
    return Checked(
        Finding(
            check="ambiguous-labels",
            verdict="warn" if len(issues) > FAIL_SHARE * total else "pass",
            summary=counted(
                len(issues),
                total,
                "image fits two classes about equally.",
                "images fit two classes about equally.",
            )
            + small_classes_sentence(context),
            evidence={"ambiguous": len(issues), "images": total, **reference_record(context)},
            threshold=f"two classes with probability at least {BOTH:g} each; more than "
            f"{percent(FAIL_SHARE, 0)} of the images warn",
            reason="the reference misclassifies about half of such images, and so does every model that sees "
            "no more than it; one that sees more may tell them apart",
            fix="Ask whether the two classes can be told apart by the picture at all; merge them, or "
            "accept the limit. Nothing is to be done where a model answers them rightly."
            if len(issues) > FAIL_SHARE * total
            else "",
            count=len(issues),
        ),
        tuple(issues),
    )


def _ambiguous(context: CheckContext, name: str) -> list[Issue]:
    dataset, probabilities = context.dataset, context.label_judge.probabilities[name]
    if probabilities.shape[1] < 2:
        return []
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    values = np.take_along_axis(probabilities, best, axis=1)
    rows = np.flatnonzero((values[:, 1] >= BOTH) & known_labels(context, name))
    labels = dataset.splits[name].labels
    issues = []
    for row in rows.tolist():
        place = 1 if best[row, 0] == labels[row] else 0
        other, probability = int(best[row, place]), float(values[row, place])
        names = " and ".join(dataset.classes[c] for c in best[row])
        issues.append(
            flagged(
                dataset,
                "ambiguous-labels",
                "two-classes-fit",
                2 * float(values[row, 1]),
                name,
                row,
                suggested=dataset.classes[other],
                suggested_probability=probability,
                detail=f"{names}: {values[row, 0]:.2f} and {values[row, 1]:.2f}",
            )
        )
    return issues
