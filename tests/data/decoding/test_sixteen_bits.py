"""16 bits a channel: one scale for the whole set, that the model keeps."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.data.convert import convert
from assay.data.decoding.image import read_picture, read_shape
from assay.data.decoding.sixteen_bits import FULL_SCALE, Levels, off_scale, scale_for
from assay.data.inspect import inspect
from assay.data.preprocessing import Preprocessing, fit_preprocessing
from assay.data.storage.store import read, save
from assay.data.values import DeepScale
from assay.workflow.load import load

pytestmark = pytest.mark.usefixtures("own_cache")

RNG = np.random.default_rng(0)


def deep_png(values, interlaced=False) -> bytes:
    """A PNG of 16 bits a channel, of `(h, w, 1 to 4)`, written by the standard (W3C PNG, section 11)."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    values = np.asarray(values).astype(">u2")
    height, width, channels = values.shape
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, interlaced)
    passes = [
        (0, 0, 8, 8),
        (0, 4, 8, 8),
        (4, 0, 8, 4),
        (0, 2, 4, 4),
        (2, 0, 4, 2),
        (0, 1, 2, 2),
        (1, 0, 2, 1),
    ]
    parts = [values[top::down, left::right] for top, left, down, right in passes] if interlaced else [values]
    rows = b"".join(b"\0" + row.tobytes() for part in parts if part.size for row in part)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def folder_of(root: Path, images) -> Path:
    """A folder of two classes by turns."""
    for number, image in enumerate(images):
        path = root / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image if isinstance(image, bytes) else deep_png(image))
    return root


def pictures(channels=1, count=6):
    return np.random.default_rng(1).integers(0, 256, (count, 9, 7, channels))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_a_set_is_scaled_by_the_bits_that_it_uses(bits, channels, tmp_path):
    """Pictures of 8 bits that were stored as more come back exactly, and the fingerprint is theirs."""
    plain = pictures(channels)
    plain[0, 0, 0] = 255
    found = load(folder_of(tmp_path / "deep", plain << (bits - 8)))
    squeezed = [Image.fromarray(p[..., 0] if channels == 1 else p) for p in plain.astype(np.uint8)]
    expected = load(folder_of(tmp_path / "plain", [png(image) for image in squeezed]))
    assert found.fingerprint == expected.fingerprint
    assert found.train.deep == DeepScale(0, bits - 8)
    assert [note for note in found.notes if "by one rule for all images" in note]


