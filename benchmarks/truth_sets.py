"""Labelled picture sets that packages ship, of different size, color and domain, for benchmarks/truth.py.

Thresholds may be looked at on TUNING sets only; JUDGING sets count, and decide nothing.
"""

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import skimage
import sklearn
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_digits

from assay.data.values import Dataset, Split, numbered_ids
from assay.workflow.load import load

#: Where the photographs and drawings of Debian's tuxpaint-stamps-default were unpacked; without it, the
#: two sets made of them are left out, and the result says so.
STAMPS = Path("/usr/share/tuxpaint/stamps")

_PHOTOGRAPHS = {
    "tuning": ("astronaut.png", "camera.png", "chelsea.png", "clock_motion.png", "coins.png", "retina.jpg",
               "grace_hopper.jpg", "gravel.png", "ihc.png", "moon.png"),
    "judging": ("brick.png", "cell.png", "china.jpg", "coffee.png", "flower.jpg", "grass.png", "rocket.jpg",
                "hubble_deep_field.jpg", "microaneurysms.png", "motorcycle_left.png"),
}  # fmt: skip

_FOLDERS = (
    Path(skimage.__file__).parent / "data",
    Path(sklearn.__file__).parent / "datasets" / "images",
    Path(mpl.get_data_path()) / "sample_data",
)

Pictures = tuple[np.ndarray, np.ndarray]


