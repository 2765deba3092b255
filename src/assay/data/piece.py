"""`Piece`: what one of several processes has read of a data set: a share of every split."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from assay.core.arrays import Shape
from assay.core.errors import AssayError
from assay.core.text import shortened
from assay.data.values import LeftOut, Resize, Split

#: Pieces begin at multiples of so many images of a split: where the blocks begin that figures of images are
#: computed in, for a block of other images may round otherwise.
STEP: Final = 512

#: Pieces that one set can be cut into.
MOST: Final = 10_000

#: Texts hashed at once: every shard hashes the names of all images, and one by one took longer than the rest.
_HASHED: Final = 4096


@dataclass(frozen=True, order=True)
class Shard:
    """One share of a set: number `number` of `count`, counted from 1. Raises ValueError for others."""

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count <= MOST:
            raise ValueError(f"there is no share {self.number} of {self.count}")

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def rows(self, total: int) -> range:
        """The rows of this share, of a split with `total` images: whole steps, as evenly as they allow."""
        steps = -(-total // STEP)
        first, last = ((number * steps) // self.count for number in (self.number - 1, self.number))
        return range(min(first * STEP, total), min(last * STEP, total))


def parse_shard(text: str) -> Shard:
    """The share that `3/8` names. Raises AssayError `bad-value`."""
    number, slash, count = text.partition("/")
    try:
        if not (slash and number.isascii() and count.isascii() and number.isdigit() and count.isdigit()):
            raise ValueError(text)
        return Shard(int(number), int(count))
    except ValueError as error:
        fix = f"Write NUMBER/COUNT, as 1/8, 2/8, ... 8/8; at most {MOST:,} shards."
        what = f"{shortened(repr(text))} is no share of a set"
        raise AssayError("bad-value", "--shard", what, fix) from error


@dataclass(frozen=True)
class Whole:
    """What is known of the whole set before it is read: equal in all of its pieces.

    counts: images per split as listed, readable or not. listed: SHA-256 of what is listed.
    form: how the data are laid out, in words; None for data that are read whole, whose `notes` are all there
    are. resize: how images of another size got to `shape`; None: there are none.
    left_out: what was left out before any image was read.
    """

    name: str
    source: str
    classes: tuple[str, ...]
    shape: Shape
    counts: Mapping[str, int]
    listed: str
    form: str | None = None
    resize: Resize | None = None
    notes: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, eq=False)
class Piece:
    """One share of a set.

    splits: by name, with the images of this share that could be read; of every split, if without any.
    left_out: images of this share that could not be read. converted: conversion -> how many images.
    deep: how many images have 16 bits a channel. levels: the range of their values, of the whole set.
    location: where the data lie on the machine that read them.
    """

    whole: Whole
    shard: Shard
    splits: Mapping[str, Split]
    left_out: tuple[LeftOut, ...] = ()
    converted: Mapping[str, int] = field(default_factory=dict)
    deep: int = 0
    levels: tuple[int, int, int, int] | None = None
    location: str = ""


def listed_digest(columns: Mapping[str, Sequence[Sequence[str]]]) -> str:
    """SHA-256 of texts that name every image of each split, in order (ids, labels)."""
    digest = hashlib.sha256()
    for name, lists in columns.items():
        for values in lists:
            digest.update(f"{name} {len(values)}\n".encode())
            for start in range(0, len(values), _HASHED):
                texts = [value.encode("utf-8", "surrogatepass") for value in values[start : start + _HASHED]]
                digest.update(np.array([len(text) for text in texts], "<i8").tobytes())
                digest.update(b"".join(texts))
    return digest.hexdigest()
