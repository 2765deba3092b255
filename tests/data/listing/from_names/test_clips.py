"""Folders whose names make fewer classes of them, as clips, days and versions do: a note with a command that
works."""

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
    "days": ("2021-03-0{}_it's oak", "20210{}04 maple"),
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


def alike(data: Dataset) -> list[str]:
    return [note for note in data.notes if "called after it" in note or "called after all pairs" in note]


#: Names of folders, the classes, and the groups.
ALIKE = {
    "versions": (("cat", "cat_aug", "hot dog", "hot dog_aug"), ("cat", "hot dog"), 0),
    "splits": (("it's", "it's-test", "dog", "dog-test"), ("dog", "it's"), 0),
    "before": (("hot dog", "test_hot dog", "it's", "test_it's"), ("hot dog", "it's"), 0),
    "numbers": (("cat", "cat2", "cat3", "dog", "dog2", "dog3"), ("cat", "dog"), 0),
    "people": (("cat_anna", "cat_bob", "it's dog_anna", "it's dog_bob"), ("cat", "it's dog"), 2),
    "batches": (("b1-hot dog", "b2-hot dog", "b1-cat", "b2-cat"), ("cat", "hot dog"), 2),
}


@pytest.mark.parametrize("above", ["", "train/"])
@pytest.mark.parametrize("form", ALIKE)
def test_pairs_and_classes_that_come_once_more_are_told_with_a_table(
    form: str, above: str, tmp_path: Path
) -> None:
    """Each folder was a class of its own, without a word, whatever it shares with another."""
    folders, classes, groups = ALIKE[form]
    names = [f"{above}{folder}/{k}.png" for folder in folders for k in range(4)]
    root = pictures(tmp_path / "my set", *names)
    data = load(root)
    assert sorted(data.classes) == sorted(folders)
    (note,) = alike(data)
    assert not alike(load(root, layout="splits" if above else "classes"))
    path, *option = words_after(note)
    assert option == (["--group-column", "group"] if groups else [])
    again = load(path, group_column=option[1] if groups else None)
    assert again.classes == classes
    assert len(again.train) == len(names)
    assert len(set(again.train.columns.get("group", ()))) == groups


@pytest.mark.parametrize(
    "folders",
    [
        ("cat", "cat_aug", "dog"),
        ("cat_anna", "cat_bob", "dog_anna"),
        ("apple_healthy", "apple_scab", "grape_healthy", "grape_blight"),
        ("cat_a", "cat_b"),
        ("a_cat", "a_dog"),
        ("red fox", "grey wolf", "house cat"),
    ],
    ids=" ".join,
)
def test_names_that_are_no_pairs_say_nothing(folders: tuple[str, ...], tmp_path: Path) -> None:
    """Where a pair is missing, or one word is that of all, the names are those of the classes."""
    assert not alike(load(pictures(tmp_path, *(f"{folder}/{k}.png" for folder in folders for k in range(3)))))


FACES = [f"{who}/{what}.png" for who in ("anna", "bob", "it's me") for what in ("happy", "sad", "so so")]


@pytest.mark.parametrize("above", ["", "faces/yale/"])
def test_folders_of_images_with_the_same_words_for_names_are_told(above: str, tmp_path: Path) -> None:
    """People or things were the classes, without a word, and what tells the pictures apart was not asked."""
    data = load(pictures(tmp_path / "my set", *(above + name for name in FACES)))
    (note,) = [note for note in data.notes if "the images of every folder are called" in note]
    path, *option = words_after(note)
    assert option == ["--group-column", "group"]
    again = load(path, group_column="group")
    assert again.classes == ("happy", "sad", "so so")
    assert sorted(set(again.train.columns["group"])) == ["anna", "bob", "it's me"]


@pytest.mark.parametrize(
    "names",
    [
        FACES[:-1],
        [*FACES, "bob/sad2.png"],
        [name.replace("happy", "1").replace("sad", "2").replace("so so", "3") for name in FACES],
        FACES[:6],
        [f"{split}/{name}" for split in ("train", "test") for name in FACES],
        [name for name in FACES if "sad" in name],
    ],
    ids=["one missing", "one more", "numbers", "two folders", "splits", "one word"],
)
def test_other_names_of_images_say_nothing(names: list[str], tmp_path: Path) -> None:
    assert not any(
        "are called happy" in note or "are called 1" in note
        for note in load(pictures(tmp_path, *names)).notes
    )