def tiles(half: str, side: int) -> Pictures:
    """Tiles of photographs, plain and black ones among them: at most 60 of each, labelled by photograph."""
    rng = np.random.default_rng(side)
    images, labels = [], []
    for label, name in enumerate(_PHOTOGRAPHS[half]):
        path = next(folder / name for folder in _FOLDERS if (folder / name).exists())
        with Image.open(path) as opened:
            pixels = np.asarray(opened.convert("RGB"))
        height, width = (length // side * side for length in pixels.shape[:2])
        cut = pixels[:height, :width].reshape(height // side, side, width // side, side, 3)
        each = cut.transpose(0, 2, 1, 3, 4).reshape(-1, side, side, 3)
        each = each[np.sort(rng.permutation(len(each))[:60])]
        images.append(each)
        labels += [label] * len(each)
    return np.concatenate(images), np.array(labels)


def stamps(half: str, side: int) -> Pictures:
    """Photographs and drawings of things on white, every second file, labelled by the folder they lie in."""
    files = sorted(STAMPS.rglob("*.png"))[0 if half == "tuning" else 1 :: 2]
    images, labels = [], []
    for path in files:
        with Image.open(path) as opened:
            picture = opened.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        white.alpha_composite(picture)
        white.thumbnail((side, side), Image.Resampling.BILINEAR)
        square = Image.new("RGB", (side, side), "white")
        square.paste(white.convert("RGB"), ((side - white.width) // 2, (side - white.height) // 2))
        images.append(np.asarray(square))
        labels.append(path.relative_to(STAMPS).parts[0])
    return np.stack(images), np.unique(labels, return_inverse=True)[1]


def digits(half: str, side: int) -> Pictures:
    """Written digits of 8 pixels a side, made `side` pixels wide; every second one."""
    bunch = load_digits()
    rows = slice(0 if half == "tuning" else 1, 1200, 2)
    small = (bunch.images[rows] * 15.9).astype(np.uint8)
    size = (side, side)
    large = [np.asarray(Image.fromarray(i).resize(size, Image.Resampling.BICUBIC)) for i in small]
    return np.stack(large)[..., None], bunch.target[rows]


def glyphs(half: str, side: int) -> Pictures:
    """Letters in each upright face of the DejaVu and STIX fonts that matplotlib ships."""
    names = {
        "tuning": ("DejaVuSans", "DejaVuSansMono", "DejaVuSerif-Bold", "cmr10"),
        "judging": ("DejaVuSans-Oblique", "DejaVuSerif", "STIXGeneral", "STIXGeneralBolIta", "cmtt10"),
    }
    images, labels = [], []
    for name in names[half]:
        font = ImageFont.truetype(str(_font_file(name)), int(side * 0.75))
        for label, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"):
            picture = Image.new("L", (side, side))
            ImageDraw.Draw(picture).text((side / 2, side / 2), letter, 255, font, anchor="mm")
            images.append(np.asarray(picture))
            labels.append(label)
    return np.stack(images)[..., None], np.array(labels)


#: Upright and slanted faces that matplotlib ships and `glyphs` does not tune on.
_FACES = (
    "DejaVuSans-Bold", "DejaVuSans-BoldOblique", "DejaVuSans-Oblique", "DejaVuSansMono-Bold",
    "DejaVuSansMono-BoldOblique", "DejaVuSansMono-Oblique", "DejaVuSerif", "DejaVuSerif-BoldItalic",
    "DejaVuSerif-Italic", "STIXGeneral", "STIXGeneralBol", "STIXGeneralBolIta", "STIXGeneralItalic", "cmb10",
    "cmss10", "cmti10", "cmtt10",
)  # fmt: skip

#: Symbols of DejaVu Sans, by block: arrows, operators, shapes, signs, ornaments.
_BLOCKS = ((0x2190, 0x2200), (0x2200, 0x2300), (0x25A0, 0x2600), (0x2600, 0x26A0), (0x2701, 0x27BF))


def letters(half: str, side: int) -> Pictures:  # noqa: ARG001  all of it judges
    """Ten letters, each capital and small in 17 faces, once each: placed, turned and sized by a seed."""
    rng = np.random.default_rng([side, 0x1E])
    images, labels = [], []
    for face in _FACES:
        for label, letter in enumerate("ABDEGHMQRT"):
            for text in (letter, letter.lower()):
                images.append(_drawn(text, face, side, rng, turn=12))
                labels.append(label)
    return np.stack(images)[..., None], np.array(labels)


def drawings(half: str, side: int) -> Pictures:  # noqa: ARG001  all of it judges
    """Symbols of a font, labelled by the block of Unicode that they lie in; placed and sized by a seed."""
    rng = np.random.default_rng([side, 0xD0])
    drawn = FT2Font(str(_font_file("DejaVuSans"))).get_charmap()
    images, labels = [], []
    for label, (first, last) in enumerate(_BLOCKS):
        for code in range(first, last):
            if code in drawn:
                images.append(_drawn(chr(code), "DejaVuSans", side, rng, turn=3))
                labels.append(label)
    return np.stack(images)[..., None], np.array(labels)


def _font_file(face: str) -> Path:
    return Path(mpl.get_data_path()) / "fonts" / "ttf" / f"{face}.ttf"


def _drawn(text: str, face: str, side: int, rng: np.random.Generator, turn: float) -> np.ndarray:
    """White on black, not quite in the middle, turned by up to `turn` degrees."""
    font = ImageFont.truetype(str(_font_file(face)), int(side * rng.uniform(0.6, 0.85)))
    picture = Image.new("L", (side, side))
    place = side / 2 + rng.uniform(-0.06, 0.06, 2) * side
    ImageDraw.Draw(picture).text(tuple(place), text, 255, font, anchor="mm")
    return np.asarray(picture.rotate(rng.uniform(-turn, turn), Image.Resampling.BILINEAR))


def faces(half: str, side: int) -> Pictures:  # noqa: ARG001  one form for all
    """100 faces and 100 other cut-outs of photographs, 25 pixels a side, gray."""
    values = np.load(_FOLDERS[0] / "lfw_subset.npy")
    images = np.rint(values * 255).clip(0, 255).astype(np.uint8)[..., None]
    return images, np.repeat([0, 1], 100)


def surfaces(half: str, side: int) -> Pictures:
    """Plain surfaces in the same light with grain of their own, and cracked ones. Made, not photographed."""
    rng = np.random.default_rng([side, half == "judging"])
    images, labels = [], np.arange(240) % 2
    for label in labels:
        gray = rng.normal(170, 3) + np.linspace(-3, 3, side)[:, None] + rng.normal(0, 4, (side, side))
        if label:
            across = rng.integers(side // 6, side - side // 6)
            for row in range(side):
                across = int(np.clip(across + rng.integers(-1, 2), 1, side - 2))
                gray[row, across : across + 2] -= 70
        images.append(np.clip(gray, 0, 255).astype(np.uint8))
    return np.stack(images)[..., None], labels


def clothes(half: str, side: int) -> Pictures:  # noqa: ARG001  one form for all
    """Every second of 1,200 images of the bundled sample of Fashion-MNIST."""
    train = load("fashion-mnist-sample", offline=True).train
    rows = np.arange(0 if half == "tuning" else 1, min(1200, len(train)), 2)
    return np.concatenate([np.asarray(block) for block in train.blocks(rows)]), train.labels[rows]


Maker = Callable[[str, int], Pictures]

#: name -> (maker, half, pixels a side).
SETS: dict[str, dict[str, tuple[Maker, str, int]]] = {
    "tuning": {
        "tiles, 64 px": (tiles, "tuning", 64),
        "tiles, 32 px": (tiles, "tuning", 32),
        "stamps, 64 px": (stamps, "tuning", 64),
        "glyphs, 28 px": (glyphs, "tuning", 28),
        "digits, 28 px": (digits, "tuning", 28),
        "clothes, 28 px": (clothes, "tuning", 28),
    },
    "judging": {
        "tiles, 96 px": (tiles, "judging", 96),
        "tiles, 64 px": (tiles, "judging", 64),
        "tiles, 32 px": (tiles, "judging", 32),
        "stamps, 96 px": (stamps, "judging", 96),
        "stamps, 32 px": (stamps, "judging", 32),
        "glyphs, 32 px": (glyphs, "judging", 32),
        "letters, 28 px": (letters, "judging", 28),
        "drawings, 32 px": (drawings, "judging", 32),
        "digits, 28 px": (digits, "judging", 28),
        "faces, 25 px": (faces, "judging", 25),
        "surfaces, 64 px": (surfaces, "judging", 64),
        "clothes, 28 px": (clothes, "judging", 28),
    },
}


def labelled(images: np.ndarray, labels: np.ndarray) -> Dataset:
    """Pictures as one training split, their files as large as they are."""
    n = len(images)
    columns = {"height": np.full(n, images.shape[1]), "width": np.full(n, images.shape[2])}
    split = Split.from_arrays(images, labels.astype(np.int64), numbered_ids("train", n), columns)
    names = tuple(f"class {i}" for i in range(int(labels.max()) + 1))
    return Dataset("truth", names, {"train": split}, "made for a benchmark")
