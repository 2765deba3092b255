"""Labels deep in folders or in names of files: it stops with a command that works; plain sets are read."""

import re
import subprocess
from pathlib import Path

import pytest

from assay.core.errors import AssayError
from assay.data.values import Dataset
from assay.workflow.load import load
from encoded import pictures
from told_command import path_after

pytestmark = pytest.mark.usefixtures("own_cache")


def counts(data: Dataset) -> dict[str, dict[str, int]]:
    """Images by split and class."""
    found: dict[str, dict[str, int]] = {}
    for name, split in data.splits.items():
        for label in split.labels:
            of = found.setdefault(name, {})
            of[data.classes[label]] = of.get(data.classes[label], 0) + 1
    return found


def stopped(root: Path) -> str:
    """What a set is told that is not read."""
    with pytest.raises(AssayError) as caught:
        load(root)
    return str(caught.value)


def followed(told: str) -> Dataset:
    """The set after the command that a line gives, by the path that it gives."""
    return load(path_after(told))


ALPHABETS = ("Latin", "Magi, old", 'the "Angelic"', "Bengalí")
OMNIGLOT = [f"{a}/character0{c}/{c}_{i}.png" for a in ALPHABETS for c in (1, 2) for i in range(3)]
CHARACTERS = {f"{a}/character0{c}": 3 for a in ALPHABETS for c in (1, 2)}
PLACES = [
    f"{c}/{i}.png" for c in ("a/abbey", "b/bakery/shop", "b/beach", "c/church/indoor") for i in range(3)
]
IN_PLACES = {"a/abbey": 3, "b/bakery/shop": 3, "b/beach": 3, "c/church/indoor": 3}


@pytest.mark.parametrize("above", ["", "images_background/", "it's one/"])
def test_characters_of_alphabets(above: str, tmp_path: Path) -> None:
    """Omniglot: the same names of characters in each alphabet."""
    root = pictures(tmp_path / "o'set", *(above + name for name in OMNIGLOT), f"{above}Latin/._1.png")
    assert counts(followed(stopped(root))) == {"train": CHARACTERS}


def test_both_collections_are_in_the_table(tmp_path: Path) -> None:
    """`images_evaluation` alone has the word of a split: it is none, and nothing is left out."""
    sets = {"images_background": ("Latin", "Magi"), "images_evaluation": ("Tibetan", "Angelic")}
    names = [
        f"{s}/{a}/character1/{i}.png" for s, alphabets in sets.items() for a in alphabets for i in range(3)
    ]
    found = counts(followed(stopped(pictures(tmp_path, *names))))
    assert found == {"train": {f"{a}/character1": 3 for a in ("Angelic", "Latin", "Magi", "Tibetan")}}


def test_places_sorted_by_letters(tmp_path: Path) -> None:
    """Places365 and SUN397: letters, and some classes have folders of their own."""
    assert counts(followed(stopped(pictures(tmp_path, *PLACES)))) == {"train": IN_PLACES}


@pytest.mark.parametrize("top", ["", "places/"])
def test_places_sorted_by_letters_in_splits(top: str, tmp_path: Path) -> None:
    """`train/a/abbey` was read as class a, with a note alone."""
    names = [f"{top}{split}/{name}" for split in ("train", "val") for name in PLACES]
    root = pictures(tmp_path, *names)
    told = stopped(root)
    assert "--layout splits" in told
    assert load(root, layout="splits").classes == ("a", "b", "c")
    assert counts(followed(told)) == {"train": IN_PLACES, "validation": IN_PLACES}


def test_a_folder_in_a_class_of_images(tmp_path: Path) -> None:
    """`bakery` and `bakery/shop` are read as one class, with a note that has the command."""
    names = [f"{c}/{i}.png" for c in ("abbey", "bakery", "bakery/shop", "bakery/home") for i in range(3)]
    root = pictures(tmp_path, *names)
    found = load(root)
    assert counts(found) == {"train": {"abbey": 3, "bakery": 9}}
    (told,) = [note for note in found.notes if "class of its own" in note]
    again = followed(told)
    assert counts(again) == {"train": {"abbey": 3, "bakery": 3, "bakery/home": 3, "bakery/shop": 3}}


