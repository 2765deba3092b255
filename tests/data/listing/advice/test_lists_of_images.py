"""Lists, JSON and MATLAB files that lie beside images: each line has a command that works."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.values import Dataset
from assay.workflow.load import load
from encoded import pictures
from told_command import path_after

pytestmark = pytest.mark.usefixtures("own_cache")


def text(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))


def counts(data: Dataset) -> dict[str, dict[str, int]]:
    """Images by split and class."""
    found: dict[str, dict[str, int]] = {}
    for name, split in data.splits.items():
        for label in split.labels:
            of = found.setdefault(name, {})
            of[data.classes[label]] = of.get(data.classes[label], 0) + 1
    return found


def followed(told: str) -> Dataset:
    """The set after the command that a line gives, by the path that it gives."""
    return load(path_after(told))


def noted(root: Path) -> str:
    """The note on lists of splits of a set that is read."""
    (note,) = [note for note in load(root).notes if "which image is in which" in note]
    return note


def stopped(root: Path) -> str:
    with pytest.raises(AssayError) as caught:
        load(root)
    return str(caught.value)


CLASSES = ("apple pie", "baby, ribs", "it's")
FOOD = [f"{c}/{n}" for c in CLASSES for n in range(6)]
FOOD_SPLITS = {"train": dict.fromkeys(CLASSES, 4), "test": dict.fromkeys(CLASSES, 2)}


@pytest.mark.parametrize("first", [0, 100])
def test_numbers_of_lines_that_may_be_names_of_images(first: int, tmp_path: Path) -> None:
    """MXNet's `number label path`, where images are called by numbers, too: nothing was said of the list."""
    root = pictures(tmp_path, *(f"images/{n}.png" for n in range(12)))
    text(root / "train.lst", [f"{first + n}\t{n % 3}.000000\timages/{n}.png" for n in range(12)])
    assert counts(followed(stopped(root))) == {"train": {"0": 4, "1": 4, "2": 4}}


@pytest.mark.parametrize("ending", ["", ".png"])
@pytest.mark.parametrize("above", ["food-101/images/", "", "/"])
def test_lists_of_the_images_of_each_split(above: str, ending: str, tmp_path: Path) -> None:
    """Food-101, DTD: with and without endings, with odd names; a second fold is not mixed in."""
    folder = above.strip("/")
    root = pictures(tmp_path / "a set", *(f"{folder}/{name}.png".lstrip("/") for name in FOOD))
    lead = "/" if above == "/" else ""
    for number in (1, 2):
        train = [f"{lead}{name}{ending}" for name in FOOD if int(name[-1]) % 3]
        test = [f"{lead}{name}{ending}" for name in FOOD if int(name[-1]) % 3 == 0]
        text(root / f"meta/train{number}.txt", train if number == 1 else test)
        text(root / f"meta/test{number}.txt", test if number == 1 else train)
    assert counts(followed(noted(root))) == FOOD_SPLITS


def test_lists_that_name_other_images_come_without_a_command(tmp_path: Path) -> None:
    root = pictures(tmp_path, *(f"{name}.png" for name in FOOD))
    text(root / "train.txt", [f"other/{n}" for n in range(9)])
    text(root / "test.txt", [f"other/{n}" for n in range(9, 12)])
    assert "give a table with a column split" in noted(root)


def test_names_of_several_images_are_not_guessed(tmp_path: Path) -> None:
    """Lists of bare names where two classes have images of the same names."""
    root = pictures(tmp_path, *(f"{name}.png" for name in FOOD))
    text(root / "train.txt", [f"{n}.png" for n in range(4)])
    text(root / "test.txt", [f"{n}.png" for n in range(2, 6)])
    assert "give a table with a column split" in noted(root)
    pictures(root / "flat", *(f"p/{n}.{e}" for n in range(6) for e in ("png", "jpg")))
    (root / "flat" / "labels.json").write_text(json.dumps({str(n): "ab"[n % 2] for n in range(6)}))
    assert load(root / "flat").classes == ("p",)


BIRDS = [f"00{c}.Bird_{c}/bird_{n}.png" for c in (1, 2) for n in range(6)]


def numbered(root: Path) -> None:
    text(root / "images.txt", [f"{n} {name}" for n, name in enumerate(BIRDS, 1)])
    text(root / "train_test_split.txt", [f"{n} {n % 2}" for n in range(1, 13)])
    text(root / "image_class_labels.txt", [f"{n} {1 + (n > 6)}" for n in range(1, 13)])
    text(root / "bounding_boxes.txt", [f"{n} 1.0 2.0 3.0 4.0" for n in range(1, 13)])
    text(root / "classes.txt", ["1 001.Bird_1", "2 002.Bird_2"])


