"""Known faults put into copies of the data, so that a check's findings can be counted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from assay.audits.self_test import everyday_faults
from assay.audits.self_test.pixel_changes import (
    DAMAGES,
    NEAR_CHANGES,
    Change,
    to_bytes,
    unchanged,
)
from assay.core.arrays import Bytes, Rows
from assay.data.values import Dataset, Split

#: Gray levels in the mean under which a picture is as it was.
_SEEN: Final = 10.0

#: The share of the training images that a shortcut marks.
_MARKED: Final = 0.9

#: Training images that are kept where one class is changed: all kinds together take no longer than the audit.
_KEPT: Final = 4000


def damages_for(dataset: Dataset) -> Mapping[str, Change]:
    """Every kind of damage that these data can have."""
    others = dict(everyday_faults.DAMAGES)
    if dataset.shape[2] != 3:
        del others["channels exchanged"]
    return {**DAMAGES, **others}


@dataclass(frozen=True, eq=False)
class Planted:
    """Data with faults, and where they are. faults: (kind, split) -> rows of that split."""

    dataset: Dataset
    faults: Mapping[tuple[str, str], Rows]


def with_copies(dataset: Dataset, count: int, seed: int, among: Rows | None = None) -> Planted:
    """`count` exact copies and `count` of each near copy of train images, added to train and to test.

    They carry their image's label; one half of each kind goes to each split (all to train without a test).
    among: training rows to take the images from; all when None.
    """
    rng = np.random.default_rng([seed, 0xC0])
    targets = [name for name in ("train", "test") if name in dataset.splits]
    changes: dict[str, Change] = {"exact": unchanged, **NEAR_CHANGES, **everyday_faults.COPIES}
    rows = _among(dataset, among)
    sources = rng.choice(rows, min(count * len(changes), len(rows)), replace=False)
    added: dict[str, list[tuple[str, Bytes, Rows]]] = {name: [] for name in targets}
    for (kind, change), rows in zip(changes.items(), np.array_split(sources, len(changes)), strict=True):
        for name, part in zip(targets, np.array_split(rows, len(targets)), strict=True):
            part = np.sort(part)
            added[name].append((kind, change(_pixels(dataset.train, part), rng), part))
    splits, faults = dict(dataset.splits), {}
    for name in targets:
        splits[name], found = _extended(dataset.splits[name], dataset.train, added[name])
        faults.update({(kind, name): rows for kind, rows in found.items()})
    return Planted(replace(dataset, splits=splits, fingerprints={}), faults)


def _among(dataset: Dataset, among: Rows | None) -> Rows:
    return np.arange(len(dataset.train)) if among is None else among


def _pixels(split: Split, rows: Rows) -> Bytes:
    return np.concatenate(
        [np.asarray(block) for block in split.blocks(rows)] or [np.zeros((0, *split.shape), np.uint8)]
    )


def _extended(
    split: Split, train: Split, parts: list[tuple[str, Bytes, Rows]]
) -> tuple[Split, dict[str, Rows]]:
    """The split with copies of train images at its end, and the rows of each kind."""
    faults, done = {}, len(split)
    for kind, images, _ in parts:
        faults[kind] = np.arange(done, done + len(images))
        done += len(images)
    images = np.concatenate([_pixels(split, np.arange(len(split))), *(images for _, images, _ in parts)])
    labels = np.concatenate([split.labels, *(train.labels[rows] for _, _, rows in parts)])
    ids = [*split.ids, *(f"planted/{i}" for i in range(len(split), done))]
    return Split.from_arrays(images, labels, ids), faults


def with_flips(
    dataset: Dataset, share: float, seed: int, likely: Rows | None = None, among: Rows | None = None
) -> Planted:
    """A share of the training labels replaced: by any other class alike, or by `likely[row]` where given.

    among: training rows that may be chosen; all when None.
    """
    rng = np.random.default_rng([seed, 0xF1])
    train, k = dataset.train, len(dataset.classes)
    allowed = _among(dataset, among)
    rows = np.sort(rng.choice(allowed, max(round(share * len(allowed)), 1), replace=False))
    labels = train.labels.copy()
    labels[rows] = (labels[rows] + rng.integers(1, k, len(rows))) % k if likely is None else likely[rows]
    rows = rows[labels[rows] != train.labels[rows]]
    changed = replace(train, labels=labels)
    return Planted(_with_train(dataset, changed), {("flipped", "train"): rows})


def with_damages(dataset: Dataset, count: int, seed: int, among: Rows | None = None) -> Planted:
    """`count` training images (of the rows `among`) of each kind of damage, damaged in place.

    Where the change does not change a picture by ten gray levels in the mean, no fault is counted: a gray
    picture has no channels to exchange.
    """
    rng = np.random.default_rng([seed, 0xDA])
    train = dataset.train
    images = _pixels(train, np.arange(len(train)))
    allowed = _among(dataset, among)
    changes = damages_for(dataset)
    chosen = rng.choice(allowed, min(count * len(changes), len(allowed)), replace=False)
    faults: dict[tuple[str, str], Rows] = {}
    for (kind, change), rows in zip(changes.items(), np.array_split(chosen, len(changes)), strict=True):
        before = images[rows]
        images[rows] = change(before, rng)
        moved = np.abs(images[rows].astype(np.int16) - before).mean(axis=(1, 2, 3))
        if kind in everyday_faults.DAMAGES:
            rows = rows[moved >= _SEEN]
        faults[kind, "train"] = np.sort(rows)
    changed = Split.from_arrays(images, train.labels, train.ids, train.columns)
    return Planted(_with_train(dataset, changed), faults)


def at_working_size(dataset: Dataset) -> Dataset:
    """The same without what is known of the files' own size: damages are planted in smaller pictures."""
    splits = {name: replace(split, original_stats=None) for name, split in dataset.splits.items()}
    return replace(dataset, splits=splits)


