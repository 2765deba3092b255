import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps, PngImagePlugin

from assay.core.errors import AssayError
from assay.data.decoding.image import MOST_BYTES, read_image, read_picture
from assay.data.decoding.resize import fit_image, resized, with_channels
from assay.data.formats.png import plain_png
from assay.data.preprocessing import Preprocessing

#: Three rows and two columns, all different, so that every turn and flip is seen.
GRAY = np.array([[0, 50], [100, 150], [200, 255]], np.uint8)
COLOR = np.stack([GRAY, GRAY[::-1], 255 - GRAY], axis=2)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def refused(data, code: str) -> str:
    with pytest.raises(AssayError) as caught:
        read_image(data, "the picture")
    assert (caught.value.code, caught.value.exit_code) == (code, 3)
    return str(caught.value)


def picture_of(size=(60, 40), mode="RGB"):
    random = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), np.uint8)
    return Image.fromarray(random).convert(mode)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP"])
def test_lossless_formats_keep_every_pixel(kind):
    """Gray stays one channel, color three."""
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    np.testing.assert_array_equal(read_image(encoded(Image.fromarray(COLOR), kind, **options)), COLOR)
    if kind != "WEBP":  # WebP has no gray
        found = read_image(encoded(Image.fromarray(GRAY), kind))
        np.testing.assert_array_equal(found, GRAY[..., None])


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg_is_decoded_as_pillow_does(mode):
    """JPEG gray stays gray."""
    data = encoded(picture_of(mode=mode), "JPEG")
    np.testing.assert_array_equal(np.squeeze(read_image(data)), np.asarray(Image.open(io.BytesIO(data))))


def test_one_bit_becomes_0_and_255():
    """1-bit images."""
    assert read_image(encoded(Image.fromarray(GRAY > 120)))[..., 0].tolist() == [[0, 0], [0, 255], [255, 255]]


def test_sixteen_bits_keep_their_high_byte():
    """0x1234 becomes 0x12, 0xffff becomes 255."""
    values = np.array([[0, 0x00FF, 0x0100], [0x1234, 0xFE00, 0xFFFF]], np.uint16)
    assert read_image(encoded(Image.fromarray(values)))[..., 0].tolist() == [[0, 0, 1], [0x12, 0xFE, 255]]


def test_a_palette_becomes_its_colors():
    """A palette of grays is gray; one of colors is RGB."""
    image = Image.new("P", (2, 1))
    image.putpalette([10, 10, 10, 200, 200, 200])
    image.putpixel((1, 0), 1)
    assert read_image(encoded(image)).tolist() == [[[10], [200]]]
    image.putpalette([10, 20, 30, 200, 210, 220])
    assert read_image(encoded(image)).tolist() == [[[10, 20, 30], [200, 210, 220]]]


def test_alpha_is_laid_over_white():
    """Opaque stays, transparent is white, half is the mean; gray with alpha stays gray."""
    rgba = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 100, 200, 51]]], np.uint8)
    assert read_image(encoded(Image.fromarray(rgba))).tolist() == [
        [[10, 20, 30], [255, 255, 255], [204, 224, 244]]
    ]
    la = np.array([[[10, 255], [10, 0], [0, 51]]], np.uint8)
    assert read_image(encoded(Image.fromarray(la, "LA"))).tolist() == [[[10], [255], [204]]]


@pytest.mark.parametrize("mode", ["L", "RGB", "1", "I;16", "P"])
def test_a_transparent_color_is_white(mode):
    """PNG's tRNS chunk, in every mode that can have it."""
    if mode == "I;16":
        image, color = Image.fromarray(np.array([[0x1234, 0x5678]], np.uint16)), 0x1234
    else:
        image = Image.new(mode, (2, 1), 1 if mode in ("1", "P") else None)
        color = (0, 0, 0) if mode == "RGB" else 0
        image.putpixel((0, 0), color)
        image.putpixel((1, 0), (9, 9, 9) if mode == "RGB" else 1)
    if mode == "P":
        image.putpalette([10, 20, 30, 40, 50, 60])
    found = read_image(encoded(image, transparency=color))
    assert found[0, 0].tolist() == [255] * found.shape[2]
    expected = {"L": [1], "RGB": [9, 9, 9], "1": [255], "I;16": [0x56], "P": [40, 50, 60]}[mode]
    assert found[0, 1].tolist() == expected


def test_cmyk_becomes_rgb():
    """(1 - C)(1 - K)."""
    image = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    found = read_image(encoded(image, "JPEG", quality=100))
    assert np.abs(found[8, 8].astype(int) - [0, 255, 255]).max() <= 2
    assert read_picture(encoded(image, "JPEG")).mode == "CMYK"


