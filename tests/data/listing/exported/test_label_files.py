"""Exports of labelling tools, and lists that part images otherwise than folders: told, with a command."""

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

NAMES = [f"{n:03d}x.png" for n in range(12)]
LABELS = {name: ("cat", "dog", "it's")[n * 7 % 3] for n, name in enumerate(NAMES)}
CLASSES = ["cat", "dog", "it's"]


def stopped(root: Path) -> str:
    with pytest.raises(AssayError) as caught:
        load(root)
    assert caught.value.code in ("ambiguous-layout", "too-few-images")
    return str(caught.value)


def followed(told: str) -> dict[str, str]:
    """The label of each image, by its name, after the command that a line gives."""
    data: Dataset = load(path_after(told))
    return {
        name.rpartition("/")[2]: data.classes[label]
        for split in data.splits.values()
        for name, label in zip(split.ids, split.labels.tolist(), strict=True)
    }


def coco() -> Any:
    images = [{"id": n + 7, "file_name": name, "width": 6} for n, name in enumerate(NAMES)]
    marks = [
        {"id": n, "image_id": n + 7, "category_id": CLASSES.index(LABELS[name]) + 1}
        for n, name in enumerate(NAMES)
    ]
    names = [{"id": n + 1, "name": name} for n, name in enumerate(CLASSES)]
    return {"info": {}, "images": images, "annotations": [*marks, marks[0]], "categories": names}


def fiftyone() -> Any:
    return {"classes": CLASSES, "labels": {name[:-4]: CLASSES.index(label) for name, label in LABELS.items()}}


def samples() -> Any:
    return {
        "samples": [
            {
                "filepath": f"/home/me/pics/{name}",
                "tags": ["train"],
                "prediction": {"label": CLASSES[n % 3]},
                "ground_truth": {"_cls": "Classification", "label": LABELS[name]},
            }
            for n, name in enumerate(NAMES)
        ]
    }


def label_studio() -> Any:
    return [
        {
            "id": n,
            "data": {"image": f"/data/upload/1/ab12cd34-{name}"},
            "annotations": [
                {"result": [{"type": "choices", "value": {"choices": [LABELS[name]]}, "to_name": "image"}]}
            ],
        }
        for n, name in enumerate(NAMES)
    ]


def label_studio_short() -> Any:
    return [
        {"image": f"/data/local-files/?d=pics/{name}", "id": n, "choice": LABELS[name], "annotator": 1}
        for n, name in enumerate(NAMES)
    ]


def via() -> Any:
    return {
        "_via_settings": {},
        "_via_img_metadata": {
            f"{name}123": {"filename": name, "size": 123, "file_attributes": {"animal": label}, "regions": []}
            for name, label in LABELS.items()
        },
    }


def datumaro() -> Any:
    return {
        "categories": {"label": {"labels": [{"name": name, "parent": ""} for name in CLASSES]}},
        "items": [
            {"id": name[:-4], "annotations": [{"id": 0, "type": "label", "label_id": CLASSES.index(label)}]}
            for name, label in LABELS.items()
        ],
    }


def create_ml() -> Any:
    box = {"x": 1, "y": 1, "width": 3, "height": 3}
    return [
        {"image": name, "annotations": [{"label": label, "coordinates": box}] * 2}
        for name, label in LABELS.items()
    ]


@pytest.mark.parametrize(
    "export", [coco, fiftyone, samples, label_studio, label_studio_short, via, datumaro, create_ml]
)
def test_an_export_of_labels_beside_images_in_one_folder(export: Callable[[], Any], tmp_path: Path) -> None:
    """Each stops the reading of one class, with a command after which every image has its label."""
    root = pictures(tmp_path, *(f"pics/{name}" for name in NAMES))
    (root / "my export.json").write_text(json.dumps(export()))
    assert followed(stopped(root)) == LABELS


def test_tags_in_the_xml_of_cvat(tmp_path: Path) -> None:
    root = pictures(tmp_path, *(f"pics/{name}" for name in NAMES))
    tags = [f'<tag label="{LABELS[name].replace(chr(39), "&#39;")}"></tag>' for name in NAMES]
    rows = [
        f'<image name="{name}" width="6">\n  {tag}</image>' for name, tag in zip(NAMES, tags, strict=True)
    ]
    (root / "annotations.xml").write_text(f"<annotations>{''.join(rows)}</annotations>")
    assert followed(stopped(root)) == LABELS


def several_categories() -> Any:
    found = coco()
    found["annotations"].append({"id": 99, "image_id": 7, "category_id": 2})
    return found


