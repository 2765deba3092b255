"""Copies that were cropped, turned or framed are found among letters, by what remains in gray levels."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from tests.duplicates.by_detail.test_detail_copies import letters, scenes

from assay.duplicates.by_detail import detail_copies
from assay.duplicates.by_detail.detail_copies import DetailCopies, find_detail_copies
from assay.duplicates.moved import moved_remainder

SIDE = 28
BILINEAR = Image.Resampling.BILINEAR
STILL = np.eye(2, 3, dtype=np.float32)[None]


def _framed(picture: Image.Image) -> Image.Image:
    out = Image.new("L", picture.size, 255)
    out.paste(picture.resize((SIDE - 4, SIDE - 4), BILINEAR), (2, 2))
    return out


#: How each kind is made, and how many of twelve letters are found at least.
KINDS: dict[str, tuple[Callable[[Image.Image], Image.Image], int]] = {
    "cropped": (lambda p: p.resize(p.size, BILINEAR, (1, 0.4, SIDE - 0.8, SIDE - 1.4)), 11),
    "cut off by whole pixels": (lambda p: p.resize(p.size, BILINEAR, (1, 0, 27, 27)), 9),
    "turned": (lambda p: p.rotate(3, BILINEAR), 11),
    "framed": (_framed, 10),
}
SOURCES = (0, 14, 27, 33, 47, 58, 75, 92, 110, 131, 163, 190)


def changed(images: np.ndarray, change: Callable[[Image.Image], Image.Image]) -> np.ndarray:
    return np.stack([np.asarray(change(Image.fromarray(picture[..., 0])))[..., None] for picture in images])


def pairs_of(found: DetailCopies) -> set[frozenset[int]]:
    return {frozenset(pair) for pair in zip(found.first.tolist(), found.second.tolist(), strict=True)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_is_found_where_letters_are_too_much_alike_for_detail(kind: str):
    """Among 208 letters of four faces; detail is of no use there, and no other pair is named."""
    images, (change, least) = letters(), KINDS[kind]
    found = find_detail_copies(np.concatenate([images, changed(images[list(SOURCES)], change)]))
    true = {frozenset((row, len(images) + place)) for place, row in enumerate(SOURCES)}
    assert found.limits == (0, 0)
    assert pairs_of(found) <= true
    assert len(found.first) >= least
    assert all("only rounding remains" in words for words in found.changes)


def test_what_remains_of_a_shift_is_nothing():
    """A picture moved by two pixels is that picture, 4 / 47 of half a side farther; another one is not."""
    one, other = scenes(2)
    moved = np.roll(one, 2, axis=0)
    guess = STILL.copy()
    guess[0, 0, 2] = -2 * 2 / 47
    rows = np.zeros(1, np.int64)
    assert moved_remainder(one[None], moved[None], (rows, rows), guess)[0] < 0.05
    assert moved_remainder(one[None], other[None], (rows, rows), STILL)[0] == np.inf
    assert moved_remainder(one[None], moved[None], (rows[:0], rows[:0]), guess[:0]).shape == (0,)


def test_noise_remains():
    """Noise of 3 gray levels is five times what may remain, or a little more."""
    one = np.clip(scenes(1), 20, 235)
    noise = np.random.default_rng(0).normal(0, 3, one.shape)
    rows = np.zeros(1, np.int64)
    left = moved_remainder(one, np.rint(one + noise).astype(np.uint8), (rows, rows), STILL)[0]
    deviation = one[0, 1:-1, 1:-1].std()
    assert left == pytest.approx(3 / max(0.6, 0.01 * deviation), rel=0.1)


def test_another_color_is_no_copy():
    """Red and blue scenes whose gray values are equal."""
    gray = scenes(1)[0, ..., 0]
    red, blue = np.zeros((2, 1, *gray.shape, 3), np.uint8)
    red[0, ..., 0], blue[0, ..., 2] = gray, gray
    rows = np.zeros(1, np.int64)
    assert moved_remainder(red, red, (rows, rows), STILL)[0] < 0.1
    assert moved_remainder(red, blue, (rows, rows), STILL)[0] > 1


def test_where_pictures_turned_round_agree_as_well_none_is_named(monkeypatch: pytest.MonkeyPatch):
    """Of a set in which mirror images are as exact as copies nobody can say what is a copy."""
    images = letters()
    copies = changed(images[list(SOURCES)], KINDS["cropped"][0])
    mirrored = changed(images[list(range(2, 200, 9))], KINDS["turned"][0])[:, :, ::-1]
    together = np.concatenate([images, copies, mirrored])
    assert len(find_detail_copies(together).first) == 0
    monkeypatch.setattr(detail_copies, "_FEW", 100.0)
    assert len(find_detail_copies(together).first) > 5
