"""Form data with files (RFC 7578), from a body that is in memory already."""

import re
from typing import Final, NamedTuple

from assay.deployment.serving.limits import RefusedError

_LONGEST_BOUNDARY: Final = 70
_LONGEST_HEAD: Final = 4096


class Part(NamedTuple):
    """One file of a form. name: as the client calls it, hostile text; the field's where it has none."""

    name: str
    content: bytes


def boundary_of(content_type: str) -> bytes:
    """The boundary that a Content-Type names. Raises RefusedError 400."""
    found = re.search(r';\s*boundary=(?:"([^"]*)"|([^\s;]+))', content_type, re.IGNORECASE)
    text = (found[1] or found[2] or "") if found else ""
    if not 0 < len(text) <= _LONGEST_BOUNDARY or not text.isascii():
        raise RefusedError(400, "the form names no boundary of 1 to 70 characters")
    return text.encode("ascii")


def is_form(body: bytes) -> bool:
    """Whether a body begins as a form does, with a boundary and the head of a part; no picture does."""
    return re.match(rb"--[^\r\n]{1,72}\r\nContent-Disposition:", body[:200], re.IGNORECASE) is not None


def parts_of(body: bytes, boundary: bytes, most: int) -> list[Part]:
    """The files of a form, in order. Raises RefusedError 400 (no whole form) and 413 (over `most`)."""
    mark = b"\r\n--" + boundary
    pieces = (b"\r\n" + body).split(mark, most + 2)
    if len(pieces) < 2 or pieces[0].strip():
        raise RefusedError(400, "the form does not begin with its boundary")
    if len(pieces) == most + 3:
        raise RefusedError(413, f"the form has more than {most} files")
    if pieces[-1].strip(b" \t\r\n") != b"--":
        raise RefusedError(400, "the form is cut off: its last boundary is missing")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    padding, newline, rest = piece.partition(b"\r\n")
    head, end, content = (b"\r\n" + rest).partition(b"\r\n\r\n")
    if not newline or padding.strip(b" \t") or not end or len(head) > _LONGEST_HEAD:
        raise RefusedError(400, "a part of the form has no head of at most 4,096 bytes")
    text = head.decode("utf-8", "replace")
    for key in ("filename", "name"):
        found = re.search(rf'[;\s]{key}="((?:[^"\\]|\\.)*)"|[;\s]{key}=([^\s;"]+)', text)
        if found:
            return Part(found[1] or found[2] or "", content)
    raise RefusedError(400, "a part of the form has no name")