def test_numbered_lists_that_are_joined(tmp_path: Path) -> None:
    """CUB-200: the folders give the classes, three lists the split."""
    root = pictures(tmp_path, *(f"CUB/images/{name}" for name in BIRDS))
    numbered(root / "CUB")
    told = noted(root)
    assert "1 in CUB/train_test_split.txt is train" in told
    each = {"001.Bird_1": 3, "002.Bird_2": 3}
    assert counts(followed(told)) == {"train": each, "test": each}


def test_numbered_lists_beside_images_in_one_folder(tmp_path: Path) -> None:
    """The same without folders of classes: their numbers are the labels."""
    root = pictures(tmp_path, *(f"images/{number}.png" for number in range(12)))
    numbered(root)
    text(root / "images.txt", [f"{n + 1} {n}.png" for n in range(12)])
    assert counts(followed(stopped(root))) == {"train": {"1": 3, "2": 3}, "test": {"1": 3, "2": 3}}


def test_lists_of_names_and_labels_of_each_split(tmp_path: Path) -> None:
    """FGVC-Aircraft: labels of several words, names without endings, and lists of both splits."""
    root = pictures(tmp_path, *(f"data/images/{n:04d}.png" for n in range(16)))
    kinds = ("Cessna 172", "A330-200")
    for split, rows in (("train", range(8)), ("test", range(8, 16)), ("trainval", range(12))):
        text(root / f"data/images_variant_{split}.txt", [f"{n:04d} {kinds[n % 2]}" for n in rows])
    each = dict.fromkeys(kinds, 4)
    assert counts(followed(stopped(root))) == {"train": each, "test": each}


@pytest.mark.parametrize("line", ["{0}.png {1}", "./{0}.png,{1}", "{0}\t{1}", "pics/{0}.png {1} 1 2"])
def test_a_list_of_names_and_labels(line: str, tmp_path: Path) -> None:
    root = pictures(tmp_path, *(f"pics/p{n}q.png" for n in range(12)))
    text(root / "list.txt", [line.format(f"p{n}q", n % 3 + 1) for n in range(12)])
    assert counts(followed(stopped(root))) == {"train": {"1": 4, "2": 4, "3": 4}}


NAMES = [f"{n:04d}x.png" for n in range(12)]


@pytest.mark.parametrize(
    "content",
    [
        {name: ("cat", "dog")[n % 2] for n, name in enumerate(NAMES)},
        {f"pics/{name}": ("cat", "dog")[n % 2] for n, name in enumerate(NAMES)},
        {"cat": [name[:-4] for name in NAMES[::2]], "dog": [name[:-4] for name in NAMES[1::2]]},
        [{"id": n, "file": name, "label": ("cat", "dog")[n % 2]} for n, name in enumerate(NAMES)],
    ],
    ids=["by name", "by path", "by label", "records"],
)
def test_maps_of_labels_in_json(content: Any, tmp_path: Path) -> None:
    root = pictures(tmp_path, *(f"pics/{name}" for name in NAMES))
    (root / "my labels.json").write_text(json.dumps(content))
    assert counts(followed(stopped(root))) == {"train": {"cat": 6, "dog": 6}}


@pytest.mark.parametrize(
    "content", [{"version": 1}, [], [1, 2], {n: {"w": 6} for n in NAMES}, dict.fromkeys(NAMES, "cat")]
)
def test_json_without_labels_stops_nothing(content: Any, tmp_path: Path) -> None:
    root = pictures(tmp_path, *(f"cats/{name}" for name in NAMES))
    (root / "info.json").write_text(json.dumps(content))
    text(root / "list.txt", NAMES)
    text(root / "boxes.txt", [f"{name} {n} {n + 3} {n * 7}" for n, name in enumerate(NAMES)])
    assert load(root).classes == ("cats",)


def test_labels_in_a_file_of_matlab(tmp_path: Path) -> None:
    """Flowers-102: a number for each image in the order of their names."""
    scipy_io = pytest.importorskip("scipy.io")
    root = pictures(tmp_path, *(f"jpg/image_{n:05d}.png" for n in range(12)))
    scipy_io.savemat(root / "imagelabels.mat", {"labels": np.arange(12)[None] % 3 + 1})
    scipy_io.savemat(root / "setid.mat", {"trnid": np.arange(4)[None] + 1})
    assert counts(followed(stopped(root))) == {"train": {"1": 4, "2": 4, "3": 4}}


