"""Check `label-errors`: labels that the pictures contradict."""

from dataclasses import replace
from typing import Any

import numpy as np

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import counted, not_evaluated, percent
from assay.audits.checks.labels.expected import beyond_mistakes, chances_of, expected_range, told_expected
from assay.audits.checks.labels.inseparable_classes import inseparable_evidence, inseparable_sentence
from assay.audits.checks.labels.judge_reliability import (
    FAIL_SHARE,
    FEW_LISTED,
    hard_sentence,
    known_labels,
    little_is_told,
    own_mistakes,
    power_of_list_sentence,
    reference_record,
    small_classes_sentence,
    sure_of_labels,
    told_of_hundred,
)
from assay.audits.checks.labels.mixed_up import (
    expected_mixed_up,
    mixed_up_evidence,
    mixed_up_sentence,
    power_sentence,
)
from assay.audits.checks.labels.renamed import (
    gone_evidence,
    gone_sentence,
    renamed_evidence,
    renamed_sentence,
)
from assay.audits.checks.labels.shifted_rows import (
    FIX_ORDER,
    misplaced_evidence,
    misplaced_sentence,
    order_sentence,
    out_of_order,
)
from assay.audits.checks.labels.suspects import issues_of, likelier_classes, suspected_rows
from assay.audits.checks.labels.unlike_groups import whole_groups_evidence, whole_groups_sentence
from assay.audits.checks.labels.unlike_train import unlike_sentence, unlike_splits
from assay.audits.checks.leakage.column_groups import doubt_by_column
from assay.audits.measures.cross_validated import FEWEST_PER_CLASS, CrossValidated
from assay.audits.values import Finding, Verdict
from assay.core.arrays import Rows
from assay.estimators.label_noise import LabelPosterior, fit_floor, label_posterior
from assay.estimators.label_quality import LabelQuality, label_quality
from assay.estimators.noise.inseparable import between
from assay.estimators.noise.noise_matrix import DISPUTED, disputed_classes


def check_label_errors(context: CheckContext) -> Checked:
    """Find images whose label is more likely wrong than right, by how labels go wrong in this set."""
    cross_validated = context.label_judge
    if cross_validated.refusal:
        return replace(not_evaluated("label-errors", cross_validated.refusal), label_quality={})
    misplaced = misplaced_evidence(context)
    disordered = any(not one["may_be_right"] for one in misplaced)
    if context.judge_strength.too_weak:
        if disordered:
            return Checked(out_of_order(context, misplaced), label_quality={})
        weak = not_evaluated("label-errors", context.judge_strength.too_weak, reference_record(context))
        return replace(weak, label_quality={})
    suspects = {name: suspected_rows(context, name) for name in cross_validated.probabilities}
    issues = [issue for name, rows in suspects.items() for issue in issues_of(context, name, rows)]
    total = sum(int(known_labels(context, name).sum()) for name in suspects)
    expected = max(len(issues), expected_mixed_up(context))
    renamed, gone = renamed_evidence(context), gone_evidence(context)
    unlike = unlike_splits(context)
    trusted = {name: rows for name, rows in suspects.items() if name not in unlike}
    sure, mixed = int(beyond_mistakes(context, trusted).sum()), expected_mixed_up(context)
    allowed = max(FAIL_SHARE * total, FEW_LISTED)
    fails = (
        bool(renamed)
        or disordered
        or mixed > allowed
        or sure > max(allowed, 0 if _sure(context) else own_mistakes(context, trusted))
    )
    unsure = bool(context.inseparable or misplaced) or little_is_told(context)
    verdict: Verdict = "fail" if fails else "warn" if expected or unsure else "pass"
    return Checked(
        Finding(
            check="label-errors",
            verdict=verdict,
            summary=renamed_sentence(renamed)
            + misplaced_sentence(misplaced)
            + _told_listed(context, suspects, unlike, total)
            + f"{gone_sentence(gone)}"
            + ("" if misplaced else mixed_up_sentence(context) + inseparable_sentence(context))
            + f"{power_of_list_sentence(context)}{whole_groups_sentence(context)}"
            + f"{small_classes_sentence(context)} {_trust(cross_validated)}"
            + ("" if cross_validated.own else doubt_by_column(context.dataset)),
            evidence=_evidence(context, suspects)
            | {"renamed": renamed, "gone": gone, "out_of_order": misplaced, "unlike_train": unlike},
            threshold=_threshold(context),
            reason=_reason(cross_validated),
            fix=FIX_ORDER
            if disordered
            else _fix(bool(issues), bool(expected_mixed_up(context)), bool(renamed), unsure),
            count=len(issues),
        ),
        tuple(issues),
        _posterior(context),
        _label_quality(context),
    )


def _threshold(context: CheckContext) -> str:
    return (
        f"a chance over {percent(DISPUTED, 0)} that the label is wrong, a likelier class, and not two that "
        f"fit; more than {percent(FAIL_SHARE, 0)} of them fail, from {FEW_LISTED + 1} on; were so many wrong "
        f"at random, about {told_of_hundred(context)} of 100 of them would be told; "
        f"{power_sentence(context)}{order_sentence(context)}"
    )


def _sure(context: CheckContext) -> bool:
    """Whether nothing listed is laid to mistakes of the judge."""
    return context.label_judge.own or sure_of_labels(context)


