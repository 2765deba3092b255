"""Check `leakage`: test and validation images with a copy, or of a group, that is in train."""

from collections.abc import Collection
from dataclasses import asdict, replace
from typing import Final

import numpy as np

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.duplicates import (
    check_exact_duplicates,
    check_near_duplicates,
    may_be_templates,
    missed,
    of_small_pictures,
)
from assay.audits.checks.issues import counted, flagged, not_evaluated, percent
from assay.audits.checks.leakage.column_groups import suspected_column, told_by_column
from assay.audits.checks.leakage.hidden_groups import FEWEST, FEWEST_OF_CLASS, HiddenGroups, hidden_groups
from assay.audits.checks.leakage.overlapping_parts import overlapping_train, told_by_parts
from assay.audits.checks.leakage.sentences import fix_of_leaks, told_by_distances, told_by_names
from assay.audits.checks.leakage.suspected_groups import SuspectedGroups, suspected_groups
from assay.audits.checks.leakage.train_partners import best_in_train, images_in_train
from assay.audits.issues import Issue
from assay.audits.values import Finding, Verdict
from assay.core.text import one_line
from assay.data.splitting.group_columns import GroupColumn
from assay.data.values import Dataset
from assay.duplicates.find import Copies
from assay.duplicates.overlapping.overlaps import (
    LEAST_SHARE,
    MOST_PICTURES,
    SMALLEST,
    overlapping_pictures,
)

#: More than this share of test images with a copy in train moves a score by more than a typical
#: 95 % interval of 10,000 images is wide (0.5 percentage points).
FAIL_LEAKAGE: Final = 0.005


def check_leakage(context: CheckContext) -> Checked:
    """Find test and validation images that have a copy in train, or show a part of a training picture."""
    dataset = context.dataset
    judged = {name: len(split) for name, split in dataset.splits.items() if name != "train" and len(split)}
    if not judged:
        return _of_train_alone(context)
    copied = _leaks(dataset, context.copies)
    known = {(issue.split, issue.index) for issue in copied}
    parts = overlapping_train(dataset, context.copies, known)
    known |= {(issue.split, issue.index) for issue in parts}
    grouped = _shared_groups(dataset, known)
    issues = (*copied, *parts, *grouped)
    column = suspected_column(dataset)
    suspected = None if column else suspected_groups(context, known)
    hidden = _hidden(context, {(issue.split, issue.index) for issue in issues}, column or suspected)
    worst = max(sum(i.split == name for i in issues) / size for name, size in judged.items())
    exact, near = (sum(issue.kind == kind for issue in copied) for kind in ("exact", "near"))
    groups = {issue.detail for issue in grouped}
    bad = exact or grouped or worst > FAIL_LEAKAGE
    verdict: Verdict = "fail" if bad else "warn" if issues or column or suspected or hidden else "pass"
    total = sum(judged.values())
    alike = may_be_templates(context.copies, near, total)
    return Checked(
        Finding(
            check="leakage",
            verdict=verdict,
            summary=_in_order(
                _leakage_summary(exact, near, len(grouped), len(groups), total, missed(context.copies))
                + alike
                + of_small_pictures(dataset)
                + _other_counts(context, exact, near),
                told_by_parts(len(parts), total)
                + told_by_column(column)
                + told_by_names(suspected)
                + told_by_distances(hidden),
                bool(copied or grouped),
            ),
            evidence={
                "exact": exact,
                "near": near,
                "overlapping": len(parts),
                "may_be_no_copies": bool(alike) and not exact,
                "of_shared_groups": len(grouped),
                "shared_groups": len(groups),
                "images": judged,
                "worst_share": worst,
                "groups_by_column": asdict(column) if column else None,
                "groups_by_names": asdict(suspected) if suspected else None,
                "groups_by_distances": asdict(hidden) if hidden else None,
            },
            threshold="no exact copy, no group on both sides, and near copies and images that overlap one of "
            f"train at most {percent(FAIL_LEAKAGE, 1)} of a split (fail); none at all, and no groups told by "
            f"columns, by names or by distances (warn; distances tell of {FEWEST} images or more, in classes "
            f"of {FEWEST_OF_CLASS} training images or more; overlaps are told where "
            f"{percent(LEAST_SHARE, 0)} of the area or more is the same to the bit, of up to "
            f"{MOST_PICTURES:,} pictures of {SMALLEST} pixels a side or more)",
            reason="an image seen in training is recognized, not classified, and so is a patient, a product "
            "or a video: it makes the score too good",
            fix=fix_of_leaks(bool(issues), suspected, hidden, column, bool(grouped or parts)),
            count=len(issues),
        ),
        issues,
    )


