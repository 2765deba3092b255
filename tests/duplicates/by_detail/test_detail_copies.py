"""Copies that were cropped, turned, framed or written on are told by their detail, and lookalikes are not."""

import string
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from assay.duplicates.by_detail import detail_copies
from assay.duplicates.by_detail.detail_copies import find_detail_copies

COUNT, SIDE = 40, 48


def scenes(count: int = COUNT, seed: int = 4) -> np.ndarray:
    """Pictures of soft, crossing waves: each with detail of its own everywhere."""
    rng = np.random.default_rng(seed)
    y, x = np.meshgrid(np.linspace(0, 1, SIDE), np.linspace(0, 1, SIDE), indexing="ij")
    images = []
    for _ in range(count):
        gray = np.full((SIDE, SIDE), 120.0)
        for _ in range(9):
            down, across = rng.uniform(-5, 5, 2)
            gray += 22 * np.sin(2 * np.pi * (down * y + across * x) + rng.uniform(0, 6))
        images.append(np.clip(gray, 0, 255))
    return np.stack(images).astype(np.uint8)[..., None]


def _picture(change: Callable[[Image.Image], Image.Image]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda pixels: np.asarray(change(Image.fromarray(pixels[..., 0])))[..., None]


def _framed(picture: Image.Image) -> Image.Image:
    out = Image.new("L", picture.size, 255)
    out.paste(picture.resize((SIDE - 6, SIDE - 6), Image.Resampling.BILINEAR), (3, 3))
    return out


def _written_on(picture: Image.Image) -> Image.Image:
    out = picture.copy()
    ImageDraw.Draw(out).text((3, SIDE * 0.7), "sample 12", 255, font_size=8)
    return out


def _marked(picture: Image.Image) -> Image.Image:
    out = picture.copy()
    out.paste(200, (SIDE - 10, SIDE - 10, SIDE, SIDE))
    return out


SMALLER = (SIDE * 2 // 3, SIDE * 2 // 3)
KINDS = {
    "cropped": lambda p: p.resize(p.size, Image.Resampling.BILINEAR, (2, 1, SIDE - 1, SIDE - 2)),
    "turned": lambda p: p.rotate(3, Image.Resampling.BILINEAR),
    "resized": lambda p: p.resize(SMALLER, Image.Resampling.BILINEAR).resize(
        p.size, Image.Resampling.BILINEAR
    ),
    "framed": _framed,
    "written on": _written_on,
    "marked": _marked,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_of_each_kind_is_paired_with_its_source(kind: str):
    """Three copies among forty pictures; nothing else is paired."""
    images, change = scenes(), _picture(KINDS[kind])
    found = find_detail_copies(np.concatenate([images, np.stack([change(images[i]) for i in (5, 11, 30)])]))
    pairs = {frozenset(pair) for pair in zip(found.first.tolist(), found.second.tolist(), strict=True)}
    assert pairs == {frozenset((source, COUNT + place)) for place, source in enumerate((5, 11, 30))}
    assert all("correlates" in words or "rounding" in words for words in found.changes)


def test_a_set_without_copies_has_no_pair():
    """The clean twin."""
    assert len(find_detail_copies(scenes()).first) == 0


def letters() -> np.ndarray:
    """The letters in four faces of a font: some differ in size alone, and look like others turned round."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    images = []
    for name in ("DejaVuSans", "DejaVuSansMono", "DejaVuSerif-Bold", "cmr10"):
        font = ImageFont.truetype(str(folder / f"{name}.ttf"), 21)
        for letter in string.ascii_letters:
            picture = Image.new("L", (28, 28))
            ImageDraw.Draw(picture).text((14, 14), letter, 255, font, anchor="mm")
            images.append(np.asarray(picture))
    return np.stack(images)[..., None]


def test_where_other_pictures_agree_as_well_none_is_called_a_copy(monkeypatch: pytest.MonkeyPatch):
    """The control finds letters turned round among the others; without it, many would be called copies."""
    found = find_detail_copies(letters())
    assert found.limits == (0, 0)
    assert len(found.first) == 0
    monkeypatch.setattr(detail_copies, "FALSE_ALARMS", 1.0)
    assert len(find_detail_copies(letters()).first) > 10


def crosses(count: int = 120) -> np.ndarray:
    """Waves down and across from the middle, of any width: each is its own mirror image, and like many."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    widths = np.random.default_rng(0).uniform(2.5, 3.5, (count, 2))
    images = [128 + 50 * np.cos(x / across) + 50 * np.cos(y / down) for down, across in widths]
    return np.stack(images).astype(np.uint8)[..., None]


def test_pictures_that_are_their_own_mirror_images_are_not_called_copies():
    """Turned round each finds the partner that it had: the control counts it, for nothing tells a copy."""
    assert len(find_detail_copies(crosses()).first) == 0


def halved(count: int = 60, crease: float = 0.0) -> np.ndarray:
    """The left half of a scene and its mirror image, as of a shirt; crease: of waves of their own over it."""
    left, other = scenes(count, 7)[:, :, : SIDE // 2], scenes(count, 8).astype(float)
    whole = np.concatenate([left, left[:, :, ::-1]], axis=2).astype(float)
    return np.clip(whole + crease * (other - other.mean(axis=(1, 2, 3), keepdims=True)), 0, 255).astype(
        np.uint8
    )


@pytest.mark.parametrize("crease", [0.1, 0.25])
@pytest.mark.parametrize("kind", ["cropped", "resized", "framed"])
def test_copies_of_symmetric_pictures_are_found(kind: str, crease: float):
    """Mirrored, a shirt finds the copy that it has. That is no lookalike: straight the copy is nearer."""
    images, change = halved(crease=crease), _picture(KINDS[kind])
    sources = range(0, 60, 5)
    found = find_detail_copies(np.concatenate([images, np.stack([change(images[i]) for i in sources])]))
    pairs = {frozenset(pair) for pair in zip(found.first.tolist(), found.second.tolist(), strict=True)}
    assert pairs == {frozenset((source, 60 + place)) for place, source in enumerate(sources)}


def vases(count: int = 60) -> np.ndarray:
    """Waves like those of `crosses`, but of one direction upside down, and with a grain of their own."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    images = [
        128 + 45 * np.cos(x / across) + 45 * np.sin(y / down + 0.7) + rng.normal(0, 2, (SIDE, SIDE))
        for across, down in rng.uniform(2.5, 3.5, (count, 2))
    ]
    return np.clip(np.stack(images), 0, 255).astype(np.uint8)[..., None]


def test_a_few_symmetric_lookalikes_cost_no_copy_of_others():
    """Six of one family among 120 scenes with 12 copies: none of the six is called a copy, all twelve are."""
    images, change = scenes(120), _picture(KINDS["cropped"])
    sources = range(0, 120, 10)
    copies = np.stack([change(images[i]) for i in sources])
    found = find_detail_copies(np.concatenate([images, copies, vases()[:6]]))
    pairs = {frozenset(pair) for pair in zip(found.first.tolist(), found.second.tolist(), strict=True)}
    assert pairs == {frozenset((source, 120 + place)) for place, source in enumerate(sources)}


def test_a_pair_between_symmetric_pictures_is_dropped_with_theirs():
    """1 and 2 agree straight by chance, and each agrees either way with another; 4 and 5 are copies."""
    first, second = np.array([0, 1, 2, 4, 3]), np.array([1, 2, 3, 5, 4])
    alike = np.array([True, False, True, False, False])
    assert detail_copies._of_one_family(first, second, alike).tolist() == [True, True, True, False, False]


def test_symmetric_lookalikes_are_not_called_copies(monkeypatch: pytest.MonkeyPatch):
    """They agree as well mirrored, but not upside down; the few that do not are too few to be sure of. So it
    is also where the control lets them pass."""
    assert len(find_detail_copies(vases()).first) == 0
    monkeypatch.setattr(detail_copies, "_limit", lambda _: detail_copies.LARGEST_LIMIT)
    assert len(find_detail_copies(vases()).first) == 0
    monkeypatch.setattr(detail_copies, "_NEARER", 1e-9)
    assert len(find_detail_copies(vases()).first) > 10


def corners(count: int = 150) -> np.ndarray:
    """Plain surfaces below a black corner: an outline of straight edges, and nothing else."""
    rng = np.random.default_rng(2)
    images = np.empty((count, SIDE, SIDE))
    for image in images:
        image[:] = rng.uniform(60, 240) + rng.normal(0, 2, (SIDE, SIDE))
        down, across = rng.integers(5, 20, 2)
        image[:down] = 0
        image[:, :across] = 0
    return np.clip(images, 0, 255).astype(np.uint8)[..., None]


def test_black_corners_are_no_detail():
    """Two straight edges fit each other, however different the pictures are."""
    assert len(find_detail_copies(corners()).first) == 0


def test_too_few_pictures_and_too_small_ones_are_not_searched():
    """Without lookalikes nothing can be compared, and it is said."""
    assert find_detail_copies(scenes(6)).limits is None
    assert find_detail_copies(scenes()[:, :8, :8]).limits is None


def test_so_many_pictures_that_it_takes_minutes_are_not_searched(monkeypatch: pytest.MonkeyPatch):
    """The limit on the number holds; what is not done is said."""
    monkeypatch.setattr(detail_copies, "MOST_PICTURES", COUNT - 1)
    assert find_detail_copies(scenes()).limits is None


def test_of_too_many_candidates_the_likeliest_are_lined_up(monkeypatch: pytest.MonkeyPatch):
    """How many were left aside is counted."""
    images = scenes()
    copies = np.stack([_picture(KINDS["turned"])(images[i]) for i in (5, 11, 30)])
    monkeypatch.setattr(detail_copies, "MOST_PAIRS", 12)
    found = find_detail_copies(np.concatenate([images, copies]))
    assert found.unlikely > 0
    assert len(found.first) == 3
