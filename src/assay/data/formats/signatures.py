"""What a file is, told from its content, and whether its container is whole, before any decoder sees it.

Decoders are lenient: they fill what is missing with gray and skip checksums. Assay is not: an image
that is padded silently would be learned as it is.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final

from assay.core.errors import AssayError
from assay.data.formats.refused.images import DOCUMENTS, REFUSED, refused_image

#: Endings of file names that are taken for images, and what such a file should hold. What it really is is
#: decided by its content.
FORMAT_BY_NAME: Final[Mapping[str, str]] = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".dib": "BMP",
}

#: Images by their name, of formats that are not read: an error each, not silence.
REFUSED_SUFFIXES: Final = (
    ".gif",
    ".tif",
    ".tiff",
    ".heic",
    ".heif",
    ".avif",
    ".svg",
    ".psd",
    ".eps",
    ".jp2",
    ".ppm",
    ".pgm",
    ".tga",
    ".ico",
    ".dcm",
    ".dicom",
    ".jxl",
    ".nef",
    ".cr2",
    ".cr3",
    ".arw",
    ".dng",
    ".orf",
    ".rw2",
    ".raf",
    ".exr",
    ".hdr",
    ".j2k",
    ".pbm",
    ".pnm",
    ".pcx",
)

#: Endings of files that are never images: their content is not looked at.
OTHER_SUFFIXES: Final = frozenset(
    (
        ".txt",
        ".md",
        ".csv",
        ".tsv",
        ".json",
        ".jsonl",
        ".xml",
        ".yaml",
        ".yml",
        ".html",
        ".htm",
        ".py",
        ".ipynb",
        ".pdf",
        ".zip",
        ".gz",
        ".tar",
        ".npy",
        ".npz",
        ".parquet",
        ".mat",
        ".pkl",
        ".db",
        ".log",
        ".mp4",
        ".avi",
        ".mov",
        ".wav",
        ".mp3",
    )
)

#: So many first bytes tell what a file is.
FIRST_BYTES: Final = 132

#: What a file should hold by its name; nothing that is read, where it is named as a format that is refused.
_PROMISED: Final = {**dict.fromkeys(REFUSED_SUFFIXES, ""), **FORMAT_BY_NAME}

_PNG: Final = b"\x89PNG\r\n\x1a\n"

#: Tag of the MP extension of JPEG.
_NUMBER_OF_IMAGES: Final = 0xB001

#: Bytes of one PNG chunk that is not pixels: profiles and texts of photographs stay far below.
_MOST_METADATA: Final = 4 << 20


def recognized_format(data: bytes) -> str:
    """`PNG`, `JPEG`, `WEBP`, `BMP`, or empty where the content is none of them."""
    if data.startswith(_PNG):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return "BMP" if data.startswith(b"BM") else ""


def is_image(first: bytes) -> bool:
    """Whether a file begins as an image does, of any known format. first: its `FIRST_BYTES`."""
    if recognized_format(first):
        # "BM" begins many a text: a bitmap goes on with zeros in its reserved fields.
        return not first.startswith(b"BM") or (len(first) > 14 and first[6:10] == bytes(4))
    return any(first[at : at + len(s)] == s for kind, at, s in REFUSED if kind not in DOCUMENTS)


def misnamed(name: str, found: str) -> str:
    """`JPEG named .png`, where a file's name says another format than was found in it; else empty."""
    suffix = name[name.rfind(".") :].lower()
    return f"{found} named {suffix}" if _PROMISED.get(suffix, found) != found else ""


def checked_container(data: bytes, where: str) -> str:
    """The format of an image file's content (see `recognized_format`), its container found whole.

    Raises AssayError: `image-format` for another format, `image-unreadable` for an empty or damaged file,
    `image-too-large` for a PNG chunk of metadata beyond any use.
    """
    found = recognized_format(data)
    if not found:
        raise refused_image(data, where)
    checks = {"PNG": _check_png, "JPEG": _check_jpeg, "WEBP": _check_webp}
    if found in checks:
        checks[found](data, where)
    return found


def _damaged(where: str, what: str) -> AssayError:
    return AssayError("image-unreadable", where, what, "Replace or remove the file.")


def _check_png(data: bytes, where: str) -> None:
    """Every chunk complete, with its checksum (PNG 3rd edition, 5.3), up to the end chunk."""
    kind = b""
    for kind, start, length in png_chunks(data):
        end = start + length
        if kind != b"IDAT" and kind != b"fdAT" and length > _MOST_METADATA:
            raise AssayError(
                "image-too-large",
                where,
                f"a chunk of metadata has {length:,} bytes",
                "Save the image without metadata.",
            )
        if len(data) < end + 4:
            raise _damaged(where, f"the file is cut off after {len(data):,} bytes")
        if zlib.crc32(data[start - 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            raise _damaged(where, f"the checksum of a chunk at byte {start - 8:,} is wrong")
    if kind != b"IEND":
        raise _damaged(where, f"the file is cut off after {len(data):,} bytes")


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start of the content and its length, for each chunk up to the end chunk."""
    position = len(_PNG)
    kind = b""
    while kind != b"IEND" and position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        yield kind, position + 8, length
        position += 12 + length


def _check_jpeg(data: bytes, where: str) -> None:
    """A start of scan, and an end marker after it: without one the picture was cut off."""
    scan = _jpeg_scan(data)
    if scan is None or data.rfind(b"\xff\xd9") < scan:
        raise _damaged(where, f"the file is cut off after {len(data):,} bytes")


def _jpeg_scan(data: bytes) -> int | None:
    """Where the first scan starts (ITU-T T.81, B.1.1), behind the segments before it."""
    position = 2
    while position + 4 <= len(data):
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4])
        if data[position] != 0xFF:
            return None
        if marker == 0xFF:  # fill byte
            position += 1
            continue
        if marker == 0xDA:
            return position
        position += 2 + length
    return None


def _check_webp(data: bytes, where: str) -> None:
    promised = 8 + int(struct.unpack_from("<I", data, 4)[0])
    if len(data) < promised:
        raise _damaged(where, f"the file is cut off after {len(data):,} of {promised:,} bytes")


def pictures_told(header: object) -> int:
    """How many pictures a JPEG holds, by the header of its MP extension (CIPA DC-007).

    0 where it is no such header, or a damaged one.
    """
    if not isinstance(header, bytes):
        return 0
    order = "<" if header.startswith(b"II") else ">"
    with suppress(struct.error):
        (start,) = struct.unpack_from(f"{order}I", header, 4)
        (entries,) = struct.unpack_from(f"{order}H", header, start)
        for entry in range(entries):
            tag, _, _, value = struct.unpack_from(f"{order}HHII", header, start + 2 + 12 * entry)
            if tag == _NUMBER_OF_IMAGES:
                return int(value)
    return 0
