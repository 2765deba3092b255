"""Files among the classes that may hold pictures in forms that are not read."""

from pathlib import Path

import numpy as np
import pytest

from assay.data.inspect import inspect
from encoded import png


def made(root: Path, names: list[str]) -> Path:
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        content = png(np.full((8, 8), 7 * seed, np.uint8)) if name.endswith(".png") else b"\0\1\2junk" * 30
        (root / name).write_bytes(content)
    return root


CLASSES = [f"{label}/{number}.png" for label in ("cat", "dog") for number in range(4)]


@pytest.mark.parametrize("ending", ["npy", "nii.gz", "svs", "mp4", "MAT"])
@pytest.mark.parametrize("above", ["", "train/"])
def test_a_class_without_an_image_that_is_read(above: str, ending: str, tmp_path: Path) -> None:
    """It was no class, and its files were counted among those that were ignored."""
    names = [f"{above}{one}" for one in CLASSES] + [f"{above}owl/{number}.{ending}" for number in range(4)]
    found = inspect(made(tmp_path, names))
    (note,) = (note for note in found.notes if "so they are no classes" in note)
    assert f"{above}owl (4 files, .{ending.rpartition('.')[2]})" in note
    assert found.classes == ("cat", "dog")


def test_other_files_among_the_images_of_a_class(tmp_path: Path) -> None:
    found = inspect(made(tmp_path, [*CLASSES, "dog/9.npy", "dog/10.npy"]))
    (note,) = (note for note in found.notes if "among the images of classes" in note)
    assert "dog (2 files, .npy)" in note


@pytest.mark.parametrize(
    "names",
    [
        ["labels/0.mat", "labels/1.mat"],
        ["dog/0.npy", "dog/1.npy"],
        ["notes/readme.txt"],
        ["features.npy"],
        ["cat/Thumbs.db"],
    ],
)
def test_what_belongs_to_images_is_no_picture(names: list[str], tmp_path: Path) -> None:
    """Files of labels, an array beside each image, texts, and what lies above the classes."""
    notes = inspect(made(tmp_path, [*CLASSES, *names])).notes
    assert not any("no classes" in note or "among the images" in note for note in notes)


@pytest.mark.parametrize("names", [["cat/.IMG_1.jpg.icloud", "owl/.a.HEIC.icloud"], [".cat/.x.png.icloud"]])
def test_images_that_lie_in_the_cloud_alone_are_told(names: list[str], tmp_path: Path) -> None:
    """They were counted as hidden files; in a hidden folder they are."""
    root = made(tmp_path / "my photos", [*CLASSES, *names])
    told = [note for note in inspect(root).notes if "iCloud" in note]
    expected = "2 images are in iCloud alone, cat/.IMG_1.jpg.icloud the first: download and read again"
    command = f" (brctl download '{tmp_path}/my photos')"
    assert told == ([expected + command] if len(names) == 2 else [])


def test_hidden_files_of_other_kinds_are_no_images(tmp_path: Path) -> None:
    root = made(tmp_path, [*CLASSES, "cat/.notes.txt.icloud", "cat/.jpg"])
    assert not any("iCloud" in note for note in inspect(root).notes)
