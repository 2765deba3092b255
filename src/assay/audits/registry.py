"""The audit: measure once, then run the checks of one literal table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.class_balance import check_label_balance
from assay.audits.checks.class_similarity import check_class_similarity
from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.drift import check_drift
from assay.audits.checks.duplicates import check_exact_duplicates, check_near_duplicates
from assay.audits.checks.identity import check_identity
from assay.audits.checks.labels.ambiguous import check_ambiguous_labels
from assay.audits.checks.labels.label_errors import check_label_errors
from assay.audits.checks.leakage.leaks import check_leakage
from assay.audits.checks.neighborhoods import convolution_decision
from assay.audits.checks.outliers import check_atypical
from assay.audits.checks.pixel_range import check_pixel_range, normalization_decision
from assay.audits.checks.quality.image_quality import check_quality
from assay.audits.checks.separability import check_separability
from assay.audits.checks.shortcuts.shortcuts import check_shortcuts
from assay.audits.checks.unreadable import check_unreadable
from assay.audits.issues import Issues, sorted_issues
from assay.audits.measures.pixel_statistics import pixel_statistics
from assay.audits.measures.pixel_sums import Measurements, measure
from assay.audits.measures.row_tables import RowTables
from assay.audits.values import Audit, Finding, Findings
from assay.core.errors import AssayError
from assay.core.events import Event, OnEvent, ignore
from assay.core.text import choices
from assay.data.answers.class_probabilities import ClassProbabilities
from assay.data.values import PURPOSES, Dataset
from assay.estimators.passes.shared_passes import Helpers
from assay.features.choice import Choice


@dataclass(frozen=True)
class Check:
    """One line of the table of checks: everything that the program knows of a check.

    name: in findings, files and gates. area: one of `AREAS`. run: the check itself.
    importance: place among findings of equal verdict on the first screen, lowest first: what makes the score
    untrue, then what makes the labels untrue, then what makes the classes hard.
    pictured: the report shows the images that it flags.
    reviewed: place among the checks whose images a person decides about, lowest first; None: not decided on.
    on_features: it rests on the reference features, for which a pretrained net may be asked.
    """

    name: str
    area: str
    run: Callable[[CheckContext], Checked]
    importance: int
    pictured: bool = False
    reviewed: int | None = None
    on_features: bool = False


#: Every check, in the order of the report. A new one is a function and a line here: findings, gates, first
#: screen, pictures and decisions follow from it.
_TABLE: Final = (
    Check("identity", "data integrity", check_identity, 70),
    Check("unreadable", "data integrity", check_unreadable, 10),
    Check("exact-duplicates", "data integrity", check_exact_duplicates, 30, pictured=True, reviewed=30),
    Check("near-duplicates", "data integrity", check_near_duplicates, 60, pictured=True, reviewed=40),
    Check("leakage", "data integrity", check_leakage, 20, pictured=True, reviewed=20),
    Check("drift", "data integrity", check_drift, 80, on_features=True),
    Check("label-balance", "label balance", check_label_balance, 90),
    Check(
        "label-errors", "label quality", check_label_errors, 40, pictured=True, reviewed=10, on_features=True
    ),
    Check(
        "ambiguous-labels",
        "label quality",
        check_ambiguous_labels,
        100,
        pictured=True,
        reviewed=70,
        on_features=True,
    ),
    Check("pixel-range", "scaling necessity", check_pixel_range, 150),
    Check("class-similarity", "spatial complexity", check_class_similarity, 120),
    Check("separability", "spatial complexity", check_separability, 110, on_features=True),
    Check("atypical", "content", check_atypical, 140, pictured=True, reviewed=60, on_features=True),
    Check("quality", "content", check_quality, 130, pictured=True, reviewed=50),
    Check("shortcuts", "content", check_shortcuts, 50),
)

#: The checks by name, in the order of the report.
CHECKS: Final[Mapping[str, Check]] = {check.name: check for check in _TABLE}

#: The checks whose images can be seen, in the order of the report.
PICTURED: Final = tuple(check.name for check in _TABLE if check.pictured)

#: The checks that rest on the reference features.
ON_FEATURES: Final = frozenset(check.name for check in _TABLE if check.on_features)

#: The checks whose images a person can decide about, those first that most often want a decision.
REVIEWED: Final = tuple(
    check.name
    for check in sorted(_TABLE, key=lambda check: check.reviewed or 0)
    if check.reviewed is not None
)


def measure_all(dataset: Dataset, on_event: OnEvent = ignore) -> dict[str, Measurements]:
    """The measurements of every split, by its name."""
    classes = len(dataset.classes)
    return {name: measure(split, classes, on_event=on_event) for name, split in dataset.splits.items()}


def audit_dataset(
    dataset: Dataset,
    measurements: Mapping[str, Measurements],
    checks: Sequence[str] | None = None,
    on_event: OnEvent = ignore,
    features: Mapping[str, NDArray[np.float32]] | None = None,
    thorough: bool = False,
    pred_probs: ClassProbabilities | None = None,
    choice: Choice | None = None,
    tables: Mapping[str, RowTables] | None = None,
    helpers: Helpers | None = None,
) -> Audit:
    """Run the named checks (all when None) and gather their findings and issues.

    features: the user's own, per split float32 `(n, any)`, in place of the reference features.
    thorough: a larger reference classifier, which takes longer and finds more.
    pred_probs: the user's own out-of-sample probabilities, by which labels are judged.
    choice: between hand-made and pretrained features, where it was asked for; then `features` are those of
    the pretrained net, if it won. tables: figures of each image, per split, where they were measured before.
    helpers: processes that share what the reference classifier computes; they change no bit.

    Raises AssayError `unknown-check` for a name that is not in `CHECKS`.
    """
    chosen = known_checks(checks)
    linear = choice is not None and choice.takes_pretrained
    context = CheckContext(
        dataset, measurements, features, thorough, pred_probs, linear, tables or {}, helpers
    )
    checked: list[Checked] = []
    for name in chosen:
        checked.append(_run(CHECKS[name], context))
        report_finding(checked[-1].finding, on_event)
    findings = tuple(result.finding for result in checked)
    return Audit(
        dataset=_dataset_record(dataset),
        statistics=_statistics(measurements),
        findings=Findings(findings),
        issues=Issues(sorted_issues([issue for result in checked for issue in result.issues])),
        decisions=_decisions(measurements, findings, choice),
        posterior=next((result.posterior for result in checked if result.posterior), None),
        label_quality=next((r.label_quality for r in checked if r.label_quality is not None), None),
    )


def _run(check: Check, context: CheckContext) -> Checked:
    """The check's result, its finding in the check's area."""
    found = check.run(context)
    named = {found.finding.check, *(issue.check for issue in found.issues)}
    if named != {check.name}:
        raise ValueError(f"the check {check.name!r} speaks for {sorted(named - {check.name})}")
    return replace(found, finding=replace(found.finding, area=check.area))


def report_finding(finding: Finding, on_event: OnEvent) -> None:
    """Tell listeners of a finding, all but its evidence."""
    record = finding.as_record()
    on_event(Event("finding", "audit", {key: record[key] for key in record if key != "evidence"}))


def known_checks(checks: Sequence[str] | None) -> list[str]:
    """The named checks (all when None) in the order of `CHECKS`. Raises AssayError `unknown-check`."""
    if checks is not None and not checks:
        fix = "Name some, or leave it out for all of them."
        raise AssayError("unknown-check", "--checks", "no check is named", fix)
    for name in checks or ():
        if name not in CHECKS:
            raise AssayError(
                "unknown-check", name, "there is no such check", f"{choices(name, list(CHECKS))}."
            )
    return [name for name in CHECKS if checks is None or name in checks]


def _dataset_record(dataset: Dataset) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "source": dataset.source,
        "classes": list(dataset.classes),
        "splits": {
            name: {
                "count": len(split),
                "per_class": dict(
                    zip(dataset.classes, split.counts(len(dataset.classes)).tolist(), strict=True)
                ),
                "purpose": PURPOSES.get(name, ""),
                "fingerprint": dataset.fingerprints[name],
            }
            for name, split in dataset.splits.items()
        },
        "shape": list(dataset.shape),
        "fingerprint": dataset.fingerprint,
        "notes": list(dataset.notes),
    }


def _statistics(measurements: Mapping[str, Measurements]) -> dict[str, Any]:
    statistics = {name: pixel_statistics(m.histogram) for name, m in measurements.items()}
    return {
        "pixels": {name: s.as_record() if s else None for name, s in statistics.items()},
        "histogram": {name: m.histogram.tolist() for name, m in measurements.items()},
    }


def _decisions(
    measurements: Mapping[str, Measurements], findings: tuple[Finding, ...], choice: Choice | None
) -> dict[str, dict[str, str]]:
    decisions = {"normalization": normalization_decision(pixel_statistics(measurements["train"].histogram))}
    if choice is not None:
        taken = "pretrained" if choice.takes_pretrained else "hand-made"
        decisions["features"] = {"decision": taken, "reason": choice.sentence()}
    named = {finding.check: finding for finding in findings}
    if "class-similarity" in named:
        decisions["convolution"] = convolution_decision(named["class-similarity"], named.get("separability"))
    return decisions
