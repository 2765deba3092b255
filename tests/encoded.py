"""Pictures as the bytes of image files, for tests of what is read."""

import io

import numpy as np
from PIL import Image


def png(pixels: np.ndarray) -> bytes:
    """Pixels uint8 `(h, w)` or `(h, w, c)` as a PNG file."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()
