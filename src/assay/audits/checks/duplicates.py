"""Checks `exact-duplicates` and `near-duplicates`."""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import counted, flagged, not_evaluated, percent
from assay.audits.issues import Issue
from assay.audits.values import Finding, Verdict
from assay.core.arrays import Rows
from assay.data.values import Dataset
from assay.duplicates.background import SHARED
from assay.duplicates.by_detail.detail import CELLS, SAME_DETAIL
from assay.duplicates.by_detail.detail_copies import LARGEST_LIMIT, MOST_PICTURES
from assay.duplicates.by_detail.registration import FARTHEST, LARGEST_TURN
from assay.duplicates.candidates import THUMBNAIL
from assay.duplicates.decision import JPEG_EXCESS, ROUGH, SMALL_SHARE, largest_remainder
from assay.duplicates.find import Copies
from assay.duplicates.moved import LEFT as MOVED_LEFT
from assay.duplicates.moved import SHARE_LEFT as MOVED_SHARE_LEFT
from assay.duplicates.overlaid import LARGEST_BOX
from assay.duplicates.recolored import LARGEST_REST
from assay.duplicates.resampled import FACTORS, LEFT, SHARE_LEFT

#: How bad each kind of copy is, as a score; conflicts first, for one of two labels is surely wrong.
_SCORES: Final = {"conflicting-labels": 1.0, "across-splits": 0.9, "within-split": 0.8}

_WORDS: Final = {
    "conflicting-labels": "with another label",
    "across-splits": "across splits",
    "within-split": "within a split",
}


def check_exact_duplicates(context: CheckContext) -> Checked:
    """Find images with equal pixels: every one but the first of its group is flagged.

    Images of one value everywhere are equal by what they lack, so their labels are in no conflict.
    """
    dataset, copies = context.dataset, context.exact_copies
    repeated = np.flatnonzero(copies.first[copies.picture] != np.arange(len(copies.picture)))
    groups = np.unique(copies.picture[repeated])
    empty = set(groups[_of_one_value(dataset, copies, copies.first[groups])].tolist())
    issues = []
    for i in repeated.tolist():
        picture = int(copies.picture[i])
        first, blank = int(copies.first[picture]), picture in empty
        detail = "both of one value everywhere" if blank else "equal in every pixel"
        issues.append(
            _copy_issue(dataset, copies, "exact-duplicates", i, first, _SCORES, detail, empty=blank)
        )
    blanks = int(np.isin(copies.picture[repeated], sorted(empty)).sum())
    return _duplicates_checked(
        "exact-duplicates",
        tuple(issues),
        {"groups": len(groups), "empty": blanks},
        len(copies.picture),
        "any image with equal pixels elsewhere (by SHA-256 of shape and pixels)",
        besides=_of_empty(dataset, blanks),
    )


def _of_one_value(dataset: Dataset, copies: Copies, images: Rows) -> NDArray[np.bool_]:
    """Which of some images have one value everywhere."""
    found = np.zeros(len(images), bool)
    for number, name in enumerate(copies.splits):
        own = copies.split[images] == number
        rows = copies.index[images[own]]
        even = [
            (block == block[:, :1, :1]).all(axis=(1, 2, 3)) for block in dataset.splits[name].blocks(rows)
        ]
        found[own] = np.concatenate([np.zeros(0, bool), *even])
    return found


def _of_empty(dataset: Dataset, count: int) -> str:
    """What images of one value everywhere are: no copies of a picture, and of no class."""
    if not count:
        return ""
    height, width, _ = dataset.shape
    have, shows = ("1 of them has", "it shows") if count == 1 else (f"{count:,} of them have", "they show")
    where = f"at {height} x {width} pixels"
    return f" {have} one value everywhere {where}: {shows} nothing, so no label is right."


def check_near_duplicates(context: CheckContext) -> Checked:
    """Find the same picture moved, mirrored, turned, brightened, recolored, resized, compressed or noisy."""
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
        "of the contrast remain after undoing mirror, turns by right angles (with no shift), a shift of "
        "up to 2 pixels, gain and contrast; or no "
        f"more than JPEG's rounding at quality 35 explains, but for {JPEG_EXCESS:g} gray levels; where "
        f"pictures were averaged down, {ROUGH * bound:.1f} gray levels and "
        f"{percent(SMALL_SHARE, 0)} of the contrast; and detail correlates by {SAME_DETAIL:g} in most "
        f"places. Or at most {LEFT:g} gray levels or {percent(SHARE_LEFT, 0)} of the contrast remain once "
        f"one is made smaller, to {', '.join(percent(factor, 0) for factor in FACTORS)} of its size, and "
        "brought back. Or, once lined up, 80 % or half of the picture miss a correlation of 1 by at most "
        f"{LARGEST_LIMIT:g} times what lookalikes miss it by; "
        "less where mirrored or upside-down pictures find partners, too. Pictures that share a background "
        f"with others have to agree by {SHARED:g} in what stands out of it, too. Or at most "
        f"{MOVED_LEFT:g} gray levels or {percent(MOVED_SHARE_LEFT, 0)} of the contrast remain once one "
        "is moved, turned and resized as the other was. Or all differences lie in one box of at most "
        f"{percent(LARGEST_BOX, 0)} of the picture, of one color or at its border, and the rest shows "
        "enough. Or at most "
        f"{LARGEST_REST:g} gray levels remain once each channel of one is made from that of the other by a "
        "function that never falls, or its saturation changed",
        missed(copies),
        len(copies.first) < len(copies.picture),
        may_be_templates(copies, len(issues), len(copies.picture)) + of_small_pictures(dataset),
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
    *,
    empty: bool = False,
) -> Issue:
    (split, index), (other_split, other_index) = copies.place(image), copies.place(other)
    label, other_label = dataset.splits[split].labels[index], dataset.splits[other_split].labels[other_index]
    same = empty or label == other_label
    kind = "conflicting-labels" if not same else "within-split" if split == other_split else "across-splits"
    return flagged(
        dataset, check, kind, scores[kind], split, index, (other_split, other_index), detail=detail
    )