@pytest.mark.parametrize(
    "classes",
    [
        ("a", "b", "c"),
        ("train/a", "train/b", "test/a", "test/b"),
        ("train/cat/left", "train/dog/x", "test/cat"),
    ],
)
def test_plain_folders_of_classes_are_read_in_silence(classes: tuple[str, ...], tmp_path: Path) -> None:
    names = [f"{folder}/{i % 2}_{i}.png" for folder in classes for i in range(8)]
    assert len(load(pictures(tmp_path, *names)).notes) == 2  # the form, and the size


def test_domains_are_no_classes_of_their_own(tmp_path: Path) -> None:
    """Photos and sketches of cats and dogs: a class for each folder is not offered."""
    names = [f"{d}/{c}/{i}.png" for d in ("photo", "sketch") for c in ("cat", "dog") for i in range(3)]
    told = stopped(pictures(tmp_path, *names))
    assert "--layout nested" in told
    assert "class of its own" not in told


def faces(count: int = 24) -> list[str]:
    return [f"{20 + i % 6}_{i % 2}_{i % 3}_2017010{i % 9}1{i:07d}.png.chip.png" for i in range(count)]


@pytest.mark.parametrize("folder", ["", "UTKFace/", "a b/it's/"])
def test_labels_between_signs(folder: str, tmp_path: Path) -> None:
    """UTKFace: age, gender and origin; the date is no label, and what each part has is shown."""
    root = pictures(tmp_path, *(folder + name for name in faces()), f"{folder}.hidden_1.png")
    told = stopped(root)
    assert "by part 0 (20, 21, 22, 23 and 2 more); part 1 (0, 1); part 2 (0, 1, 2):" in told
    assert told.count("part ") == 5  # and the one that is taken, and "another"
    assert counts(followed(told)) == {"train": {str(20 + age): 4 for age in range(6)}}
    if folder:
        (root / "metadata.csv").unlink()
        assert len(load(root, layout="classes").classes) == 1


def test_numbers_of_products_between_signs(tmp_path: Path) -> None:
    """`4006381333931_2.jpg`: the number of a view was offered as the label, that of the product was not."""
    codes = ("4006381333931", "96385074", "036000291452")
    told = stopped(pictures(tmp_path, *(f"{code}_{view}.png" for code in codes for view in range(6))))
    assert "by part 0 (96385074, 036000291452, 4006381333931); part 1 (0, 1, 2, 3 and 2 more):" in told
    assert counts(followed(told)) == {"train": dict.fromkeys(codes, 6)}


def test_labels_in_names_below_splits(tmp_path: Path) -> None:
    """Food-11: `training/0_12.jpg`."""
    names = [f"{s}/{i % 3}_{i}.png" for s in ("training", "validation", "evaluation") for i in range(9)]
    found = counts(followed(stopped(pictures(tmp_path, *names))))
    assert found == {split: {"0": 3, "1": 3, "2": 3} for split in ("train", "validation", "test")}


def test_one_image_of_a_breed_does_not_make_all_of_one_class(tmp_path: Path) -> None:
    """Oxford pets with one picture of a breed: its names were not read, and all were one class, `pets`."""
    names = [
        f"pets/{c}_{i}.png" for c in ("Abyssinian", "american_bulldog", "Bengal, spotted") for i in range(9)
    ]
    found = followed(stopped(pictures(tmp_path, *names, "pets/Sphynx_1.png")))
    assert counts(found) == {
        "train": {"Abyssinian": 9, "Bengal, spotted": 9, "Sphynx": 1, "american_bulldog": 9}
    }


@pytest.mark.parametrize(
    "form", ["cat{}.{}.png", "cat{}_{:02}.png", "n0144076{}_{}.png", "american {} ({}).png", "item{}_{}.png"]
)
def test_words_before_numbers_are_read(form: str, tmp_path: Path) -> None:
    """`cat.0.jpg`, `n01440764_10026.jpg`: two words or more, of two images each, with a note."""
    found = load(pictures(tmp_path, *(f"set/{form.format(i % 2, i)}" for i in range(8))))
    assert len(found.classes) == 2
    assert any("files' names begin with" in note for note in found.notes)