def ycck(cyan, magenta, yellow, black) -> bytes:
    """A JPEG as programs for printing write it: cyan, magenta and yellow, as if they were red, green, blue,
    become Y, Cb and Cr; Adobe's marker tells so by a 2 (Adobe technical note 5116)."""
    parts = Image.new("RGB", (16, 16), (cyan, magenta, yellow)).convert("YCbCr").split()
    # What Pillow writes of CMYK is the inverse of it; black stays as it is.
    inverse = [part.point(lambda value: 255 - value) for part in parts]
    data = encoded(Image.merge("CMYK", [*inverse, Image.new("L", (16, 16), black)]), "JPEG", quality=100)
    place = data.index(b"Adobe") + 11
    assert data[place] == 0
    return data[:place] + b"\2" + data[place + 1 :]


@pytest.mark.parametrize("inks", [(255, 0, 0, 0), (0, 0, 255, 0), (64, 0, 128, 51), (0, 0, 0, 255)])
def test_ycck_becomes_rgb(inks):
    """The same rule for the other form of CMYK that JPEG files have."""
    found = read_picture(ycck(*inks))
    expected = [(255 - ink) * (255 - inks[3]) / 255 for ink in inks[:3]]
    assert found.mode == "CMYK"
    assert np.abs(found.pixels[8, 8] - np.array(expected)).max() <= 3