#: From this share of near copies on they may be something else.
_MANY: Final = 0.1
_TEMPLATES: Final = (
    " Pictures made from one template count as well (forms, screens, codes, parts that are made alike, an "
    "icon in two colors or directions): such are no copies, and nothing is to be removed."
)


def may_be_templates(copies: Copies, near: int, total: int) -> str:
    """The other reading of near copies, where they are many or other images are as much alike; else empty."""
    alike = copies.limits is not None and min(copies.limits) == 0
    return _TEMPLATES if near and (alike or near >= _MANY * total) else ""


#: Pixels a side under which copies are missed that were changed in size: of four sets at 8 to 16 pixels 40 of
#: 320 that were made smaller and brought back are told, and 69 of 320 cropped ones; at 20, 58 and 64 of 80.
_SMALL: Final = 20


def of_small_pictures(dataset: Dataset) -> str:
    """What is missed among small pictures, whether others were found or not; empty for larger ones."""
    if min(dataset.shape[:2]) >= _SMALL:
        return ""
    return (
        f" Of pictures of fewer than {_SMALL} pixels a side most copies that were cropped, or made smaller "
        "and brought back, are missed."
    )


def _duplicates_checked(
    check: str,
    issues: tuple[Issue, ...],
    evidence: dict[str, Any],
    total: int,
    threshold: str,
    misses: str = "",
    copied: bool = False,
    besides: str = "",
) -> Checked:
    kinds = {kind: sum(issue.kind == kind for issue in issues) for kind in _SCORES}
    bad = kinds["conflicting-labels"] + kinds["across-splits"]
    exact = check == "exact-duplicates"
    verdict: Verdict = "pass" if not issues else "fail" if exact and bad else "warn"
    return Checked(
        Finding(
            check=check,
            verdict=verdict,
            summary=_duplicates_summary(exact, kinds, len(issues), total, misses, copied) + besides,
            evidence={**kinds, **evidence, "images": total},
            threshold=threshold,
            reason="copies count twice in training and make a score look more certain than it is; "
            "where their labels differ, one is wrong",
            fix=_duplicates_fix(kinds) if issues else "",
            count=len(issues),
        ),
        issues,
    )


def missed(copies: Copies) -> str:
    """What the search did not look for, or was measured to miss (docs/planted-faults.md)."""
    if copies.limits is None:
        sizes = (
            f"that needs 16 to {MOST_PICTURES:,} images that show something, of {2 * CELLS} pixels or more"
        )
        return (
            "Copies that were cropped, framed or turned by a few degrees were not looked for: "
            f"{sizes}. {_told_without_detail(copies)}"
        )
    if not any(copies.limits):
        return (
            "Copies that were cropped, framed or turned by a few degrees are told here only where nothing "
            f"else was done to them: other images are as much alike. {_told_without_detail(copies)} "
            f"{_not_looked_for(copies)}"
        )
    return (
        "Copies with a text across them are missed at times where the rest was changed, too, and those "
        f"cropped by more than 10 %. {_not_looked_for(copies)}"
    )


def _told_without_detail(copies: Copies) -> str:
    if copies.alone is None:
        return (
            "So were those with a text or a logo, in other colors or turned by right angles: the thumbnails "
            "of so many images do not fit into memory."
        )
    return (
        "Those with a text or a logo over them are told where the rest is the same to the bit and what lies "
        "over it has one color or stands at the border, those in other colors where nothing else was changed "
        "and no hue was turned."
    )


def _not_looked_for(copies: Copies) -> str:
    """How far a copy may be moved and turned; half a side is 1 there. The rest: docs/experiments.md,
    groups by their distances. Where pictures overlap those that were moved farther are told by that."""
    turned, moved = math.degrees(math.asin(LARGEST_TURN)), percent(FARTHEST / 2, 0)
    farther = "" if len(copies.overlaps.first) else f" or moved by more than {moved} of a side"
    return (
        f"Copies turned by more than {turned:.0f} degrees, but for right angles,{farther} are not looked "
        "for, and most that were changed in several ways at once are missed."
    )


def _duplicates_summary(
    exact: bool, kinds: dict[str, int], count: int, total: int, misses: str = "", copied: bool = False
) -> str:
    """copied: whether there are exact copies, which the check of near copies does not count."""
    if not count:
        no, same = "Besides exact copies, no" if copied else "No", "equal" if exact else "nearly the same"
        return f"{no} two of the {total:,} images are {same}. {misses}".rstrip()
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
