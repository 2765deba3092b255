"""Columns that hold no labels whatever they are called: told with the keys, the kind and a way on."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.core.errors import AssayError
from assay.data.values import Dataset
from assay.workflow.load import load
from encoded import pictures
from told_command import path_after

pytestmark = pytest.mark.usefixtures("own_cache")

COUNT = 24
NAMES = [f"im/{n:02}.png" for n in range(COUNT)]
CLASSES = ("it's", "cat", 'a "dog"')
LABELS = [CLASSES[n % 3] for n in range(COUNT)]


def table(path: Path, header: Sequence[str], *columns: Sequence[object], mark: str = ",") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=mark).writerows([header, *zip(*columns, strict=True)])
    return path


def refused(given: Any, **options: Any) -> AssayError:
    with pytest.raises(AssayError) as caught:
        load(given, **options)
    assert caught.value.code in ("table-value", "label-not-integer")
    return caught.value


def followed(told: str, **options: Any) -> dict[str, str]:
    data: Dataset = load(path_after(told), **options)
    labels = zip(data.train.ids, data.train.labels.tolist(), strict=True)
    return {name: data.classes[label] for name, label in labels}


OBJECTS: dict[str, Callable[[int], str]] = {
    "VIA": lambda n: json.dumps({"caption": "", "kind": LABELS[n], "n": n}),
    "usual name": lambda n: json.dumps({"site": "AB"[n % 2], "meta": {"label": LABELS[n]}}),
    "Python": lambda n: str({"kind": LABELS[n], "sure": n % 2 == 0}),
    "list of one": lambda n: json.dumps([LABELS[n]]),
    "tuple": lambda n: str((LABELS[n],)),
    "list of objects": lambda n: json.dumps([{"name": LABELS[n], "box": [n, 1]}]),
}


@pytest.mark.parametrize("mark", [",", ";"])
@pytest.mark.parametrize("case", OBJECTS)
def test_objects_as_text_come_with_the_command_for_one_key(case: str, mark: str, tmp_path: Path) -> None:
    """Each text was a class."""
    root = pictures(tmp_path / "my set", *NAMES)
    cells = [OBJECTS[case](n) for n in range(COUNT)]
    path = table(root / "via it's.csv", ("filename", "file_attributes"), NAMES, cells, mark=mark)
    error = refused(path, label_column="file_attributes")
    assert "the column file_attributes holds objects or lists as text" in error.what
    assert "kind" not in cells[0] or "keys are" in error.what
    assert followed(error.fix) == dict(zip(NAMES, LABELS, strict=True))
    assert path.read_text().startswith(f"filename{mark}file_attributes")  # nothing is written over


def test_empty_objects_have_no_label(tmp_path: Path) -> None:
    """As VIA writes for images that nobody marked; the new table asks about them."""
    root = pictures(tmp_path / "set", *NAMES)
    cells = ["{}" if n % 6 == 0 else json.dumps({"kind": "ab"[n % 2]}) for n in range(COUNT)]
    error = refused(table(root / "t.csv", ("filename", "label"), NAMES, cells))
    with pytest.raises(AssayError, match="4 of 24 rows have no label"):
        followed(error.fix)
    assert set(followed(refused(root / "t.csv").fix, skip_unlabelled=True).values()) == {"a", "b"}
    error = refused(table(root / "u.csv", ("filename", "label"), NAMES, ["{}"] * COUNT))
    assert "(cd" not in error.fix


def test_objects_without_a_label_are_told_with_their_keys(tmp_path: Path) -> None:
    root = pictures(tmp_path / "set", *NAMES)
    cells = [json.dumps({"x": n, "y": n * 2}) for n in range(COUNT)]
    error = refused(table(root / "t.csv", ("filename", "label"), NAMES, cells))
    assert "their keys are x, y" in error.what
    assert "(cd" not in error.fix


NO_LABELS: dict[str, tuple[Callable[[int], str], str]] = {
    "captions": (lambda n: f"a photo of a {LABELS[n]} on mat {n}", "descriptions"),
    "nearly different": (lambda n: f"a photo of a {LABELS[n]} on mat {min(n, 20)}", "descriptions"),
    "times": (lambda n: f"2021-03-04 10:{n:02}:11", "times"),
    "times with zone": (lambda n: f"2021-03-04T10:{n:02}:11.5Z", "times"),
    "masks": (lambda n: f"masks/{n}.png", "names of images"),
    "addresses": (lambda n: f"https://x.org/{n}", "addresses"),
    "base64": (lambda n: f"iVBORw0KGgo{n:04}AAAANSUhEUg==", "codes"),
    "hashes": (lambda n: f"{n * 7919:032x}a1", "codes"),
    "boxes": (lambda n: f"{n} {n + 3} {2 * n} 9", "rows of numbers"),
    "comma": (lambda n: f"0,{n * 37 % 24}1", "not whole"),
    "unit": (lambda n: f"{n * 1.5} kg", "measures"),
    "percent": (lambda n: f"{n * 1.5}%", "measures"),
    "money": (lambda n: f"${n * 1.5:.2f}", "measures"),
    "decimals": (lambda n: f"{n * 0.123457}", "not whole"),
}


@pytest.mark.parametrize("case", NO_LABELS)
def test_what_is_no_label_stops(case: str, tmp_path: Path) -> None:
    """In tables, Parquet and arrays. Who names them as classes has them."""
    root = pictures(tmp_path / "set", *NAMES)
    cells = [NO_LABELS[case][0](n) for n in range(COUNT)]
    path = table(root / "t.csv", ("path", "label"), NAMES, cells)
    images = [{"bytes": (root / name).read_bytes(), "path": name} for name in NAMES]
    pq.write_table(pa.table({"image": images, "label": cells}), root / "t.parquet")
    for given in (path, root / "t.parquet"):
        error = refused(given)
        assert NO_LABELS[case][1] in error.what
        assert "list them with --classes" in error.fix
    pixels = np.random.default_rng(0).integers(0, 256, (COUNT, 6, 6), np.uint8)
    with pytest.raises(AssayError, match="list them with --classes"):
        load(arrays=(pixels, np.array(cells)))
    classes = tuple(dict.fromkeys(cells))
    assert load(path, classes=classes).classes == classes


@pytest.mark.parametrize(
    "names",
    [
        ["a photo of a cat on a mat", "a photo of a dog on a mat"],
        ["[0, 1)", "[1, 2)", "[2, 3)"],
        ["(0, 2)", "(4, 6)", "(25, 32)"],  # ranges of ages, which are tuples of Python, too
        ["[0.5, 1.5]", "[1.5, 2]"],
        ["2021-03-01", "2021-03-02"],
        ["10 kg", "20 kg"],
        ["v1.0", "v1.1", "v2.0"],
        ["{}", "x"],
        ["(a)", "(b)"],
        ["https", "http"],
        ["1 2 3", "4 5 6"],
    ],
)
def test_long_or_odd_names_of_classes_are_read(names: list[str], tmp_path: Path) -> None:
    """The clean twin: as many images as classes have."""
    root = pictures(tmp_path / "set", *NAMES)
    labels = [names[n % len(names)] for n in range(COUNT)]
    found = load(table(root / "t.csv", ("path", "label"), NAMES, labels))
    assert set(found.classes) == set(names)


def test_pairs_that_overlap_are_no_ranges(tmp_path: Path) -> None:
    """They are two labels, or a place in the picture."""
    root = pictures(tmp_path / "set", *NAMES)
    labels = [("(0, 2)", "(1, 3)", "(0, 3)")[n % 3] for n in range(COUNT)]
    with pytest.raises(AssayError, match=r"several-labels.*holds lists such as"):
        load(table(root / "t.csv", ("path", "label"), NAMES, labels))


def test_a_name_for_each_row_is_a_note(tmp_path: Path) -> None:
    """People with one picture each may be the classes."""
    root = pictures(tmp_path / "set", *NAMES)
    found = load(table(root / "t.csv", ("path", "label"), NAMES, [f"person {n}" for n in range(COUNT)]))
    assert any("every row has a label of its own" in note for note in found.notes)
    labels = [f"person {min(n, 20)}" for n in range(COUNT)]
    found = load(table(root / "t.csv", ("path", "label"), NAMES, labels))
    assert any("label has 21 values for 24 rows" in note for note in found.notes)
