"""What folders and files beside them say of classes: copies, splits in names, contradictions, names."""

import csv
import json
import shlex
import subprocess
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.inspect import Inspection, inspect
from assay.data.listing.class_names import read_class_names
from assay.data.listing.names import notes_on_classes
from encoded import png
from told_command import path_after


def pictures(root: Path, *folders: str, count: int = 6) -> Path:
    for seed, folder in enumerate(folders):
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            (root / folder / f"{number}.png").write_bytes(png(np.full((8, 8), 40 * seed + number, np.uint8)))
    return root


def followed(told: str) -> Inspection:
    """What is read after the command of a line, by the path that it gives."""
    return inspect(path_after(told))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("cat - Copy", "called like a copy of 'cat'"),
        ("Copy of cat", "called like a copy of 'cat'"),
        ("cat (1)", "called like a copy of 'cat'"),
        ("cat_old", "called like a copy of 'cat'"),
        ("New folder", "a folder that nobody named"),
        ("untitled folder (2)", "a folder that nobody named"),
        ("runs", "what programs write"),
        ("to_review", "images without a label"),
        ("nan", "images without a label"),
        ("not sure", "images without a label"),
        ("rejected", "images without a label"),
        ("cat_aug", "called like a copy of 'cat'"),
        ("cat-resized (2)", "called like a copy of 'cat'"),
        ("notebooks", "what programs write"),
        ("screenshots", "people keep beside data"),
        ("Sample_Images", "people keep beside data"),
        ("2-Jan", "'2-Jan' may be ranges"),
        ("Okt 19", "that a spreadsheet made dates of"),
        ("06. Mrz", "that a spreadsheet made dates of"),
        ("2021-02-03 00:00:00", "that a spreadsheet made dates of"),
    ],
)
def test_classes_that_may_be_none_are_told(name: str, told: str) -> None:
    assert any(told in note for note in notes_on_classes(["cat", "dog", name]))


@pytest.mark.parametrize(
    "names",
    [
        ("results", "x"),
        ("photo", "screenshot"),
        ("copy", "original"),
        ("class (1)", "class (2)"),
        ("old", "new"),
        ("cat", "wildcat"),
        ("may", "june"),
        ("march", "10"),
        ("0", "1", "cat", "dog", "owl"),
        ("1", "2", "3", "jack", "queen"),
        ("3", "7", "cat", "dog"),
    ],
)
def test_classes_that_only_look_so_are_passed_over(names: tuple[str, ...]) -> None:
    assert list(notes_on_classes(names)) == []


@pytest.mark.parametrize("names", [("0", "1", "cat", "dog"), ("1", "2", "3", "cat", "dog", "owl")])
def test_numbers_beside_as_many_words_are_told(names: tuple[str, ...]) -> None:
    """As where one of two people typed the number of the class."""
    (note,) = notes_on_classes(names)
    assert "the numbers may stand for these" in note


@pytest.mark.parametrize("name", ["bird.zip", "dog/more.tar.gz"])
def test_an_archive_beside_the_folders_is_told(name: str, tmp_path: Path) -> None:
    """It may be a class that nobody unpacked, or more of one."""
    (pictures(tmp_path, "cat", "dog") / name).write_bytes(b"PK\x05\x06" + bytes(18))
    assert f"archives beside folders or images were not unpacked: {name}" in inspect(tmp_path).notes


@pytest.mark.parametrize("name", ["{c}_{s}", "{s}-{c}", "{s}{C}", "{C}{S}"])
@pytest.mark.parametrize("base", ["", "a set/it's"])
def test_folders_of_a_split_and_a_class_at_once(base: str, name: str, tmp_path: Path) -> None:
    """`cats_train`, `testDogs`: it stops, with the command that writes the table."""
    for seed, (split, kind) in enumerate((s, c) for s in ("train", "test") for c in ("cats", "dogs")):
        folder = name.format(c=kind, s=split, C=kind.capitalize(), S=split.capitalize())
        pictures(tmp_path / base, folder, count=6 - seed)
    with pytest.raises(AssayError, match="are named like splits") as caught:
        inspect(tmp_path)
    found = followed(str(caught.value))
    assert [label.lower() for label in found.classes] == ["cats", "dogs"]
    assert found.per_class == {"train": (6, 5), "test": (4, 3)}


