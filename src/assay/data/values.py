"""`Split` and `Dataset`: the values that every other room works on."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.text import html_table, in_unicode
from assay.data.digests import fingerprint_of, image_digests

#: Images per block where the caller has no wish of its own: a block of 28 x 28 images is 3 MB.
BLOCK: Final = 4096

#: Of a block of large images: what is worked out with them takes eight times as much and more.
BLOCK_BYTES: Final = 16 << 20

#: What each split is for; printed with the partition table.
PURPOSES: Final = {
    "train": "fit the weights",
    "validation": "choose and calibrate, no weights",
    "test": "held out until the end",
}

Column = NDArray[np.generic] | tuple[str, ...]

#: What the first folders of a tree are (see `listing.layout`).
Kind = Literal["classes", "splits", "nested"]

#: How a picture of another size is brought to the working size.
Resize = Literal["fit", "crop", "stretch"]


#: Bits of a stored value, and of one that is kept.
_DEEP_BITS: Final = 16
_KEPT_BITS: Final = 8


@dataclass(frozen=True)
class DeepScale:
    """How values of 16 bits become 8: `(value - low) >> shift`, cut off at 0 and 255; one for a whole set.

    low: in 0-65535. shift: in 0-8. Raises ValueError for others.
    """

    low: int
    shift: int

    def __post_init__(self) -> None:
        if not (0 <= self.low < 1 << _DEEP_BITS and 0 <= self.shift <= _DEEP_BITS - _KEPT_BITS):
            raise ValueError(f"no scale of 16 bits: {self.low}, {self.shift}")

    @property
    def high(self) -> int:
        """The largest value that is not cut off."""
        return self.low + (1 << (_KEPT_BITS + self.shift)) - 1


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Labelled images in source order.

    images: uint8 `(n, height, width, channels)`, in memory or, where they are many, `CheckedImages`. Outside
        `assay.data` they are read through `blocks` only.
    labels: int64 `(n,)`, each an index into the data set's classes.
    ids: n stable names, unique within the split.
    digests: uint8 `(n, 32)`, the SHA-256 of each image's shape and decoded pixels.
    columns: further metadata, one entry per image (original size, mode, bytes, group, the user's own).
    resize: how images of another size were brought to this one; pictures to predict are treated alike.
    original_stats: float32 `(n, figures)`, how each picture looked at the size of its file
        (`original_stats.FIGURES`); None where the images are as they were stored.
    together: int64 `(n,)`, equal for images that no line drawn by Assay may part: exact copies, images of
        one group, and near copies; None where near copies were not looked for.
    deep: how images of 16 bits were brought to 8; None where the set has none.
    places: int64 `(n,)`, numbers that rise in the order that the source has over all splits, where that may
        not be split after split: before a test split was drawn, or the rows of a table; None elsewhere.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    ids: Sequence[str]
    digests: NDArray[np.uint8]
    columns: Mapping[str, Column] = field(default_factory=dict)
    resize: Resize = "fit"
    original_stats: NDArray[np.float32] | None = None
    together: NDArray[np.int64] | None = None
    deep: DeepScale | None = None
    places: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        n = len(self.images)
        if self.images.ndim != 4 or self.images.dtype != np.uint8:
            raise ValueError("images must be uint8 (n, height, width, channels)")
        if self.labels.shape != (n,) or self.labels.dtype != np.int64:
            raise ValueError("labels must be int64 (n,)")
        if self.digests.shape != (n, 32) or self.digests.dtype != np.uint8:
            raise ValueError("digests must be uint8 (n, 32)")
        if len(self.ids) != n or any(len(column) != n for column in self.columns.values()):
            raise ValueError("ids and columns must have one entry per image")
        more = (self.original_stats, self.together, self.places)
        if any(rows is not None and len(rows) != n for rows in more):
            raise ValueError("original_stats, together and places must have one row per image")

    @classmethod
    def from_arrays(
        cls,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        ids: Sequence[str],
        columns: Mapping[str, Column] | None = None,
    ) -> "Split":
        """A split with its digests computed."""
        return cls(images, labels, ids, image_digests(images), columns or {})

    def __len__(self) -> int:
        return len(self.images)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Split)
            and (self.shape, self.resize, self.deep) == (other.shape, other.resize, other.deep)
            and tuple(self.ids) == tuple(other.ids)
            and np.array_equal(self.labels, other.labels)
            and np.array_equal(self.digests, other.digests)
            and self.columns.keys() == other.columns.keys()
            and all(np.array_equal(self.columns[k], other.columns[k]) for k in self.columns)
            and _equal_rows(self.original_stats, other.original_stats)
            and _equal_rows(self.together, other.together)
            and _equal_rows(self.places, other.places)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays inside: equal by value, not hashable

    def __repr__(self) -> str:
        return f"Split({len(self):,} images, {' x '.join(map(str, self.shape))})"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        _, height, width, channels = self.images.shape
        return height, width, channels

    def blocks(
        self, rows: NDArray[np.int64] | None = None, size: int | None = None
    ) -> Iterator[NDArray[np.uint8]]:
        """The images of `rows` (all, in source order, when None), `size` at a time, as `(b, h, w, c)`.

        size: None takes `BLOCK`, or of large images as many as `BLOCK_BYTES` hold.
        """
        if size is None:
            size = max(1, min(BLOCK, BLOCK_BYTES // max(prod(self.shape), 1)))
        for start in range(0, len(self) if rows is None else len(rows), size):
            if rows is None:
                yield self.images[start : start + size]
            else:
                yield self.images[rows[start : start + size]]

    def counts(self, class_count: int) -> NDArray[np.int64]:
        """Images per class, int64 `(class_count,)`."""
        return np.bincount(self.labels, minlength=class_count).astype(np.int64)

    def hex_digest(self, row: int) -> str:
        """The digest of one image as 64 hexadecimal digits."""
        return bytes(self.digests[row]).hex()

    def fingerprint(self, classes: Sequence[str]) -> str:
        """The fingerprint of these images with these labels (see `fingerprint_of`)."""
        return fingerprint_of(self.digests, self.labels, classes)


def _equal_rows(a: NDArray[Any] | None, b: NDArray[Any] | None) -> bool:
    """Both None, or equal in every value (NaN equals NaN)."""
    if a is None or b is None:
        return a is b
    return np.array_equal(a, b, equal_nan=True)


#: The kind of an image that was left out because nothing says its class.
UNLABELLED: Final = "unlabelled"


@dataclass(frozen=True)
class LeftOut:
    """Something at the source that did not become an image, and why.

    kind: `ignored` (no image: a stray file, a link out of the folder), `unlabelled` (an image without
    a class) or `unreadable` (a damaged one). split, label: of an image, as far as known.
    """

    id: str
    kind: Literal["ignored", "unlabelled", "unreadable"]
    reason: str
    split: str = ""
    label: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A labelled image set: its name, class names in label order, splits by name, and how it was read.

    splits: `train` and, where given, `test` and `validation`, in this order.
    source: how the data were read, without any path (paths stand in `location`).
    location: where the data lie on this machine; not part of the value (it does not count in `==`).
    notes: what was converted or left out on reading, one sentence each.
    left_out: what was not read, each with its reason.
    """

    name: str
    classes: tuple[str, ...]
    splits: Mapping[str, Split]
    source: str
    location: str = ""
    notes: tuple[str, ...] = ()
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()

    def __post_init__(self) -> None:
        # A folder may have a name that no JSON reader takes: its class is called as messages call it.
        classes = tuple(map(in_unicode, self.classes))
        if classes != self.classes and len(set(classes)) == len(classes):
            object.__setattr__(self, "classes", classes)
        if not self.fingerprints:
            prints = {name: split.fingerprint(self.classes) for name, split in self.splits.items()}
            object.__setattr__(self, "fingerprints", prints)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Dataset)
            and (self.name, self.classes, self.source, self.notes, self.left_out)
            == (other.name, other.classes, other.source, other.notes, other.left_out)
            and dict(self.splits) == dict(other.splits)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays inside: equal by value, not hashable

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the names and fingerprints of all splits."""
        text = "".join(f"{name}:{self.fingerprints[name]}\n" for name in sorted(self.splits))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def train(self) -> Split:
        """The training split. Raises AssayError `too-few-images` where there is none."""
        if "train" not in self.splits:
            what = f"it has no images to learn from, no train split (there is {', '.join(self.splits)})"
            fix = (
                "Give train with it. `assay evaluate RUN DATA --other-data` scores a run's model on them; of "
                "images alone `assay predict RUN IMAGES` tells the classes."
            )
            raise AssayError("too-few-images", self.location or self.name, what, fix)
        return self.splits["train"]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        return self.train.shape

    def partition_table(self) -> list[dict[str, object]]:
        """One row per split: its name, count, count per class and purpose."""
        return [
            {
                "split": name,
                "count": len(split),
                "per_class": split.counts(len(self.classes)).tolist(),
                "purpose": PURPOSES.get(name, ""),
            }
            for name, split in self.splits.items()
        ]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}: {len(split):,}" for name, split in self.splits.items())
        more = f"; left out: {len(self.left_out):,}" if self.left_out else ""
        return f"Dataset({self.name!r}, {len(self.classes)} classes, {sizes}{more})"

    def _repr_html_(self) -> str:
        rows = [
            (r["split"], f"{r['count']:,}", r["purpose"], self.fingerprints[str(r["split"])][:12])
            for r in self.partition_table()
        ]
        height, width, channels = self.shape
        title = f"{self.name}: {len(self.classes)} classes, {height} x {width} x {channels}"
        return html_table(("split", "images", "purpose", "fingerprint"), rows, title)


def numbered_ids(split_name: str, count: int) -> tuple[str, ...]:
    """Ids for sources that name no images: the split's name and the position, from 0."""
    width = len(str(max(count - 1, 0)))
    return tuple(f"{split_name}/{i:0{width}d}" for i in range(count))


def images_of(split: Split, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The images of some rows of a split in memory, uint8 `(len(rows), h, w, c)`; rows may be empty."""
    none = np.zeros((0, *split.shape), np.uint8)
    return np.concatenate([none, *split.blocks(rows)])