def test_a_color_profile_is_not_applied():
    """The stored values count."""
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    data = encoded(Image.fromarray(COLOR), icc_profile=profile)
    np.testing.assert_array_equal(read_image(data), COLOR)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_orientation_is_applied(orientation, kind):
    """All eight EXIF orientations, against Pillow's own transposition."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(Image.fromarray(COLOR), kind, exif=exif, **options)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    np.testing.assert_array_equal(read_image(data), expected)
    assert ("turned" in read_picture(data).conversions) == (orientation > 1)


@pytest.mark.parametrize(
    "exif", [b"", b"Exif\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0" + b"\xff" * 40]
)
def test_damaged_metadata_do_not_matter(exif):
    """An image with nonsense for EXIF is read as it stands."""
    assert read_image(encoded(picture_of(), "JPEG", exif=exif)).shape == (40, 60, 3)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_the_first_frame_counts(kind):
    """Of an animation, and it is said so."""
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "green", "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True, duration=100)
    found = read_picture(data)
    assert found.pixels[0, 0].tolist() == [255, 0, 0]
    assert found.conversions[0] == "first of 3 frames"


def test_the_first_of_several_pictures_counts():
    """Of a JPEG with more than one (MPO, as stereo cameras and telephones write), and it is said so."""
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "green", "blue")]
    data = encoded(frames[0], "MPO", save_all=True, append_images=frames[1:], quality=100)
    found = read_picture(data)
    assert found.format == "JPEG"
    assert np.abs(found.pixels[8, 8].astype(int) - [255, 0, 0]).max() <= 2
    assert found.conversions == ("first of 3 frames",)
    alone = encoded(frames[0], "JPEG", quality=100)
    assert read_picture(alone).conversions == ()
    np.testing.assert_array_equal(found.pixels, read_image(alone))


@given(st.binary(max_size=60))
def test_a_damaged_list_of_pictures_does_not_matter(rest):
    """Whatever stands in the header of the MP extension, the first picture is read."""
    header = b"MPF\0II*\0" + rest
    segment = b"\xff\xe2" + struct.pack(">H", len(header) + 2) + header
    plain = encoded(Image.new("L", (4, 4), 90), "JPEG")
    assert read_picture(plain[:2] + segment + plain[2:]).pixels.tolist() == read_image(plain).tolist()


def test_a_text_called_mp_is_no_list_of_pictures():
    """A PNG may call a text as it likes."""
    info = PngImagePlugin.PngInfo()
    info.add_text("mp", "9")
    assert read_picture(encoded(picture_of(), "PNG", pnginfo=info)).conversions == ()


def test_content_decides_not_the_name(tmp_path):
    """A JPEG named .png is read."""
    path = tmp_path / "wrong.png"
    path.write_bytes(encoded(picture_of(), "JPEG"))
    assert read_picture(path).format == "JPEG"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (encoded(picture_of(), "GIF"), "GIF"),
        (encoded(picture_of(), "TIFF"), "TIFF"),
        (encoded(picture_of(), "EPS"), "EPS"),
        (encoded(picture_of(), "ICO"), "ICO"),
        (encoded(picture_of(), "AVIF"), "AVIF"),
        (b"8BPS\0\1", "PSD"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"%PDF-1.7", "PDF"),
        (b"hello", "of an unknown format"),
    ],
)
def test_other_formats_are_refused_with_a_way_out(data, kind):
    """Only PNG, JPEG, WebP and BMP are decoded; the error names the format and a converter."""
    text = refused(data, "image-format")
    assert kind in text
    assert any(way in text for way in ("convert it: ", "Save it as PNG", "Replace or remove"))


def test_an_empty_file_is_damaged():
    """Zero bytes."""
    assert "empty" in refused(b"", "image-unreadable")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
def test_an_image_cut_anywhere_is_never_padded(kind):
    """Cut at any byte: refused, whatever the decoder would have made of it."""
    data = encoded(picture_of((24, 16)), kind)
    for length in range(1, len(data)):
        with pytest.raises(AssayError) as caught:
            read_image(data[:length])
        assert caught.value.exit_code == 3


def test_a_flipped_bit_in_a_png_is_noticed():
    """Checksums count: any flipped bit is refused."""
    data = encoded(picture_of((24, 16)))
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << (place % 8)
        with pytest.raises(AssayError):
            read_image(bytes(flipped))


@given(data=st.data(), kind=st.sampled_from(["PNG", "JPEG", "WEBP", "BMP"]))
@settings(max_examples=300, deadline=None)
def test_no_content_crashes(data, kind):
    """Whatever bytes are changed: an image, or one error with exit code 3."""
    content = bytearray(encoded(picture_of((24, 16)), kind))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_image(bytes(content))
    except AssayError as error:
        assert error.exit_code == 3


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def test_a_pixel_bomb_is_refused_from_its_header():
    """50,000 x 50,000 pixels in 100 bytes; 9,000 x 9,000, which the decoder would take; both refused."""
    for side in (9_000, 12_000, 50_000):
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
        data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
        refused(data, "image-too-large")


def test_a_huge_text_chunk_is_refused():
    """8 MB of text in a small picture."""
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "x" * (8 << 20))
    refused(encoded(picture_of(), pnginfo=info), "image-too-large")


def test_a_huge_file_is_refused_unread(tmp_path):
    """More bytes than any photograph has."""
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    refused(path, "image-too-large")


@pytest.mark.parametrize("size", [(1, 1), (1, 10_000), (10_000, 1)])
@pytest.mark.parametrize("resize", ["fit", "crop", "stretch"])
def test_extreme_shapes_survive(size, resize):
    """1 x 1 and 1 x 10,000 are brought to 28 x 28."""
    image = read_image(encoded(Image.new("L", size, 77)))
    found = resized(image, 28, 28, resize)
    assert found.shape == (28, 28, 1)
    assert found.max() == 77


def test_resizing_by_hand():
    """fit pads with black, crop takes the middle, stretch deforms: a 4 x 2 image into 2 x 2."""
    image = np.repeat(np.array([[10, 10, 30, 30], [10, 10, 30, 30]], np.uint8)[..., None], 3, axis=2)
    assert resized(image, 2, 4, "fit") is image
    assert resized(image, 4, 4, "fit")[..., 0].tolist()[0] == [0] * 4
    assert resized(image, 2, 2, "crop")[..., 0].tolist() == [[10, 30], [10, 30]]
    narrow = resized(image, 2, 2, "stretch")[..., 0]
    assert 10 <= narrow[0, 0] < narrow[0, 1] <= 30


def test_channels_are_matched():
    """Gray is repeated; RGB is weighted as ITU-R 601 says."""
    assert with_channels(GRAY[..., None], 3)[1, 1].tolist() == [150] * 3
    red, green, blue = COLOR[1, 1].tolist()
    assert abs(int(with_channels(COLOR, 1)[1, 1, 0]) - (0.299 * red + 0.587 * green + 0.114 * blue)) <= 1


def test_a_picture_is_fitted_to_a_model():
    """Any picture gets the height, width and channels that a model wants."""
    assert fit_image(COLOR, Preprocessing(28, 20, 1)).shape == (28, 20, 1)
    assert fit_image(GRAY[..., None], Preprocessing(28, 20, 3, resize="crop")).shape == (28, 20, 3)
    np.testing.assert_array_equal(fit_image(COLOR, Preprocessing(3, 2, 3)), COLOR)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@given(st.data())
def test_the_quick_way_gives_what_the_ordinary_one_gives(mode, data):
    """A PNG with nothing besides its pixels, of any size and compression: the pixels that were stored."""
    height, width = data.draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    shape = (height, width) if mode == "L" else (height, width, 3)
    noise = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, 256, shape, np.uint8)
    smooth = np.add.outer(np.arange(height), np.arange(width)).astype(np.uint8)
    pixels = data.draw(st.sampled_from([noise, smooth if mode == "L" else np.stack([smooth] * 3, -1)]))
    content = encoded(Image.fromarray(pixels), compress_level=data.draw(st.integers(0, 9)))
    quick = plain_png(content)
    assert quick is not None
    assert (quick.mode, quick.width, quick.height, quick.pixels) == (mode, width, height, pixels.tobytes())
    assert np.array_equal(read_image(content).reshape(shape), pixels)


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "I;16"])
def test_other_pngs_go_the_ordinary_way(mode):
    """Whatever must be converted, is interlaced, large, or has more in it than pixels."""
    assert plain_png(encoded(Image.new(mode, (4, 4)))) is None
    plain = encoded(Image.new("L", (4, 4)))
    assert plain_png(plain) is not None
    assert plain_png(encoded(Image.new("L", (256, 256)))) is not None
    assert plain_png(encoded(Image.new("L", (256, 257)))) is None
    assert plain_png(plain + b"\0") is None
    assert plain_png(encoded(Image.new("L", (4, 4)), dpi=(72, 72))) is None
    interlaced = bytearray(plain)
    interlaced[28] = 1
    assert plain_png(bytes(interlaced)) is None


def test_the_quick_way_from_several_threads():
    """Threads that decode at the same time do not see each other's pictures."""
    contents = [encoded(Image.new("L", (28, 28), level)) for level in range(64)] * 8
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda content: set(plain_png(content).pixels), contents))
    assert found == [{level} for level in range(64)] * 8


