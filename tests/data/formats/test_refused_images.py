"""Files in place of images that are not read: each is called what it is, with a command that is complete."""

import struct
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.formats.refused.images import way_to_convert
from assay.data.formats.signatures import checked_container
from assay.data.inspect import inspect
from encoded import png


def tiff(bands: int, bits: int, kind: int = 1, order: str = "<") -> bytes:
    """A TIFF of 2 x 2 pixels, uncompressed, its first directory before its pixels."""
    pixels = bytes(4 * bands * bits // 8)
    start = 8 + 2 + 12 * 9 + 4
    many = struct.pack(f"{order}{bands}H", *[bits] * bands) + struct.pack(f"{order}{bands}H", *[kind] * bands)

    def values(value: int, place: int) -> bytes:
        inside = struct.pack(f"{order}{bands}H", *[value] * bands).ljust(4, b"\0")
        return inside if bands <= 2 else struct.pack(f"{order}I", place)

    short = lambda value: struct.pack(f"{order}HH", value, 0)  # noqa: E731
    entries = [
        (256, 1, short(2)), (257, 1, short(2)), (258, bands, values(bits, start)), (259, 1, short(1)),
        (262, 1, short(1)), (273, 1, short(start + len(many))), (277, 1, short(bands)),
        (279, 1, short(len(pixels))), (339, bands, values(kind, start + 2 * bands)),
    ]  # fmt: skip
    head = b"II*\0" if order == "<" else b"MM\0*"
    told = b"".join(struct.pack(f"{order}HHI", tag, 3, count) + cell for tag, count, cell in entries)
    directory = struct.pack(f"{order}IH", 8, len(entries)) + told + bytes(4)
    return head + directory + many + pixels


def refused(data: bytes, where: str = "a.jpg") -> str:
    with pytest.raises(AssayError) as caught:
        checked_container(data, where)
    return caught.value.what


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("bands", "bits", "kind", "told", "way"),
    [
        (
            13, 16, 1, " of 13 bands of 16 bits",
            "gdal_translate -of PNG -ot UInt16 -b 4 -b 3 -b 2 INPUT OUTPUT.png",
        ),
        (5, 8, 1, " of 5 bands of 8 bits", "gdal_translate -of PNG -b 3 -b 2 -b 1 INPUT OUTPUT.png"),
        (
            1, 32, 3, " of 1 band of 32 bits, no whole numbers",
            "gdal_translate -of PNG -ot UInt16 -scale LOW HIGH 0 65535 INPUT OUTPUT.png",
        ),
        (3, 8, 1, "", "magick 'INPUT[0]' OUTPUT.png"),
        (1, 16, 1, "", "magick 'INPUT[0]' OUTPUT.png"),
    ],
)  # fmt: skip
def test_bands_of_a_tiff(bands: int, bits: int, kind: int, told: str, way: str, order: str) -> None:
    """A picture has three: of more, or of floats, no program makes one unasked."""
    what = refused(tiff(bands, bits, kind, order), "a.tif")
    assert f"it is TIFF{told}, not PNG" in what
    assert way_to_convert(what) == way


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_of_several_pictures_is_told(order: str) -> None:
    """Slices of a stack, channels of a plate: the command takes one, and said nothing of the others."""
    whole = bytearray(tiff(1, 16, order=order))
    assert "several pictures" not in refused(bytes(whole), "a.tif")
    end = 8 + 2 + 12 * 9
    whole[end : end + 4] = struct.pack(f"{order}I", 8)
    assert refused(bytes(whole), "a.tif").endswith(
        "; it holds several pictures, of which this takes the first"
    )


def test_four_bands_have_a_command_without_bands() -> None:
    """CMYK: "behind -b stand the bands" was said of a command that has no -b."""
    assert refused(tiff(4, 8), "a.tif").endswith("(convert it: magick 'INPUT[0]' OUTPUT.png)")


def test_a_tiff_that_breaks_off_is_still_one() -> None:
    """No place in it is trusted."""
    whole = tiff(13, 16)
    for size in range(4, len(whole), 7):
        assert "it is TIFF" in refused(whole[:size] + b"\xff\xfe", "a.tif")


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (LFS, "a pointer of Git LFS, and the image was never fetched (git lfs pull fetches it)"),
        (b"<!DOCTYPE html><html>404</html>", "a page of HTML, as a server sends"),
        (b"\n<HTML><body>gone", "a page of HTML"),
        (b"../../pool/001.png", "a text that names another file, as Git writes a link"),
        (b"images/001.jpg\n", "a text that names another file"),
        (b'{"error": "not found"}', "a text, not PNG"),
        (b"<svg xmlns='x'/>", "SVG or XML"),
        (b"\x00\x01\x02\x03rest", "of an unknown format"),
    ],
)
def test_what_lies_in_place_of_an_image_is_told(data: bytes, told: str) -> None:
    assert told in refused(data)


def test_pointers_of_git_lfs_are_counted_by_their_reason(tmp_path: Path) -> None:
    """Beside images that were fetched."""
    for number in range(6):
        for name in ("a", "b"):
            (tmp_path / name).mkdir(exist_ok=True)
            file = tmp_path / name / f"{number}.jpg"
            file.write_bytes(LFS if number < 2 else png(np.full((8, 8), 9 * number, np.uint8)))
    reasons = [item.reason for item in inspect(tmp_path).left_out]
    assert len(reasons) == 4
    assert all("Git LFS" in reason for reason in reasons)
