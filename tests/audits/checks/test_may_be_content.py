"""A class that is a texture, a light, a color or a layout is no fault; what was laid over its pictures is."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from assay.audits.checks.context import CheckContext
from assay.audits.checks.shortcuts.shortcuts import check_shortcuts
from assay.audits.measures.marks.border_lines import has_edge, is_one_value
from assay.audits.measures.pixel_sums import measure
from assay.audits.values import Finding
from assay.data.values import Dataset, Split, numbered_ids

Pictures = tuple[np.ndarray, np.ndarray]


def judged(images: np.ndarray, labels: np.ndarray) -> Finding:
    split = Split.from_arrays(images, labels.astype(np.int64), numbered_ids("train", len(images)))
    k = int(labels.max()) + 1
    dataset = Dataset("made", tuple(f"class {i}" for i in range(k)), {"train": split}, "made")
    return check_shortcuts(CheckContext(dataset, {"train": measure(split, k)})).finding


def cloud(rng: np.random.Generator, side: int, power: float) -> np.ndarray:
    """Smooth or rough chance, of mean 0 and deviation 1."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    frequency[0, 0] = 1
    found = np.fft.ifft2(np.fft.fft2(rng.normal(size=(side, side))) / frequency**power).real
    return (found - found.mean()) / found.std()


def nights(side: int = 32, n: int = 300, share: tuple[float, ...] = (1, 1, 1)) -> Pictures:
    """Day, dusk and night, in color: night is dark to the border."""
    rng = np.random.default_rng(1)
    labels = rng.choice(3, n, p=np.array(share) / sum(share))
    light = np.array([[120, 170, 230], [200, 120, 90], [15, 18, 40]])
    slope = np.linspace(1, 0, side)[:, None, None]
    images = [
        light[label] * rng.uniform(0.85, 1.15)
        + slope * rng.uniform(-30, 30)
        + cloud(rng, side, 1.4)[..., None] * (15, 14, 6)[label]
        for label in labels
    ]
    return np.clip(np.stack(images), 0, 255).astype(np.uint8), labels


def grains(side: int = 40, n: int = 400) -> Pictures:
    """Four textures that are finer from class to class: grain and sharpness are what they are."""
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 4, n)
    images = [128 + cloud(rng, side, (0.0, 0.5, 1.0, 2.0)[i]) * rng.uniform(18, 30) for i in labels]
    return np.clip(np.stack(images), 0, 255).astype(np.uint8)[..., None], labels


def hot(side: int = 32, n: int = 300) -> Pictures:
    """Two classes: a spot of heat somewhere, weak or strong."""
    rng = np.random.default_rng(3)
    labels = np.arange(n) % 2
    y, x = np.mgrid[:side, :side]
    images = []
    for label in labels:
        at, height = rng.uniform(side / 3, 2 * side / 3, 2), (40, 150)[label] * rng.uniform(0.8, 1.2)
        spot = np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / rng.uniform(60, 140))
        images.append(40 + height * spot + rng.normal(0, 4, (side, side)))
    return np.clip(np.stack(images), 0, 255).astype(np.uint8)[..., None], labels


FIELDS = (
    ((6, 6, 40, 14), (6, 20, 58, 28)),
    ((24, 6, 58, 14), (6, 34, 58, 42)),
    ((6, 6, 58, 12), (6, 16, 30, 30), (34, 16, 58, 30)),
    ((10, 30, 50, 50),),
)


def forms(n: int = 300) -> Pictures:
    """Four forms, each from one template, with other numbers in their fields."""
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 4, n)
    images = []
    for label in labels:
        form = Image.new("L", (64, 64), 250)
        draw = ImageDraw.Draw(form)
        draw.rectangle((2, 2, 61, 61), outline=60)
        for field in FIELDS[label]:
            draw.rectangle(field, outline=90)
            draw.text((field[0] + 2, field[1] - 1), str(rng.integers(10, 9999)), int(rng.integers(0, 60)))
        draw.text((6, 50), str(rng.integers(10_000, 10_000_000)), 40)
        images.append(np.asarray(form) + rng.normal(0, 1.5, (64, 64)))
    return np.clip(np.stack(images), 0, 255).astype(np.uint8)[..., None], labels


