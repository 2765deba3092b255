"""Lists of labels without names beside images, and names of pictures without an ending."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.workflow.load import load
from encoded import png
from told_command import path_after

CLASSES = ("cat", "it's", "owl")


def pictures(folder: Path, count: int, name: str = "{:04}.png") -> list[str]:
    """Pictures whose brightness tells their class; the labels in the order of their numbers."""
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / name.format(number)).write_bytes(png(np.full((8, 8), 80 * (number % 3) + number, np.uint8)))
    return [CLASSES[number % 3] for number in range(count)]


def refused(data: Path) -> str:
    with pytest.raises(AssayError, match="a line for each image and no names") as told:
        load(data)
    return told.value.what


def is_right(data: Path) -> bool:
    found = load(data)
    return found.classes == CLASSES and all(
        (own.images[row].max() // 80 == own.labels[row]).all()
        for own in found.splits.values()
        for row in range(len(own))
    )


@pytest.mark.parametrize("folder", ["", "images"])
@pytest.mark.parametrize("name", ["{:04}.png", "img{}.png"])
def test_a_list_for_the_images_of_one_folder(folder: str, name: str, tmp_path: Path) -> None:
    """It was one class, or no class, and nothing was said of the list. Numbers count as people count them."""
    labels = pictures(tmp_path / "set" / folder, 24, name)
    (tmp_path / "set/labels.txt").write_text("\n".join(labels) + "\n\n")
    told = refused(tmp_path / "set")
    assert ("the numbers in their names" in told) == (name == "img{}.png")
    assert is_right(path_after(told))


@pytest.mark.parametrize("lists", ["{}_labels.txt", "labels/y_{}.csv", "{}/labels.txt"])
def test_a_list_for_each_split(lists: str, tmp_path: Path) -> None:
    for split, count in (("train", 24), ("test", 12)):
        labels = pictures(tmp_path / split, count)
        (tmp_path / lists.format(split)).parent.mkdir(exist_ok=True)
        (tmp_path / lists.format(split)).write_text("\r\n".join(labels))
    path = path_after(refused(tmp_path))
    assert inspect(path).splits == {"train": 24, "test": 12}
    assert is_right(path)


def test_loose_images_beside_folders_are_no_split(tmp_path: Path) -> None:
    """The root has no name, and was a bug of ours."""
    pictures(tmp_path / "set", 24)
    pictures(tmp_path / "set/a", 4)
    pictures(tmp_path / "set/b", 4)
    (tmp_path / "set/labels.txt").write_text("x\ny\n" * 12)
    with pytest.raises(AssayError, match="images lie outside of the folders of classes"):
        load(tmp_path / "set")


@pytest.mark.parametrize("lines", [["cat", "owl"] * 11, [f"{n}" for n in range(24)], ["cat"] * 24])
def test_lists_that_give_no_label_to_each_image(lines: list[str], tmp_path: Path) -> None:
    """Too few, all different, all alike."""
    pictures(tmp_path / "set", 24)
    (tmp_path / "set/labels.txt").write_text("\n".join(lines))
    with pytest.raises(AssayError) as told:
        load(tmp_path / "set")
    assert "a line for each image" not in told.value.what


def test_names_without_an_ending_have_their_parts(tmp_path: Path) -> None:
    """Yale's faces, `subject01.happy`: what stands behind the point was taken for a form of pictures."""
    for subject in range(6):
        for look in ("happy", "sad", "wink"):
            content = io.BytesIO()
            Image.fromarray(np.full((8, 8), 30 * subject, np.uint8)).save(content, "png")
            (tmp_path / f"subject{subject:02}.{look}").write_bytes(content.getvalue())
    with pytest.raises(AssayError, match=r"part 1 \(happy, sad, wink\)") as told:
        load(tmp_path)
    found = load(path_after(told.value.what))
    assert found.classes == tuple(f"subject{subject:02}" for subject in range(6))