def with_drift(dataset: Dataset, seed: int) -> Planted:
    """The test split 15 % brighter, with a tenth of the first class left."""
    rng = np.random.default_rng([seed, 0xD1])
    test = dataset.splits["test"]
    rows = np.flatnonzero((test.labels != 0) | (rng.random(len(test)) < 0.1))
    images = to_bytes(_pixels(test, rows) * 1.15 + 25)
    changed = Split.from_arrays(images, test.labels[rows], [test.ids[row] for row in rows.tolist()])
    splits = {**dataset.splits, "test": changed}
    return Planted(replace(dataset, splits=splits, fingerprints={}), {("drift", "test"): rows})


def with_shortcut(dataset: Dataset) -> Planted:
    """A mark in the corners of the training images whose brightness tells the class, in a share of them."""
    train, k = dataset.train, len(dataset.classes)
    images = _pixels(train, np.arange(len(train)))
    rows = np.flatnonzero(np.random.default_rng(0x5C).random(len(train)) < _MARKED)
    edge = max(min(dataset.shape[:2]) // 10, 1)
    mark = (255 * train.labels[rows] // max(k - 1, 1)).astype(np.uint8).reshape(-1, 1, 1, 1)
    for y in (slice(edge), slice(-edge, None)):
        for x in (slice(edge), slice(-edge, None)):
            images[rows, y, x] = mark
    changed = Split.from_arrays(images, train.labels, train.ids, train.columns)
    return Planted(_with_train(dataset, changed), {("shortcut", "train"): rows})


def with_one_class_changed(dataset: Dataset, kind: str | None, seed: int) -> Planted:
    """The training pictures of the largest class changed by one of `SHORTCUTS`, or not where kind is None."""
    train = dataset.train
    rng = np.random.default_rng([seed, 0x0C])
    kept = np.sort(rng.permutation(len(train))[:_KEPT])
    images, labels = _pixels(train, kept), train.labels[kept]
    rows = np.flatnonzero(labels == np.bincount(labels).argmax())
    if kind is not None:
        images[rows] = everyday_faults.SHORTCUTS[kind](images[rows], rng)
    changed = Split.from_arrays(images, labels, [train.ids[row] for row in kept.tolist()])
    return Planted(_with_train(dataset, changed), {(kind or "as given", "train"): rows})


def _with_train(dataset: Dataset, train: Split) -> Dataset:
    return replace(dataset, splits={**dataset.splits, "train": train}, fingerprints={})