def png_of(raw: bytes, color=0, interlaced=0, *more) -> bytes:
    """A PNG of 4 x 4 pixels, 8 bits each, with every checksum right; `raw` before compression."""
    header = struct.pack(">IIBBBBB", 4, 4, 8, color, 0, 0, interlaced)
    chunks = [(b"IHDR", header), *more, (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


@pytest.mark.parametrize(
    ("row", "options"),
    [
        (b"\0abcd", ()),
        (b"\0abcd", (0, 0, (b"tEXt", b"a\0b"))),
        (b"\0" + b"abcd" * 4, (6,)),
    ],
)
def test_too_few_pixels_are_damage(row, options):
    """Pixels that end before the picture does, in a container whose every checksum is right: decoders would
    fill the rest with black."""
    assert read_image(png_of(row * 4, *options)).shape[:2] == (4, 4)
    for rows in range(4):
        refused(png_of(row * rows, *options), "image-unreadable")
    refused(png_of(row * 4, *options)[:-20], "image-unreadable")


def test_too_few_pixels_of_an_interlaced_png_are_damage():
    """Adam7 of 4 x 4 pixels, by hand: columns and rows of each pass, of which two are empty."""
    sizes = [(1, 1), (0, 0), (0, 0), (1, 1), (2, 1), (2, 2), (4, 2)]
    whole = b"".join(b"\0" + b"a" * columns for columns, rows in sizes for _ in range(rows))
    assert read_image(png_of(whole, 0, 1)).shape == (4, 4, 1)
    for length in range(len(whole)):
        refused(png_of(whole[:length], 0, 1), "image-unreadable")


@pytest.mark.parametrize(("ink", "told"), [(255, True), (250, True), (0, False), (128, False)])
@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_what_vanishes_over_white_is_said(ink: int, told: bool, mode: str) -> None:
    """A white drawing on a transparent ground is the reading's loss, not the data's; others are not."""
    alpha = np.zeros((8, 8), np.uint8)
    alpha[2:6, 2:6] = 255
    picture = Image.fromarray(np.full((8, 8), ink, np.uint8)).convert(mode)
    picture.putalpha(Image.fromarray(alpha))
    content = io.BytesIO()
    picture.save(content, "PNG")
    conversions = read_picture(content.getvalue()).conversions
    assert any("white on transparent" in what for what in conversions) == told


def test_an_even_picture_without_a_drawing_does_not_vanish() -> None:
    """All white, and all opaque or all clear: nothing was there."""
    for opacity in (0, 255):
        content = io.BytesIO()
        Image.new("RGBA", (4, 4), (255, 255, 255, opacity)).save(content, "PNG")
        assert not any("transparent" in what for what in read_picture(content.getvalue()).conversions)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
@pytest.mark.parametrize(("opacity", "told"), [(0, True), (3, True), (60, False), (255, False)])
def test_colors_under_no_opacity_are_said_to_be_lost(opacity: int, told: bool, mode: str) -> None:
    """Textures and satellite bands whose fourth channel is no opacity: each picture was white, in silence."""
    values = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
    picture = Image.fromarray(values).convert(mode)
    picture.putalpha(opacity)
    content = io.BytesIO()
    picture.save(content, "PNG")
    found = read_picture(content.getvalue())
    assert ("transparent all over" in found.lost) == told
    assert any("transparent all over" in what for what in found.conversions) == told
