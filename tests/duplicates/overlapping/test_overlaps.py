"""Tiles and crops of one picture are paired by the part that they share; merely similar ones are not."""

from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from assay.core.arrays import Bytes
from assay.duplicates.overlapping import overlaps
from assay.duplicates.overlapping.local_hashes import SIDE, LocalHashes, local_hashes
from assay.duplicates.overlapping.overlaps import Overlaps, find_overlaps


def scene(seed: int, side: int = 160, channels: int = 3) -> Bytes:
    """A large picture with structure at all scales, and the grain of a photograph."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    frequency[0, 0] = 1
    waves = np.fft.ifft2(np.fft.fft2(rng.normal(size=(channels, side, side))) / frequency**1.5).real
    values = 128 + 45 * waves / waves.std() + rng.normal(0, 2, waves.shape)
    return values.clip(0, 255).astype(np.uint8).transpose(1, 2, 0)


def tiles(picture: Bytes, side: int, step: int) -> tuple[Bytes, np.ndarray]:
    """Its tiles, and their corners."""
    last = len(picture) - side + 1
    corners = np.array([(y, x) for y in range(0, last, step) for x in range(0, last, step)])
    return np.stack([picture[y : y + side, x : x + side] for y, x in corners]), corners


def found_in(pictures: Bytes) -> Overlaps:
    return find_overlaps(len(pictures), pictures.shape[1:], lambda rows: pictures[rows])


def pairs_of(found: Overlaps) -> list[tuple[int, int]]:
    return list(zip(found.first.tolist(), found.second.tolist(), strict=True))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [32, 48])
def test_tiles_that_overlap_by_half_are_paired(side: int, channels: int) -> None:
    """With the distance between them and the share of their area, by hand; nothing else of two scenes is."""
    one, corners = tiles(scene(1, channels=channels), side, side // 2)
    pictures = np.concatenate([one, tiles(scene(2, channels=channels), side, side // 2)[0]])
    found, wanted = found_in(pictures), {}
    for first in range(len(one)):
        for second in range(first + 1, len(one)):
            down, right = (corners[second] - corners[first]).tolist()
            share = max(side - abs(down), 0) * max(side - abs(right), 0) / side**2
            if share > 0.2:
                wanted[first, second] = (down, right, share)
    told = zip(found.down.tolist(), found.right.tolist(), found.share.tolist(), strict=True)
    of_first = {pair: how for pair, how in zip(pairs_of(found), told, strict=True) if pair[1] < len(one)}
    assert len(wanted) > 50
    assert of_first.keys() <= wanted.keys()
    assert all(how == wanted[pair] for pair, how in of_first.items())
    halves = {pair for pair, (_, _, share) in wanted.items() if share >= 0.5}
    assert len(halves & of_first.keys()) >= 0.98 * len(halves)
    assert all((first < len(one)) == (second < len(one)) for first, second in pairs_of(found))


def test_crops_at_any_place_are_paired() -> None:
    """Of one scene, at distances that nobody chose."""
    rng = np.random.default_rng(3)
    corners = rng.integers(0, 30, (12, 2))
    crops = np.stack([scene(3)[y : y + 64, x : x + 64] for y, x in corners])
    apart = {(a, b) for a in range(12) for b in range(a + 1, 12) if (corners[a] != corners[b]).any()}
    assert len(apart & set(pairs_of(found_in(crops)))) >= 0.95 * len(apart)


def test_tiles_that_lie_close_are_joined() -> None:
    """Hundreds show one place: they are one group by way of others, and each scene has its own."""
    pictures = np.concatenate([tiles(scene(seed, 120), 64, 4)[0] for seed in (1, 2)])
    group = np.arange(len(pictures))
    for first, second in pairs_of(found_in(pictures)):
        group[group == group[second]] = group[first]
    half = len(pictures) // 2
    assert len(set(group[:half].tolist())) == len(set(group[half:].tolist())) == 1
    assert group[0] != group[half]


def test_large_pictures_are_compared_a_few_at_a_time() -> None:
    """The pictures of all pairs would not fit into memory."""
    asked: list[int] = []
    pictures, _ = tiles(scene(5, 400), 200, 50)

    def pixels(rows: np.ndarray) -> Bytes:
        asked.append(len(rows))
        return pictures[rows]

    whole = find_overlaps(len(pictures), pictures.shape[1:], pixels)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overlaps, "_PAIRS", 4 * pictures[0].size)
        asked.clear()
        few = find_overlaps(len(pictures), pictures.shape[1:], pixels)
    assert pairs_of(few) == pairs_of(whole)
    assert max(asked[-len(few.first) // 2 :]) <= 4


def test_tiles_made_smaller_together_are_paired() -> None:
    """Where the distance is whole pixels afterwards: only the border depends on what lay beside it."""
    large, _ = tiles(scene(4, 512), 128, 64)
    small = np.stack([np.asarray(Image.fromarray(tile).resize((48, 48))) for tile in large])
    found = found_in(small)
    halves = 2 * 7 * 6
    assert len(found.first) >= 0.9 * halves
    assert set(found.down.tolist()) | set(found.right.tolist()) <= {-24, 0, 24}


def same_things() -> Bytes:
    """A thing in three colors at other places of a plain ground, as drawings have it."""
    rng = np.random.default_rng(5)
    images = np.full((40, 48, 48, 3), 230, np.uint8)
    for image in images:
        y, x = rng.integers(0, 24, 2)
        image[y : y + 20, x : x + 20] = (200, 30, 40)
        image[y + 4 : y + 12, x + 4 : x + 16] = (20, 60, 180)
    return images


def one_background() -> Bytes:
    """Another thing each before one view, where the camera stands still."""
    rng = np.random.default_rng(6)
    images = np.repeat(scene(6)[None, :64, :64], 30, axis=0)
    for image in images:
        y, x = rng.integers(0, 40, 2)
        image[y : y + 20, x : x + 20] = rng.integers(0, 256, (20, 20, 3))
    return images


def plain() -> Bytes:
    return np.repeat(np.arange(30, dtype=np.uint8)[:, None, None, None], 40, 1).repeat(40, 2) * np.uint8(8)


def signed() -> Bytes:
    """Photographs with one sign in them, at two places."""
    images = np.stack([scene(seed)[:64, :64] for seed in range(20, 44)])
    for n, image in enumerate(images):
        image[4 + n % 2 * 30 : 24 + n % 2 * 30, 4:44] = scene(7)[:20, :40]
    return images


def letters() -> Bytes:
    """Words that fill the picture and differ in an accent in the middle: that is a fiftieth of the pixels."""
    pictures, rng = [], np.random.default_rng(13)
    font = ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"), 15)
    for letter in "oòóôõöaàáâãä":
        image = Image.new("L", (64, 48), 255)
        place = tuple(rng.integers(-4, 5, 2).tolist())
        words = f"resume\nwag{letter}n\nmoth"
        ImageDraw.Draw(image).multiline_text(place, words, font=font, fill=0)
        pictures.append(np.asarray(image)[..., None])
    return np.stack(pictures)


def forms() -> Bytes:
    """One form at other places, with another number each, ticked or not."""
    rng, font, pictures = np.random.default_rng(8), ImageFont.load_default(11), []
    for n in range(60):
        image = Image.new("L", (96, 96), 255)
        draw, (x, y) = ImageDraw.Draw(image), rng.integers(2, 14, 2).tolist()
        draw.text((x, y), "I agree to this", font=font, fill=0)
        draw.rectangle((x, y + 20, x + 12, y + 32), outline=0)
        if n % 2:
            draw.line((x + 2, y + 22, x + 10, y + 30), fill=0, width=2)
        draw.text((x + 20, y + 20), str(rng.integers(1000, 9999)), font=font, fill=0)
        pictures.append(np.asarray(image)[..., None])
    return np.stack(pictures)


def ramps() -> Bytes:
    """Rings of gray around other centers: each part of one is a part of the others."""
    y, x = np.mgrid[:64, :64]
    centers = np.random.default_rng(9).integers(10, 54, (60, 2))
    rings = [np.minimum(2.7 * np.hypot(y - v, x - u), 255) for v, u in centers]
    return np.stack(rings).astype(np.uint8)[..., None]


def before_one_wallpaper() -> Bytes:
    """Things before a pattern that repeats itself after 40 pixels, where it hangs at one place."""
    rng = np.random.default_rng(10)
    images = np.repeat(np.tile(scene(11, 40, 1), (2, 2, 1))[None, :64, :64], 40, axis=0)
    for image in images:
        y, x = rng.integers(4, 52, 2)
        image[y : y + 8, x : x + 8] = rng.integers(0, 256, (8, 8, 1))
    return images


@pytest.mark.parametrize(
    "pictures",
    [same_things, one_background, plain, signed, letters, forms, ramps, before_one_wallpaper],
)
def test_pictures_that_are_alike_in_parts_are_not(pictures: Callable[[], Bytes]) -> None:
    assert pairs_of(found_in(pictures())) == []


def test_tiles_of_a_smooth_picture_are_paired() -> None:
    """As out of focus: no grain, and edges over several pixels. Rounding alone would be a gradient."""
    y, x = np.mgrid[:200, :200]
    rng = np.random.default_rng(14)
    waves = sum(
        rng.normal() * np.sin(a * y + b * x + rng.uniform(0, 6)) for a, b in rng.uniform(-0.22, 0.22, (40, 2))
    )
    picture = (127 + 50 * waves / np.std(waves)).clip(0, 255).astype(np.uint8)[..., None]
    smooth, _ = tiles(picture, 64, 32)
    found = found_in(smooth)
    assert np.count_nonzero(found.share >= 0.5) >= 0.9 * 2 * 5 * 4
    assert set(found.down.tolist()) | set(found.right.tolist()) <= {-32, 0, 32}


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_tiles_in_one_color_are_paired_whichever_it_is(channel: int) -> None:
    """A dye that glows blue is in one channel alone; the first was all that was looked at."""
    gray, _ = tiles(scene(12, channels=1), 48, 24)
    colored = np.zeros((*gray.shape[:3], 3), np.uint8)
    colored[..., channel] = gray[..., 0]
    assert pairs_of(found_in(colored)) == pairs_of(found_in(gray)) != []


def test_small_pictures_and_single_ones_are_not_asked() -> None:
    assert pairs_of(found_in(tiles(scene(1), 24, 8)[0])) == []
    assert pairs_of(found_in(scene(1)[None])) == []


def test_pairs_by_other_numbers() -> None:
    """The smaller number first, and the distance turned where that changes who is first."""
    arrays = (np.array([0, 1]), np.array([1, 2]), np.array([5, -3]), np.array([0, 4]))
    found = Overlaps(*arrays, np.array([0.5, 0.25])).numbered(np.array([7, 4, 9]))
    assert pairs_of(found) == [(4, 7), (4, 9)]
    assert (found.down.tolist(), found.right.tolist()) == ([-5, -3], [0, 4])
    assert found.share.tolist() == [0.5, 0.25]


def test_a_window_has_the_same_hash_wherever_it_lies() -> None:
    """About 64 of a picture are kept, and of a part that two share the same ones."""
    picture = scene(8, 96)
    whole, part = (local_hashes(p[None]) for p in (picture, picture[13:85, 21:93]))
    assert 30 < len(whole.hash) < 140
    inside = (whole.top >= 13) & (whole.left >= 21) & (whole.top <= 85 - SIDE) & (whole.left <= 93 - SIDE)
    of_part = LocalHashes(*(side[inside] for side in whole))
    known = {(t - 13, x - 21): h for t, x, h in zip(*(side.tolist() for side in of_part[1:]), strict=True)}
    again = {(t, x): h for t, x, h in zip(*(side.tolist() for side in part[1:]), strict=True)}
    assert set(known.items()) <= set(again.items())


def test_what_a_picture_has_twice_tells_no_place() -> None:
    """A pattern that repeats has no window of its own."""
    pattern = np.tile(scene(9)[:16, :16], (4, 4, 1))
    assert len(local_hashes(pattern[None]).hash) == 0
    assert len(local_hashes(np.zeros((3, 7, 40, 1), np.uint8)).hash) == 0