def two_fields() -> Any:
    return [
        {"image": name, "label": LABELS[name], "category": CLASSES[n // 4]} for n, name in enumerate(NAMES)
    ]


def other_images() -> Any:
    return [{"image": f"other{name}", "label": label} for name, label in LABELS.items()]


@pytest.mark.parametrize("export", [several_categories, two_fields, other_images])
def test_an_export_that_does_not_tell_one_label_an_image_gives_no_command(
    export: Callable[[], Any], tmp_path: Path
) -> None:
    """Several categories an image, two fields that may be the label, names of other images."""
    root = pictures(tmp_path, *(f"pics/{name}" for name in NAMES))
    (root / "export.json").write_text(json.dumps(export()))
    assert load(root).classes == ("pics",)


SITES = [f"site{n % 3}/{name}" for n, name in enumerate(sorted(NAMES, key=lambda name: LABELS[name]))]


def listed(root: Path, name: str, labels: dict[str, str]) -> None:
    lines = [f"{path} {labels[path]}" for path in SITES]
    records = {path.rpartition("/")[2]: labels[path] for path in SITES}
    (root / name).write_text(json.dumps(records) if name.endswith(".json") else "\n".join(lines))


@pytest.mark.parametrize("name", ["labels.txt", "annotations.json", "train.txt"])
def test_a_list_that_parts_images_otherwise_than_their_folders_stops(name: str, tmp_path: Path) -> None:
    """Folders of sites beside a list of labels. Its twin that agrees with the folders stops nothing."""
    root = pictures(tmp_path / "odd", *SITES)
    listed(root, name, {path: LABELS[path.rpartition("/")[2]] for path in SITES})
    told = stopped(root)
    assert "of which the folders tell nothing" in told
    assert followed(told) == LABELS
    twin = pictures(tmp_path / "twin", *SITES)
    listed(twin, name, {path: f"number {path[4]}" for path in SITES})
    assert load(twin).classes == ("site0", "site1", "site2")
    assert not any("other classes" in note for note in load(twin).notes)


def test_a_list_of_something_else_is_a_note(tmp_path: Path) -> None:
    """A list that is called after no labels is told, and the folders are read; so is one that is coarser."""
    root = pictures(tmp_path, *SITES)
    listed(root, "cameras.txt", {path: f"c{n // 6}" for n, path in enumerate(SITES)})
    (note,) = [note for note in load(root).notes if "other classes" in note]
    assert note.startswith("cameras.txt gives 12 of the images other classes (c0, c1 ...)")
    listed(root, "cameras.txt", {path: str(path[4] == "0") for path in SITES})
    (note,) = [note for note in load(root).notes if "other classes" in note]
    assert "coarser or finer" in note


@pytest.mark.parametrize("name", ["video_00", "q000", "P00"])
def test_a_list_of_fewer_classes_than_numbered_folders_stops(name: str, tmp_path: Path) -> None:
    """Videos, queries, people: each was a class, with a note. Numbers of WordNet are those of classes, and of
    a list of as many classes the folders are as good."""

    def folders(root: Path, stem: str, label: Callable[[int], str]) -> Path:
        paths = {f"{stem}{v}/{i}.png": label(v) for v in range(4) for i in range(3)}
        (root / "info").mkdir(parents=True)
        (root / "info" / "list.txt").write_text("\n".join(f"{path} {word}" for path, word in paths.items()))
        return pictures(root, *paths)

    told = stopped(folders(tmp_path / "groups", name, lambda v: ("cat", "dog")[v % 2]))
    assert "called like videos or patients" in told
    data = load(path_after(told))
    assert (data.classes, data.train.counts(2).tolist()) == (("cat", "dog"), [6, 6])
    assert len(load(folders(tmp_path / "wordnet", "n0144000", lambda v: str(v % 2))).classes) == 4
    assert len(load(folders(tmp_path / "same", name, str)).classes) == 4


def test_layout_classes_reads_the_folders(tmp_path: Path) -> None:
    root = pictures(tmp_path, *SITES)
    listed(root, "labels.txt", {path: LABELS[path.rpartition("/")[2]] for path in SITES})
    assert load(root, layout="classes").classes == ("site0", "site1", "site2")


def test_partitions_and_attributes_are_no_classes(tmp_path: Path) -> None:
    """CelebA: the numbers of a partition, and forty columns of 1 and -1, are not offered as labels."""
    root = pictures(tmp_path, *(f"img/{name}" for name in NAMES))
    (root / "list_eval_partition.txt").write_text(
        "".join(f"{name} {n // 4}\n" for n, name in enumerate(NAMES))
    )
    rows = "".join(f"{name}  {1 - 2 * (n % 2)}  1 -1\n" for n, name in enumerate(NAMES))
    (root / "list_attr.txt").write_text(rows)
    assert load(root).classes == ("img",)


def test_one_list_for_each_class_is_no_list_of_classes(tmp_path: Path) -> None:
    """Pascal VOC: `cat.txt` and `dog.txt` say yes or no of each image. One alone has two classes."""
    root = pictures(tmp_path, *(f"img/{name}" for name in NAMES))
    for kind in CLASSES[:2]:
        lines = [f"{name} {1 if LABELS[name] == kind else -1}" for name in NAMES]
        (root / f"{kind}.txt").write_text("\n".join(lines))
    assert load(root).classes == ("img",)
    (root / "dog.txt").unlink()
    assert set(followed(stopped(root)).values()) == {"1", "-1"}


def test_a_list_of_a_split_without_folders_contradicts_none(tmp_path: Path) -> None:
    """Tiny ImageNet: `val/images` is no class, so the list of its labels is a help, and no contradiction."""
    names = [f"train/{label}/{name}" for name, label in LABELS.items()]
    root = pictures(tmp_path, *names, *(f"val/images/val{name}" for name in NAMES))
    (root / "val/val_annotations.txt").write_text("".join(f"val{n}\t{LABELS[n]}\t0\t9\n" for n in NAMES))
    found = load(root)
    assert found.classes == ("cat", "dog", "it's")
    assert any("this moves them into folders of their classes" in note for note in found.notes)


def test_a_list_of_mxnet(tmp_path: Path) -> None:
    """Number, label and path, parted by tabs, as of SageMaker."""
    root = pictures(tmp_path, *(f"train/{name}" for name in NAMES))
    lines = [f"{n}\t{CLASSES.index(LABELS[name])}.000000\ttrain/{name}" for n, name in enumerate(NAMES)]
    (root / "train.lst").write_text("\n".join(lines))
    wanted = {name: str(CLASSES.index(label)) for name, label in LABELS.items()}
    assert followed(stopped(root)) == wanted


def of_splits(root: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Images in a folder for each split, and the label of each by its path; and its split."""
    splits = {name: "testing" if n > 7 else "training" for n, name in enumerate(NAMES)}
    labels = {f"{splits[name]}/no {label}.{name}": f"no {label}" for name, label in LABELS.items()}
    pictures(root, *labels)
    return labels, {path: path.split("/")[0].removesuffix("ing") for path in labels}


def edge_impulse(labels: dict[str, str]) -> Any:
    return {
        "version": 1,
        "files": [
            {"path": path, "category": path.split("/")[0], "label": {"type": "label", "label": label}}
            for path, label in labels.items()
        ],
    }


@pytest.mark.parametrize(
    ("name", "export"),
    [
        ("info.labels", edge_impulse),
        ("labels.json", lambda labels: labels),
        ("labels.json", lambda labels: {path.split("/")[1]: label for path, label in labels.items()}),
    ],
    ids=["Edge Impulse", "paths", "names"],
)
def test_one_export_for_the_folders_of_all_splits(
    name: str, export: Callable[[dict[str, str]], Any], tmp_path: Path
) -> None:
    """It was passed over for the names of the files, which say `no` of `no cat` and `no dog` alike."""
    labels, splits = of_splits(tmp_path)
    (tmp_path / name).write_text(json.dumps(export(labels)))
    told = stopped(tmp_path)
    assert f"{name} may give the classes: this writes a table of them" in told
    data = load(path_after(told))
    found = {
        path: (data.classes[label], split)
        for split, images in data.splits.items()
        for path, label in zip(images.ids, images.labels.tolist(), strict=True)
    }
    assert found == {path: (labels[path], splits[path]) for path in labels}


def test_lists_of_other_classes_are_told_beside_the_first(tmp_path: Path) -> None:
    """Aircraft: families were offered, and of variants nothing was said."""
    root = pictures(tmp_path, *(f"images/{name}" for name in NAMES))
    for kind, label in (("family", lambda n: "ab"[n % 2]), ("variant", lambda n: f"v{n % 4}")):
        for split in ("train", "test"):
            rows = [
                f"{name[:-4]} {label(n)}" for n, name in enumerate(NAMES) if (n < 8) == (split == "train")
            ]
            (root / f"images_{kind}_{split}.txt").write_text("\n".join(rows))
    told = stopped(root)
    assert (
        "(2; images_variant_train.txt, images_variant_test.txt 4 others with these names in the comm" in told
    )
    assert followed(told) == {name: "ab"[n % 2] for n, name in enumerate(NAMES)}
    (root / "metadata.csv").unlink()
    assert followed(told.replace('"images_family_', '"images_variant_')) == {
        name: f"v{n % 4}" for n, name in enumerate(NAMES)
    }


def test_lists_that_part_the_images_alike_are_told_once(tmp_path: Path) -> None:
    root = pictures(tmp_path, *(f"images/{name}" for name in NAMES))
    for kind in ("long", "short"):
        rows = [f"{name} {LABELS[name].replace(chr(39), '')}{kind}" for name in NAMES]
        (root / f"labels_{kind}.txt").write_text("\n".join(rows))
    assert "others" not in stopped(root)


def test_lines_before_a_list_that_count_or_name_its_columns_are_passed_over(tmp_path: Path) -> None:
    """DeepFashion: how many there are, then names of columns. The whole list was passed over."""
    root = pictures(tmp_path, *(f"img/{name}" for name in NAMES * 2))
    rows = [f"img/{name}      {CLASSES.index(label) + 1}" for name, label in LABELS.items()] * 2
    head = [str(len(rows)), "image_name  category_label"]
    (root / "list_category_img.txt").write_text("\n".join([*head, *rows]))
    wanted = {name: str(CLASSES.index(label) + 1) for name, label in LABELS.items()}
    assert followed(stopped(root)) == wanted
