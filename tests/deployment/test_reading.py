"""`predict` reads pictures exactly as training did, whatever kind of file they are (cases 26-29)."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import assay
from assay.core.text import read_csv_text
from assay.data.values import Resize
from assay.workflow.load import load
from planted import colored_picture

pytestmark = pytest.mark.usefixtures("undrawn")

CLASSES = ("stripes", "rings", "blocks")

ORIENTATION = 0x0112


def _turned(picture: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return _encoded(picture, "JPEG", exif=exif)


def _see_through(picture: Image.Image) -> Image.Image:
    """The picture, fading out to the right."""
    ramp = np.linspace(255, 0, picture.width).astype(np.uint8)
    picture.putalpha(Image.fromarray(np.tile(ramp, (picture.height, 1))))
    return picture


def _encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


#: Kinds of files, by the ending of their names.
KINDS = {
    "plain.png": lambda p: _encoded(p, "PNG"),
    "turned-6.jpg": lambda p: _turned(p, 6),
    "turned-3.jpg": lambda p: _turned(p, 3),
    "mirrored-5.jpg": lambda p: _turned(p, 5),
    "cmyk.jpg": lambda p: _encoded(p.convert("CMYK"), "JPEG"),
    "alpha.png": lambda p: _encoded(_see_through(p), "PNG"),
    "palette.png": lambda p: _encoded(p.quantize(16), "PNG"),
    "gray.bmp": lambda p: _encoded(p.convert("L"), "BMP"),
    "deep.png": lambda p: _encoded(
        Image.fromarray(np.asarray(p.convert("L")).astype(np.uint16) * 257), "PNG"
    ),
    "animated.png": lambda p: _encoded(
        p, "PNG", save_all=True, append_images=[Image.new("RGB", p.size, "red")]
    ),
    "wide.webp": lambda p: _encoded(p.resize((90, 20)), "WEBP", lossless=True),
    "misnamed.png": lambda p: _encoded(p, "JPEG"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of each kind for each class, in training and in test; no two sizes alike."""
    root = tmp_path_factory.mktemp("mixed")
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        for label, name in enumerate(CLASSES):
            (root / split / name).mkdir(parents=True)
            for number, (ending, encode) in enumerate(KINDS.items()):
                picture = Image.fromarray(colored_picture(rng, label, 20 + number, 44 - number))
                (root / split / name / f"{number}-{ending}").write_bytes(encode(picture))
    return root


def test_every_kind_of_file_is_read_as_in_a_run(folder: Path, tmp_path: Path) -> None:
    """The probabilities of predictions.csv, from the files: orientation, CMYK, alpha, palette, 16 bits, the
    first frame, other sizes; by path and by content."""
    run = assay.run(
        folder,
        model="linear",
        epochs=1,
        checks=("identity",),
        out=tmp_path / "run",
        size=24,
        resize="crop",
    )
    header, rows = read_csv_text((run.path / "predictions.csv").read_text("utf-8"))
    first = header.index(f"p:{CLASSES[0]}")
    expected = {
        row[header.index("id")]: dict(
            zip(header[first : first + 3], map(float, row[first : first + 3]), strict=True)
        )
        for row in rows
        if row[header.index("split")] == "test"
    }
    assert len(expected) == 3 * len(KINDS)
    files = [folder / name for name in expected]
    for found in (assay.predict(run.path, files), assay.predict(run.path, [f.read_bytes() for f in files])):
        for name, prediction in zip(expected, found, strict=True):
            for column, probability in expected[name].items():
                given = prediction.probabilities[column.removeprefix("p:")]
                assert given == pytest.approx(probability, abs=1e-6), name


@pytest.mark.parametrize("resize", ["fit", "stretch"])
def test_the_rule_of_resizing_goes_with_the_model(folder: Path, resize: Resize) -> None:
    """The same pixels, and so the same probabilities, by the other rules; oblong, too."""
    data = load(folder, size="20x30", resize=resize)
    model = assay.train(data, "linear", epochs=1, threads=1)
    expected = model.predict_proba(data.splits["test"].images)
    found = assay.predict(model, [folder / name for name in data.splits["test"].ids])
    for row, prediction in zip(expected, found, strict=True):
        np.testing.assert_allclose(list(prediction.probabilities.values()), row, atol=1e-6)
