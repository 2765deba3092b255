"""Known faults put into copies of the data, so that a check's findings can be counted."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assay.audits.self_test import everyday_faults
from assay.core.arrays import Bytes, Rows
from assay.data.values import Dataset, Split

Change = Callable[[Bytes, np.random.Generator], Bytes]

#: Gray levels in the mean under which a picture is as it was.
_SEEN: Final = 10.0

#: The most noise and the strongest compression that a near copy is planted with.
_NOISE: Final = 8.0
_QUALITY: Final = (35, 95)


def to_bytes(values: NDArray[np.floating]) -> Bytes:
    """Rounded and cut to 0-255."""
    rounded: Bytes = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded


def moved(images: Bytes, rng: np.random.Generator) -> Bytes:
    """Each moved by up to 2 pixels each way, at least by 1; the free border is black."""
    out = np.zeros_like(images)
    _, height, width, _ = images.shape
    for i, image in enumerate(images):
        down, right = 0, 0
        while (down, right) == (0, 0):
            down, right = rng.integers(-2, 3, 2)
        to_rows, from_rows = _overlap(height, down)
        to_columns, from_columns = _overlap(width, right)
        out[i, to_rows, to_columns] = image[from_rows, from_columns]
    return out


def _overlap(size: int, shift: int) -> tuple[slice, slice]:
    """Where a line of pixels goes and where it comes from, when it is moved by `shift`."""
    length = max(size - abs(shift), 0)
    to, source = max(shift, 0), max(-shift, 0)
    return slice(to, to + length), slice(source, source + length)


def unchanged(images: Bytes, rng: np.random.Generator) -> Bytes:  # noqa: ARG001  one form for all
    """An exact copy."""
    return images.copy()


def mirrored(images: Bytes, rng: np.random.Generator) -> Bytes:  # noqa: ARG001  one form for all
    """Left and right exchanged."""
    return np.ascontiguousarray(images[:, :, ::-1])


def brightened(images: Bytes, rng: np.random.Generator) -> Bytes:
    """Gain between 0.6 and 1.5, but not within 5 % of 1."""
    return to_bytes(images * _away_from_one(rng, len(images), 0.6, 1.5))


def contrasted(images: Bytes, rng: np.random.Generator) -> Bytes:
    """Contrast about the image's mean between 0.7 and 1.3, but not within 5 % of 1."""
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    return to_bytes((images - mean) * _away_from_one(rng, len(images), 0.7, 1.3) + mean)


def _away_from_one(rng: np.random.Generator, n: int, low: float, high: float) -> NDArray[np.float64]:
    factors = rng.uniform(low, high, n)
    near = np.abs(factors - 1) < 0.05
    factors[near] = np.where(factors[near] < 1, 0.95, 1.05)
    return factors.reshape(n, 1, 1, 1)


def compressed(images: Bytes, rng: np.random.Generator) -> Bytes:
    """Saved as JPEG of quality 35 to 95 and read back (images of 1 or 3 channels; others as they are)."""
    if images.shape[3] not in (1, 3):
        return images.copy()
    return np.stack([_through_jpeg(image, int(rng.integers(*_QUALITY, endpoint=True))) for image in images])


def _through_jpeg(image: Bytes, quality: int) -> Bytes:
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as opened:
        return np.asarray(opened, np.uint8).reshape(image.shape)


def noisy(images: Bytes, rng: np.random.Generator) -> Bytes:
    """Normal noise with a deviation of 2 to 8 gray levels."""
    deviation = rng.uniform(2, _NOISE, (len(images), 1, 1, 1))
    return to_bytes(images + rng.normal(size=images.shape) * deviation)


#: Every change that makes a near copy.
NEAR_CHANGES: Final[Mapping[str, Change]] = {
    "moved": moved,
    "mirrored": mirrored,
    "brightened": brightened,
    "contrasted": contrasted,
    "compressed": compressed,
    "noisy": noisy,
}


def darkened(images: Bytes, rng: np.random.Generator) -> Bytes:
    """A tenth of the light."""
    return to_bytes(images * rng.uniform(0.05, 0.1, (len(images), 1, 1, 1)))


