"""Pairs that agree in gray levels are copies where more than chance makes them agree."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from assay.data.values import Dataset, Split, numbered_ids
from assay.duplicates.alignment import compare
from assay.duplicates.candidates import Candidates
from assay.duplicates.evidence import well_founded
from assay.duplicates.find import find_copies
from assay.duplicates.jpeg import saved_as_jpeg

SOURCES = (3, 17, 40, 41, 58)


def pairs_of(images: np.ndarray) -> set[tuple[int, int]]:
    split = Split.from_arrays(images, np.arange(len(images)) % 2, numbered_ids("train", len(images)))
    found = find_copies(Dataset("made", ("a", "b"), {"train": split}, "made for a test"))
    first, second = found.first[found.near_first], found.first[found.near_second]
    return set(zip(first.tolist(), second.tolist(), strict=True))


def with_noise(images: np.ndarray, deviation: float, seed: int = 7) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.clip(np.rint(images + rng.normal(0, deviation, images.shape)), 0, 255).astype(np.uint8)


def corner(top: int, left: int, tone: float, seed: int, side: int = 25) -> np.ndarray:
    """A photograph that lies on black, its upper left corner shown, with shades of its own."""
    image = np.zeros((side, side))
    shades = Image.fromarray(np.random.default_rng(seed).normal(tone, 6, (4, 4)).astype(np.float32))
    image[top:, left:] = np.asarray(shades.resize((side, side), Image.Resampling.BICUBIC))[top:, left:]
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)[None, ..., None]


def plain_shapes(count: int = 90, side: int = 48) -> np.ndarray:
    """Discs, squares and triangles photographed one by one: each has its own noise."""
    rng = np.random.default_rng(12)
    images = []
    for number in range(count):
        picture = Image.new("L", (side, side), int(rng.integers(20, 60)))
        draw, value = ImageDraw.Draw(picture), int(rng.integers(140, 230))
        (y, x), half = rng.uniform(0.4, 0.6, 2) * side, rng.integers(8, 12)
        box = (x - half, y - half, x + half, y + half)
        if number % 3 == 2:
            draw.polygon([(x, y - half), (x - half, y + half), (x + half, y + half)], fill=value)
        else:
            (draw.ellipse if number % 3 else draw.rectangle)(box, fill=value)
        images.append(np.asarray(picture))
    return with_noise(np.stack(images)[..., None].astype(np.float64), 6.0)


def through_jpeg(picture: np.ndarray) -> np.ndarray:
    kept = io.BytesIO()
    Image.fromarray(picture[..., 0]).save(kept, "JPEG", quality=50)
    return np.asarray(Image.open(kept))[..., None]


def founded(first: np.ndarray, second: np.ndarray, down: int = 0, right: int = 0) -> bool:
    """What is said of two pictures of which the first is moved by so much to fit the second."""
    one, other = np.array([0]), np.array([1])
    small = np.concatenate([first, second])
    pairs = Candidates(one, other, np.array([down]), np.array([right]), np.zeros(1, np.float32))
    return bool(well_founded(small, pairs, compare(small, pairs))[0])


def test_the_corner_of_a_photograph_on_black_is_no_proof_once_moved_or_lit():
    """Moved and lit otherwise, the border of one photograph fits that of many others."""
    picture, other = corner(7, 8, 120, 1), corner(6, 7, 120, 2)
    assert not founded(picture, other, 1, 1)
    assert not founded(picture, corner(7, 8, 80, 4))  # less contrast
    assert founded(picture, corner(7, 8, 80, 3))  # nothing to undo, so the place itself is proof


def test_a_corner_that_is_moved_is_a_copy_where_noise_or_nothing_remains():
    """A copy leaves rounding, or noise, which is as strong in plain parts as at the edge."""
    picture = corner(7, 8, 120, 1)
    moved = np.pad(picture, ((0, 0), (0, 1), (0, 1), (0, 0)), mode="edge")[:, 1:, 1:]
    assert founded(picture, moved, 1, 1)
    assert founded(picture, with_noise(moved, 5.0), 1, 1)
    assert founded(picture, np.rint(picture * 0.8).astype(np.uint8))


def test_grain_that_both_share_is_proof():
    """Of two edges with grain, one moved copy has the grain of its source, another photograph has not."""
    picture = with_noise(corner(7, 8, 120, 1).astype(np.float64), 3.0)
    moved = np.pad(picture, ((0, 0), (0, 1), (0, 1), (0, 0)), mode="edge")[:, 1:, 1:]
    other = with_noise(corner(6, 7, 120, 1).astype(np.float64), 3.0, 8)
    assert founded(picture, with_noise(moved, 2.0), 1, 1)
    assert not founded(picture, other, 1, 1)


def test_shapes_photographed_one_by_one_are_no_copies():
    """They are alike but for their noise, and each has noise of its own."""
    assert pairs_of(plain_shapes()) == set()


CHANGES = {
    "moved, with noise": lambda x: with_noise(
        np.pad(x, ((0, 0), (1, 0), (0, 0), (0, 0)), mode="edge")[:, :-1], 4
    ),
    "mirrored": lambda x: np.ascontiguousarray(x[:, :, ::-1]),
    "darker": lambda x: np.rint(x * 0.8).astype(np.uint8),
    "noise": lambda x: with_noise(x, 6.0),
    "jpeg": lambda x: np.stack([through_jpeg(picture) for picture in x]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_copies_of_shapes_are_found_still(change: str):
    """Each with its source and no other picture; JPEG leaves no grain to tell two discs apart."""
    images = plain_shapes()
    found = pairs_of(np.concatenate([images, CHANGES[change](images[list(SOURCES)])]))
    planted = {(row, len(images) + number) for number, row in enumerate(SOURCES)}
    assert planted <= found
    assert found == planted or change == "jpeg"


def test_what_compression_leaves_of_noise_is_seen():
    """JPEG takes the finest detail away; noise has as much of it as of any other."""
    noisy = plain_shapes(6)
    pressed = np.stack([through_jpeg(picture) for picture in noisy])
    assert not saved_as_jpeg(noisy).any()
    assert saved_as_jpeg(pressed).all()
    assert not saved_as_jpeg(noisy[:, :7, :7]).any()
