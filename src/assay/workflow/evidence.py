"""Evidence for a score: what validation images decide, and what the audit knows of the test images.

These rooms do not know each other. This module hands the arrays of one to the next, so that `stages.py`
stays the list of the stages.
"""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.image_stats import image_stats_of
from assay.audits.values import Audit
from assay.core.arrays import gray_of, spread_rows
from assay.data.answers.class_probabilities import are_answers
from assay.data.decisions import Decided
from assay.data.splitting.groups import join_pairs
from assay.data.splitting.stratified import HoldOut, left_out_together
from assay.data.splitting.validation import validation_rows
from assay.data.values import Dataset, Split, images_of
from assay.duplicates.overlapping.overlaps import find_overlaps, overlapping_pictures
from assay.estimators.nearest_neighbors import nearest
from assay.evaluation.adjusted_accuracy import DecidedImages, FlaggedTestImages, nothing_flagged
from assay.evaluation.assess import Evidence, assess, with_ood_last
from assay.evaluation.evaluate import evaluate_split
from assay.evaluation.grouped import Groups
from assay.evaluation.metrics import wilson_interval
from assay.evaluation.ood import Gate, count_refused, refused_of
from assay.evaluation.selective import Answered, Rule, choose_threshold
from assay.evaluation.values import Evaluation
from assay.features.hand_made import map_blocks, pooled, reduced
from assay.training.calibrate import fit_limits
from assay.training.classifier import Model
from assay.training.model.limits import (
    NO_VALIDATION,
    NO_WISH,
    NONE_UNKNOWN,
    AnswerRule,
    Limits,
    OodGate,
    Temperature,
)

#: Training images that the distance of a test image is taken to, evenly spread, and cells a side that
#: pictures are compared by.
_BASE: Final = 2_000
_CELLS: Final = 10

#: The column of groups; and the share of test images that are copies of each other from which they count.
GROUP: Final = "group"
COPIED: Final = 0.05

#: Why less is known of a model that was trained elsewhere.
ELSEWHERE: Final = "the model was trained elsewhere: its answers are judged as they were given"


#: Why nothing is known of confidence, where probabilities were given that are 0 and 1 alone.
ANSWERS_ALONE: Final = (
    "every probability given is 0 or 1: they are answers that do not say how sure they are, and figures of "
    "confidence made of them mean nothing"
)


def calibrate(model: Model, train: Split, held: HoldOut, dataset: Dataset, max_risk: float | None) -> Model:
    """The trained model with its limits: temperature, gate and, where a risk was named, when to answer.

    train: the training split as it was trained on, of which `held` tells the rows.
    """
    watched, rows = validation_rows(train, held, dataset)
    found = fit_limits(model, train, held.train, watched, rows)
    if len(watched) and not len(rows) and "validation" in dataset.splits:
        found = Limits(Temperature(reason=NONE_UNKNOWN), gate_reason=NONE_UNKNOWN)
    return with_rule(replace(model, limits=found), watched, rows, max_risk)


def with_rule(model: Model, split: Split, rows: NDArray[np.int64], max_risk: float | None) -> Model:
    """The model with the rule for `max_risk`, chosen on the validation images `rows` of `split`."""
    if max_risk is None or not len(rows):
        none = NONE_UNKNOWN if model.limits.gate_reason == NONE_UNKNOWN else NO_VALIDATION
        reason = NO_WISH if max_risk is None else none
        return replace(model, limits=replace(model.limits, rule=None, rule_reason=reason))
    probabilities = model.predict_proba(split.blocks(rows))
    familiar = model.limits.familiar(model.distances(split.blocks(rows)))
    usable = with_ood_last(probabilities.max(axis=1), familiar)
    right, groups = probabilities.argmax(axis=1) == split.labels[rows], _groups_of(split, rows)
    found = choose_threshold(usable, right, max_risk, groups)
    of = found.validation
    rule = AnswerRule(
        max_risk, found.threshold, found.threshold_reason, of.n, of.answered, of.wrong, of.risk_ci95
    )
    return replace(model, limits=replace(model.limits, rule=rule, rule_reason=""))


