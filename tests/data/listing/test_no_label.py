"""What says that an image has no label, in all forms of data: -1 beside numbers or names, NaN, nothing."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.data.listing.columns.missing import minus_one_is_missing, without_minus_one
from assay.data.values import Dataset
from assay.workflow.load import load
from told_command import path_after

NAMES = [f"im/{n:02}.png" for n in range(24)]
GONE = [n for n in range(24) if n % 5 == 0]
NUMBERS = [-1 if n in GONE else n % 3 for n in range(24)]
WORDS = ["-1" if n in GONE else ("ant", "bee", "cow")[n % 3] for n in range(24)]


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "set"
    for seed, name in enumerate(NAMES):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (8, 8), np.uint8)
        Image.fromarray(pixels).save(root / name)
    return root


def table(path: Path, header: Sequence[str], *columns: Sequence[object]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *zip(*columns, strict=True)])
    return path


def refused_and_skipped(given: Any, **options: Any) -> Dataset:
    """The set without images of no label; without the option it is refused, with the option told."""
    with pytest.raises(AssayError, match="--skip-unlabelled"):
        load(given, **options)
    data = load(given, skip_unlabelled=True, **options)
    assert len(data.train.labels) == 24 - len(GONE)
    assert [item.kind for item in data.left_out].count("unlabelled") == len(GONE)
    return data


@pytest.mark.parametrize(
    ("labels", "missing"),
    [
        (["-1", "0", "1", "2"], True),
        (["-1", "1", "2"], True),
        (["-1.0", "0.0", "1.0"], True),
        (["-1", "0"], True),
        (["-1", "cat", "dog"], True),
        (["-1", "1"], False),
        (["-1.0", "1.0"], False),
        (["-1", "+1"], False),
        (["-1"], False),
        (["-2", "-1", "0", "1", "2"], False),
        (["-1", "0.5", "1"], False),
        (["-1", "3", "cat"], False),
    ],
)
def test_when_minus_one_says_that_there_is_no_label(labels: list[str], missing: bool) -> None:
    """Not where two classes are called -1 and 1, nor on a scale that goes on below 0."""
    assert minus_one_is_missing(labels) is missing
    assert (without_minus_one(labels)[labels.index(next(x for x in labels if x.startswith("-1")))] == "") is (
        missing
    )


@pytest.mark.parametrize("labels", [NUMBERS, WORDS])
def test_in_tables(pictures: Path, labels: Sequence[object]) -> None:
    csv_ = table(pictures / "t.csv", ("path", "label"), NAMES, labels)
    assert len(refused_and_skipped(csv_).classes) == 3
    assert "-1" in load(csv_, classes=tuple(sorted({str(label) for label in labels}))).classes
    lines = (json.dumps({"path": n, "label": x}) for n, x in zip(NAMES, labels, strict=True))
    (pictures / "t.jsonl").write_text("\n".join(lines))
    assert len(refused_and_skipped(pictures / "t.jsonl").classes) == 3


def test_plus_and_minus_are_two_classes(pictures: Path) -> None:
    """A minus sign says that there is no label only beside other labels."""
    signs = ["+" if n % 2 else " -" for n in range(24)]
    data = load(table(pictures / "t.csv", ("path", "label"), NAMES, signs))
    assert data.classes == ("+", "-")
    others = ["-" if n in GONE else ("+", "++")[n % 2] for n in range(24)]
    assert refused_and_skipped(table(pictures / "u.csv", ("path", "label"), NAMES, others)).classes == (
        "+",
        "++",
    )


@pytest.mark.parametrize("labels", [NUMBERS, WORDS])
def test_in_parquet_and_objects(pictures: Path, labels: Sequence[object]) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    images = [{"bytes": (pictures / name).read_bytes(), "path": name} for name in NAMES]
    parquet.write_table(arrow.table({"image": images, "label": labels}), pictures / "t.parquet")
    assert len(refused_and_skipped(pictures / "t.parquet").classes) == 3
    items = [(Image.open(pictures / name), label) for name, label in zip(NAMES, labels, strict=True)]
    assert len(refused_and_skipped(items).classes) == 3


def test_shards_are_judged_together(pictures: Path) -> None:
    """A shard with 1 and -1 alone does not make -1 a class, where another one has 0."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = sorted(range(24), key=lambda n: NUMBERS[n] == 1 or n == 0)
    for place, own in enumerate((rows[:12], rows[12:])):
        images = [{"bytes": (pictures / NAMES[n]).read_bytes(), "path": NAMES[n]} for n in own]
        columns = {"image": images, "label": [-1 if n in GONE else int(NUMBERS[n] == 1) for n in own]}
        (pictures / "p").mkdir(exist_ok=True)
        parquet.write_table(arrow.table(columns), pictures / "p" / f"train-{place}.parquet")
    assert refused_and_skipped(pictures / "p").classes == ("0", "1")


