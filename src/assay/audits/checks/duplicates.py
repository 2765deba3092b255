"""Checks `exact-duplicates`, `near-duplicates` and `leakage`."""

from collections.abc import Collection
from typing import Any, Final

import numpy as np

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import counted, flagged, not_evaluated, percent
from assay.audits.values import Finding, Issue, Verdict
from assay.core.arrays import Rows
from assay.core.text import one_line
from assay.data.values import Dataset
from assay.duplicates.candidates import THUMBNAIL
from assay.duplicates.decision import JPEG_EXCESS, ROUGH, SMALL_SHARE, largest_remainder
from assay.duplicates.detail import CELLS, SAME_DETAIL
from assay.duplicates.detail_copies import LARGEST_LIMIT, MOST_PICTURES
from assay.duplicates.find import Copies
from assay.duplicates.moved import LEFT as MOVED_LEFT
from assay.duplicates.moved import SHARE_LEFT as MOVED_SHARE_LEFT
from assay.duplicates.resampled import FACTORS, LEFT, SHARE_LEFT

#: More than this share of test images with a copy in train moves a score by more than a typical
#: 95 % interval of 10,000 images is wide (0.5 percentage points).
FAIL_LEAKAGE: Final = 0.005

#: How bad each kind of copy is, as a score; conflicts first, for one of two labels is surely wrong.
_SCORES: Final = {"conflicting-labels": 1.0, "across-splits": 0.9, "within-split": 0.8}

_WORDS: Final = {
    "conflicting-labels": "with another label",
    "across-splits": "across splits",
    "within-split": "within a split",
}


def check_exact_duplicates(context: CheckContext) -> Checked:
    """Find images with equal pixels: every one but the first of its group is flagged."""
    dataset, copies = context.dataset, context.exact_copies
    repeated = np.flatnonzero(copies.first[copies.picture] != np.arange(len(copies.picture)))
    pairs = [(int(i), int(copies.first[copies.picture[i]])) for i in repeated]
    issues = tuple(
        _copy_issue(dataset, copies, "exact-duplicates", i, first, _SCORES, "equal in every pixel")
        for i, first in pairs
    )
    groups = len(np.unique(copies.picture[repeated]))
    return _duplicates_checked(
        "exact-duplicates",
        issues,
        {"groups": groups},
        len(copies.picture),
        "any image with equal pixels elsewhere (by SHA-256 of shape and pixels)",
    )


def check_near_duplicates(context: CheckContext) -> Checked:
    """Find the same picture moved, mirrored, brightened, resized, compressed or noisy."""
    if not any(len(split) for split in context.dataset.splits.values()):
        return not_evaluated("near-duplicates", "there are no images")
    dataset, copies = context.dataset, context.copies
    issues = []
    for pair in _best_pair_of_each(copies):
        later, earlier = (int(copies.first[side[pair]]) for side in (copies.near_second, copies.near_first))
        detail = copies.changes[pair]
        scores = dict.fromkeys(_SCORES, float(copies.score[pair]))
        issues.append(_copy_issue(dataset, copies, "near-duplicates", later, earlier, scores, detail))
    bound = largest_remainder((1, *(min(side, THUMBNAIL) for side in dataset.shape[:2]), dataset.shape[2]))
    return _duplicates_checked(
        "near-duplicates",
        tuple(issues),
        {
            "pairs": len(copies.changes),
            "detail_limits": list(copies.limits) if copies.limits else None,
            "unlikely_pairs": copies.unlikely,
        },
        len(copies.picture),
        f"at most {bound:.1f} gray levels (noise of deviation 8, smoothed over 3 x 3 pixels) and a quarter "
        "of the contrast remain after undoing mirror, a shift of up to 2 pixels, gain and contrast; or no "
        f"more than JPEG's rounding at quality 35 explains, but for {JPEG_EXCESS:g} gray levels; where "
        f"pictures were averaged down, {ROUGH * bound:.1f} gray levels and "
        f"{percent(SMALL_SHARE, 0)} of the contrast; and detail correlates by {SAME_DETAIL:g} in most "
        f"places. Or at most {LEFT:g} gray levels or {percent(SHARE_LEFT, 0)} of the contrast remain once "
        f"one is made smaller, to {', '.join(percent(factor, 0) for factor in FACTORS)} of its size, and "
        "brought back. Or, once lined up, 80 % or half of the picture miss a correlation of 1 by at most "
        f"{LARGEST_LIMIT:g} times what lookalikes miss it by; "
        "less where mirrored or upside-down pictures find partners, too. Or at most "
        f"{MOVED_LEFT:g} gray levels or {percent(MOVED_SHARE_LEFT, 0)} of the contrast remain once one "
        "is moved, turned and resized as the other was",
        missed(copies),
    )