def png(image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("out", ["set.npz", "set.parquet", "set"])
def test_a_converted_set_keeps_the_fingerprint(out, tmp_path):
    """In 8 bits it is the same set."""
    found = load(folder_of(tmp_path / "deep", pictures() << 4))
    assert load(convert(found, tmp_path / out)).fingerprint == found.fingerprint


def test_one_rule_for_all_images(tmp_path):
    """A dark picture of the set stays dark, whatever split it lies in."""
    dark, bright = np.full((4, 4, 1), 160), np.full((4, 4, 1), 4095)
    for split in ("train", "test"):
        folder_of(tmp_path / split, [dark, dark])
    (tmp_path / "test/a/1.png").write_bytes(deep_png(bright))
    found = load(tmp_path)
    assert found.train.images.max() == 10
    assert found.splits["test"].images.max() == 255
    assert {split.deep for split in found.splits.values()} == {DeepScale(0, 4)}


def test_values_far_from_zero_are_moved(tmp_path):
    """As of tomography: signed values, stored with 32,768 added."""
    values = 32768 + np.linspace(-1000, 1000, 64).astype(int).reshape(4, 4, 4)[..., None]
    found = load(folder_of(tmp_path, values))
    assert found.train.deep == DeepScale(31768, 3)
    assert (found.train.images.min(), found.train.images.max()) == (0, 250)
    assert any("less 31,768 and divided by 8" in note for note in found.notes)


@pytest.mark.parametrize(
    ("low", "high", "scale"),
    [
        (0, 65535, DeepScale(0, 8)),
        (0, 0, DeepScale(0, 0)),
        (3, 200, DeepScale(0, 0)),
        (200, 255, DeepScale(0, 0)),
        (0, 256, DeepScale(0, 1)),
        (900, 4095, DeepScale(0, 4)),
        (65000, 65535, DeepScale(65000, 2)),
        (40000, 40000, DeepScale(40000, 0)),
    ],
)
def test_the_scale_cuts_nothing_off(low, high, scale):
    """And uses at least half of the levels wherever there are so many."""
    found = scale_for(Levels(low, high, low, high))
    assert found == scale
    assert found.low <= low
    assert high <= found.high


def test_a_few_values_that_set_the_scale_are_told(tmp_path):
    """Letters burnt in at 65,535 leave a picture of 10 bits 4 levels: it is said, as reading's doing."""
    values = np.random.default_rng(0).integers(0, 1024, (4, 64, 64, 1))
    values[:, 0, :3] = 65535
    (note,) = [n for n in load(folder_of(tmp_path, values)).notes if "16 bits" in n]
    assert "a few values set the scale" in note
    values[:, 0, :3] = 1023
    (note,) = [n for n in load(folder_of(tmp_path / "other", values)).notes if "16 bits" in n]
    assert "a few values" not in note


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_kind_of_png_keeps_its_low_bits(channels, interlaced):
    """Pillow drops the low byte of colors, and of gray with opacity, without a word."""
    values = np.random.default_rng(2).integers(0, 256, (11, 13, channels))
    opaque = channels in (2, 4)
    if opaque:
        values[..., -1] = 65535
    found = read_picture(deep_png(values, interlaced), deep=DeepScale(0, 0))
    color = values[..., :-1] if opaque else values
    assert found.pixels.tolist() == color.tolist()
    assert found.levels[:2] == (color.min(), color.max())
    assert read_shape(deep_png(values, interlaced)) == found.pixels.shape


def test_transparent_values_are_white_and_do_not_count():
    """A hidden 65,535 is no value of the picture."""
    values = np.full((4, 4, 2), 100)
    values[..., 1] = 65535
    values[0, 0] = 65535, 0
    found = read_picture(deep_png(values), deep=DeepScale(0, 0))
    assert found.pixels[0, 0] == 255
    assert found.pixels[1, 1] == 100
    assert found.levels == (100, 100, 100, 100)


def test_sets_of_8_and_16_bits_are_read_together(tmp_path):
    """Only those of 16 bits are scaled."""
    images = [png(Image.fromarray(np.full((3, 3), 77, np.uint8)))] * 2 + [
        np.array([0, 4000]).reshape(1, 2, 1).repeat(3, 0).repeat(2, 1)[:, 1:]
    ] * 2
    found = load(folder_of(tmp_path, images))
    assert sorted(set(found.train.images.ravel().tolist())) == [0, 77, 250]
    assert any(note.startswith("2 images have 16 bits") for note in found.notes)


def test_inspect_tells_the_rule(tmp_path):
    """Before anything is decoded in full."""
    notes = inspect(folder_of(tmp_path, np.full((4, 3, 3, 1), 4000))).notes
    assert any("values 4,000 to 4,000" in note and "one rule" in note for note in notes)


def test_the_scale_is_kept_with_set_split_and_model(tmp_path):
    """Through the cache, a drawn test split and the preprocessing; sets of 8 bits have none."""
    found = load(folder_of(tmp_path / "set", pictures(count=40) << 4), test_fraction=0.5)
    assert {split.deep for split in found.splits.values()} == {DeepScale(0, 4)}
    save(found, tmp_path / "kept")
    assert read(tmp_path / "kept").train == found.train
    preprocessing = fit_preprocessing("standard", found.train, np.arange(4))
    assert preprocessing.deep == DeepScale(0, 4)
    assert Preprocessing.from_record(preprocessing.as_record()) == preprocessing
    plain = load(arrays=(pictures().astype(np.uint8), np.arange(6) % 2))
    record = fit_preprocessing("minmax", plain.train, np.arange(4)).as_record()
    assert "deep" not in record
    assert Preprocessing.from_record(record).deep is None


@pytest.mark.parametrize("wrong", [(-1, 0), (65536, 0), (0, 9), (0, -1)])
def test_no_other_scale_can_be(wrong):
    """What a damaged model says is not taken."""
    with pytest.raises(ValueError, match="no scale"):
        DeepScale(*wrong)


@pytest.mark.parametrize(
    ("levels", "scale", "fits"),
    [
        ((0, 4095), DeepScale(0, 4), True),
        ((0, 200), DeepScale(0, 4), True),  # a dark picture of the same device
        ((0, 65535), DeepScale(0, 4), False),
        ((0, 4095), None, False),
        ((0, 65535), None, True),
        ((0, 4095), FULL_SCALE, True),
        ((0, 1000), DeepScale(31768, 3), False),
    ],
)
def test_a_picture_off_the_models_scale_is_refused(levels, scale, fits):
    """It would be white, or black; where training saw no 16 bits, the range cannot be known."""
    assert (off_scale(Levels(*levels, *levels), scale, "x.png") is None) == fits
