"""Check `unreadable`: which image files could not be read, and so are missing from all that follows?"""

from collections import Counter
from typing import Final

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import counted
from assay.audits.values import Finding, Issue, Verdict
from assay.data.values import LeftOut

#: Above this share the loss is no accident of single files, and what is left may no longer be a fair sample.
FAIL_SHARE: Final = 0.01

#: Names given as evidence; issues.csv has all.
_NAMED: Final = 20


def check_unreadable(context: CheckContext) -> Checked:
    """Count the image files that were left out because they are damaged or refused."""
    left = [item for item in context.dataset.left_out if item.kind == "unreadable"]
    ignored = len(context.dataset.left_out) - len(left)
    read = sum(len(split) for split in context.dataset.splits.values())
    share = len(left) / (read + len(left)) if left else 0.0
    verdict: Verdict = "pass" if not left else "warn" if share <= FAIL_SHARE else "fail"
    return Checked(
        Finding(
            check="unreadable",
            verdict=verdict,
            summary=_summary(left, read, ignored),
            evidence={
                "read": read,
                "unreadable": len(left),
                "ignored": ignored,
                "by_reason": dict(sorted(Counter(item.reason for item in left).items())[:_NAMED]),
                "files": [item.id for item in left[:_NAMED]],
            },
            threshold=f"no unreadable image; more than {FAIL_SHARE:.0%} of the images fail",
            reason="an image left out is in no count and no score, and damage rarely hits all classes alike",
            fix="Get these files again, or remove them knowingly." if left else "",
            count=len(left),
        ),
        tuple(_issue(item) for item in left),
    )


def _summary(left: list[LeftOut], read: int, ignored: int) -> str:
    files = "file is no image and was" if ignored == 1 else "files are no images and were"
    others = f" {ignored:,} other {files} ignored." if ignored else ""
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