def _best_pair_of_each(copies: Copies) -> list[int]:
    """For each picture with an earlier near copy, its best pair."""
    order = np.lexsort((-copies.score, copies.near_second))
    return [int(i) for i in order[np.flatnonzero(np.diff(copies.near_second[order], prepend=-1))]]


def _copy_issue(
    dataset: Dataset,
    copies: Copies,
    check: str,
    image: int,
    other: int,
    scores: dict[str, float],
    detail: str,
) -> Issue:
    (split, index), (other_split, other_index) = copies.place(image), copies.place(other)
    same = dataset.splits[split].labels[index] == dataset.splits[other_split].labels[other_index]
    kind = "conflicting-labels" if not same else "within-split" if split == other_split else "across-splits"
    return flagged(
        dataset, check, kind, scores[kind], split, index, (other_split, other_index), detail=detail
    )


def _duplicates_checked(
    check: str,
    issues: tuple[Issue, ...],
    evidence: dict[str, Any],
    total: int,
    threshold: str,
    misses: str = "",
) -> Checked:
    kinds = {kind: sum(issue.kind == kind for issue in issues) for kind in _SCORES}
    bad = kinds["conflicting-labels"] + kinds["across-splits"]
    exact = check == "exact-duplicates"
    verdict: Verdict = "pass" if not issues else "fail" if exact and bad else "warn"
    return Checked(
        Finding(
            check=check,
            verdict=verdict,
            summary=_duplicates_summary(exact, kinds, len(issues), total, misses),
            evidence={**kinds, **evidence, "images": total},
            threshold=threshold,
            reason="copies count twice in training and make a score look more certain than it is; "
            "where their labels differ, one is wrong",
            fix=_duplicates_fix(kinds) if issues else "",
            count=len(issues),
        ),
        issues,
    )


_BY_DETAIL: Final = "Cropped, turned, framed, marked or written-on copies"


def missed(copies: Copies) -> str:
    """What the search did not look for, or was measured to miss (docs/planted-faults.md)."""
    if copies.limits is None:
        sizes = (
            f"that needs 16 to {MOST_PICTURES:,} images that show something, of {2 * CELLS} pixels or more"
        )
        return f"{_BY_DETAIL} were not looked for: {sizes}."
    if not any(copies.limits):
        return (
            "Cropped, turned and framed copies are told here only where nothing else was done to them, and "
            "marked or written-on ones hardly: other images are as much alike."
        )
    return "Copies with a text across them are missed at times, and those cropped by more than 10 %."


def _duplicates_summary(exact: bool, kinds: dict[str, int], count: int, total: int, misses: str = "") -> str:
    if not count:
        return (
            f"No two of the {total:,} images are {'equal' if exact else 'nearly the same'}. {misses}".rstrip()
        )
    what = "exact" if exact else "near"
    spread = ", ".join(f"{n:,} {_WORDS[kind]}" for kind, n in kinds.items() if n)
    told = counted(
        count,
        total,
        f"image is an {what} copy of an earlier one",
        f"images are {what} copies of earlier ones",
    ).replace("an near", "a near")
    return f"{told}: {spread}."


