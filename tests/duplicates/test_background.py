"""Pictures with one background are no copies: those of a camera that stands still, in a frame, on a form."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from assay.core.arrays import gray_of
from assay.data.values import Dataset, Split, numbered_ids
from assay.duplicates.background import more_than_background
from assay.duplicates.candidates import in_place
from assay.duplicates.find import find_copies

SIDE, COUNT = 64, 90


def background(camera: int = 0) -> NDArray[np.float64]:
    """What a camera sees that stands still."""
    coarse = Image.fromarray(np.random.default_rng(5 + camera).integers(40, 200, (12, 12, 3), np.uint8))
    return np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float64)


def seen(size: int, cameras: int = 1) -> NDArray[np.uint8]:
    """One background of each camera, and in each picture another thing of about that size."""
    rng = np.random.default_rng(size)
    images = np.stack([background(number % cameras) for number in range(COUNT)])
    for image in images:
        thing = rng.integers(0, 255, (4, 4, 3), np.uint8)
        side = int(rng.integers(size - 2, size + 3))
        top, left = rng.integers(0, SIDE - side, 2)
        drawn = Image.fromarray(thing).resize((side, side), Image.Resampling.BICUBIC)
        image[top : top + side, left : left + side] = np.asarray(drawn)
    images += rng.normal(0, 2, images.shape)
    return np.rint(images).clip(0, 255).astype(np.uint8)


def framed() -> NDArray[np.uint8]:
    """One frame of letters around all pictures, as around plots and screens; another line in each."""
    rng = np.random.default_rng(3)
    frame = np.kron(np.random.default_rng(8).integers(0, 2, (16, 16)) * 230, np.ones((4, 4)))
    images = np.repeat(frame[None, :, :, None], COUNT, axis=0).repeat(3, axis=3)
    images[:, 16:48, 16:48] = 40 + rng.normal(0, 12, (COUNT, 32, 32, 1))
    for image in images:
        start, stop = rng.uniform(17, 46, 2)
        for column, row in enumerate(np.linspace(start, stop, 32).astype(int)):
            image[row : row + 2, 16 + column] = 220
    return images.clip(0, 255).astype(np.uint8)


#: How pictures are made, and how many pairs of them are told: of things that lie in one place by chance.
MADE = {
    "small things": (lambda: seen(8), 4),
    "things": (lambda: seen(14), 2),
    "large things": (lambda: seen(28), 0),
    "three cameras": (lambda: seen(14, cameras=3), 1),
    "framed": (framed, 1),
}


def pairs_of(images: NDArray[np.uint8]) -> set[tuple[int, int]]:
    """The pairs of pictures that are found to be nearly the same."""
    n = len(images)
    columns = {name: np.full(n, SIDE) for name in ("height", "width")}
    split = Split.from_arrays(images, np.arange(n) % 2, numbered_ids("train", n), columns)
    copies = find_copies(Dataset("made", ("a", "b"), {"train": split}, "made for a test"))
    sides = (copies.first[copies.near_first].tolist(), copies.first[copies.near_second].tolist())
    return {(min(pair), max(pair)) for pair in zip(*sides, strict=True)}


def compressed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Saved as JPEG and read back."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=70)
    return np.asarray(Image.open(file))


@pytest.mark.parametrize("kind", MADE)
def test_one_background_makes_no_copies(kind: str) -> None:
    """88, 58, 9, 36 and 3 pairs of ninety different things were near copies; copies are found as before."""
    make, most = MADE[kind]
    images = make()
    before = pairs_of(images)
    assert len(before) <= most
    copies = np.stack([compressed(image) for image in images[:10]])
    found = pairs_of(np.concatenate([images, copies]))
    assert {(row, COUNT + row) for row in range(10)} <= found
    assert len(found) <= len(before) + 14


def test_a_background_alone_is_a_copy() -> None:
    """Two pictures of the empty scene differ in noise alone."""
    images = seen(14)
    rng = np.random.default_rng(1)
    empty = background() + rng.normal(0, 2, (2, SIDE, SIDE, 3))
    together = np.concatenate([images, np.rint(empty).clip(0, 255).astype(np.uint8)])
    assert (COUNT, COUNT + 1) in pairs_of(together)


def test_pictures_without_a_background_are_compared_as_they_are() -> None:
    """Different textures share none with their neighbors: a pair stays, though a logo stands out of one."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (40, 8, 8, 3), np.uint8)
    images = np.stack([np.asarray(Image.fromarray(one).resize((SIDE, SIDE))) for one in coarse])
    assert gray_of(images).std(axis=(1, 2)).min() > 10
    marked = images.copy()
    marked[:, 4:20, 4:20] = np.kron(rng.integers(0, 2, (4, 4)) * 255, np.ones((4, 4)))[..., None]
    pairs = in_place(np.arange(40), 40 + np.arange(40))
    assert more_than_background(np.concatenate([images, marked]), pairs, np.zeros(40, bool)).all()
