"""Pictures as image files and as their bytes, for tests of what is read."""

import io
from pathlib import Path

import numpy as np
from PIL import Image


def png(pixels: np.ndarray) -> bytes:
    """Pixels uint8 `(h, w)` or `(h, w, c)` as a PNG file."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def pictures(root: Path, *names: str) -> Path:
    """A PNG file, all different, at each name below `root`; gives `root`."""
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(png(np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)))
    return root
