"""What benchmarks/truth.py plants in a set, by draw: the same pictures for Assay and for every peer."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from PIL import Image

import truth_sets
from truth_faults import COPIES, DAMAGES, EXPOSURES, Change, changed
from truth_sets import clothes, digits, tiles

#: Pictures that each kind of fault is planted in, per draw.
PLANTED = 20

#: Gray levels of deviation below which a picture is not made a copy of, nor damaged; and by which a damage
#: changes a picture in the mean, or does not count.
STRUCTURE = 10.0

#: One picture in so many is planted as an outlier: a picture of another set.
STRANGE = 50


class Copies(NamedTuple):
    """A set with copies at its end. kinds: kind -> `(copies, 2)`, rows of a copy and of its source."""

    images: np.ndarray
    labels: np.ndarray
    kinds: dict[str, np.ndarray]


class Damaged(NamedTuple):
    """A set with damage in place. kinds: kind -> rows that it changes visibly."""

    images: np.ndarray
    kinds: dict[str, np.ndarray]


def with_copies(images: np.ndarray, labels: np.ndarray, draw: int) -> Copies:
    """Near copies of every kind, each of another source, and exact ones of any."""
    rng = np.random.default_rng([draw, 0xC0])
    shown = _shown(images)
    sources = rng.permutation(shown)[: PLANTED * len(COPIES)]
    parts = dict(zip(COPIES, np.array_split(sources, len(COPIES)), strict=True))
    copies = [changed(images[rows], COPIES[kind], rng) for kind, rows in parts.items() if len(rows)]
    parts["exact"] = rng.permutation(shown)[:PLANTED]
    together = np.concatenate([images, *copies, images[parts["exact"]]])
    of = np.concatenate(list(parts.values()))
    ends = np.cumsum([len(rows) for rows in parts.values()])[:-1]
    pairs = np.stack([len(images) + np.arange(len(of)), of], axis=1)
    kinds = dict(zip(parts, np.split(pairs, ends), strict=True))
    return Copies(together, np.concatenate([labels, labels[of]]), kinds)


def with_damages(images: np.ndarray, draw: int) -> Damaged:
    """Damage as files and cameras make it: noise, lost rows, exchanged channels."""
    kinds = {k: c for k, c in DAMAGES.items() if k != "wrong channel order" or images.shape[3] == 3}
    return _damaged(images, kinds, np.random.default_rng([draw, 0xDA]))


def with_exposures(images: np.ndarray, draw: int) -> Damaged:
    """Pictures taken badly: dark, bright, flat, blurred."""
    return _damaged(images, EXPOSURES, np.random.default_rng([draw, 0xEA]))


def _damaged(images: np.ndarray, kinds: Mapping[str, Change], rng: np.random.Generator) -> Damaged:
    count = min(PLANTED, max(len(images) // (20 * len(kinds)), 5))
    rows = rng.permutation(_shown(images))[: count * len(kinds)]
    parts = dict(zip(kinds, np.array_split(rows, len(kinds)), strict=True))
    damaged = images.copy()
    for kind, part in parts.items():
        damaged[part] = changed(images[part], kinds[kind], rng)
    moved = np.abs(damaged.astype(np.int16) - images).mean(axis=(1, 2, 3)) > STRUCTURE
    return Damaged(damaged, {kind: part[moved[part]] for kind, part in parts.items()})


def with_strangers(name: str, images: np.ndarray, draw: int) -> Damaged:
    """Pictures of another set in place of some, at the size and in the channels of this one."""
    rng = np.random.default_rng([draw, 0x57])
    foreign = _foreign(name)
    rows = rng.permutation(len(images))[: max(len(images) // STRANGE, 5)]
    out = images.copy()
    for row, picture in zip(rows, rng.permutation(foreign)[: len(rows)], strict=True):
        out[row] = _fitted(picture, images.shape[1:])
    return Damaged(out, {"picture of another set": rows})


def _foreign(name: str) -> np.ndarray:
    """The pictures that are strange to a set."""
    if name.startswith("tiles"):
        return stamps() if truth_sets.STAMPS.is_dir() else clothes("judging", 28)[0]
    if name.startswith("stamps"):
        return tiles("judging", 96)[0]
    return clothes("judging", 28)[0] if name.startswith("digits") else digits("judging", 28)[0]


def stamps() -> np.ndarray:
    """Photographs and drawings on white."""
    return truth_sets.stamps("judging", 96)[0]


def _fitted(picture: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    opened = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)
    opened = opened.convert("L" if shape[2] == 1 else "RGB").resize((shape[1], shape[0]))
    return np.asarray(opened, np.uint8).reshape(shape)


def _shown(images: np.ndarray) -> np.ndarray:
    """Rows of pictures that show something."""
    return np.flatnonzero(images.std(axis=(1, 2)).max(axis=1) > STRUCTURE)