@pytest.mark.parametrize(
    "form",
    [
        "cats/{0:04d}.png",
        "cats/IMG_{0:04d}.png",
        "cats/IMG_2020011{1}_{0:06d}.png",
        "cats/2020-01-1{1}_{0:04d}.png",
        "cats/image_{0:05d}.png",
        "cats/3f2{0:x}a-4{0:03d}-a{1}b.png",
    ],
)
def test_names_that_tell_nothing(form: str, tmp_path: Path) -> None:
    """One folder of pictures as cameras and programs name them is read, as before."""
    root = pictures(tmp_path, *(form.format(i, i % 4) for i in range(16)))
    assert load(root).classes == ("cats",)
    names = [form.format(i, i % 4).rpartition("/")[2] for i in range(16)]
    assert "may tell the classes" not in stopped(pictures(tmp_path / "b", *names))


def test_a_table_is_never_written_over(tmp_path: Path) -> None:
    """A file of metadata without labels stays; the table gets another name, and a second run fails."""
    root = pictures(tmp_path, *(f"faces/{name}" for name in faces()))
    (root / "metadata.csv").write_text("file_name,camera\n" + "".join(f"faces/{n},x\n" for n in faces()))
    told = stopped(root)
    assert f"then give {root}/labels.csv" in told
    assert len(followed(told).classes) == 6
    with pytest.raises(subprocess.CalledProcessError):
        followed(told)


@pytest.mark.parametrize(("name", "offered"), [("{split}img{i}", False), ("{i:03}_{kind}", True)])
def test_words_that_say_the_split_are_no_labels(name: str, offered: bool, tmp_path: Path) -> None:
    """`train/trainimg7.png`: a table of them would have no class that both splits share."""
    names = [
        f"{split}/{name.format(split=split, i=i, kind=('cat', 'dog')[i % 2])}.png"
        for split in ("train", "test")
        for i in range(8)
    ]
    assert ("the names of the files may tell" in stopped(pictures(tmp_path, *names))) == offered


#: Names with two numbers or more beside a word: what stands before the last is no class for sure.
OPEN = {
    "two numbers of one word": [
        f"input_{s}_{m}_{c}.png" for s in (1, 2) for m in (1, 2, 3) for c in (1, 2, 3)
    ],
    "several words with several numbers": [
        f"{c}_{k}_{i}.png" for c in ("cat", "dog") for k in (1, 2) for i in range(4)
    ],
    "people with words": [f"s{p:02}_{c}_{i}.png" for p in range(3) for c in ("happy", "sad") for i in (0, 1)],
}


@pytest.mark.parametrize("place", ["data/", "train/"])
@pytest.mark.parametrize("names", OPEN)
def test_a_word_with_several_numbers_is_no_class_for_sure(names: str, place: str, tmp_path: Path) -> None:
    """`input_1_1` of `input_1_1_10.jpg` was a class, with the characters as numbers; the parts are told."""
    folders = [place] if place == "data/" else ["train/", "test/"]
    told = stopped(pictures(tmp_path, *(f"{folder}{name}" for folder in folders for name in OPEN[names])))
    assert "the names of the files may tell the classes, by part" in told
    assert "what stands before the number" not in told
    words = {"two": {"1", "2", "3"}, "several": {"cat", "dog"}, "people": {"happy", "sad"}}[names.split()[0]]
    part = {"two": "[3]", "several": "[0]", "people": "[1]"}[names.split()[0]]
    assert set(followed(re.sub(r"if p\]\[\d\]", f"if p]{part}", told)).classes) == words


ONE_NUMBER = {
    "digits": [f"digit{c}_{i}.png" for c in range(3) for i in range(3)],
    "one word with grades": [f"{c}_{i}.png" for c in ("grade_1", "grade_2", "normal") for i in range(3)],
    "numbers that go together": [f"type0{c}_rev{c}_{i}.png" for c in range(3) for i in range(3)],
}


@pytest.mark.parametrize("names", ONE_NUMBER)
def test_a_word_with_one_number_of_its_own_is_a_class(names: str, tmp_path: Path) -> None:
    found = load(pictures(tmp_path, *(f"data/{name}" for name in ONE_NUMBER[names])))
    assert set(found.classes) == {name.rpartition("_")[0] for name in ONE_NUMBER[names]}
