"""Text and bytes stored with a SHA-256 checksum: read back as they were written, or not at all."""

import hashlib
from pathlib import Path
from typing import Final

from assay.core import durable

#: Bytes of the SHA-256 that `with_checksum` puts first.
_SEAL: Final = hashlib.sha256().digest_size


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


def with_checksum(content: bytes) -> bytes:
    """The content after its SHA-256."""
    return hashlib.sha256(content).digest() + content


def without_checksum(found: bytes) -> bytes | None:
    """The content that `with_checksum` was given; None where it is not as it was."""
    content = found[_SEAL:]
    return content if hashlib.sha256(content).digest() == found[:_SEAL] else None
