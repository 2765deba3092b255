"""Helpers that every check shares: issues of flagged images, findings that were not evaluated, counts."""

from collections.abc import Mapping
from typing import Any

from assay.audits.checks.context import Checked
from assay.audits.issues import Issue
from assay.audits.values import Finding
from assay.data.values import Dataset


def flagged(
    dataset: Dataset,
    check: str,
    kind: str,
    score: float,
    split: str,
    index: int,
    related: tuple[str, int] | None = None,
    **more: Any,
) -> Issue:
    """The issue of image `index` of `split`. related: split and index of the image it is compared with."""
    images = dataset.splits[split]
    return Issue(
        check=check,
        kind=kind,
        score=min(max(float(score), 0.0), 1.0),
        split=split,
        index=int(index),
        id=images.ids[index],
        digest=images.hex_digest(index),
        label=dataset.classes[images.labels[index]],
        **more,
        **_related(dataset, related),
    )


def _related(dataset: Dataset, related: tuple[str, int] | None) -> dict[str, Any]:
    if related is None:
        return {}
    split, index = related
    return {
        "related_split": split,
        "related_index": int(index),
        "related_id": dataset.splits[split].ids[index],
    }


def not_evaluated(check: str, why: str, evidence: Mapping[str, Any] | None = None) -> Checked:
    """The finding of a check that cannot be made on these data. evidence: figures that say why."""
    return Checked(
        Finding(
            check=check,
            verdict="not evaluated",
            summary=f"Not evaluated: {why}.",
            evidence=evidence or {},
            threshold="",
            reason=why,
        )
    )


def counted(part: int, whole: int, one: str, several: str) -> str:
    """A count with its share and the words that follow, for people.

    `1 image (0.08 %) is dark`, `No image is dark`: one and several begin with the noun, the rest comes after
    the share.
    """
    if part == 0:
        return f"No {one}"
    noun, _, rest = (one if part == 1 else several).partition(" ")
    shown = f" ({percent(part / whole, 2)})" if whole else ""
    return f"{part:,} {noun}{shown} {rest}".rstrip()


def percent(share: float, digits: int = 1) -> str:
    """A share in [0, 1], for people."""
    return f"{100 * share:.{digits}f} %"
