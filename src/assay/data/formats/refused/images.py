"""Image files of formats that are not read, and files that are no images: what each is, and the way on."""

import re
from collections.abc import Mapping
from typing import Final

from assay.core.errors import AssayError
from assay.data.formats.refused.tiff import tiff_facts

_RAW: Final = "a camera's raw file"
_ANYMAP: Final = "a Portable Anymap"

#: Formats that are known but not read, by a test of their first bytes.
REFUSED: Final = (
    ("GIF", 0, b"GIF8"),
    ("TIFF", 0, b"II*\0"),
    ("TIFF", 0, b"MM\0*"),
    ("TIFF", 0, b"II+\0"),
    ("TIFF", 0, b"MM\0+"),
    ("PSD", 0, b"8BPS"),
    ("EPS", 0, b"%!PS"),
    ("PDF", 0, b"%PDF"),
    ("SVG or XML", 0, b"<"),
    ("HEIC or AVIF", 4, b"ftyp"),
    ("JPEG 2000", 4, b"jP  "),
    ("JPEG XL", 0, b"\xff\x0a"),
    ("ICO", 0, b"\0\0\1\0"),
    ("JPEG XL", 4, b"JXL "),
    ("DICOM", 128, b"DICM"),
    ("OpenEXR", 0, b"v/1\1"),
    *((_ANYMAP, 0, b"P%d%c" % (kind, space)) for kind in (5, 6) for space in b" \t\r\n"),
)

#: Which programs make a PNG of it; of all others ImageMagick.
_CONVERSIONS: Final[Mapping[str, str]] = {
    "DICOM": "dcmj2pnm +on INPUT OUTPUT.png",  # DCMTK
    "JPEG XL": "djxl INPUT OUTPUT.png",  # libjxl
    "HEIC": "heif-convert INPUT OUTPUT.png",  # libheif
    "AVIF": "avifdec INPUT OUTPUT.png",  # libavif
    "JPEG 2000": "opj_decompress -i INPUT -o OUTPUT.png",  # OpenJPEG
    "SVG or XML": "rsvg-convert INPUT -o OUTPUT.png",  # librsvg
    _RAW: "darktable-cli INPUT OUTPUT.png",
}
#: Without [0] a TIFF of several pages or an animated GIF becomes as many files, which are nearly copies.
_FIRST_PICTURE: Final = "magick 'INPUT[0]' OUTPUT.png"
_CONVERTED: Final = re.compile(r"\(convert it: ([^()]*)\)")

#: Characters that are looked through for the first element of an SVG.
_LOOKED_AT: Final = 4096

#: What a file is by the ending of its name, where its content does not tell.
_BY_NAME: Final[Mapping[str, str]] = {
    **dict.fromkeys((".nef", ".cr2", ".cr3", ".arw", ".dng", ".orf", ".rw2", ".raf"), _RAW),
    **dict.fromkeys((".pbm", ".pgm", ".ppm", ".pnm"), _ANYMAP),
    ".j2k": "JPEG 2000",
    ".tga": "TGA",
    ".pcx": "PCX",
    ".hdr": "Radiance HDR",
}

#: What an ISO media file holds, by its brand; others are told as HEIC or AVIF.
_BRANDS: Final[Mapping[bytes, str]] = {
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"mif1", b"msf1"), "HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    b"crx ": _RAW,
}

#: Of these, what may as well be a document: such a file is an image by its name only.
DOCUMENTS: Final = ("EPS", "PDF", "SVG or XML")


def refused_image(data: bytes, where: str) -> AssayError:
    """The error for a file that is none of the formats that are read: what it is, and the way on."""
    if not data:
        return AssayError("image-unreadable", where, "the file is empty", "Replace or remove the file.")
    kind = _kind(data, where)
    if told := _page_or_pointer(data) or (_text(data) if not kind else None):
        return AssayError("image-format", where, *told)
    if not kind:
        what = "it is of an unknown format, not PNG, JPEG, WebP or BMP"
        return AssayError("image-format", where, what, "Save it as PNG with the program that wrote it.")
    facts = tiff_facts(data) if kind == "TIFF" else None
    what = f"it is {kind}{facts.told if facts else ''}, not PNG, JPEG, WebP or BMP"
    if kind in DOCUMENTS and b"<svg" not in data[:_LOOKED_AT]:
        return AssayError("image-format", where, what, "Replace or remove the file.")
    way = (facts and facts.way) or _CONVERSIONS.get(kind, _FIRST_PICTURE)
    fix = "Convert all such files, and read them again."
    about = facts.about if facts else ""
    return AssayError("image-format", where, f"{what} (convert it: {way}){about}", fix)


def _page_or_pointer(data: bytes) -> tuple[str, str] | None:
    """What a pointer of Git LFS, or a page of HTML, is called, and what to do; None where it is neither."""
    start = data[:_LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"version https://git-lfs"):
        what = "it is a pointer of Git LFS, and the image was never fetched (git lfs pull fetches it)"
        return what, "Run git lfs pull in the repository."
    if start[:14].lower() == b"<!doctype html" or start[:5].lower() == b"<html":
        what = "it is a page of HTML, as a server sends in place of an image that is gone"
        return what, "Fetch the image again, or remove the file."
    return None


def _text(data: bytes) -> tuple[str, str] | None:
    """The same of a short text; None where it is none."""
    try:
        text = data[: _LOOKED_AT + 1].decode("utf-8").strip()
    except UnicodeDecodeError:
        return None
    if len(data) > _LOOKED_AT or not text or not _plain(text):
        return None
    if re.fullmatch(r"(\.\./)+\S+|\S+/\S+\.\w{3,4}", text):
        what = "it is a text that names another file, as Git writes a link where it cannot make one"
        return what, "Clone it with git clone -c core.symlinks=true, or copy the images to their places."
    what = "it is of an unknown format, a text, not PNG, JPEG, WebP or BMP"
    return what, "Replace or remove the file."


def _plain(text: str) -> bool:
    return all(character.isprintable() or character in "\r\n\t" for character in text)


def _kind(data: bytes, where: str) -> str:
    """The format of a file that is not read, empty where it is unknown."""
    kind = next((n for n, at, start in REFUSED if data[at : at + len(start)] == start), "")
    named = _BY_NAME.get(where[where.rfind(".") :].lower(), "")
    if not kind or (kind == "TIFF" and named == _RAW):  # most raw files are TIFF by their content
        return named
    return _BRANDS.get(data[8:12], kind) if kind == "HEIC or AVIF" else kind


def way_to_convert(reason: str) -> str:
    """The command that makes a PNG of a refused file, out of the reason that it was refused for; or empty."""
    found = _CONVERTED.search(reason)
    return found[1] if found else ""