def _groups_of(split: Split, rows: NDArray[np.int64]) -> Groups | None:
    """int64 `(n,)`, equal for those of the images that are of one group, or copies where the split knows of
    them; None where each stands alone. A few copies are passed over, as among test images."""
    together = left_out_together(split)[rows]
    _, place, sizes = np.unique(together, return_inverse=True, return_counts=True)
    copied = np.count_nonzero(sizes[place] > 1) > COPIED * len(rows)
    named = any(split.columns.get(GROUP, ()))
    return together if len(sizes) < len(rows) and (named or copied) else None


def judge(model: Model, dataset: Dataset, audit: Audit | None, decided: Decided | None = None) -> Evaluation:
    """The model judged on the test split, with all that audit and validation have to say about it.

    decided: what a person decided; decisions about test images give one more score, and change no other.
    Raises AssayError `shape-mismatch` or `class-names` when the model was made for other data.
    """
    split = dataset.splits["test"]
    print_ = dataset.fingerprints["test"]
    groups = test_groups(dataset, audit)
    plain = evaluate_split(model, split, dataset.classes, print_, model.costs(), groups)
    limits, distances = model.limits, model.distances(split.blocks())
    evidence = Evidence(
        temperature=limits.temperature.value,
        temperature_reason=limits.temperature.reason,
        fitted_images=limits.temperature.images,
        flagged_test=replace(_flagged_test(audit, dataset), decided=_decided_images(decided, split)),
        rule=_rule(limits),
        rule_reason=limits.rule_reason,
        gate=None if limits.gate is None or distances is None else _gate(limits.gate, distances, groups),
        gate_reason=limits.gate_reason,
        familiar=limits.familiar(distances),
        figures=_figures(dataset),
        columns=split.columns,
    )
    return assess(plain, evidence)


def judge_answers(
    name: str,
    probabilities: NDArray[np.float64],
    dataset: Dataset,
    audit: Audit | None,
    decided: Decided | None = None,
    *,
    labels_only: bool = False,
) -> Evaluation:
    """What a model trained elsewhere said of the test images, judged as a model of Assay's own.

    name: what to call the model. probabilities: float64 `(n, k)`, rows in source order, each summing to 1.
    labels_only: they only say which class was answered; then nothing is said of confidence.
    """
    split, costs = dataset.splits["test"], ("parameters", "trainable_parameters", "multiply_adds", "bytes")
    model = {"recipe": name, **dict.fromkeys(costs), "reason": ELSEWHERE}
    print_ = dataset.fingerprints["test"]
    plain = Evaluation(
        *(dataset.classes, split.labels, probabilities, model, print_),
        labels_only=labels_only,
        groups=test_groups(dataset, audit),
    )
    evidence = Evidence(
        temperature_reason=ANSWERS_ALONE if are_answers(probabilities) else ELSEWHERE,
        flagged_test=replace(_flagged_test(audit, dataset), decided=_decided_images(decided, split)),
        rule_reason=ELSEWHERE,
        gate_reason=ELSEWHERE,
        figures=_figures(dataset),
        columns=split.columns,
    )
    return assess(plain, evidence)


def _rule(limits: Limits) -> Rule | None:
    rule = limits.rule
    if rule is None:
        return None
    answered, wrong = rule.answered, rule.wrong
    risk, interval = wrong / answered if answered else None, rule.risk_ci95
    if answered and interval is None:  # a model of a version that did not save it
        interval = wilson_interval(wrong, answered)
    chosen = Answered(rule.n, answered, answered / rule.n, wrong, risk, interval)
    return Rule(rule.max_risk, rule.threshold, rule.reason, chosen)


def _gate(gate: OodGate, distances: NDArray[np.float32], groups: Groups | None) -> Gate:
    return Gate(
        layer=gate.layer,
        components=gate.space.axes.shape[1],
        threshold=gate.threshold,
        false_refusal_rate=gate.false_refusal_rate,
        validation=refused_of(gate.refused, gate.n),
        test=count_refused(distances, gate.threshold, groups),
    )


