"""Self-test by fault injection: recall and false alarms of the checks on faults planted in copies.

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
from assay.audits.checks.duplicates import check_exact_duplicates, check_near_duplicates
from assay.audits.checks.labels.label_errors import check_label_errors
from assay.audits.checks.leakage.leaks import check_leakage
from assay.audits.checks.quality.image_quality import check_quality
from assay.audits.checks.shortcuts.shortcuts import check_shortcuts
from assay.audits.measures.pixel_sums import measure
from assay.audits.self_test import everyday_faults
from assay.audits.self_test.planted_faults import (
    Planted,
    at_working_size,
    with_copies,
    with_damages,
    with_drift,
    with_flips,
    with_one_class_changed,
    with_shortcut,
)
from assay.core.arrays import Rows
from assay.core.events import OnEvent, ignore, progress
from assay.data.values import Dataset

#: Share of the training images that each kind of copy and damage is planted in, and the most of each.
_SHARE: Final = 0.002
_MOST: Final = 200

FLIP_SHARES: Final = (0.01, 0.05)

#: What no row of the self-test is about, said wherever its rows are shown.
NOT_PLANTED: Final = (
    "Not planted, so that nothing is known of them: files that cannot be read, missing or rare classes, "
    "groups on both sides of the split, images of another kind, labels that two classes fit, wrong labels "
    "outside of train, screenshots, damage in other splits, shortcuts in columns and file names. Faults are "
    "planted at working size, and checks that rest on features judge them by hand-made ones."
)

#: Said in its place where no self-test was made.
TOO_FEW: Final = "No self-test was made: it takes 50 training images and two classes."


@dataclass(frozen=True)
class Counted:
    """How a check did on one planted fault.

    planted, found: images with the fault, and those of them that the check flagged.
    flagged: all images that it flagged in the planted data; before: in the data as given.
    recall: found / planted; None where nothing was planted, and where a check of the whole set spoke before
    anything was: nothing is known then. Images that the check flagged before are not among the planted.
    precision: found / flagged, a lower bound, for the data have faults of their own. false_alarms: images
    flagged that were neither planted nor flagged before.
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
    steps = (_test_copies, _test_flips, _test_damages, _test_drift, _test_shortcut, _test_one_class)
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
                image_recall(found, before, planted, kind, "test" if of_test else None)
                for kind in sorted(kinds)
            ]
    return rows


def image_recall(
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
    # What the check had flagged before it was planted would be "found" by whatever it was flagged for.
    wanted = {place for (kind_, _), rows in places.items() if kind_ == kind for place in rows} - already
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
    confusable = most_similar_classes(clean)[clean.dataset.train.labels]
    rows = []
    for share in FLIP_SHARES:
        for name, likely in (("any class", None), ("the most similar class", confusable)):
            planted = with_flips(clean.dataset, share, seed, likely, among)
            rows.append(count_flips(clean, planted, among, f"{share:.0%} of labels to {name}"))
    return rows


def most_similar_classes(context: CheckContext) -> Rows:
    """For each class the other one whose mean image is nearest, int64 `(classes,)`.

    A choice that no classifier has a part in. A class without training images is nobody's nearest.
    """
    counts = context.measurements["train"].counts
    means = context.measurements["train"].class_means.reshape(len(counts), -1)
    squares = (means**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * means @ means.T
    np.fill_diagonal(distances, np.inf)
    distances[:, counts == 0] = np.inf
    nearest: Rows = distances.argmin(axis=1).astype(np.int64)
    return nearest


def count_flips(clean: CheckContext, planted: Planted, among: Rows, fault: str) -> Counted:
    """Count planted flips. With them the reference may know no better than chance: then none is found."""
    context = _context(planted.dataset)
    counted = image_recall(check_label_errors(context), check_label_errors(clean), planted, "flipped")
    if context.cross_validated.refusal:
        return replace(counted, fault=fault)
    flipped = np.zeros(len(planted.dataset.train), bool)
    flipped[planted.faults["flipped", "train"]] = True
    unlikely = context.wrong_chances["train"]
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
    return [image_recall(found, before, planted, kind) for kind, _ in planted.faults]


def _test_one_class(clean: CheckContext, seed: int, among: Rows) -> list[Counted]:  # noqa: ARG001  one form for all
    before = _context(with_one_class_changed(clean.dataset, None, seed).dataset)
    planted = {kind: with_one_class_changed(clean.dataset, kind, seed) for kind in everyday_faults.SHORTCUTS}
    return [
        verdict_recall(check_shortcuts, before, one, f"{kind} on one class alone")
        for kind, one in planted.items()
    ]


def _test_drift(clean: CheckContext, seed: int, among: Rows) -> list[Counted]:  # noqa: ARG001  one form for all
    if "test" not in clean.dataset.splits or not len(clean.dataset.splits["test"]):
        return []
    planted = with_drift(clean.dataset, seed)
    return [verdict_recall(check_drift, clean, planted, "test 15 % brighter, fewer of one class")]


def _test_shortcut(clean: CheckContext, seed: int, among: Rows) -> list[Counted]:  # noqa: ARG001  one form for all
    planted = with_shortcut(clean.dataset)
    return [verdict_recall(check_shortcuts, clean, planted, "corner marks that tell the class")]


def verdict_recall(
    check: Callable[[CheckContext], Checked], clean: CheckContext, planted: Planted, fault: str
) -> Counted:
    """A check of the whole set: found where it speaks. Where it spoke before, nothing is known."""
    given = check(clean).finding
    spoke, before = (
        int(verdict in ("warn", "fail"))
        for verdict in (check(_context(planted.dataset)).finding.verdict, given.verdict)
    )
    known = not before and given.verdict != "not evaluated"
    return Counted(
        check=given.check,
        fault=fault,
        planted=1 if known else 0,
        found=spoke if known else 0,
        flagged=spoke,
        before=before,
        false_alarms=before,
        recall=float(spoke) if known else None,
        precision=float(spoke) if known and spoke else None,
    )
