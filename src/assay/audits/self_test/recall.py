"""The audit examines itself: known faults are planted in copies of the data, and found ones counted.

The planted faults are drawn anew over the whole range that a check promises to find; no threshold was
chosen by them.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.drift import check_drift
from assay.audits.checks.duplicates import check_exact_duplicates, check_leakage, check_near_duplicates
from assay.audits.checks.image_quality import check_quality
from assay.audits.checks.label_errors import check_label_errors
from assay.audits.checks.shortcuts import check_shortcuts
from assay.audits.measures.pixel_sums import measure
from assay.audits.self_test.planted_faults import (
    Planted,
    at_working_size,
    with_copies,
    with_damages,
    with_drift,
    with_flips,
    with_shortcut,
)
from assay.core.arrays import Rows
from assay.core.events import OnEvent, ignore, progress
from assay.data.values import Dataset

#: Share of the training images that each kind of copy and damage is planted in, and the most of each.
_SHARE: Final = 0.002
_MOST: Final = 200

FLIP_SHARES: Final = (0.01, 0.05)


@dataclass(frozen=True)
class Counted:
    """How a check did on one planted fault.

    planted, found: images with the fault, and those of them that the check flagged.
    flagged: all images that it flagged in the planted data; before: in the data as given.
    recall: found / planted. precision: found / flagged, a lower bound, for the data have faults of their
    own. false_alarms: images flagged that were neither planted nor flagged before.
    auroc, found_in_twice: for label errors, how well the given labels' improbability ranks the planted
    flips, and the share of them in a list of twice their number. None where they do not apply.
    """

    check: str
    fault: str
    planted: int
    found: int
    flagged: int
    before: int
    false_alarms: int
    recall: float | None
    precision: float | None
    auroc: float | None = None
    found_in_twice: float | None = None

    def as_record(self) -> dict[str, Any]:
        """The row as JSON types."""
        return asdict(self)


def self_test(
    dataset: Dataset, seed: int = 0, on_event: OnEvent = ignore, among: Rows | None = None
) -> tuple[Counted, ...]:
    """Plant faults in copies of `dataset`, run the checks on them, and count what they find.

    among: training rows that faults are planted in and label errors counted over; all when None.
    The data themselves are not changed. Data of fewer than 50 training images are not tested: ().
    """
    if len(dataset.train) < 50 or len(dataset.classes) < 2:
        return ()
    clean = _context(dataset)
    rows = np.arange(len(dataset.train)) if among is None else among
    steps = (_test_copies, _test_flips, _test_damages, _test_drift, _test_shortcut)
    results: list[Counted] = []
    for done, step in enumerate(steps):
        progress(on_event, "self-test", done, len(steps), "faults")
        results += step(clean, seed, rows)
    progress(on_event, "self-test", len(steps), len(steps), "faults")
    return tuple(results)


def _context(dataset: Dataset) -> CheckContext:
    k = len(dataset.classes)
    return CheckContext(dataset, {name: measure(split, k) for name, split in dataset.splits.items()})


def _count(dataset: Dataset) -> int:
    return int(np.clip(_SHARE * len(dataset.train), 5, _MOST))


def _test_copies(clean: CheckContext, seed: int, among: Rows) -> list[Counted]:
    planted = with_copies(clean.dataset, _count(clean.dataset), seed, among)
    context = _context(planted.dataset)
    rows = []
    for check, kinds in (
        (check_exact_duplicates, {"exact"}),
        (check_near_duplicates, {kind for kind, _ in planted.faults} - {"exact"}),
        (check_leakage, {kind for kind, split in planted.faults if split == "test"}),
    ):
        found, before = check(context), check(clean)
        if found.finding.verdict != "not evaluated":
            of_test = check is check_leakage
            rows += [
                _tested(found, before, planted, kind, "test" if of_test else None) for kind in sorted(kinds)
            ]
    return rows


def _tested(
    found: Checked, before: Checked, planted: Planted, kind: str, split: str | None = None
) -> Counted:
    """Count one kind of fault. False alarms are counted over all kinds planted together."""
    flagged = {(issue.split, issue.index) for issue in found.issues}
    already = {(issue.split, issue.index) for issue in before.issues}
    places = {
        (kind_, name): {(name, int(row)) for row in rows}
        for (kind_, name), rows in planted.faults.items()
        if split in (None, name)
    }
    wanted = {place for (kind_, _), rows in places.items() if kind_ == kind for place in rows}
    everywhere = {(name, int(row)) for (_, name), rows in planted.faults.items() for row in rows}
    hits = len(wanted & flagged)
    other = flagged - everywhere
    return Counted(
        check=found.finding.check,
        fault=kind,
        planted=len(wanted),
        found=hits,
        flagged=len(flagged),
        before=len(already),
        false_alarms=len(other - already),
        recall=hits / len(wanted) if wanted else None,
        precision=len(flagged & everywhere) / len(flagged) if flagged else None,
    )


def _test_flips(clean: CheckContext, seed: int, among: Rows) -> list[Counted]:
    if clean.cross_validated.refusal:
        return []
    probabilities = clean.cross_validated.probabilities["train"].copy()
    probabilities[np.arange(len(probabilities)), clean.dataset.train.labels] = -1
    confusable = probabilities.argmax(axis=1).astype(np.int64)
    rows = []
    for share in FLIP_SHARES:
        for name, likely in (("any class", None), ("the most similar class", confusable)):
            planted = with_flips(clean.dataset, share, seed, likely, among)
            rows.append(count_flips(clean, planted, among, f"{share:.0%} of labels to {name}"))
    return rows


def count_flips(clean: CheckContext, planted: Planted, among: Rows, fault: str) -> Counted:
    """Count planted flips. With them the reference may know no better than chance: then none is found."""
    context = _context(planted.dataset)
    counted = _tested(check_label_errors(context), check_label_errors(clean), planted, "flipped")
    if context.cross_validated.refusal:
        return replace(counted, fault=fault)
    flipped = np.zeros(len(planted.dataset.train), bool)
    flipped[planted.faults["flipped", "train"]] = True
    probabilities = context.cross_validated.probabilities["train"]
    unlikely = -probabilities[np.arange(len(flipped)), planted.dataset.train.labels]
    record = counted.as_record() | {
        "fault": fault,
        "auroc": auroc(unlikely[among], flipped[among]),
        "found_in_twice": found_in_twice(unlikely[among], flipped[among]),
    }
    return Counted(**record)


def auroc(scores: NDArray[np.floating[Any]], faulty: NDArray[np.bool_]) -> float | None:
    """The chance that a faulty image scores higher than a sound one, ties counting half; None without both.

    Mann and Whitney, 1947.
    """
    bad, good = int(faulty.sum()), int((~faulty).sum())
    if not bad or not good:
        return None
    _, rank, counts = np.unique(scores, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2
    return float((middle[rank.ravel()][faulty].sum() - bad * (bad + 1) / 2) / (bad * good))


def found_in_twice(scores: NDArray[np.floating[Any]], faulty: NDArray[np.bool_]) -> float | None:
    """The share of the faulty among the highest scores, in a list twice their number."""
    bad = int(faulty.sum())
    if not bad:
        return None
    listed = np.argsort(-scores, kind="stable")[: 2 * bad]
    return float(faulty[listed].sum() / bad)


def _test_damages(clean: CheckContext, seed: int, among: Rows) -> list[Counted]:
    clean = _context(at_working_size(clean.dataset))
    planted = with_damages(clean.dataset, _count(clean.dataset), seed, among)
    found, before = check_quality(_context(planted.dataset)), check_quality(clean)
    return [_tested(found, before, planted, kind) for kind, _ in planted.faults]


def _test_drift(clean: CheckContext, seed: int, among: Rows) -> list[Counted]:  # noqa: ARG001  one form for all
    if "test" not in clean.dataset.splits or not len(clean.dataset.splits["test"]):
        return []
    planted = with_drift(clean.dataset, seed)
    return [_verdict_tested(check_drift, clean, planted, "test 15 % brighter, fewer of one class")]


def _test_shortcut(clean: CheckContext, seed: int, among: Rows) -> list[Counted]:  # noqa: ARG001  one form for all
    planted = with_shortcut(clean.dataset)
    return [_verdict_tested(check_shortcuts, clean, planted, "corner marks that tell the class")]


def _verdict_tested(
    check: Callable[[CheckContext], Checked], clean: CheckContext, planted: Planted, fault: str
) -> Counted:
    """A check of the whole set: found where it speaks, a false alarm where it spoke before."""
    spoke, before = (
        int(check(context).finding.verdict in ("warn", "fail"))
        for context in (_context(planted.dataset), clean)
    )
    return Counted(
        check=check(clean).finding.check,
        fault=fault,
        planted=1,
        found=spoke,
        flagged=spoke,
        before=before,
        false_alarms=before,
        recall=float(spoke),
        precision=float(spoke and not before),
    )
