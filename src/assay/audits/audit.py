"""The audit: measure once, then run the checks of one literal table."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.atypical import check_atypical
from assay.audits.balance import check_label_balance
from assay.audits.drift import check_drift
from assay.audits.duplicates import check_exact_duplicates, check_leakage, check_near_duplicates
from assay.audits.identity import check_identity
from assay.audits.labels import check_ambiguous_labels, check_label_errors
from assay.audits.material import Check, Checked, Material
from assay.audits.measure import Measurements, measure
from assay.audits.pixels import check_pixel_range, normalization_decision
from assay.audits.quality import check_quality
from assay.audits.separability import check_separability
from assay.audits.shortcuts import check_shortcuts
from assay.audits.similarity import check_class_similarity, convolution_decision
from assay.audits.statistics import pixel_statistics
from assay.audits.unreadable import check_unreadable
from assay.audits.values import Audit, Finding, sorted_issues
from assay.core.errors import AssayError
from assay.core.events import Event, OnEvent, ignore
from assay.core.text import choices
from assay.data.values import PURPOSES, Dataset

#: Every check, in the order of the report. A new one is a function and a line here.
CHECKS: Final[Mapping[str, Check]] = {
    "identity": check_identity,
    "unreadable": check_unreadable,
    "exact-duplicates": check_exact_duplicates,
    "near-duplicates": check_near_duplicates,
    "leakage": check_leakage,
    "drift": check_drift,
    "label-balance": check_label_balance,
    "label-errors": check_label_errors,
    "ambiguous-labels": check_ambiguous_labels,
    "pixel-range": check_pixel_range,
    "class-similarity": check_class_similarity,
    "separability": check_separability,
    "atypical": check_atypical,
    "quality": check_quality,
    "shortcuts": check_shortcuts,
}


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
) -> Audit:
    """Run the named checks (all when None) and gather their findings and issues.

    features: the user's own, per split float32 `(n, any)`, in place of the reference features.
    thorough: a larger reference classifier, which takes longer and finds more.

    Raises AssayError `unknown-check` for a name that is not in `CHECKS`.
    """
    chosen = known_checks(checks)
    material = Material(dataset, measurements, features, thorough)
    checked: list[Checked] = []
    for name in chosen:
        checked.append(CHECKS[name](material))
        announce(checked[-1].finding, on_event)
    findings = tuple(result.finding for result in checked)
    return Audit(
        dataset=_dataset_record(dataset),
        statistics=_statistics(measurements),
        findings=findings,
        issues=sorted_issues([issue for result in checked for issue in result.issues]),
        decisions=_decisions(measurements, findings),
        beliefs=next((result.beliefs for result in checked if result.beliefs), None),
    )


def announce(finding: Finding, on_event: OnEvent) -> None:
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
    measurements: Mapping[str, Measurements], findings: tuple[Finding, ...]
) -> dict[str, dict[str, str]]:
    decisions = {"normalization": normalization_decision(pixel_statistics(measurements["train"].histogram))}
    for finding in findings:
        if finding.check == "class-similarity":
            decisions["convolution"] = convolution_decision(finding)
    return decisions
