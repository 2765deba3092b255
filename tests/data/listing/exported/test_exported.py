"""A file for each image, or for the images of each split, that tells the classes: told, with a command."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.core.errors import AssayError
from assay.data.values import Dataset
from assay.workflow.load import load
from encoded import pictures
from told_command import path_after

pytestmark = pytest.mark.usefixtures("own_cache")

COUNT = 24
NAMES = [f"{n:03}.png" for n in range(COUNT)]
CLASSES = ("it's", "cat", 'a "dog"')
LABELS = {name: CLASSES[n * 5 % 3] for n, name in enumerate(NAMES)}


def stopped(root: Path) -> str:
    with pytest.raises(AssayError) as caught:
        load(root)
    assert caught.value.code in ("ambiguous-layout", "too-few-images")
    return str(caught.value)


def followed(told: str, **options: Any) -> Dataset:
    return load(path_after(told), **options)


def by_path(data: Dataset) -> dict[str, str]:
    return {
        name: data.classes[label]
        for split in data.splits.values()
        for name, label in zip(split.ids, split.labels.tolist(), strict=True)
    }


def labels(data: Dataset) -> dict[str, str]:
    return {name.rpartition("/")[2]: label for name, label in by_path(data).items()}


def xml(label: str) -> str:
    escaped = label.replace('"', "&quot;")
    box = "<bndbox><xmin>1</xmin></bndbox>"
    one = f"<object>\n <name>{escaped}</name>\n <part><name>ear</name></part>{box}</object>"
    return f"<annotation><filename>x</filename><source><name>me</name></source>{one}</annotation>"


def shape(label: str) -> dict[str, Any]:
    return {"label": label, "points": [[0, 0], [1, 1]], "shape_type": "rectangle", "flags": {}}


#: What stands beside an image with a label: the ending of the file, and its content.
FILES: dict[str, tuple[str, Callable[[str, str], str]]] = {
    "Label Me, flags": (
        ".json",
        lambda name, label: json.dumps(
            {"version": "5", "flags": {c: c == label for c in CLASSES}, "shapes": [], "imagePath": name}
        ),
    ),
    "Label Me, shapes": (
        ".json",
        lambda name, label: json.dumps(
            {"version": "5", "flags": {}, "shapes": [shape(label), shape(label)], "imagePath": name}
        ),
    ),
    "Supervisely, tags": (
        ".png.json",
        lambda _, label: json.dumps(
            {"description": "", "tags": [{"name": label, "value": None}], "objects": []}
        ),
    ),
    "Supervisely, objects": (
        ".png.json",
        lambda _, label: json.dumps({"tags": [], "objects": [{"classTitle": label, "labelerLogin": "me"}]}),
    ),
    "JSON": (".json", lambda name, label: json.dumps({"label": label, "who": f"w{name[2]}"})),
    "Pascal VOC": (".xml", lambda _, label: xml(label)),
    "YAML": (".yaml", lambda name, label: f"who: w{name[2]}\nlabel: {label!r}\n"),
    "yml": (".yml", lambda _, label: f"---\nmeta:\n  category: {label}\n"),
    "a word": (".txt", lambda _, label: f"{label}\n"),
    "YOLO": (
        ".txt",
        lambda _, label: f"{CLASSES.index(label)} 0.5 0.5 1 1\n{CLASSES.index(label)} .2 .2 1e-1 1",
    ),
}


@pytest.mark.parametrize("where", ["", "images/", "images/|labels/", "img/a/|ann/a/"])
@pytest.mark.parametrize("form", FILES)
def test_a_file_for_each_image_comes_with_a_command(form: str, where: str, tmp_path: Path) -> None:
    """In one folder they were one class `images`, with a note or none."""
    folder, _, beside = where.partition("|")
    root = pictures(tmp_path / "my set", *(f"{folder}{name}" for name in NAMES))
    ending, content = FILES[form]
    for name, label in LABELS.items():
        path = root / (beside or folder) / f"{name[:-4]}{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content(name, label))
    told = stopped(root)
    assert "and 23 more, one for each image, may give the classes" in told
    found = labels(followed(told))
    if form == "YOLO":
        assert found == {name: str(CLASSES.index(label)) for name, label in LABELS.items()}
    else:
        assert found == LABELS


@pytest.mark.parametrize("form", ["Label Me, shapes", "Pascal VOC", "YOLO", "a word"])
def test_several_classes_in_a_file_are_told_without_a_command(form: str, tmp_path: Path) -> None:
    root = pictures(tmp_path / "set", *(f"images/{name}" for name in NAMES))
    ending, content = FILES[form]
    for n, (name, label) in enumerate(LABELS.items()):
        more = {
            "Label Me, shapes": json.dumps({"shapes": [shape(label), shape("other")]}),
            "YOLO": "5 1 1 1 1",
        }
        text = more.get(form, content(name, label) + xml("other"))
        both = f"{content(name, label)}\n{text}" if form == "YOLO" else text
        (root / f"images/{name[:-4]}{ending}").write_text(both if n % 2 else content(name, label))
    told = stopped(root)
    assert "more of them than one for an image" in told
    assert "(cd " not in told


def test_a_few_files_without_a_label_are_asked_about(tmp_path: Path) -> None:
    """The table has a row for each, so that reading it stops until it is said to leave them out."""
    root = pictures(tmp_path / "set", *(f"images/{name}" for name in NAMES))
    for n, (name, label) in enumerate(LABELS.items()):
        shapes = [shape(label)] if n > 2 else []
        (root / f"images/{name[:-4]}.json").write_text(json.dumps({"shapes": shapes, "version": "5"}))
    told = stopped(root)
    with pytest.raises(AssayError, match="3 of 24 rows have no label"):
        followed(told)
    root.joinpath("metadata.csv").unlink()
    assert len(labels(followed(told, skip_unlabelled=True))) == COUNT - 3


def test_files_beside_folders_of_classes_or_some_images_matter_to_nobody(tmp_path: Path) -> None:
    root = pictures(tmp_path / "set", *(f"{'ab'[n % 2]}/{name}" for n, name in enumerate(NAMES)))
    for n, name in enumerate(NAMES):
        (root / "ab"[n % 2] / f"{name[:-4]}.json").write_text(json.dumps({"label": "cd"[n % 3 > 1]}))
    assert load(root).classes == ("a", "b")
    root = pictures(tmp_path / "other", *(f"images/{name}" for name in NAMES))
    for name in NAMES[:9]:
        (root / f"images/{name[:-4]}.json").write_text("{}")
    assert load(root).classes == ("images",)


SPLITS = {"train": NAMES[:14], "valid": NAMES[14:18], "test": NAMES[18:]}


def coco(names: list[str]) -> dict[str, Any]:
    kinds = [{"id": 0, "name": "animals"}, *({"id": n + 1, "name": name} for n, name in enumerate(CLASSES))]
    marks = [
        {"id": n, "image_id": n, "category_id": CLASSES.index(LABELS[name]) + 1, "bbox": [0, 0, 1, 1]}
        for n, name in enumerate(names)
    ]
    images = [{"id": n, "file_name": name} for n, name in enumerate(names)]
    return {"info": {}, "images": images, "annotations": marks, "categories": kinds}


IN_SPLITS: dict[str, tuple[str, Callable[[list[str]], Any]]] = {
    "Roboflow": ("{split}/_annotations.coco.json", coco),
    "COCO": ("annotations/instances_{split}.json", coco),
    "a map in each": ("{split}/labels.json", lambda names: {name: LABELS[name] for name in names}),
    "records": (
        "{split}.json",
        lambda names: [{"file": f"./x/{name}", "label": LABELS[name]} for name in names],
    ),
}


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("deep", ["", "images/"])
@pytest.mark.parametrize("form", IN_SPLITS)
def test_a_file_for_each_split_comes_with_a_command(form: str, deep: str, same: bool, tmp_path: Path) -> None:
    """Also where images of two splits bear the same names."""
    root = tmp_path / "my set"
    place, content = IN_SPLITS[form]
    wanted = {}
    for split, names in SPLITS.items():
        own = NAMES[: len(names)] if same else names
        pictures(root, *(f"{split}/{deep}{name}" for name in own))
        for name in own:
            path = root / split / deep / name
            path.write_bytes(path.read_bytes() + f"{split}{name}".encode())
        path = root / place.format(split=split)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content(own)))
        wanted |= {f"{split}/{deep}{name}": LABELS[name] for name in own}
    data = followed(stopped(root))
    assert {split: len(part) for split, part in data.splits.items()} == {
        "train": 14, "validation": 4, "test": 6,
    }  # fmt: skip
    assert {
        name: data.classes[label]
        for part in data.splits.values()
        for name, label in zip(part.ids, part.labels.tolist(), strict=True)
    } == wanted


@pytest.mark.parametrize("deep", ["", "images/"])
def test_a_table_in_each_split_comes_with_a_command(deep: str, tmp_path: Path) -> None:
    """The line named the table of the test split alone, and that table alone would have been train."""
    root = tmp_path / "my set"
    for split, names in SPLITS.items():
        pictures(root, *(f"{split}/{deep}{name}" for name in names))
        with (root / split / "labels it's.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("file", "class"), *((name, LABELS[name]) for name in names)])
    data = followed(stopped(root))
    assert labels(data) == LABELS
    assert [len(part) for part in data.splits.values()] == [14, 4, 6]


def test_labels_in_flat_yaml(tmp_path: Path) -> None:
    """One file for all: a map, or records."""
    for text in (
        "".join(f"{name}: {label}\n" for name, label in LABELS.items()),
        "".join(f"- file: images/{name}\n  label: {label}\n" for name, label in LABELS.items()),
    ):
        root = pictures(tmp_path / str(len(text)), *(f"images/{name}" for name in NAMES))
        (root / "labels.yaml").write_text(text)
        assert labels(followed(stopped(root))) == LABELS


@pytest.mark.parametrize("ending", ["", ".png"])
@pytest.mark.parametrize("more", ["_aligned", "-crop_224"])
def test_a_list_names_images_without_what_all_have_behind(more: str, ending: str, tmp_path: Path) -> None:
    """RAF-DB: the list has `train_00001.jpg`, the file is `train_00001_aligned.jpg`."""
    names = {name: f"{name[:-4]}{more}.png" for name in NAMES}
    root = pictures(tmp_path / "set", *(f"Image/aligned/{name}" for name in names.values()))
    rows = "".join(f"{name[:-4]}{ending} {'abc'[n % 3]}\n" for n, name in enumerate(NAMES))
    (root / "EmoLabel").mkdir()
    (root / "EmoLabel/list_label.txt").write_text(rows)
    found = labels(followed(stopped(root)))
    assert found == {names[name]: "abc"[n % 3] for n, name in enumerate(NAMES)}


SAMPLES: dict[str, tuple[str, Callable[[str, str], str]]] = {
    "a word": ("label.txt", FILES["a word"][1]),
    "JSON": ("meta.json", FILES["JSON"][1]),
    "called after the folder": (
        "{folder}_labels_metadata.json",
        lambda _, label: json.dumps({"labels": [label]}),
    ),
    "XML": ("label.xml", FILES["Pascal VOC"][1]),
}


@pytest.mark.parametrize("above", ["", "all samples/"])
@pytest.mark.parametrize("form", SAMPLES)
def test_a_folder_for_each_image_is_no_class(form: str, above: str, tmp_path: Path) -> None:
    """`sample_1/image.png` beside `sample_1/label.txt`: each sample was a class."""
    place, content = SAMPLES[form]
    root, wanted = tmp_path / "my set", {}
    for n, (name, label) in enumerate(LABELS.items()):
        folder = f"{above}S_{n}"
        pictures(root, f"{folder}/left.png", f"{folder}/right.png")
        (root / folder / "left.png").write_bytes((root / folder / "left.png").read_bytes() + name.encode())
        (root / folder / place.format(folder=f"S_{n}")).write_text(content(name, label))
        wanted |= {f"{folder}/{side}.png": label for side in ("left", "right")}
    error = stopped(root)
    assert "each of 24 folders would be a class" in error
    data = followed(error)
    assert dict(zip(data.train.ids, (data.classes[n] for n in data.train.labels), strict=True)) == wanted
    (root / "metadata.csv").unlink()
    assert len(load(root, layout="classes").classes) == 24


def test_files_that_tell_other_things_of_classes_matter_to_nobody(tmp_path: Path) -> None:
    """A license in each folder, a class for each folder, or a text of labels that all are different."""
    root = tmp_path / "set"
    for n in range(10):
        pictures(root, *(f"kind{n}/{name}" for name in NAMES[:3]))
        (root / f"kind{n}/license.txt").write_text(("MIT", "CC")[n % 2])
        (root / f"kind{n}/label.txt").write_text(f"kind {n}")
    assert len(load(root).classes) == 10


def test_a_table_that_names_images_without_endings_stops(tmp_path: Path) -> None:
    """Planet: `train_v2.csv` with `image_name,tags` beside `train-jpg`. All was one class, with a note."""
    root = pictures(tmp_path / "set", *(f"train-jpg/{name}" for name in NAMES))
    rows = "".join(f"{name[:-4]},{('haze', 'clear')[n % 2]}\n" for n, name in enumerate(NAMES))
    (root / "train_v2.csv").write_text(f"image_name,tags\n{rows}")
    assert "train_v2.csv" in stopped(root)
    found = labels(load(root / "train_v2.csv", label_column="tags"))
    assert found == {name: ("haze", "clear")[n % 2] for n, name in enumerate(NAMES)}


@pytest.mark.parametrize(
    ("images", "files"),
    [
        ("{}/", "{}/"),
        ("{}/images/", "{}/labels/"),
        ("images/{}/", "labels/{}/"),
    ],
)
@pytest.mark.parametrize("form", ["YOLO", "Pascal VOC", "Label Me, flags"])
def test_files_for_images_of_splits_keep_the_splits(
    form: str, images: str, files: str, tmp_path: Path
) -> None:
    """Else the images of test would be among those of train."""
    root = tmp_path / "my set"
    ending, content = FILES[form]
    for split, names in SPLITS.items():
        pictures(root, *(f"{images.format(split)}{name}" for name in names))
        for name in names:
            path = root / files.format(split) / f"{name[:-4]}{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content(name, LABELS[name]))
    data = followed(stopped(root))
    assert [(split, len(part)) for split, part in data.splits.items()] == [
        ("train", 14),
        ("validation", 4),
        ("test", 6),
    ]
    given = {name: str(CLASSES.index(label)) for name, label in LABELS.items()} if form == "YOLO" else LABELS
    assert labels(data) == given


def test_folders_of_samples_keep_the_splits(tmp_path: Path) -> None:
    root = tmp_path / "my set"
    for split, names in SPLITS.items():
        for name in names:
            pictures(root, f"{split}/S_{name[:3]}/image.png")
            image = root / split / f"S_{name[:3]}" / "image.png"
            image.write_bytes(image.read_bytes() + name.encode())
            image.with_name("label.txt").write_text(LABELS[name])
    data = followed(stopped(root))
    assert [len(part) for part in data.splits.values()] == [14, 4, 6]
    found = {f"{name.split('/')[1][2:]}.png": label for name, label in by_path(data).items()}
    assert found == LABELS
