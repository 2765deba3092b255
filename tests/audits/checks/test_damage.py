"""Damaged pictures, in gray and in color, and what is no damage: the nature of a class."""

import colorsys
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.datasets import load_digits

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.quality.image_quality import check_quality
from assay.audits.measures.pixel_sums import measure
from assay.data.values import Dataset, Split, numbered_ids
from planted import photograph

CLASSES = ("day", "dusk")


def audited(images: np.ndarray, labels: np.ndarray, classes: tuple[str, ...] = CLASSES) -> Checked:
    split = Split.from_arrays(images, labels, numbered_ids("train", len(images)))
    dataset = Dataset("damaged", classes, {"train": split}, "made for a test")
    return check_quality(CheckContext(dataset, {"train": measure(split, len(classes))}))


def scenes(channels: int, count: int = 120, side: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """Bright skies over darker land, with texture: blue over brown by day, orange over blue at dusk."""
    rng = np.random.default_rng(channels)
    labels = np.arange(count) % 2
    tones = np.array([[[90, 150, 230], [110, 80, 50]], [[235, 160, 80], [40, 50, 110]]], float)
    images = np.zeros((count, side, side, 3))
    for i, label in enumerate(labels):
        horizon = side // 2 + int(rng.integers(-6, 7))
        light = rng.uniform(0.85, 1.1)
        images[i, :horizon], images[i, horizon:] = tones[label] * light
        grain = photograph(np.random.default_rng([7, i]), side).astype(float).mean(axis=2, keepdims=True)
        images[i] += 0.25 * (grain - grain.mean())
    images = images if channels == 3 else images.mean(axis=3, keepdims=True)
    return np.clip(np.rint(images), 0, 255).astype(np.uint8), labels


def noise(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, x.shape)


def grain(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(x + rng.normal(0, 60, x.shape), 0, 255)


def speckle(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Half of the pixels black or white: salt and pepper."""
    return np.where(rng.random((*x.shape[:3], 1)) < 0.5, 255 * rng.integers(0, 2, (*x.shape[:3], 1)), x)


def half(value: int) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
    def cut(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        out = x.copy()
        for i, row in enumerate(rng.integers(x.shape[1] * 2 // 5, x.shape[1] * 3 // 5, len(x))):
            out[i, row:] = value
        return out

    return cut


def shuffled(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.stack([picture[rng.permutation(len(picture))] for picture in x])


def negative(x: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return 255 - x


def swapped(x: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return x[..., ::-1]


DAMAGES = {
    "noise": noise,
    "heavy noise": grain,
    "salt and pepper": speckle,
    "lower half gray": half(128),
    "lower half black": half(0),
    "lower half white": half(255),
    "shuffled rows": shuffled,
    "negative": negative,
    "channels": swapped,
}
KINDS = {
    "heavy noise": "noise",
    "salt and pepper": "noise",
    "lower half gray": "truncated",
    "lower half black": "truncated",
    "lower half white": "truncated",
    "shuffled rows": "shuffled",
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_pictures_are_found_by_kind_and_no_other(damage: str, channels: int) -> None:
    """Five of 120 pictures damaged: they are flagged, under the kind of the damage; before, none is."""
    if damage == "channels" and channels == 1:
        return
    images, labels = scenes(channels)
    assert audited(images, labels).issues == ()
    rows = np.array([3, 30, 57, 84, 111])
    images[rows] = DAMAGES[damage](images[rows], np.random.default_rng(1)).astype(np.uint8)
    found = {issue.index: issue.kind for issue in audited(images, labels).issues}
    assert set(found) <= set(rows.tolist())
    # Rows in random order are smooth by chance now and then: nine of ten are found.
    assert len(found) >= (4 if damage == "shuffled rows" else 5)
    assert set(found.values()) == {KINDS.get(damage, damage)}


@pytest.mark.parametrize(("fill", "verdict"), [((128, 128, 128), "fail"), ((255, 255, 255), "warn")])
def test_a_white_lower_part_may_be_drawn_so(fill: tuple[int, int, int], verdict: str) -> None:
    """Four flags of white below are listed, and may be so by what they show; gray is what a decoder leaves.
    Stripes in colors are neither: of 497 flags 19 were cut short, for sure."""
    images, labels = scenes(3)
    images[:4, 20:] = fill
    images[60:64, 20:] = (200, 16, 46)
    audit = audited(images, labels)
    assert {issue.index for issue in audit.issues if issue.kind == "truncated"} == set(range(4))
    assert audit.finding.verdict == verdict
    told = "What is truncated may be so by what it shows" in audit.finding.summary
    assert told == (verdict == "warn")


def test_a_file_that_ends_early_is_found_between_the_bars_that_fill_it_up() -> None:
    """A wide picture brought to a square has black bars; the gray above the lower bar is found."""
    images, labels = scenes(3)
    images[:, :6] = images[:, -6:] = 0
    assert audited(images, labels).issues == ()
    images[:4, 24:-6] = 128
    found = {issue.index: issue.kind for issue in audited(images, labels).issues}
    assert found == dict.fromkeys(range(4), "truncated")


def striped(angle: float, waves: float, slant: float, count: int = 60, side: int = 32) -> np.ndarray:
    """Waves that stand at an angle (0: upright), but for a slant, each with a phase of its own, and noise."""
    rng = np.random.default_rng([7, round(100 * angle), round(waves)])
    y, x = np.mgrid[:side, :side] / side
    images = np.zeros((count, side, side, 1))
    for image in images:
        turn = np.pi * angle + rng.normal(0, slant)
        along = x * np.cos(turn) + y * np.sin(turn)
        wave = np.sin(2 * np.pi * waves * along + rng.uniform(0, 6))
        image[..., 0] = 128 + 70 * wave + rng.normal(0, 18, (side, side))
    return np.clip(np.rint(images), 0, 255).astype(np.uint8)


def test_stripes_are_in_the_order_that_they_have() -> None:
    """Upright ones vary down by noise alone, fine ones across differ from row to row: no rows are shuffled.

    Rows of a wide wave that really were shuffled are told all the same.
    """
    images = np.concatenate([striped(0, 2, 0.1), striped(0.59, 9, 0.05), striped(0.4, 3, 0.05)])
    labels, classes = np.repeat([0, 1, 2], 60), ("upright", "fine", "wide")
    images[165:] = images[:15]  # a few upright ones among the wide, too
    kinds = [issue.kind for issue in audited(images, labels, classes).issues]
    assert "shuffled" not in kinds
    rows = np.array([125, 140, 160])
    images[rows] = shuffled(images[rows], np.random.default_rng(3))
    found = {issue.index for issue in audited(images, labels, classes).issues if issue.kind == "shuffled"}
    assert found == set(rows.tolist())


def test_what_nearly_all_of_a_class_shows_is_its_nature() -> None:
    """A class of plain skies is no fault: the check passes and says once what it did not count."""
    images, labels = scenes(3)
    sky = np.flatnonzero(labels == 0)
    images[sky] = 200 + np.random.default_rng(0).integers(-2, 3, (len(sky), 1, 1, 3))
    images[sky] += np.random.default_rng(1).integers(0, 3, images[sky].shape).astype(np.uint8)
    finding = audited(images, labels).finding
    assert (finding.verdict, finding.count) == ("pass", 0), finding.summary
    assert finding.evidence["nature"] == [{"kind": "blank", "class": "day", "images": len(sky)}]
    assert finding.summary.endswith("Not far outside of their class, and not counted: 60 blank in day.")


@pytest.mark.parametrize("damage", ["lower half white", "negative", "heavy noise"])
def test_a_class_that_is_damaged_throughout_passes_as_its_nature(damage: str) -> None:
    """Captions under all pictures of a class, or white on black: the class is like that."""
    images, labels = scenes(1)
    rows = np.flatnonzero(labels == 1)
    images[rows] = DAMAGES[damage](images[rows], np.random.default_rng(1)).astype(np.uint8)
    assert audited(images, labels).finding.verdict == "pass"


def test_a_constant_picture_is_nobodys_nature() -> None:
    """Pictures of one value tell nothing, however many a class has."""
    images, labels = scenes(3)
    images[labels == 1] = 7
    finding = audited(images, labels).finding
    assert (finding.verdict, finding.evidence["kinds"]) == ("fail", {"constant": 60})


def test_a_gray_picture_among_colored_ones_has_no_exchanged_channels() -> None:
    """Red for blue changes nothing there, so that nothing is said."""
    images, labels = scenes(3)
    images[:5] = images[:5].mean(axis=3, keepdims=True).astype(np.uint8)
    assert not [i for i in audited(images, labels).issues if i.kind == "channels"]


def fruit(hues: tuple[float, float], count: int = 400, side: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """A thing of these hues, of any size and light, anywhere on dark ground: no two are alike."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:side, :side]
    images = np.zeros((count, side, side, 3))
    for picture in images:
        across, down = rng.uniform(0.25, 0.75, 2) * side
        inside = np.hypot(x - across, y - down) < rng.uniform(0.15, 0.4) * side
        picture[:] = rng.uniform(20, 90)
        color = colorsys.hsv_to_rgb(rng.uniform(*hues) % 1, rng.uniform(0.5, 1), rng.uniform(0.4, 1))
        picture[inside] = 255 * np.array(color)
        picture += rng.normal(0, 6, picture.shape)
    return np.clip(np.rint(images), 0, 255).astype(np.uint8), np.arange(count) % 2


def test_exchanged_channels_are_found_where_no_picture_is_like_another() -> None:
    """By what colors the set has, not by what its nearest picture looks like."""
    images, labels = fruit((0.0, 0.15))
    assert not [i for i in audited(images, labels).issues if i.kind == "channels"]
    rows = np.arange(7, 400, 130)
    images[rows] = images[rows][..., ::-1]
    found = {i.index for i in audited(images, labels).issues if i.kind == "channels"}
    assert found <= set(rows.tolist())
    assert len(found) >= 3


def test_things_of_any_color_have_no_exchanged_channels() -> None:
    """Red ones and blue ones alike: nobody can say, and chance makes no picture a sure one."""
    images, labels = fruit((0.0, 1.0))
    assert not [i for i in audited(images, labels).issues if i.kind == "channels"]


@pytest.mark.parametrize("width", [1, 2, 5])
def test_black_margins_are_no_dead_pixels(width: int) -> None:
    """A frame around every picture, one pixel wide or more, is how the pictures are."""
    images, labels = scenes(3)
    images[:, :width] = images[:, -width:] = 0
    images[:, :, :width] = images[:, :, -width:] = 0
    assert audited(images, labels).finding.evidence["dead_pixel_count"] == 0


def test_places_that_ink_rarely_reaches_are_no_dead_pixels() -> None:
    """Letters leave places empty in every one of a few images; their neighbors are hardly ever inked."""
    rng = np.random.default_rng(0)
    images = np.where(rng.random((120, 24, 24, 1)) < 0.02, 255, 0).astype(np.uint8)
    images[:, 10:14, 10:14] = 255 * rng.integers(0, 2, (120, 4, 4, 1))
    images[:, 5, 5] = 0
    assert audited(images, np.arange(120) % 2).finding.evidence["dead_pixel_count"] == 0


@pytest.mark.parametrize("top", [16, 254, 255])
def test_clean_digits_of_few_pixels_are_no_damage(top: int) -> None:
    """Of 8 x 8 pixels, as scikit-learn has them: neighbors differ by what is drawn; corners stay empty."""
    images = (load_digits().images[:900] / 16 * top).round().astype(np.uint8)[..., np.newaxis]
    if top == 255:
        images = 255 * (images > 120).astype(np.uint8)
    found = audited(images, load_digits().target[:900], tuple("0123456789"))
    assert found.finding.count == 0
    assert found.finding.evidence["dead_pixel_count"] == 0
    assert found.finding.verdict == "pass"
