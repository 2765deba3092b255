"""Texts kept in the cache under a seal: what comes back is what was written, or nothing."""

import hashlib
from pathlib import Path

from assay.core import durable


def write_checked(path: Path, text: str) -> None:
    """Keep a text, after the SHA-256 of its UTF-8 bytes. Raises the AssayError of `durable`."""
    durable.make_directory(path.parent)
    durable.write_text(path, f"{_checksum(text)}\n{text}")


def read_checked(path: Path) -> str | None:
    """The text kept there; None where there is none or where it is not as it was written."""
    try:
        stated, _, text = path.read_text("utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return text if _checksum(text) == stated else None


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
