"""Folders that differ in numbers alone may be clips of one class: a note with a command that works."""

from pathlib import Path

import pytest

from assay.data.values import Dataset
from assay.workflow.load import load
from encoded import pictures
from told_command import words_after

pytestmark = pytest.mark.usefixtures("own_cache")


def told(data: Dataset) -> list[str]:
    return [note for note in data.notes if "differ in their numbers alone" in note]


CLIPS = {
    "UCF101": ("v_Archery_g{}_c01", "v_Biking_g{}_c01"),
    "people": ("AF0{}", "BM0{}"),
    "samples": ("oak leaf ({})", "it's maple-{}"),
}


@pytest.mark.parametrize("above", ["", "train/", "frames/"])
@pytest.mark.parametrize("form", CLIPS)
def test_clips_are_told_with_a_table_of_their_classes(form: str, above: str, tmp_path: Path) -> None:
    """Six videos of two classes were six classes, without a word; pictures of one video are a group."""
    folders = [f"{above}{name.format(n)}" for name in CLIPS[form] for n in (1, 2, 3)]
    if above == "train/":
        folders += [folder.replace("train/", "test/") for folder in folders]
    names = [f"{folder}/{k}.png" for folder in folders for k in range(4)]
    root = pictures(tmp_path / "my set", *names)
    data = load(root)
    assert len(data.classes) == 6
    (note,) = told(data)
    assert not told(load(root, layout="splits" if above == "train/" else "classes"))
    path, option, column = words_after(note)
    assert option == "--group-column"
    again = load(path, group_column=column)
    assert len(again.classes) == 2
    assert {name: len(split) for name, split in again.splits.items()} == {
        name: len(split) for name, split in data.splits.items()
    }
    assert len(set(again.train.columns["group"])) == 6


@pytest.mark.parametrize(
    "folders",
    [
        ("cat", "dog"),
        ("class1", "class2", "class3"),
        ("iphone", "iphone_12", "galaxy_20", "galaxy_21"),
        ("737-200", "737-300", "A330-200", "A330-300"),
        ("n01", "n02", "m01", "m02"),
        ("cat_1", "dog_1", "owl_1"),
    ],
    ids=" ".join,
)
def test_other_numbers_in_names_say_nothing(folders: tuple[str, ...], tmp_path: Path) -> None:
    """One word for all, one folder for each, a folder without a number, and words without letters."""
    root = pictures(tmp_path, *(f"{folder}/{k}.png" for folder in folders for k in range(3)))
    assert not told(load(root))