def _flagged_test(audit: Audit | None, dataset: Dataset) -> FlaggedTestImages:
    """The test images that the audit has something against, from the issues that it listed."""
    if audit is None:
        return nothing_flagged("no audit was given")
    if audit.dataset["fingerprint"] != dataset.fingerprint:
        return nothing_flagged("the audit given is that of other data")
    copies, suspects = (_flagged(audit, check, dataset) for check in ("leakage", "label-errors"))
    return FlaggedTestImages(*copies, *suspects, audit.posterior)


def test_groups(dataset: Dataset, audit: Audit | None) -> Groups | None:
    """int64 `(n,)`, equal for test images of one group; None where each stands alone.

    Groups are those that the data name, joined with copies among the test images that the audit found. A few
    copies are passed over: they widen no interval by more than a fortieth.
    """
    test = dataset.splits["test"]
    pairs = _copies_within(dataset, audit)
    copied = len(np.unique(pairs)) > COPIED * len(test)
    named = any(test.columns.get(GROUP, ()))
    if not copied and not named:
        return None
    groups = join_pairs(test, pairs if copied else pairs[:0], 1.0)[0]
    return groups if len(np.unique(groups)) < len(groups) else None


def _copies_within(dataset: Dataset, audit: Audit | None) -> NDArray[np.int64]:
    """Test images that are copies of each other, by the issues of the audit, and those that overlap, where
    copies were looked for: int64 `(pairs, 2)`."""
    known = audit is not None and audit.dataset["fingerprint"] == dataset.fingerprint
    found = [
        (issue.index, issue.related_index)
        for issue in (audit.issues if audit is not None and known else ())
        if issue.check in ("exact-duplicates", "near-duplicates")
        and issue.split == issue.related_split == "test"
    ]
    pairs = np.array(found, np.int64).reshape(-1, 2)
    if audit is None or not known or not any(f.check == "near-duplicates" for f in audit.findings):
        return pairs
    test = dataset.splits["test"]
    overlaps = find_overlaps(len(test), test.shape, lambda rows: images_of(test, rows))
    return np.concatenate([pairs, overlapping_pictures(overlaps)])


def _decided_images(decided: Decided | None, test: Split) -> DecidedImages | None:
    if decided is None:
        return None
    dropped = np.ones(len(test), bool)
    dropped[decided.kept("test", np.arange(len(test)))] = False
    return DecidedImages(decided.labelled("test", test).labels, dropped)


def _flagged(audit: Audit, check: str, dataset: Dataset) -> tuple[NDArray[np.bool_] | None, str]:
    finding = next((f for f in audit.findings if f.check == check), None)
    if finding is None:
        return None, f"the audit did not make the check {check}"
    if finding.verdict == "not evaluated":
        return None, f"{check} was not evaluated: {finding.reason}"
    if "test" not in finding.evidence.get("suspects", {"test": 0}):
        return None, f"{check} judged no test image: the probabilities given are of train alone"
    found = np.zeros(len(dataset.splits["test"]), bool)
    found[[i.index for i in audit.issues if i.check == check and i.split == "test"]] = True
    return found, ""


def _figures(dataset: Dataset) -> dict[str, NDArray[np.floating[Any]]]:
    """What is measured on every test image, to see where the model is weak."""
    test = dataset.splits["test"]
    stats = image_stats_of(test, background=0)
    figures = {"intensity": stats.mean, "sharpness": stats.sharpness}
    if "train" not in dataset.splits:  # a test split alone
        return figures
    train = dataset.train
    base = map_blocks(_small, train, spread_rows(len(train), _BASE))
    away = (
        np.sqrt(nearest(map_blocks(_small, test), base, 1)[0][:, 0])
        if len(base)
        else np.full(len(test), np.nan)
    )
    return {**figures, "distance to train": away}


def _small(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pictures as few gray cells, so that a distance means more than a pixel's place."""
    return pooled(gray_of(reduced(images)), _CELLS)
