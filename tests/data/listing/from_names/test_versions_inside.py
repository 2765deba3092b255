"""Folders of another version of the pictures inside the folders of classes."""

from pathlib import Path

import pytest

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.workflow.load import load
from encoded import pictures
from told_command import path_after

pytestmark = pytest.mark.usefixtures("own_cache")

CLASSES = ("cat", "it's a dog")
COUNT = 6


def beside(root: Path, above: str, inside: str, top: str = "") -> Path:
    for name in CLASSES:
        pictures(root, *(f"{top}{name}/{above.format(k)}.png" for k in range(COUNT)))
        pictures(root, *(f"{top}{name}/{inside.format(k)}.png" for k in range(COUNT)))
    return root


@pytest.mark.parametrize("top", ["", "set/"])
@pytest.mark.parametrize("inside", ["resized/{}", "64x64/{}"])
def test_pictures_that_lie_there_once_more_stop_with_a_command(inside: str, top: str, tmp_path: Path) -> None:
    """Each was there twice, in silence, and the copies on both sides of a split."""
    root = beside(tmp_path / "in here", "{}", inside, top)
    with pytest.raises(AssayError, match="hold images of the same names as the folders above") as caught:
        inspect(root)
    assert inspect(root, layout="classes").per_class["train"] == (2 * COUNT, 2 * COUNT)
    data = load(path_after(str(caught.value)))
    assert data.train.counts(2).tolist() == [COUNT, COUNT]
    assert not [name for name in data.train.ids if inside[:4] in name]


def test_in_splits_they_stop_too(tmp_path: Path) -> None:
    for split in ("train", "test"):
        beside(tmp_path, "{}", "small/{}", f"{split}/")
    with pytest.raises(AssayError, match=r"Move them away\. Or say --layout splits"):
        inspect(tmp_path)
    assert inspect(tmp_path, layout="splits").splits == {"train": 4 * COUNT, "test": 4 * COUNT}


@pytest.mark.parametrize(("above", "inside"), [("{}", "sitting/s{}"), ("a/{}", "b/{}")])
def test_parts_of_a_class_are_read_on(above: str, inside: str, tmp_path: Path) -> None:
    """Other names; or folders beside each other, which may number theirs anew."""
    root = beside(tmp_path, above, inside)
    try:
        told = sum(inspect(root).per_class["train"])
    except AssayError as error:
        assert "the same names as the folders above" not in str(error)
    else:
        assert told == 4 * COUNT


def test_one_class_with_a_part_of_the_same_names_is_read_on(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"{name}/{k}.png" for name in ("cat", "cat/kittens", "dog") for k in range(COUNT)))
    assert inspect(tmp_path).per_class["train"] == (2 * COUNT, COUNT)


def inside(root: Path, *folders: str, **options: str) -> list[str]:
    """What is told of the folders inside those of classes, each with images of its own names."""
    pictures(root, *(f"{folder}/{place}_{k}.png" for place, folder in enumerate(folders) for k in range(3)))
    return [note for note in inspect(root, **options).notes if "inside that of a class" in note]


def test_folders_among_the_images_of_a_class_are_told(tmp_path: Path) -> None:
    """What somebody put aside there, or of another class, was of this one, in silence."""
    folders = ("cat", "cat/wrong label", "dog", "dog/Cat", "dog/x/rejected", "owl", "owl/more")
    (note,) = inside(tmp_path / "a", *folders)
    told = (
        "cat/wrong label (3 images, called like images without a label), dog/Cat (3 images, called like the"
    )
    assert note == f"folders inside that of a class are read with it: {told} class cat), owl/more (3 images)"
    (note,) = inside(tmp_path / "b", "train/cat", "train/cat/dog", "train/dog", "test/cat", "test/dog")
    assert note.endswith("train/cat/dog (3 images, called like the class dog)")
    (note,) = inside(tmp_path / "c", "cat", "dog", "backup/cat")
    assert note.endswith("backup/cat (3 images, called like the class cat)")
    assert not inside(tmp_path / "a", layout="classes")


@pytest.mark.parametrize(
    "folders",
    [("cat/cat", "dog/dog"), ("cat", "dog/images"), ("cat", "cat/a", "cat/b", "dog"), ("cat", "dog", "owl")],
    ids=" ".join,
)
def test_other_folders_inside_say_nothing(folders: tuple[str, ...], tmp_path: Path) -> None:
    """A folder under its own name, one alone, several (they have a note of their own), and none."""
    assert not inside(tmp_path, *folders)