def test_folders_of_splits_without_classes_have_no_command(tmp_path: Path) -> None:
    with pytest.raises(AssayError, match="are named like splits") as caught:
        inspect(pictures(tmp_path, "train_images", "test_images"))
    assert "(cd " not in str(caught.value)


def test_kinds_of_one_name_in_several_classes_are_told_to_be_joined(tmp_path: Path) -> None:
    """`apple/healthy` and `grape/healthy` are one class of the level below, and two by their paths."""
    pictures(tmp_path, "apple/healthy", "apple/rot", "grape/healthy", "grape/blight")
    (note,) = [note for note in inspect(tmp_path).notes if "parts of the class" in note]
    assert "--layout nested reads them as the classes, and joins those of one name, such as healthy" in note
    assert followed(note).classes == ("apple/healthy", "apple/rot", "grape/blight", "grape/healthy")


def rows(path: Path, header: tuple[str, str], wrong: int) -> None:
    with path.open("w", newline="") as file:
        lines = [
            (f"{c}/{n}.png", "dog" if c == "cat" and n < wrong else c) for c in CLASSES for n in range(12)
        ]
        csv.writer(file).writerows([header, *lines])


CLASSES = ("bird", "cat", "dog")


@pytest.mark.parametrize("name", ["labels.csv", "metadata.csv"])
@pytest.mark.parametrize("wrong", [0, 2])
def test_a_table_that_contradicts_folders_in_a_few_images_is_told(
    wrong: int, name: str, tmp_path: Path
) -> None:
    """Names of images come again in each folder: they are known by their paths."""
    rows(pictures(tmp_path, *CLASSES, count=12) / name, ("file_name", "label"), wrong)
    told = [note for note in inspect(tmp_path).notes if "another class than the folder" in note]
    read = "folder" if name == "labels.csv" else "table"
    first = f"{name} gives 2 images another class than the folder, cat/0.png the first: the {read} was read"
    assert told == ([first] if wrong else [])


def test_folders_that_are_no_classes_contradict_nothing(tmp_path: Path) -> None:
    root = pictures(tmp_path, "siteA", "siteB", count=12)
    with (root / "metadata.csv").open("w", newline="") as file:
        lines = [(f"{s}/{n}.png", CLASSES[n % 2]) for s in ("siteA", "siteB") for n in range(12)]
        csv.writer(file).writerows([("file_name", "label"), *lines])
    assert not any("another class" in note for note in inspect(root).notes)


@pytest.mark.parametrize("form", ["by number", "by name", "list", "records", "categories", "id2label"])
@pytest.mark.parametrize("first", [0, 1])
def test_names_of_numbered_classes_in_json_are_told_with_a_command(
    first: int, form: str, tmp_path: Path
) -> None:
    """`cat_to_name.json`, `class_indices.json`; numbers from 1 on have no name for 0."""
    names = ["pink primrose", "it's", "zebra"]
    numbers = range(first, first + 3)
    root = pictures(tmp_path / "a set", *map(str, numbers))
    content: object = dict(zip(map(str, numbers), names, strict=True))
    if form == "by name":
        content = dict(zip(names, numbers, strict=True))
    elif form == "list":
        content = ["background", *names][1 - first :]
    elif form in ("records", "categories"):  # of COCO
        records = [
            {"id": n, "name": name, "supercategory": ""} for n, name in zip(numbers, names, strict=True)
        ]
        content = records if form == "records" else {"images": [], "categories": records}
    elif form == "id2label":  # of transformers
        content = {"id2label": content, "architectures": ["Net"]}
    (root / "cat_to_name.json").write_text(json.dumps(content))
    (told,) = [note for note in inspect(root).notes if "may hold their names" in note]
    command, _, given = told[told.index("(cd ") :].partition(" ; then give --classes ")
    subprocess.run(["bash", "-ec", command], check=True)
    file = Path(shlex.split(given.removesuffix(")"))[0])
    if form == "list" and first:  # a name for 0 is asked about, for it is no "-"
        file.write_text(file.read_text().replace("background", "-"))
    found = inspect(root, classes=read_class_names(str(file)))
    assert found.classes == tuple(names)
    assert found.per_class["train"] == (6, 6, 6)


