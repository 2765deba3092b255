"""Make a folder of colored pictures of many sizes and kinds, by cropping those that come with two libraries.

    python scripts/make_colored_folder.py FOLDER

Eight classes, each the crops of one picture of scikit-learn or scikit-image; 40 training and 15 test pictures
each, in four formats; some gray, with alpha, or CMYK. The same folder every time. docs/data.md shows what
Assay makes of it.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data
from sklearn.datasets import load_sample_images

SPLITS = {"train": 40, "test": 15}
KINDS = ("png", "jpg", "webp", "bmp")

#: Sides of the crops, in pixels: from smallest up to, not including, largest.
SIDES = (24, 120)


def pictures() -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Class names and whole pictures, `(h, w, 3)`: those that come inside the packages."""
    yield from zip(("temple", "flower"), load_sample_images().images, strict=True)
    for name in ("astronaut", "chelsea", "coffee", "rocket", "retina", "hubble_deep_field"):
        yield name, getattr(data, name)()


def main(folder: Path) -> None:
    """Write the pictures."""
    random = np.random.default_rng(0)
    for name, whole in pictures():
        for split, count in SPLITS.items():
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