def _of_train_alone(context: CheckContext) -> Checked:
    """Not evaluated; but groups that a test split, which is still to be drawn, would part are told."""
    given = not_evaluated("leakage", "there is no other split than train")
    copied = _copied_within(context.copies)
    column = suspected_column(context.dataset)
    suspected = None if column else suspected_groups(context, copied)
    named = "group" in context.dataset.train.columns  # those of one group are near each other, as they may be
    hidden = None if named else _hidden(context, copied, column or suspected)
    parts = len(np.unique(overlapping_pictures(context.copies.overlaps)))
    if column is None and suspected is None and hidden is None and not parts:
        return given
    told = replace(
        given.finding,
        summary=given.finding.summary
        + told_by_parts(parts, len(context.dataset.train), alone=True)
        + told_by_column(column)
        + told_by_names(suspected, alone=True)
        + told_by_distances(hidden, alone=True),
        evidence={
            "overlapping": parts,
            "groups_by_column": asdict(column) if column else None,
            "groups_by_names": asdict(suspected) if suspected else None,
            "groups_by_distances": asdict(hidden) if hidden else None,
        },
        fix=fix_of_leaks(issues=False, suspected=suspected, hidden=hidden, column=column),
    )
    return Checked(told)


def _in_order(copies: str, more: str, copied: bool) -> str:
    """What was found before what was not: the first sentence is what the first screen shows."""
    return copies + more if copied or not more else f"{more.strip()} {copies}"


def _hidden(
    context: CheckContext, known: Collection[tuple[str, int]], suspected: SuspectedGroups | GroupColumn | None
) -> HiddenGroups | None:
    """The groups that distances tell, where no name and no column does."""
    return None if suspected else hidden_groups(context, known)


def _copied_within(copies: Copies) -> set[tuple[str, int]]:
    """Split and index of all images that have an exact or near copy."""
    several = np.bincount(copies.picture) > 1
    several[copies.near_first] = several[copies.near_second] = True
    several[overlapping_pictures(copies.overlaps)] = True
    return {copies.place(image) for image in np.flatnonzero(several[copies.picture]).tolist()}


def _other_counts(context: CheckContext, exact: int, near: int) -> str:
    """Why the checks of duplicates count other images across splits than leakage does, where they do.

    They name each image once, beside its first or its nearest copy; leakage asks for a copy in train.
    """
    across = {
        check.finding.check: check.finding.evidence.get("across-splits", 0)
        for check in (check_exact_duplicates(context), check_near_duplicates(context))
    }
    told = [
        f"{across[name]:,} under {name}"
        for name, leaked in (("exact-duplicates", exact), ("near-duplicates", near))
        if across[name] != leaked and leaked
    ]
    if not told:
        return ""
    return (
        f" (Across splits there are {' and '.join(told)}: these list each image once, with its nearest copy, "
        "and count copies with another label separately.)"
    )


def _leakage_summary(exact: int, near: int, grouped: int, groups: int, total: int, misses: str) -> str:
    if not exact + near + grouped:
        return f"None of the {total:,} images outside train has a copy in train. {misses}"
    told = counted(
        exact + near,
        total,
        "image outside train has a copy in train",
        "images outside train have a copy in train",
    )
    told += f": {exact:,} exact, {near:,} near."
    if not grouped:
        return told
    copied = bool(exact + near)
    more, of = (
        " more" if copied else "",
        "1 group that lies" if groups == 1 else f"{groups:,} groups that lie",
    )
    of_groups = counted(
        grouped,
        total,
        f"image{more or ' outside train'} is of {of} in train too.",
        f"images{more or ' outside train'} are of {of} in train too.",
    )
    return f"{told} {of_groups}" if copied else of_groups


def _shared_groups(dataset: Dataset, known: Collection[tuple[str, int]]) -> list[Issue]:
    """Images of other splits whose group has images in train, but for those that are known to leak."""
    names = dataset.train.columns.get("group")
    if names is None:
        return []
    in_train = {str(name): row for row, name in reversed(list(enumerate(names))) if name}
    return [
        flagged(
            dataset,
            "leakage",
            "group",
            0.9,
            split,
            row,
            ("train", in_train[str(name)]),
            detail=f"the group {one_line(str(name))} lies in train too",
        )
        for split, part in dataset.splits.items()
        if split != "train"
        for row, name in enumerate(part.columns.get("group", ()))
        if name and str(name) in in_train and (split, row) not in known
    ]


def _leaks(dataset: Dataset, copies: Copies) -> list[Issue]:
    in_train = images_in_train(copies)
    near = best_in_train(copies.near_first, copies.near_second, copies.score, in_train)
    issues = []
    for image in np.flatnonzero(copies.split != copies.splits.index("train")):
        picture = int(copies.picture[image])
        if in_train[picture] >= 0:
            issues.append(_leak(dataset, copies, int(image), int(in_train[picture]), "exact", 1.0, ""))
        elif picture in near:
            pair, partner = near[picture]
            score, detail = float(copies.score[pair]), copies.changes[pair]
            issues.append(_leak(dataset, copies, int(image), int(in_train[partner]), "near", score, detail))
    return issues


def _leak(
    dataset: Dataset, copies: Copies, image: int, partner: int, kind: str, score: float, detail: str
) -> Issue:
    (split, index), related = copies.place(image), copies.place(partner)
    words = detail or "equal in every pixel"
    return flagged(dataset, "leakage", kind, score, split, index, related, detail=words)
