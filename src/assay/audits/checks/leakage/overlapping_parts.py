"""Images of other splits that overlap a training image: tiles and crops of one picture."""

from collections.abc import Collection

import numpy as np

from assay.audits.checks.issues import counted, flagged, percent
from assay.audits.checks.leakage.train_partners import best_in_train, images_in_train
from assay.audits.issues import Issue
from assay.data.values import Dataset
from assay.duplicates.find import Copies


def overlapping_train(dataset: Dataset, copies: Copies, known: Collection[tuple[str, int]]) -> list[Issue]:
    """An issue for each image outside train that shows a part of a training image, the largest one of each.

    known: split and index of images that leak otherwise.
    """
    in_train, pairs = images_in_train(copies), copies.overlaps
    largest = best_in_train(pairs.first, pairs.second, pairs.share, in_train)
    issues = []
    for image in np.flatnonzero(copies.split != copies.splits.index("train")).tolist():
        found = largest.get(int(copies.picture[image]))
        split, index = copies.place(image)
        if found is None or (split, index) in known:
            continue
        pair, partner = found
        down, right = abs(int(pairs.down[pair])), abs(int(pairs.right[pair]))
        share = float(pairs.share[pair])
        told = f"{percent(share, 0)} of it is the same to the bit, moved by {down} down and {right} across"
        related = copies.place(int(in_train[partner]))
        issues.append(flagged(dataset, "leakage", "overlap", share, split, index, related, detail=told))
    return issues


def told_by_parts(images: int, total: int, alone: bool = False) -> str:
    """A sentence on images that overlap; empty without any. alone: there is no split but train."""
    if not images:
        return ""
    if alone:
        told = counted(images, total, "image of train overlaps another", "images of train overlap others")
        return f" {told}, as tiles and crops of one picture do: a test split must not part them."
    told = counted(
        images,
        total,
        "image outside train overlaps a training image",
        "images outside train overlap training images",
    )
    return f" {told}: both show one part of a larger picture, as tiles and crops of it do."