@pytest.mark.parametrize("more", [{}, {"trnid2": [7, 8, 9], "valid2": [1, 2, 3], "tstid2": [4, 5, 6]}])
def test_splits_in_a_file_of_matlab(more: dict[str, list[int]], tmp_path: Path) -> None:
    """The splits of Flowers-102 were not mentioned: a test split was drawn. Of several the first counts."""
    scipy_io = pytest.importorskip("scipy.io")
    root = pictures(tmp_path, *(f"jpg/image_{n:05d}.png" for n in range(12)))
    scipy_io.savemat(root / "imagelabels.mat", {"labels": np.arange(12)[None] % 3 + 1})
    parts = {"trnid": [1, 2, 3], "valid": [4, 5, 6], "tstid": [12, 7, 8, 9, 10, 11]}
    scipy_io.savemat(root / "setid.mat", {**more, **parts})
    found = counts(followed(stopped(root)))
    assert found == {
        "train": {"1": 1, "2": 1, "3": 1},
        "validation": {"1": 1, "2": 1, "3": 1},
        "test": {"1": 2, "2": 2, "3": 2},
    }


def test_annotations_in_files_of_matlab(tmp_path: Path) -> None:
    """Stanford Cars: the same names in both splits, and labels of the test in a file of another name."""
    scipy_io = pytest.importorskip("scipy.io")
    root = pictures(
        tmp_path, *(f"cars_{s}/cars_{s}/{n:05d}.png" for s in ("train", "test") for n in range(8))
    )
    kind = np.dtype([("bbox_x1", object), ("class", object), ("fname", object)])
    rows = np.array([(1, 1 + n % 2, f"{n:05d}.png") for n in range(8)], kind)
    for name in ("devkit/cars_train_annos", "devkit/cars_test_annos", "cars_test_annos_withlabels"):
        (root / "devkit").mkdir(exist_ok=True)
        scipy_io.savemat(root / f"{name}.mat", {"annotations": rows if "train" in name else rows[:4]})
    told = stopped(root).replace(". Put the images", ". Do ")
    assert counts(followed(told)) == {"train": {"1": 4, "2": 4}, "test": {"1": 2, "2": 2}}


def test_classes_in_a_list_without_the_zeros_of_their_folders(tmp_path: Path) -> None:
    """GTSRB: `3` in the list is the folder `00003`."""
    names = [f"Train/0000{c}/{n}.png" for c in (3, 4) for n in range(4)]
    root = pictures(tmp_path, *names, *(f"Test/t{n}.png" for n in range(6)))
    rows = [f"t{n}.png;29;30;{3 + n % 2}" for n in range(6)]
    text(root / "GT-final_test.csv", ["Filename;Width;Height;ClassId", *rows])
    (note,) = [note for note in load(root).notes if "this moves them" in note]
    subprocess.run(["bash", "-ec", note.partition("classes: ")[2]], check=True)
    assert counts(load(root))["test"] == {"00003": 3, "00004": 3}


@pytest.mark.parametrize("head", [[], ["18", "image_name  evaluation_status"]])
def test_a_list_of_all_images_each_with_its_split(head: list[str], tmp_path: Path) -> None:
    """DeepFashion: it was named, without a command."""
    root = pictures(tmp_path, *(f"img/{name}.png" for name in FOOD))
    lines = [f"img/{name}.png   {'test' if int(name[-1]) > 3 else 'train'}" for name in FOOD]
    text(root / "Eval/list_eval_partition.txt", head + lines)
    assert counts(followed(noted(root))) == FOOD_SPLITS


@pytest.mark.parametrize("name", ["list_eval_partition.txt", "notes.txt"])
def test_a_list_of_splits_beside_a_list_of_classes_is_named(name: str, tmp_path: Path) -> None:
    """CelebA's: the table has classes alone, and nothing was said of the splits."""
    root = pictures(tmp_path, *(f"images/{n:06d}.png" for n in range(12)))
    text(root / "identity.txt", [f"{n:06d}.png {n % 3}" for n in range(12)])
    text(root / name, [f"{n:06d}.png {n // 6}" for n in range(12)])
    told = stopped(root)
    assert ("list_eval_partition.txt may tell their splits, and is not in the table" in told) == (
        "partition" in name
    )