def bleached(images: Bytes, rng: np.random.Generator) -> Bytes:
    """Nearly white all over."""
    return to_bytes(images * 0.1 + rng.uniform(224, 229, (len(images), 1, 1, 1)))


def flattened(images: Bytes, rng: np.random.Generator) -> Bytes:
    """A twentieth of the contrast, in the middle of the range."""
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    return to_bytes((images - mean) * 0.1 + rng.uniform(100, 150, (len(images), 1, 1, 1)))


def blurred(images: Bytes, rng: np.random.Generator) -> Bytes:  # noqa: ARG001  one form for all
    """Averaged over 5 x 5 pixels twice."""
    values = images.astype(np.float64)
    for _ in range(2):
        for axis in (1, 2):
            pads = [(2, 2) if a == axis else (0, 0) for a in range(4)]
            padded = np.pad(values, pads, mode="edge")
            size = values.shape[axis]
            taken = [np.take(padded, np.arange(k, k + size), axis=axis) for k in range(5)]
            values = np.mean(taken, axis=0)
    return to_bytes(values)


def zoomed(images: Bytes, rng: np.random.Generator) -> Bytes:  # noqa: ARG001  one form for all
    """The middle of the picture, twice as large: its object is cut by the border."""
    _, height, width, _ = images.shape
    rows = height // 4 + np.arange(height) // 2
    columns = width // 4 + np.arange(width) // 2
    return images[:, rows][:, :, columns]


def filled(images: Bytes, rng: np.random.Generator) -> Bytes:
    """One gray value everywhere."""
    return np.broadcast_to(rng.integers(0, 256, (len(images), 1, 1, 1), np.uint8), images.shape).copy()


def emptied(images: Bytes, rng: np.random.Generator) -> Bytes:
    """One gray value and the faint noise of a sensor: no picture, and yet not constant."""
    gray = rng.uniform(60, 190, (len(images), 1, 1, 1))
    return to_bytes(gray + rng.normal(0, 1.5, images.shape))


#: Every damage to a picture, by the kind of the `quality` check that should name it.
DAMAGES: Final[Mapping[str, Change]] = {
    "constant": filled,
    "blank": emptied,
    "dark": darkened,
    "bright": bleached,
    "low-contrast": flattened,
    "blurry": blurred,
    "cropped": zoomed,
}


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


def with_shortcut(dataset: Dataset, share: float = 0.9) -> Planted:
    """A mark in the corners of the training images whose brightness tells the class, in a share of them."""
    train, k = dataset.train, len(dataset.classes)
    images = _pixels(train, np.arange(len(train)))
    rows = np.flatnonzero(np.random.default_rng(0x5C).random(len(train)) < share)
    edge = max(min(dataset.shape[:2]) // 10, 1)
    mark = (255 * train.labels[rows] // max(k - 1, 1)).astype(np.uint8).reshape(-1, 1, 1, 1)
    for y in (slice(edge), slice(-edge, None)):
        for x in (slice(edge), slice(-edge, None)):
            images[rows, y, x] = mark
    changed = Split.from_arrays(images, train.labels, train.ids, train.columns)
    return Planted(_with_train(dataset, changed), {("shortcut", "train"): rows})


def with_one_class_changed(dataset: Dataset, kind: str | None, seed: int, most: int = 4000) -> Planted:
    """The training pictures of the largest class changed by one of `SHORTCUTS`, or not where kind is None.

    most: training images that are kept, so that all kinds together take no longer than the audit.
    """
    train = dataset.train
    rng = np.random.default_rng([seed, 0x0C])
    kept = np.sort(rng.permutation(len(train))[:most])
    images, labels = _pixels(train, kept), train.labels[kept]
    rows = np.flatnonzero(labels == np.bincount(labels).argmax())
    if kind is not None:
        images[rows] = everyday_faults.SHORTCUTS[kind](images[rows], rng)
    changed = Split.from_arrays(images, labels, [train.ids[row] for row in kept.tolist()])
    return Planted(_with_train(dataset, changed), {(kind or "as given", "train"): rows})


def _with_train(dataset: Dataset, train: Split) -> Dataset:
    return replace(dataset, splits={**dataset.splits, "train": train}, fingerprints={})
