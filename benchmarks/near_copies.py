"""How many changed copies of tiles of photographs are found, and how many untouched tiles are flagged.

    python benchmarks/near_copies.py [tuning|judging ...]

The second set beside Fashion-MNIST: tiles of photographs that come with scikit-image, scikit-learn and
matplotlib. Bounds may be looked for on the tuning photographs; the judging photographs only count. Copies
are made at the size of the tile; where said, tiles and copies are then made smaller together, as reading a
folder does.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import skimage
import sklearn
from PIL import Image

from assay.audits.checks.context import CheckContext
from assay.audits.checks.duplicates import check_exact_duplicates, check_near_duplicates
from assay.audits.self_test.pixel_changes import NEAR_CHANGES, unchanged
from assay.data.values import Dataset, Split, numbered_ids
from assay.duplicates.find import find_copies
from measuring import conditions, write_result

#: All photographs of these packages in the order of their names, by turns; scans of text, drawings and the
#: second picture of a stereo pair are left out.
PHOTOGRAPHS = {
    "tuning": (
        "astronaut.png",
        "camera.png",
        "chelsea.png",
        "clock_motion.png",
        "coins.png",
        "grace_hopper.jpg",
        "gravel.png",
        "ihc.png",
        "moon.png",
        "retina.jpg",
    ),
    "judging": (
        "brick.png",
        "cell.png",
        "china.jpg",
        "coffee.png",
        "flower.jpg",
        "grass.png",
        "hubble_deep_field.jpg",
        "microaneurysms.png",
        "motorcycle_left.png",
        "rocket.jpg",
    ),
}

FOLDERS = (
    Path(skimage.__file__).parent / "data",
    Path(sklearn.__file__).parent / "datasets" / "images",
    Path(mpl.get_data_path()) / "sample_data",
)

#: Pixels a side of the tiles, and what they are made to; the same where files are read as they are.
SIZES = (
    *((side, side) for side in (32, 48, 72, 96, 112, 128, 160, 256)),
    (80, 64),
    (128, 64),
    (200, 64),
)

#: Tiles of one photograph at most, and copies of each kind at most.
TILES = 40
COPIES = 100

#: Gray values of a tile deviate by more than this; a copy that deviates by less shows next to nothing.
STRUCTURE = 10.0


def tiles(photograph: str, side: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Tiles of a photograph that do not overlap and show something, at most `TILES`."""
    path = next(folder / photograph for folder in FOLDERS if (folder / photograph).exists())
    with Image.open(path) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    height, width = (length // side * side for length in pixels.shape[:2])
    cut = pixels[:height, :width].reshape(height // side, side, width // side, side, 3)
    each = cut.transpose(0, 2, 1, 3, 4).reshape(-1, side, side, 3)
    shown = each[deviation(each) > STRUCTURE]
    return list(shown[np.sort(rng.permutation(len(shown))[:TILES])])


def deviation(images: np.ndarray) -> np.ndarray:
    """The deviation of each picture's gray values, `(n,)`."""
    return images.mean(axis=3).std(axis=(1, 2))


def made(images: np.ndarray, side: int) -> np.ndarray:
    """The pictures at `side` pixels, as reading a folder brings them there."""
    if images.shape[1] == side:
        return images
    size = (side, side)
    return np.stack([np.asarray(Image.fromarray(i).resize(size, Image.Resampling.BILINEAR)) for i in images])


def dataset(images: np.ndarray, stored: int) -> Dataset:
    """The pictures as one training split. stored: pixels a side of their files."""
    n = len(images)
    columns = {name: np.full(n, stored) for name in ("height", "width")}
    split = Split.from_arrays(images, np.arange(n) % 2, numbered_ids("train", n), columns)
    return Dataset("tiles", ("a", "b"), {"train": split}, "made for a benchmark")


def counted(stored: int, side: int, photographs: tuple[str, ...]) -> dict[str, Any]:
    """Untouched tiles flagged, and copies of each kind found with their own source."""
    rng = np.random.default_rng([stored, side])
    original = np.stack([tile for name in photographs for tile in tiles(name, stored, rng)])
    untouched = dataset(made(original, side), stored)
    alarms = [
        check(CheckContext(untouched, {})).issues for check in (check_exact_duplicates, check_near_duplicates)
    ]
    figures: dict[str, Any] = {
        "tiles": len(original),
        "flagged_untouched": {"exact": len(alarms[0]), "near": len(alarms[1])},
    }
    for kind, change in {"exact": unchanged, **NEAR_CHANGES}.items():
        sources = np.sort(rng.permutation(len(original))[:COPIES])
        copies = change(original[sources], rng)
        figures[kind] = found_of(original, sources, copies, stored, side)
    return figures


def found_of(
    original: np.ndarray, sources: np.ndarray, copies: np.ndarray, stored: int, side: int
) -> dict[str, int]:
    """How many copies are paired with their own source, of all and of those that still show something."""
    together = made(np.concatenate([original, copies]), side)
    found = find_copies(dataset(together, stored))
    n = len(original)
    pictures = found.picture[n:]
    pairs = set(zip(found.near_first.tolist(), found.near_second.tolist(), strict=True))
    hits = np.array(
        [
            copy == source or (min(copy, source), max(copy, source)) in pairs
            for copy, source in zip(pictures.tolist(), found.picture[sources].tolist(), strict=True)
        ]
    )
    shown = deviation(copies) > STRUCTURE
    return {
        "copies": len(copies),
        "found": int(hits.sum()),
        "showing_something": int(shown.sum()),
        "found_showing_something": int((hits & shown).sum()),
    }


def totals(sizes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The same over all sizes, with shares."""
    kinds = ("exact", *NEAR_CHANGES)
    whole = sum(size["tiles"] for size in sizes.values())
    flagged = sum(sum(size["flagged_untouched"].values()) for size in sizes.values())
    return {
        "tiles": whole,
        "flagged_untouched": flagged,
        "flagged_share": flagged / whole,
        "recall": {kind: _share(sizes, kind, "found", "copies") for kind in kinds},
        "recall_of_those_showing_something": {
            kind: _share(sizes, kind, "found_showing_something", "showing_something") for kind in kinds
        },
    }


def _share(sizes: Mapping[str, Mapping[str, Any]], kind: str, part: str, whole: str) -> float:
    return sum(size[kind][part] for size in sizes.values()) / sum(
        size[kind][whole] for size in sizes.values()
    )


def main() -> None:
    before = conditions()
    figures: dict[str, Any] = {}
    for half in sys.argv[1:] or PHOTOGRAPHS:
        sizes = {}
        for stored, side in SIZES:
            name = f"{stored}" if stored == side else f"{stored} made {side}"
            sizes[name] = counted(stored, side, PHOTOGRAPHS[half])
            print(half, name, sizes[name], file=sys.stderr, flush=True)
        figures[half] = {"photographs": PHOTOGRAPHS[half], "all": totals(sizes), "sizes": sizes}
    command = " ".join(["python benchmarks/near_copies.py", *sys.argv[1:]])
    write_result("near_copies", command, before, figures)


if __name__ == "__main__":
    main()
