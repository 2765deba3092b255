"""Data for the page's script: JSON, deflated, in base64. No text in it can end the block or run."""

import base64
import json
import zlib
from typing import Any

from markupsafe import Markup


def deflated(data: Any) -> bytes:
    """Values of JSON types, packed (zlib, RFC 1950); equal ones give equal bytes. ValueError for NaN."""
    return zlib.compress(json.dumps(data, separators=(",", ":"), allow_nan=False).encode(), 9)


def data_block(data: Any) -> Markup:
    """The content of a data block, as `unpacked` in `scripts/elements.js` reads it."""
    return Markup(base64.b64encode(deflated(data)).decode("ascii"))