@pytest.mark.parametrize("form", ["items", "text", "pixels"])
def test_one_and_minus_one_are_two_classes_everywhere(form: str, pictures: Path) -> None:
    labels = [1 if n % 2 else -1 for n in range(24)]
    pixels = [list(map(int, np.random.default_rng(n).integers(0, 256, 64))) for n in range(24)]
    if form == "items":
        data = load([(Image.open(pictures / n), x) for n, x in zip(NAMES, labels, strict=True)])
    elif form == "text":
        data = load(arrays=(np.array(pixels, np.uint8).reshape(24, 8, 8), np.array(labels).astype(str)))
    else:
        header = ("label", *(f"pixel{n}" for n in range(64)))
        data = load(table(pictures / "x.csv", header, labels, *zip(*pixels, strict=True)))
    assert set(data.classes) == {"-1", "1"}
    assert [data.classes[label] for label in data.train.labels] == [str(label) for label in labels]


@pytest.mark.parametrize("none", ["-1", "", "nan"])
@pytest.mark.parametrize("packed", [False, True])
def test_in_tables_of_pixels(none: str, packed: bool, pictures: Path) -> None:
    labels = [none if n in GONE else str(n % 3) for n in range(24)]
    pixels = [list(map(int, np.random.default_rng(n).integers(0, 256, 64))) for n in range(24)]
    if packed:
        texts = [" ".join(map(str, row)) for row in pixels]
        path = table(pictures / "x.csv", ("emotion", "pixels"), labels, texts)
    else:
        header = ("label", *(f"pixel{n}" for n in range(64)))
        path = table(pictures / "x.csv", header, labels, *zip(*pixels, strict=True))
    data = refused_and_skipped(path)
    assert data.classes == ("0", "1", "2")
    rows = [n for n in range(24) if n not in GONE]
    assert data.train.images.reshape(len(rows), 64).tolist() == [pixels[n] for n in rows]
    assert data.train.labels.tolist() == [n % 3 for n in rows]


@pytest.mark.parametrize("labels", [WORDS, ["nan" if n in GONE else f"c{n % 3}" for n in range(24)]])
def test_in_arrays_of_text(labels: list[str]) -> None:
    """A word for nothing was a class of arrays; a name that the user gave is one."""
    images = np.random.default_rng(0).integers(0, 256, (24, 8, 8), np.uint8)
    with pytest.raises(AssayError, match="--skip-unlabelled"):
        load(arrays=(images, np.array(labels)))
    assert len(load(arrays=(images, np.array(labels)), skip_unlabelled=True).classes) == 3
    named = load(arrays=(images, np.array(labels)), classes=tuple(sorted(set(labels))))
    assert len(named.classes) == 4


@pytest.mark.parametrize("none", ["-1", "", "nan"])
def test_a_split_of_a_table_without_any_label_is_set_aside(none: str, pictures: Path) -> None:
    """As in arrays, Parquet and shards. Train without labels is refused."""
    splits = ["test" if n >= 16 else "train" for n in range(24)]
    labels = [none if split == "test" else n % 3 for n, split in enumerate(splits)]
    data = load(table(pictures / "t.csv", ("path", "label", "split"), NAMES, labels, splits))
    assert list(data.splits) == ["train"]
    assert sum(item.reason == "the test split has no labels" for item in data.left_out) == 8
    assert "the test split has no labels: its 8 images are left out" in data.notes
    turned = [{"test": "train", "train": "test"}[split] for split in splits]
    with pytest.raises(AssayError, match="8 of 24 rows have no label"):
        load(table(pictures / "t.csv", ("path", "label", "split"), NAMES, labels, turned))


@pytest.mark.parametrize("none", [None, -1.0, float("nan"), ""])
@pytest.mark.parametrize("form", ["records", "map", "list"])
def test_in_exports(none: object, form: str, pictures: Path) -> None:
    """JSON and lists with labels that are missing, or floats, were passed over: all was one class."""
    labels = [none if n in GONE else n % 3 + 0.0 for n in range(24)]
    if form == "list":
        lines = (f"{n} {'' if x is None else x}" for n, x in zip(NAMES, labels, strict=True))
        (pictures / "labels.txt").write_text("\n".join(lines))
    else:
        rows: object = [{"path": n, "label": x} for n, x in zip(NAMES, labels, strict=True)]
        rows = dict(zip(NAMES, labels, strict=True)) if form == "map" else rows
        (pictures / "labels.json").write_text(json.dumps(rows))
    with pytest.raises(AssayError) as caught:
        load(pictures)
    told = str(caught.value)
    data = refused_and_skipped(path_after(told))
    assert data.classes == ("0", "1", "2")


def test_a_map_of_truth_values_is_told(pictures: Path) -> None:
    (pictures / "labels.json").write_text(json.dumps({name: n % 2 == 0 for n, name in enumerate(NAMES)}))
    with pytest.raises(AssayError, match=r"labels\.json may give the classes"):
        load(pictures)


def test_a_folder_minus_one_beside_names_is_told(pictures: Path) -> None:
    root = pictures.parent / "folders"
    for n, name in enumerate(NAMES):
        (root / WORDS[n]).mkdir(parents=True, exist_ok=True)
        (pictures / name).rename(root / WORDS[n] / Path(name).name)
    assert any("'-1' is called like images without a label" in note for note in load(root).notes)
