"""Check `unreadable`: image files that could not be read, and so are missing from everything else."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import counted, percent
from assay.audits.issues import Issue
from assay.audits.values import Finding, Verdict
from assay.data.listing.walk import LINK, LINK_DEAD, LINK_OUT
from assay.data.values import UNLABELLED, LeftOut

#: Above this share the loss is no accident of single files, and what is left may no longer be a fair sample.
FAIL_SHARE: Final = 0.01

#: Why a link was left out: images may lie behind it.
LINKS: Final = frozenset((LINK, LINK_OUT, LINK_DEAD))

#: Names given as evidence; issues.csv has all.
_NAMED: Final = 20


def check_unreadable(context: CheckContext) -> Checked:
    """Count the image files that were left out because they are damaged or refused."""
    left = [item for item in context.dataset.left_out if item.kind == "unreadable"]
    unlabelled = [item for item in context.dataset.left_out if item.kind == UNLABELLED]
    ignored = [item for item in context.dataset.left_out if item.kind == "ignored"]
    links = [item for item in ignored if item.reason in LINKS]
    others = [item for item in ignored if item.reason not in LINKS]
    read = sum(len(split) for split in context.dataset.splits.values())
    share = len(left) / (read + len(left)) if left else 0.0
    verdict: Verdict = "fail" if share > FAIL_SHARE else "warn" if left or unlabelled or links else "pass"
    return Checked(
        Finding(
            check="unreadable",
            verdict=verdict,
            summary=_summary(left, unlabelled, read, len(others), links),
            evidence={
                "read": read,
                "unreadable": len(left),
                "unlabelled": len(unlabelled),
                "ignored": len(ignored),
                "links": len(links),
                "by_reason": _by_reason(left),
                "unlabelled_by_reason": _by_reason(unlabelled),
                "ignored_by_reason": _by_reason(ignored),
                "files": [item.id for item in left[:_NAMED]],
            },
            threshold="no image unreadable or without a class; "
            f"more than {percent(FAIL_SHARE, 0)} unreadable fail",
            reason="an image left out is in no count and no score, and damage rarely hits all classes alike",
            fix=_fix(left, unlabelled, links),
            count=len(left),
        ),
        tuple(_issue(item) for item in left),
    )


def _by_reason(left: Sequence[LeftOut]) -> dict[str, int]:
    """The most frequent reasons, with their counts."""
    return dict(Counter(item.reason for item in left).most_common(_NAMED))


def _fix(left: Sequence[LeftOut], unlabelled: Sequence[LeftOut], links: Sequence[LeftOut]) -> str:
    fixes = ["Get the unreadable files again, or remove them knowingly."] if left else []
    fixes += (
        ["Put the images without a class into the folder of one, or move them away."] if unlabelled else []
    )
    fixes += ["Read the notes on links: --follow-links reads those that lead to images."] if links else []
    return " ".join(fixes)


def _summary(
    left: Sequence[LeftOut],
    unlabelled: Sequence[LeftOut],
    read: int,
    ignored: int,
    links: Sequence[LeftOut],
) -> str:
    files = "file is no image and was" if ignored == 1 else "files are no images and were"
    others = f" {ignored:,} other {files} ignored." if ignored else ""
    if links:
        was = "link was" if len(links) == 1 else "links were"
        others = f" {len(links):,} {was} not followed, first {links[0].id}: {links[0].reason}.{others}"
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
