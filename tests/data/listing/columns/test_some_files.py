"""A table of which no row has its file as written comes with what reads the rows that have one."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.workflow.load import load
from encoded import png
from told_command import words_after

COUNT = 12


def pictures(root: Path, names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(png(np.full((8, 8), 9 * number, np.uint8)))


def labelled(path: Path, cells: Sequence[str], header: str = "path,label") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{cell},{'ab'[number % 2]}" for number, cell in enumerate(cells)]
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def root_in(told: str) -> Path:
    """What stands behind --root in a message."""
    found = re.search(r"--root (.+?)\.$", told)
    assert found, told
    return Path(shlex.split(found[1])[0])


IN_ONE_FOLDER = {
    "some are missing": ("set/my images/{}.png", "set/t.csv", "{}.png", COUNT - 2),
    "the folder above": ("set/images/{}.png", "set/lists/t.csv", "images/{}.png", COUNT),
    "two folders above": ("set/images/{}.png", "set/meta/lists/t.csv", "images/{}.png", COUNT),
    "above, and some are missing": ("set/images/{}.png", "set/lists/t.csv", "images/{}.png", COUNT - 1),
}


@pytest.mark.parametrize("case", IN_ONE_FOLDER)
def test_where_most_rows_have_files_in_one_folder_the_option_is_told(case: str, tmp_path: Path) -> None:
    """The others are then listed as missing. "--root gives another folder" named none."""
    file, place, cell, there = IN_ONE_FOLDER[case]
    pictures(tmp_path, [file.format(n) for n in range(there)])
    table = labelled(tmp_path / place, [cell.format(n) for n in range(COUNT)])
    with pytest.raises(AssayError, match=f"{there} of {COUNT} rows have their files") as caught:
        inspect(table)
    found = inspect(table, root=root_in(str(caught.value)))
    assert (sum(found.per_class["train"]), len(found.left_out)) == (there, COUNT - there)


@pytest.mark.parametrize(
    ("file", "cell"),
    [
        ("images/{:04}.jpg", "{:04}"),  # ids
        ("part_1/ISIC_{}.png", "ISIC_{}"),
        ("part_{}/x{}.png", "y/x{}.jpg"),  # another ending, several folders
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_rows_that_have_a_file_by_its_name_come_with_a_command(
    file: str, cell: str, delimiter: str, tmp_path: Path
) -> None:
    """Nothing is read unasked; the command writes the rows that have one, and says how many."""
    root = tmp_path / "a set"
    pictures(root, [file.format(*[n] * file.count("{")) for n in range(COUNT - 2)])
    table = labelled(root / "labels.csv", [cell.format(n) for n in range(COUNT)], "id,label")
    table.write_text(table.read_text().replace(",", delimiter))
    with pytest.raises(AssayError, match=f"{COUNT - 2} of {COUNT} rows have their files") as caught:
        inspect(table)
    (path,) = words_after(str(caught.value))
    data = load(path)
    numbers = [int(re.findall(r"\d+", name)[-1]) for name in data.train.ids]
    assert sorted(numbers) == list(range(COUNT - 2))
    assert [data.classes[label] for label in data.train.labels] == ["ab"[n % 2] for n in numbers]


def test_names_of_several_files_are_none(tmp_path: Path) -> None:
    """Which of them is meant nobody can tell."""
    pictures(tmp_path, [f"{place}/{n}.png" for place in ("x/a", "x/b") for n in range(COUNT)])
    with pytest.raises(AssayError) as caught:
        inspect(labelled(tmp_path / "t.csv", [f"y/{n}.jpg" for n in range(COUNT + 1)]))
    assert "Paths begin at" in caught.value.fix


def test_a_path_that_leads_above_the_table_comes_with_the_option(tmp_path: Path) -> None:
    """It was refused without a way on, though such lists lie in folders of their own."""
    pictures(tmp_path, [f"images/{n}.png" for n in range(COUNT)])
    table = labelled(tmp_path / "lists" / "t.csv", [f"../images/{n}.png" for n in range(COUNT)])
    with pytest.raises(AssayError, match="path-outside") as caught:
        inspect(table)
    assert sum(inspect(table, root=root_in(str(caught.value))).per_class["train"]) == COUNT
    gone = labelled(tmp_path / "lists" / "gone.csv", ["../images/none.png"])
    with pytest.raises(AssayError) as caught:
        inspect(gone)
    assert "--root" not in caught.value.fix


def test_a_header_is_proposed_that_names_the_label_and_no_number_of_rows(tmp_path: Path) -> None:
    """Of `0,images/0.png,cat` the number was called the label."""
    pictures(tmp_path, [f"images/{n}.png" for n in range(COUNT)])
    rows = [f"{n},images/{n}.png,{'ab'[n % 2]}" for n in range(COUNT)]
    (tmp_path / "t.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(AssayError, match=r"echo column1,file_name,label; cat t\.csv"):
        inspect(tmp_path / "t.csv")
