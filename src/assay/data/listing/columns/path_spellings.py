"""Spellings of the path in a cell of a table: slashes, drives, %20, floats, addresses and uploads."""

import re
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import unquote

#: What Label Studio puts before the name of an uploaded file, and before the path of one that it serves.
_UPLOADED: Final = re.compile(r"^[0-9a-f]{8}-(?=.)")
_SERVED: Final = "?d="

#: An address; its slashes may be one where it was read as a path. And a picture as text.
_ADDRESS: Final = re.compile(r"(https?|ftp|s3|gs|az|azureml|amldatastore):/", re.IGNORECASE)
_ENCODED: Final = re.compile(r"(data:image/[^,]*,)?[A-Za-z0-9+/\s]{100,}=*")

#: A whole number that was written as a float; and the drive before a path of Windows.
WHOLE_FLOAT: Final = re.compile(r"\s*\d+\.0+\s*")
_DRIVE: Final = re.compile(r"[A-Za-z]:[\\/]")


def ways_to_part(tried: Sequence[str]) -> list[Callable[[str], list[str]]]:
    """The ways to part a path: as it is and, where there is a %, as an address of the web is read, too."""
    ways: list[Callable[[str], list[str]]] = [pieces_of]
    ways += [unquoted_pieces] if any("%" in cell for cell in tried) else []
    ways += [_whole_pieces] if all(map(WHOLE_FLOAT.fullmatch, tried)) else []
    return [*ways, *([_uploaded_pieces] if all(map(is_uploaded, tried)) else [])]


def no_path(cell: str) -> str:
    """What to do with a cell that holds no path but a picture, or an address of the web; else empty."""
    if _ADDRESS.match(cell):
        return "These are addresses: fetch the images into a folder, and give it with --root."
    if _ENCODED.fullmatch(cell):
        return (
            "These are pictures in base64, no paths: write each to a file (Python's base64.b64decode), and "
            "the files' names into the table."
        )
    return ""


def pieces_of(cell: str) -> list[str]:
    """The parts of a path, whichever way its slashes lean; a drive and an empty first part left out."""
    plain = _DRIVE.sub("", cell.strip()).replace("\\", "/")
    return [piece for piece in plain.split("/") if piece not in ("", ".")]


def is_uploaded(cell: str) -> bool:
    """Whether Label Studio made a path: of a file that was uploaded to it, or one that it serves."""
    return _SERVED in cell or _UPLOADED.match(cell.rpartition("/")[2]) is not None


def _uploaded_pieces(cell: str) -> list[str]:
    """The same of a path of Label Studio: without the address of its server, and the hash before a name."""
    *above, name = pieces_of(cell.rpartition(_SERVED)[2])
    return [*above, _UPLOADED.sub("", name)]


def _whole_pieces(cell: str) -> list[str]:
    """The same of a number that was written as a float: pandas makes 12.0 of 12 where others are missing."""
    return [cell.strip().partition(".")[0]] if WHOLE_FLOAT.fullmatch(cell) else pieces_of(cell)


def unquoted_pieces(cell: str) -> list[str]:
    """The same of a path in which a space is %20."""
    return pieces_of(unquote(cell, errors="replace"))
