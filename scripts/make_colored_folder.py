"""Make a folder of colored pictures of many sizes and kinds, by cropping those that come with scikit-learn.

    python scripts/make_colored_folder.py FOLDER

Two classes (a temple, a flower), 120 training and 40 test pictures each, in four formats; some gray, with
alpha, or CMYK. The same folder every time. docs/data.md shows what Assay makes of it.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

SPLITS = {"train": 120, "test": 40}
KINDS = ("png", "jpg", "webp", "bmp")

#: Sides of the crops, in pixels: from smallest up to, not including, largest.
SIDES = (24, 120)


def main(folder: Path) -> None:
    """Write the pictures."""
    random = np.random.default_rng(0)
    pictures = dict(zip(("china", "flower"), load_sample_images().images, strict=True))
    for split, count in SPLITS.items():
        for name, whole in pictures.items():
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                height, width = random.integers(*SIDES, 2)
                top = random.integers(whole.shape[0] - height)
                left = random.integers(whole.shape[1] - width)
                crop = Image.fromarray(whole[top : top + height, left : left + width])
                kind = KINDS[number % 4]
                _in_some_mode(crop, number, kind).save(folder / split / name / f"{number}.{kind}")


def _in_some_mode(crop: Image.Image, number: int, kind: str) -> Image.Image:
    """Every tenth picture gray, another tenth with alpha or CMYK where the format can hold it."""
    if number % 10 == 0:
        return crop.convert("L")
    if number % 10 == 6 and kind in ("png", "webp"):
        return crop.convert("RGBA")
    if number % 10 == 3 and kind == "jpg":
        return crop.convert("CMYK")
    return crop


if __name__ == "__main__":
    main(Path(sys.argv[1]))
