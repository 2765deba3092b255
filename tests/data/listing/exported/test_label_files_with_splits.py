"""Exports that tell the splits of images in one folder: the command keeps them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.core.errors import AssayError
from assay.workflow.load import load
from encoded import pictures
from told_command import path_after

pytestmark = pytest.mark.usefixtures("own_cache")

CLASSES = ("cat", "dog")
#: Name, class and split of each image.
ROWS = [(f"{n:03d}x.png", CLASSES[n * 7 % 2], "train" if n < 8 else "test") for n in range(12)]
EXPECTED = {"train": {"cat": 4, "dog": 4}, "test": {"cat": 2, "dog": 2}}


def objects() -> Any:
    return [{"file": name, "label": label, "subset": split} for name, label, split in ROWS]


def fiftyone() -> Any:
    return {
        "samples": [
            {"filepath": f"data/{name}", "tags": [split], "truth": {"label": label}}
            for name, label, split in ROWS
        ]
    }


def maps() -> Any:
    return {s: {name: label for name, label, split in ROWS if split == s} for s in EXPECTED}


def coop() -> Any:
    return {s: [[n, CLASSES.index(c), c] for n, c, split in ROWS if split == s] for s in EXPECTED}


def objects_by_split() -> Any:
    return {s: [{"image": n, "label": c} for n, c, split in ROWS if split == s] for s in EXPECTED}


def coco(split: str) -> Any:
    own = [(name, label) for name, label, of in ROWS if of == split]
    return {
        "images": [{"id": n, "file_name": name} for n, (name, _) in enumerate(own)],
        "annotations": [
            {"id": n, "image_id": n, "category_id": CLASSES.index(c)} for n, (_, c) in enumerate(own)
        ],
        "categories": [{"id": n, "name": name} for n, name in enumerate(CLASSES)],
    }


def datumaro(split: str) -> Any:
    return {
        "categories": {"label": {"labels": [{"name": name} for name in CLASSES]}},
        "items": [
            {"id": name[:-4], "annotations": [{"label_id": CLASSES.index(c)}]}
            for name, c, of in ROWS
            if of == split
        ],
    }


def followed(root: Path) -> dict[str, dict[str, int]]:
    """Images by split and class, after the command of the line that stops."""
    with pytest.raises(AssayError) as caught:
        load(root)
    data = load(path_after(str(caught.value)))
    return {
        name: dict(zip(data.classes, split.counts(len(data.classes)).tolist(), strict=True))
        for name, split in data.splits.items()
    }


@pytest.mark.parametrize("export", [objects, fiftyone, maps, coop, objects_by_split])
def test_splits_in_an_export_are_kept(export: Callable[[], Any], tmp_path: Path) -> None:
    """The command wrote labels alone, so a test split was drawn from all; or none was given."""
    pictures(tmp_path, *(f"data/{name}" for name, _, _ in ROWS))
    (tmp_path / "labels.json").write_text(json.dumps(export()))
    assert followed(tmp_path) == EXPECTED


@pytest.mark.parametrize("export", [coco, datumaro])
@pytest.mark.parametrize("name", ["instances_{}.json", "annotations/{}2017.json"])
def test_an_export_for_each_split_beside_one_folder(
    export: Callable[[str], Any], name: str, tmp_path: Path
) -> None:
    """The command read that of test alone, the first by name, and made its images train."""
    pictures(tmp_path, *(f"data/{name}" for name, _, _ in ROWS))
    for split in EXPECTED:
        path = tmp_path / name.format(split)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(export(split)))
    assert followed(tmp_path) == EXPECTED


def test_words_that_are_no_splits_of_all_are_passed_over(tmp_path: Path) -> None:
    """The clean twin: tags of which some are none, or all are one."""
    pictures(tmp_path, *(f"data/{name}" for name, _, _ in ROWS))
    rows = [{"file": n, "label": c, "tags": [s] if s == "train" else ["checked"]} for n, c, s in ROWS]
    (tmp_path / "labels.json").write_text(json.dumps(rows))
    assert followed(tmp_path) == {"train": {"cat": 6, "dog": 6}}


def manifest(name: str, label: str) -> Any:
    known = {"class-name": label, "confidence": 0.9, "type": "groundtruth/image-classification"}
    return {"source-ref": f"s3://bucket/x/{name}", "job": CLASSES.index(label), "job-metadata": known}


def labelbox(name: str, label: str) -> Any:
    answer = {"name": "kind", "radio_answer": {"name": label}}
    labels = [{"annotations": {"classifications": [answer]}}]
    row = {"id": f"x{name}", "external_id": name, "row_data": f"https://storage/{name}"}
    return {"data_row": row, "projects": {"p1": {"labels": labels}}}


@pytest.mark.parametrize(("file", "line"), [("output.manifest", manifest), ("export.ndjson", labelbox)])
def test_objects_a_line_of_labelling_tools(
    file: str, line: Callable[[str, str], Any], tmp_path: Path
) -> None:
    """SageMaker's were one class with a note, Labelbox' a table without a column that could be named."""
    pictures(tmp_path, *(f"data/{name}" for name, _, _ in ROWS))
    (tmp_path / file).write_text("".join(f"{json.dumps(line(name, c))}\n" for name, c, _ in ROWS))
    assert followed(tmp_path) == {"train": {"cat": 6, "dog": 6}}