def _told_listed(context: CheckContext, suspects: dict[str, Rows], unlike: list[str], total: int) -> str:
    """How many labels are listed, and what is expected of them, for people.

    unlike: splits of pictures that the reference does not know: of their labels nothing is expected.
    """
    sure = {name: rows for name, rows in suspects.items() if name not in unlike}
    listed, trusted = (sum(map(len, each.values())) for each in (suspects, sure))
    told = told_expected(context, sure)
    if listed == trusted:
        said = counted(listed, total, "label is likely wrong", "labels are likely wrong")
        return said + (": more likely wrong than right" if listed else "") + f"{told}."
    said = counted(listed, total, "label is disputed", "labels are disputed")
    rest = f", {trusted:,} of other splits{told}" if trusted else ""
    return f"{said}{rest}.{unlike_sentence(unlike)}"


def _fix(listed: bool, mixed_up: bool, renamed: bool, unsure: bool) -> str:
    told = "Look at the flagged images, worst first: correct the label, or keep it where it is right."
    found = (
        "Ask who labelled the classes that look mixed up and by which rule, and sort label_quality.csv by "
        "score: their images come first."
    )
    order = "Find out in which order that split counts its classes, and give it the names that train has."
    sample = "Have some labels, drawn at random, looked at by people: the pictures alone tell little of them."
    return " ".join([order] * renamed + [found] * mixed_up + [told] * listed + [sample] * unsure)


def _label_quality(context: CheckContext) -> dict[str, LabelQuality]:
    """How far each label can be trusted, per split."""
    judged, splits = context.label_judge, context.dataset.splits
    return {
        name: label_quality(p, splits[name].labels, judged.learned, context.wrong_chances[name])
        for name, p in judged.probabilities.items()
    }


def _posterior(context: CheckContext) -> LabelPosterior | None:
    """What the reference thinks of the test images; floor and temperature from the training images."""
    probabilities = context.label_judge.probabilities
    if "test" not in probabilities:
        return None
    floor, temperature = fit_floor(probabilities["train"], context.dataset.train.labels)
    disputed = disputed_classes(context.noise["test"], probabilities["test"])
    answers = probabilities["test"].argmax(axis=1)[:, None]
    disputed &= ~between(context.inseparable, np.arange(disputed.shape[1])[None], answers)
    return label_posterior(probabilities["test"], floor, temperature, disputed)


def _reason(cross_validated: CrossValidated) -> str:
    """Why a contradiction counts, and what must be expected of it."""
    origin = (
        "probabilities were given by the user and must be out of sample (of a model that was not trained "
        "on the image's own label; this cannot be checked)"
        if cross_validated.own
        else "probabilities come from a classifier that never saw the image's own label "
        "(leave-one-out; other splits: fitted on train alone)"
    )
    return (
        f"{origin}, so a contradiction is evidence, not memory; how often each class is labelled as "
        "another is estimated together with how far the classifier may be trusted, and the chance of a "
        "label to be wrong follows from both (docs/truth.md)"
    )


def _trust(cross_validated: CrossValidated) -> str:
    accuracies = ", ".join(f"{percent(a)} of {name}" for name, a in cross_validated.accuracy.items())
    if not cross_validated.own:
        return f"(The reference agrees with the labels for {accuracies}.)"
    told = f"(The probabilities given agree with the labels for {accuracies}.{hard_sentence(cross_validated)}"
    if cross_validated.accuracy.get("train") == 1.0:
        doubt = "A model that was trained on these labels does that: make sure that they are out of sample."
        return f"{told} {doubt})"
    return f"{told})"


def _noise_evidence(context: CheckContext, suspects: dict[str, Rows]) -> dict[str, Any]:
    """What the estimate says of the list, and of labels that are not on it."""
    listed = chances_of(context, suspects)
    everywhere = {name: context.wrong_chances[name][known_labels(context, name)] for name in suspects}
    return {
        "estimated_share_wrong": {name: context.noise[name].share for name in suspects},
        "expected_wrong": {name: float(chances.sum()) for name, chances in everywhere.items()},
        "expected_precision": float(listed.mean()) if len(listed) else None,
        "expected_of_list": list(expected_range(context, suspects)),
        "temperature": next(iter(context.noise.values())).temperature,
        "prior_images": {name: context.noise[name].weight for name in suspects},
    }


def _evidence(context: CheckContext, suspects: dict[str, Rows]) -> dict[str, Any]:
    classes = context.dataset.classes
    pairs: dict[tuple[str, str], int] = {}
    for name, rows in suspects.items():
        labels = context.dataset.splits[name].labels[rows]
        suggested, _ = likelier_classes(context, name, rows)
        for label, other in zip(labels.tolist(), suggested.tolist(), strict=True):
            pair = (classes[label], classes[other])
            pairs[pair] = pairs.get(pair, 0) + 1
    most = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:10]
    return {
        "suspects": {name: len(rows) for name, rows in suspects.items()},
        "images": {name: int(known_labels(context, name).sum()) for name in suspects},
        "noise": _noise_evidence(context, suspects),
        "mixed_up": mixed_up_evidence(context),
        "inseparable": inseparable_evidence(context),
        "told_of_hundred": told_of_hundred(context),
        "whole_groups": whole_groups_evidence(context),
        **({"probabilities": "given"} if context.label_judge.own else {}),
        "reference_accuracy": dict(context.label_judge.accuracy),
        **reference_record(context),
        "most_frequent": [{"label": a, "suggested": b, "count": n} for (a, b), n in most],
        "classes_too_small": len(classes) - len(context.label_judge.learned),
        "fewest_images_per_class": FEWEST_PER_CLASS,
    }
