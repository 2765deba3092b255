"""Copies made smaller and brought back are found among letters, which differ by less than the blur."""

import string
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from assay.duplicates import resampled
from assay.duplicates.by_gray import copies_by_gray
from assay.duplicates.candidates import Candidates, find_candidates
from assay.duplicates.resampled import made_smaller
from assay.duplicates.resampling import Filter, resampling

SIDE = 28
SOURCES = (3, 40, 77, 120, 150)


def letters() -> np.ndarray:
    """The letters in four faces of a font, white on black: uint8 `(208, 28, 28, 1)`."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    images = []
    for name in ("DejaVuSans", "DejaVuSansMono", "DejaVuSerif-Bold", "cmr10"):
        font = ImageFont.truetype(str(folder / f"{name}.ttf"), 21)
        for letter in string.ascii_letters:
            picture = Image.new("L", (SIDE, SIDE))
            ImageDraw.Draw(picture).text((14, 14), letter, 255, font, anchor="mm")
            images.append(np.asarray(picture))
    return np.stack(images)[..., None]


def brought_back(pixels: np.ndarray, side: int, down: Image.Resampling, up: Image.Resampling) -> np.ndarray:
    picture = Image.fromarray(pixels.squeeze())
    return np.asarray(picture.resize((side, side), down).resize(picture.size, up)).reshape(pixels.shape)


def pairs_of(found: Candidates) -> set[frozenset[int]]:
    first, second = found.first, found.second
    return {frozenset(pair) for pair in zip(first.tolist(), second.tolist(), strict=True)}


BILINEAR, BICUBIC, BOX = Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.BOX
WAYS = {
    "two thirds": (SIDE * 2 // 3, BILINEAR, BILINEAR),
    "half, by areas": (SIDE // 2, BOX, BILINEAR),
    "two thirds, bicubic": (SIDE * 2 // 3, BICUBIC, BICUBIC),
    "seven tenths": (20, BILINEAR, BILINEAR),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_made_smaller_is_paired_with_its_source_and_nothing_else(way: str):
    """Five copies among 208 letters of four faces, some of which differ by less than the blur."""
    images = letters()
    together = np.concatenate([images, *([brought_back(images[row], *WAYS[way])[None] for row in SOURCES])])
    candidates = find_candidates(together)
    found, left = made_smaller(together, candidates)
    expected = {frozenset((row, len(images) + place)) for place, row in enumerate(SOURCES)}
    assert pairs_of(candidates.chosen(found)) == expected
    assert len(found) == len(SOURCES)
    assert left.max() < 1


def test_letters_as_they_are_have_no_such_pair(monkeypatch: pytest.MonkeyPatch):
    """The clean twin; with bounds ten times as wide, letters of two faces would be called copies."""
    candidates = find_candidates(letters())
    assert len(made_smaller(letters(), candidates)[0]) == 0
    monkeypatch.setattr(resampled, "SHARE_LEFT", 0.3)
    monkeypatch.setattr(resampled, "_MOST_SHARE", 0.3)
    monkeypatch.setattr(resampled, "_LEFT_AT_TWO_THIRDS", 0.4)
    assert len(made_smaller(letters(), candidates)[0]) > 0


def test_the_search_in_gray_levels_says_what_was_undone():
    """In the words of the finding; each pair is there once."""
    images = letters()
    copy = brought_back(images[77], *WAYS["two thirds"])
    together = np.concatenate([images, copy[None]])
    found = copies_by_gray(together, find_candidates(together), lambda rows: together[rows], True)
    pairs = [frozenset(pair) for pair in zip(found.first.tolist(), found.second.tolist(), strict=True)]
    assert found.changes[pairs.index(frozenset((77, len(images))))] == "made smaller and brought back to size"
    assert len(set(pairs)) == len(pairs)


def test_the_same_letter_in_another_color_is_no_copy():
    """Red and blue differ by more than rounding, though their gray values agree."""
    gray = letters()[:60]
    red, blue = np.zeros((2, 60, SIDE, SIDE, 3), np.uint8)
    red[..., 0], blue[..., 2] = gray[..., 0], gray[..., 0]
    small = np.stack([_in_color(brought_back, picture) for picture in red[:5]])
    sources, strangers = np.concatenate([red, small]), np.concatenate([blue, small])
    assert len(made_smaller(sources, find_candidates(sources))[0]) == 5
    assert len(made_smaller(strangers, find_candidates(strangers))[0]) == 0


def _in_color(change: Callable[..., np.ndarray], picture: np.ndarray) -> np.ndarray:
    planes = [change(np.ascontiguousarray(picture[..., i]), *WAYS["two thirds"]) for i in range(3)]
    return np.stack(planes, axis=-1)


def test_four_pixels_are_made_two_by_hand():
    """Around 1.0, pixels at .5, 1.5, 2.5 are 1/4, 1/4, 3/4 of the step of 2 away: weights 3, 3, 1 of 7."""
    expected = [[3 / 7, 3 / 7, 1 / 7, 0], [0, 1 / 7, 3 / 7, 3 / 7]]
    np.testing.assert_allclose(resampling(4, 2, "triangle"), expected, rtol=1e-6)
    np.testing.assert_allclose(resampling(4, 2, "area"), [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
    np.testing.assert_allclose(resampling(2, 4, "linear"), [[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])


@pytest.mark.parametrize("made", [7, 12, 18, 41])
@pytest.mark.parametrize(
    ("kind", "same"),
    [("triangle", BILINEAR), ("cubic", BICUBIC), ("lanczos", Image.Resampling.LANCZOS)],
)
def test_lines_are_resampled_as_pillow_does(made: int, kind: Filter, same: Image.Resampling):
    """To less than a gray level, of real numbers as Pillow takes them."""
    pixels = np.random.default_rng(made).uniform(0, 255, (SIDE, 19)).astype(np.float32)
    expected = np.asarray(Image.fromarray(pixels).resize((19, made), same))
    np.testing.assert_allclose(resampling(SIDE, made, kind) @ pixels, expected, atol=0.01)


def test_no_pair_is_none():
    """Nothing is asked of no candidates, and of pictures of one pixel."""
    candidates = find_candidates(np.zeros((2, 8, 8, 1), np.uint8))
    assert len(made_smaller(np.zeros((2, 8, 8, 1), np.uint8), candidates)[0]) == 0
    one = np.ones(1, np.int64)
    pair = Candidates(0 * one, one, 0 * one, 0 * one, np.zeros(1, np.float32))
    assert len(made_smaller(np.array([0, 255], np.uint8).reshape(2, 1, 1, 1), pair)[0]) == 0