@pytest.mark.parametrize(
    ("name", "mark", "mask", "header"),
    [
        ("labels.csv", ",", ["{number}", "{name}"], ["ClassId", "Name"]),
        ("classes.csv", ",", ["{number}", "{name}"], None),
        ("names.tsv", "\t", ["n0{number}", "{name}", "{number}"], ["wnid", "name", "id"]),
        ("labels.csv", ";", ["{number:05}", "{name}"], ["\ufeffid", "sign"]),
    ],
)
def test_names_of_numbered_classes_in_a_table_are_told_with_a_command(
    name: str, mark: str, mask: list[str], header: list[str] | None, tmp_path: Path
) -> None:
    """Of traffic signs: `ClassId,Name`; without a header, with a column more, as a spreadsheet saves it."""
    names = ["speed limit (20 km/h)", "it's", "no passing, trucks"]
    root = pictures(tmp_path / "a set", "00", "01", "02")
    rows = [[cell.format(number=n, name=of) for cell in mask] for n, of in enumerate(names)]
    with (root / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=mark).writerows([header, *rows] if header else rows)
    (told,) = [note for note in inspect(root).notes if "may hold their names" in note]
    command, _, given = told[told.index("(cd ") :].partition(" ; then give --classes ")
    subprocess.run(["bash", "-ec", command], check=True)
    found = inspect(root, classes=read_class_names(shlex.split(given.removesuffix(")"))[0]))
    assert found.classes == tuple(names)
    assert found.per_class["train"] == (6, 6, 6)


@pytest.mark.parametrize(
    "content",
    [
        "id,file\n" + "".join(f"{n},{n}.png\n" for n in range(18)),  # one image a row
        "id,name\n0,a\n1,a\n2,b\n",
        "id,name\n0,a\n1,b\n",
        "id,name\n0,a\n0,b\n1,c\n2,d\n",
        "id,name\n0,a\n1\n2,b\n",
        "\n",
        "",
    ],
)
def test_a_table_that_names_no_numbers_is_passed_over(content: str, tmp_path: Path) -> None:
    (pictures(tmp_path, "0", "1", "2") / "info.csv").write_text(content)
    assert not any("hold their names" in note for note in inspect(tmp_path).notes)


@pytest.mark.parametrize(
    "content",
    ['{"0": "a"}', '{"x": [1]}', "[1, 2]", "{", '{"0": "a", "1": "a", "2": "b"}', f'{{"{"9" * 5000}": "a"}}'],
)
def test_json_that_names_no_numbers_is_passed_over(content: str, tmp_path: Path) -> None:
    (pictures(tmp_path, "0", "1", "2") / "info.json").write_text(content)
    assert not any("hold their names" in note for note in inspect(tmp_path).notes)


def test_images_of_the_classes_are_no_names_of_them(tmp_path: Path) -> None:
    """GTSRB's `Meta.csv`: a picture of each sign and its number. Its paths were to be the names."""
    root = pictures(tmp_path, "0", "1", "2")
    (root / "Meta.csv").write_text("Path,ClassId\n" + "".join(f"Meta/{n}.png,{n}\n" for n in range(3)))
    assert not [note for note in inspect(root).notes if "may hold their names" in note]


def test_folders_called_like_plates_are_asked_about(tmp_path: Path) -> None:
    notes = inspect(pictures(tmp_path, "plate_1", "plate_2", "Plate 3")).notes
    assert any("all classes are called like groups" in note for note in notes)


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("cat dog oak elm".split(), True),  # finer
        ("p1 p2 p3 p4".split(), False),  # people
        ("animal animal tree tree".split(), False),  # the same
        ("images images images images".split(), False),
    ],
)
def test_folders_that_are_finer_than_a_table_of_metadata_are_told(
    folder: list[str], told: bool, tmp_path: Path
) -> None:
    """The table was read, and nothing said of the breeds that the folders have."""
    lines = ["file_name,label"]
    for n in range(24):
        (tmp_path / folder[n % 4]).mkdir(exist_ok=True)
        (tmp_path / folder[n % 4] / f"{n}.png").write_bytes(png(np.full((8, 8), 9 * n, np.uint8)))
        lines.append(f"{folder[n % 4]}/{n}.png,{('animal', 'tree')[n % 4 // 2]}")
    (tmp_path / "metadata.csv").write_text("\n".join(lines) + "\n")
    found = inspect(tmp_path)
    assert found.classes == ("animal", "tree")
    assert any("part the images finer than the labels" in note for note in found.notes) == told