def menus(n: int = 360) -> Pictures:
    """Icons in any color on white: what is open between the bars of a menu is white in all of them."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 6, n)
    images = []
    for label in labels:
        icon = Image.new("RGB", (32, 32), "white")
        draw, slip = ImageDraw.Draw(icon), int(rng.integers(0, 3))
        color = tuple(int(value) for value in rng.integers(20, 200, 3))
        if label == 0:
            draw.rectangle((6 + slip, 6, 25, 25), fill=color)
        elif label == 1:
            for top in (6, 14, 22):
                draw.rectangle((5, top, 27 - slip, top + 3), fill=color)
        elif label == 2:
            draw.polygon(((16, 5), (27, 27), (5, 27 - slip)), fill=color)
        elif label == 3:
            draw.line((5, 5, 27, 27 - slip), fill=color, width=4)
            draw.line((5, 27, 27, 5 + slip), fill=color, width=4)
        elif label == 4:
            draw.ellipse((6, 6 + slip, 25, 25), fill=color)
        else:
            draw.rectangle((5, 10, 27, 22 + slip), outline=color, width=3)
        images.append(np.asarray(icon))
    return np.stack(images), labels


CLEAN: dict[str, Callable[[], Pictures]] = {
    "nights": nights,
    "nights of 96 pixels": lambda: nights(96, 150),
    "nights, a long tail": lambda: nights(32, 500, (12, 4, 1)),
    "grains": grains,
    "two heats": hot,
    "forms": forms,
    "menus": menus,
}


@pytest.mark.parametrize("kind", CLEAN)
def test_what_the_class_is_need_not_be_fixed(kind: str) -> None:
    """It is told, with both readings, and what to do in either case."""
    finding = judged(*CLEAN[kind]())
    assert finding.verdict == "warn", finding.summary
    assert "or how the pictures were made: the pixels cannot say." in finding.summary
    assert finding.evidence["may_be_content"]
    assert finding.fix.endswith("else nothing is to be fixed.")


def framed(images: np.ndarray, rows: np.ndarray) -> None:
    for edge in (np.s_[:, :3], np.s_[:, -3:], np.s_[:, :, :3], np.s_[:, :, -3:]):
        part = images[rows]
        part[edge] = 200
        images[rows] = part


def barred(images: np.ndarray, rows: np.ndarray) -> None:
    images[rows, -3:] = 100


def spotted(images: np.ndarray, rows: np.ndarray) -> None:
    images[rows, 4:8, 5:10] = (255, 0, 0) if images.shape[3] == 3 else 255


@pytest.mark.parametrize("laid", [framed, barred, spotted])
@pytest.mark.parametrize("kind", [kind for kind in CLEAN if kind not in ("forms", "nights, a long tail")])
def test_what_was_laid_over_a_class_must_be_fixed(
    kind: str, laid: Callable[[np.ndarray, np.ndarray], None]
) -> None:
    """On 95 of 100 pictures of class 1, beside classes that light and grain tell: an error comes first."""
    images, labels = CLEAN[kind]()
    rng = np.random.default_rng(0)
    laid(images, np.flatnonzero((labels == 1) & (rng.random(len(labels)) < 0.95)))
    finding = judged(images, labels)
    assert finding.verdict == "fail", finding.summary
    assert "the pixels cannot say" not in finding.summary
    assert finding.fix.endswith("remove the cause.")
    assert not finding.fix.endswith("nothing is to be fixed.")


@pytest.mark.parametrize("kind", ["grains", "nights", "menus"])
def test_a_mark_of_every_class_in_one_place_is_no_template(kind: str) -> None:
    """Patches in the corners whose gray value is that of the class."""
    images, labels = CLEAN[kind]()
    for y in (slice(4), slice(-4, None)):
        for x in (slice(4), slice(-4, None)):
            images[:, y, x] = (20 + 60 * labels).reshape(-1, 1, 1, 1)
    assert judged(images, labels).verdict == "fail"


def test_one_value_and_an_edge_by_hand() -> None:
    """Seven of ten up to six gray levels from the median; a step of more than twelve to the inside."""
    own = np.arange(12) < 10
    assert is_one_value(np.array([100] * 5 + [106, 94] + [200] * 5), own)
    assert not is_one_value(np.array([100] * 5 + [107, 94] + [200] * 5), own)
    images = np.full((10, 16, 16, 1), 50, np.uint8)
    images[:7, 0] = 63
    split = Split.from_arrays(images, np.zeros(10, np.int64), numbered_ids("a", 10))
    every = np.ones(10, bool)
    assert has_edge(split, "top border color", every)
    assert not has_edge(split, "left border color", every)
    images[0, 0] = 62
    fewer = Split.from_arrays(images, np.zeros(10, np.int64), numbered_ids("a", 10))
    assert not has_edge(fewer, "top border color", every)
    tiny = Split.from_arrays(images[:, :2, :2], np.zeros(10, np.int64), numbered_ids("a", 10))
    assert not has_edge(tiny, "top border color", every)
