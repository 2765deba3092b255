"""Check `unreadable`: which image files could not be read, and so are missing from all that follows?"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import counted, percent
from assay.audits.values import Finding, Issue, Verdict
from assay.data.values import UNLABELLED, LeftOut

#: Above this share the loss is no accident of single files, and what is left may no longer be a fair sample.
FAIL_SHARE: Final = 0.01

#: Names given as evidence; issues.csv has all.
_NAMED: Final = 20


def check_unreadable(context: CheckContext) -> Checked:
    """Count the image files that were left out because they are damaged or refused."""
    left = [item for item in context.dataset.left_out if item.kind == "unreadable"]
    unlabelled = [item for item in context.dataset.left_out if item.kind == UNLABELLED]
    others = [item for item in context.dataset.left_out if item.kind == "ignored"]
    read = sum(len(split) for split in context.dataset.splits.values())
    share = len(left) / (read + len(left)) if left else 0.0
    verdict: Verdict = "fail" if share > FAIL_SHARE else "warn" if left or unlabelled else "pass"
    return Checked(
        Finding(
            check="unreadable",
            verdict=verdict,
            summary=_summary(left, unlabelled, read, len(others)),
            evidence={
                "read": read,
                "unreadable": len(left),
                "unlabelled": len(unlabelled),
                "ignored": len(others),
                "by_reason": _by_reason(left),
                "unlabelled_by_reason": _by_reason(unlabelled),
                "ignored_by_reason": _by_reason(others),
                "files": [item.id for item in left[:_NAMED]],
            },
            threshold="no image unreadable or without a class; "
            f"more than {percent(FAIL_SHARE, 0)} unreadable fail",
            reason="an image left out is in no count and no score, and damage rarely hits all classes alike",
            fix=_fix(left, unlabelled),
            count=len(left),
        ),
        tuple(_issue(item) for item in left),
    )


def _by_reason(left: Sequence[LeftOut]) -> dict[str, int]:
    """The most frequent reasons, with their counts."""
    return dict(Counter(item.reason for item in left).most_common(_NAMED))


def _fix(left: Sequence[LeftOut], unlabelled: Sequence[LeftOut]) -> str:
    fixes = ["Get the unreadable files again, or remove them knowingly."] if left else []
    fixes += (
        ["Put the images without a class into the folder of one, or move them away."] if unlabelled else []
    )
    return " ".join(fixes)


def _summary(left: Sequence[LeftOut], unlabelled: Sequence[LeftOut], read: int, ignored: int) -> str:
    files = "file is no image and was" if ignored == 1 else "files are no images and were"
    others = f" {ignored:,} other {files} ignored." if ignored else ""
    if unlabelled:
        images = "image has no class and was" if len(unlabelled) == 1 else "images have no class and were"
        others = f" {len(unlabelled):,} more {images} left out: {unlabelled[0].reason}.{others}"
    if not left:
        return f"All {read:,} images were read.{others}"
    first = f"first {left[0].id}: {left[0].reason}"
    told = counted(
        len(left),
        read + len(left),
        "image could not be read and was left out",
        "images could not be read and were left out",
    )
    return f"{told}, {first}.{others}"


def _issue(item: LeftOut) -> Issue:
    return Issue("unreadable", "unreadable", 1.0, item.split, -1, item.id, "", item.label, detail=item.reason)
