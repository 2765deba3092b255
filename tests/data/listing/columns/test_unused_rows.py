"""Columns that say which rows are not to be used: told, with a command for a table without them."""

from pathlib import Path

import numpy as np
import pandas
import pyarrow as pa
import pytest
from pyarrow import parquet

from assay.data.listing.columns.one_hot import one_hot_columns
from assay.data.values import Dataset
from assay.workflow.load import load
from encoded import pictures, png
from told_command import path_after

pytestmark = pytest.mark.usefixtures("own_cache")

COUNT = 12


def told(data: Dataset) -> list[str]:
    return [note for note in data.notes if "not to be used" in note]


def table(root: Path, name: str, cells: list[str], header: str = "file_name,label", one: str = "{c}") -> Path:
    pictures(root, *(f"{n}.png" for n in range(COUNT)))
    rows = [f"{n}.png,{one.format(c='cd'[n % 2], yes=n % 2, no=1 - n % 2)},{cells[n]}" for n in range(COUNT)]
    path = root / "list.csv"
    path.write_text("\n".join([f"{header},{name}", *rows]) + "\n")
    return path


#: The name of a column, its cells by turns, and how many of them say that the row is not to be used.
COLUMNS = {
    "exclude": ("exclude", "0,0,1,0", 3),
    "marks": ("to delete", ",x,,", 3),
    "usable": ("is_usable", "yes,no,yes,yes", 3),
    "keep": ("keep", "True,False,True,True", 3),
    "status": ("status", "done,rejected,done,to-do", 6),
    "review": ("review", "approved,Skipped,approved,approved", 3),
}


@pytest.mark.parametrize("form", COLUMNS)
def test_rows_that_are_not_to_be_used_are_told(form: str, tmp_path: Path) -> None:
    """They were training images like all others, in silence. The command writes the table without them."""
    name, words, rows = COLUMNS[form]
    data = load(table(tmp_path / "my set", name, words.split(",") * 3))
    assert len(data.train) == COUNT
    (note,) = told(data)
    assert f"the column {name} may say" in note
    assert f"({rows} rows)" in note
    again = load(path_after(note))
    assert len(again.train) == COUNT - rows
    assert not told(again)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("exclude", "0,0,0,0"),
        ("exclude", "0,1,2,0"),
        ("sex", "1,0,1,0"),
        ("use_for_training", "1,0,1,0"),
        ("status", "done,done,ok,done"),
        ("reviewed", "yes,no,yes,no"),
        ("status", "todo,todo,todo,todo"),
    ],
    ids=str,
)
def test_other_columns_tell_nothing(name: str, words: str, tmp_path: Path) -> None:
    """All alike, more than yes and no, other names, splits, and what is so of every row."""
    assert not told(load(table(tmp_path, name, words.split(",") * 3)))


def test_one_of_one_hot_columns_is_no_class(tmp_path: Path) -> None:
    """It was a class, and a row of a class that is not to be used had two."""
    data = load(table(tmp_path, "exclude", ["0", "0", "1", "0"] * 3, "file_name,cat,dog", "{yes},{no}"))
    assert data.classes == ("cat", "dog")
    assert len(told(data)) == 1


def test_every_form_tells_it(tmp_path: Path) -> None:
    """Parquet, data frames and metadata beside folders of classes, without a command."""
    labels, exclude = ["cat", "dog"] * 6, [0, 0, 1, 0] * 3
    files = [png(np.random.default_rng(n).integers(0, 256, (6, 6), np.uint8)) for n in range(COUNT)]
    columns = {"image": files, "label": labels, "exclude": exclude}
    parquet.write_table(pa.table(columns), tmp_path / "set.parquet")
    root = pictures(tmp_path / "folders", *(f"{label}/{n}.png" for n, label in enumerate(labels)))
    rows = [f"{label}/{n}.png,{exclude[n]}" for n, label in enumerate(labels)]
    (root / "metadata.csv").write_text("\n".join(["file_name,exclude", *rows]))
    paths = [f"{label}/{n}.png" for n, label in enumerate(labels)]
    frame = pandas.DataFrame({"path": paths, "label": labels, "exclude": exclude})
    for data in (load(tmp_path / "set.parquet"), load(root), load(frame, root=root)):
        (note,) = told(data)
        assert note.endswith("(3 rows): all are read")


def test_a_class_called_like_a_flag_is_one_where_rows_are_one_hot_with_it() -> None:
    """New, used and damaged cars: each row is one of the three; beside true classes `used` is a flag."""
    cars = {"new": ["1", "0", "0", "1"], "used": ["0", "1", "0", "0"], "damaged": ["0", "0", "1", "0"]}
    assert one_hot_columns(cars, list(cars)) == ["new", "used", "damaged"]
    flagged = {**cars, "new": ["1", "1", "0", "1"]}
    assert one_hot_columns(flagged, list(flagged)) == ["new", "damaged"]