def _duplicates_fix(kinds: dict[str, int]) -> str:
    settle = " Find out which label is right where they differ." if kinds["conflicting-labels"] else ""
    side = ", on one side of the split" if kinds["across-splits"] else ""
    return f"Keep one image of each group of copies{side}.{settle}"


def check_leakage(context: CheckContext) -> Checked:
    """Find test and validation images that have an exact or near copy in train."""
    dataset = context.dataset
    judged = {name: len(split) for name, split in dataset.splits.items() if name != "train" and len(split)}
    if not judged:
        return not_evaluated("leakage", "there is no other split than train")
    copied = _leaks(dataset, context.copies)
    grouped = _shared_groups(dataset, {(issue.split, issue.index) for issue in copied})
    issues = (*copied, *grouped)
    worst = max(sum(i.split == name for i in issues) / size for name, size in judged.items())
    exact, near = (sum(issue.kind == kind for issue in copied) for kind in ("exact", "near"))
    groups = {issue.detail for issue in grouped}
    bad = exact or grouped or worst > FAIL_LEAKAGE
    verdict: Verdict = "pass" if not issues else "fail" if bad else "warn"
    total = sum(judged.values())
    return Checked(
        Finding(
            check="leakage",
            verdict=verdict,
            summary=_leakage_summary(exact, near, len(grouped), len(groups), total, missed(context.copies))
            + _other_counts(context, exact, near),
            evidence={
                "exact": exact,
                "near": near,
                "of_shared_groups": len(grouped),
                "shared_groups": len(groups),
                "images": judged,
                "worst_share": worst,
            },
            threshold="no exact copy, no group on both sides, and near copies of at most "
            f"{percent(FAIL_LEAKAGE, 1)} of a split (fail); "
            "none at all (warn)",
            reason="an image seen in training is recognized, not classified, and so is a patient, a product "
            "or a video: it makes the score too good",
            fix="Remove these images from train, or from the test, and read the score without them; draw a "
            "new test split with --group-column where groups lie on both sides."
            if issues
            else "",
            count=len(issues),
        ),
        issues,
    )


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
    of_groups = counted(
        grouped,
        total,
        f"image more is of {groups:,} groups that lie in train too.",
        f"images more are of {groups:,} groups that lie in train too.",
    )
    return of_groups if not exact + near else f"{told} {of_groups}"


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
    train = copies.splits.index("train")
    in_train = np.full(len(copies.first), -1, np.int64)
    members = np.flatnonzero(copies.split == train)[::-1]
    in_train[copies.picture[members]] = members
    near = _near_in_train(copies, in_train)
    issues = []
    for image in np.flatnonzero(copies.split != train):
        picture = int(copies.picture[image])
        if in_train[picture] >= 0:
            issues.append(_leak(dataset, copies, int(image), int(in_train[picture]), "exact", 1.0, ""))
        elif picture in near:
            pair, partner = near[picture]
            score, detail = float(copies.score[pair]), copies.changes[pair]
            issues.append(_leak(dataset, copies, int(image), int(in_train[partner]), "near", score, detail))
    return issues


def _near_in_train(copies: Copies, in_train: Rows) -> dict[int, tuple[int, int]]:
    """Picture -> its best pair with a picture of train, and that picture."""
    found: dict[int, tuple[int, int]] = {}
    for pair in np.argsort(-copies.score, kind="stable").tolist():
        first, second = int(copies.near_first[pair]), int(copies.near_second[pair])
        for picture, partner in ((first, second), (second, first)):
            if in_train[partner] >= 0:
                found.setdefault(picture, (pair, partner))
    return found


def _leak(
    dataset: Dataset, copies: Copies, image: int, partner: int, kind: str, score: float, detail: str
) -> Issue:
    (split, index), related = copies.place(image), copies.place(partner)
    words = detail or "equal in every pixel"
    return flagged(dataset, "leakage", kind, score, split, index, related, detail=words)
