"""Tables under other names, and with more than a header above their rows."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from encoded import png

COUNT = 12


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of pictures, with a name that a shell has to be told as one."""
    folder = tmp_path / "a set"
    folder.mkdir()
    for number in range(COUNT):
        (folder / f"{number}.png").write_bytes(png(np.full((8, 8), 9 * number, np.uint8)))
    return folder


def rows(header: str = "image,label", sign: str = ",") -> str:
    lines = [header, *(f"{number}.png,{'ab'[number % 2]}" for number in range(COUNT))]
    return "\n".join(lines).replace(",", sign) + "\n"


def made_by(told: str, folder: Path) -> Path:
    """Type the command of a line in the folder: the file that it made."""
    command = told.partition("in its folder: ")[2].rstrip(".")
    before = set(folder.iterdir())
    subprocess.run(["bash", "-ec", command], check=True, cwd=folder)
    (new,) = set(folder.iterdir()) - before
    return new


TEXTS = {
    "tabs": ("labels.txt", rows(sign="\t").encode()),
    "commas": ("labels.txt", rows().encode()),
    "spaces": ("labels.list", rows(sign=" ").encode()),
    "UTF-16, as Excel's Unicode text": ("labels.txt", rows(sign="\t").encode("utf-16")),
    "no ending that is known": ("labels.data", rows().encode()),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_table_under_another_name_comes_with_the_command_that_calls_it_one(case: str, root: Path) -> None:
    """The line for lists put a second header before it, and made no text at all of UTF-16."""
    name, content = TEXTS[case]
    (root / name).write_bytes(content)
    (root / "labels.csv").write_text("no,table\n")  # which is not written over
    with pytest.raises(AssayError, match=r"unknown-data.*first line names columns") as caught:
        inspect(root / name)
    made = made_by(str(caught.value), root)
    assert made.name == "labels2.csv"
    assert inspect(made).per_class["train"] == (COUNT // 2, COUNT // 2)


def test_a_list_of_paths_and_labels_stays_a_list(root: Path) -> None:
    (root / "train.txt").write_text(rows(sign=" ").partition("\n")[2])
    with pytest.raises(AssayError, match=r"it is a list.*path label"):
        inspect(root / "train.txt")


@pytest.mark.parametrize("sign", [",", " ", "  "])
def test_a_table_of_numbers_under_another_name_is_told(sign: str, tmp_path: Path) -> None:
    """UCI's `.tra`, `.tes` and `.data`: "nothing here is of a form that Assay reads"."""
    pixels = np.random.default_rng(0).integers(0, 255, (30, 64))
    lines = [f"{sign if sign == '  ' else ''}{sign.join(map(str, [n % 3, *pixels[n]]))}" for n in range(30)]
    (tmp_path / "digits.tra").write_text("\n".join(lines) + "\n")
    with pytest.raises(AssayError, match="a table of numbers") as caught:
        inspect(tmp_path / "digits.tra")
    found = inspect(made_by(str(caught.value), tmp_path))
    assert found.per_class["train"] == (10, 10, 10)


@pytest.mark.parametrize("content", ["3\n" * 40, "a b c\n" * 40, "\0\1\2" * 40])
def test_other_files_are_no_tables(content: str, tmp_path: Path) -> None:
    (tmp_path / "x.data").write_text(content)
    with pytest.raises(AssayError, match="nothing here is of a form"):
        inspect(tmp_path / "x.data")


ABOVE: dict[str, Callable[[], str]] = {
    "a title": lambda: f"My set of animals\n\n{rows()}",
    "comments": lambda: f"# exported 2024-01-01\n# by, some, tool\n{rows()}",
    "other delimiter": lambda: f"from, 2024, on\n{rows(sign=';')}",
}


@pytest.mark.parametrize("case", ABOVE)
def test_lines_above_the_header_come_with_the_command_that_leaves_them_out(case: str, root: Path) -> None:
    """ "line 2 has 4 cells, the header 3" named the title as the header, and nothing to do."""
    (root / "labels.csv").write_text(ABOVE[case]())
    with pytest.raises(AssayError, match=r"same columns from line 2|same columns from line 3") as caught:
        inspect(root / "labels.csv")
    assert inspect(made_by(str(caught.value), root)).per_class["train"] == (COUNT // 2, COUNT // 2)


@pytest.mark.parametrize("line", [2, 5, 11])
def test_a_line_of_more_cells_is_no_sign_of_a_header_below(line: int, root: Path) -> None:
    """What follows it has the columns of the table, but no names of columns."""
    lines = rows().splitlines()
    lines[line] += ",more"
    (root / "labels.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(AssayError, match=f"line {line + 1} has 3 cells") as caught:
        inspect(root / "labels.csv")
    assert "tail" not in str(caught.value)


@pytest.mark.parametrize("sign", [",", ";"])
def test_rows_without_anything_in_them_are_blank_lines(sign: str, root: Path) -> None:
    """Spreadsheets write them behind the last row: each was a row without a label."""
    (root / "labels.csv").write_text(rows(sign=sign) + f"{sign}\n \t{sign} \n" * 9)
    found = inspect(root / "labels.csv")
    assert (found.per_class["train"], found.left_out) == ((COUNT // 2, COUNT // 2), ())


def test_numbers_in_place_of_a_header_are_told(tmp_path: Path) -> None:
    """ "two columns have the same name" said not which, nor that there is no header."""
    (tmp_path / "t.csv").write_text("1,0,0.5,0.5\n" * 9)
    with pytest.raises(AssayError, match=re.escape("'0.5'. The first line holds numbers")):
        inspect(tmp_path / "t.csv")


ODD = {
    "lines quoted as a whole": "\n".join(f'"{line}"' for line in rows().splitlines()),
    "quoted, of Windows": "\r\n".join(f'"{line}"' for line in rows(sign=";").splitlines()),
    "two signs": rows(sign="::"),
}


@pytest.mark.parametrize("case", ODD)
def test_lines_that_are_one_cell_come_with_the_command_that_parts_them(case: str, root: Path) -> None:
    """The whole line was shown as the only column, to be named."""
    (root / "my labels.csv").write_bytes(ODD[case].encode())
    with pytest.raises(AssayError, match="column-missing") as caught:
        inspect(root / "my labels.csv")
    assert inspect(made_by(str(caught.value), root)).per_class["train"] == (COUNT // 2, COUNT // 2)


def test_numbers_that_pandas_made_names_of_come_with_the_command_for_a_row(tmp_path: Path) -> None:
    """A-Z of Kaggle: `0,0.1,0.2`, the first picture read as a header and written as one."""
    pixels = np.random.default_rng(0).integers(0, 255, (30, 784))
    lines = [",".join(map(str, [n % 3, *pixels[n]])) for n in range(1, 30)]
    header = ",".join(["0", *(f"0.{n}" for n in range(1, 785))])
    (tmp_path / "A_Z data.csv").write_text("\n".join([header, *lines]) + "\n")
    with pytest.raises(AssayError, match="of which pandas makes names") as caught:
        inspect(tmp_path / "A_Z data.csv")
    assert inspect(made_by(str(caught.value), tmp_path)).per_class["train"] == (10, 10, 10)


def test_a_second_mark_of_unicode_is_no_part_of_a_name(root: Path) -> None:
    """Written by one program that puts it and read by another that keeps it."""
    (root / "labels.csv").write_bytes(b"\xef\xbb\xbf\xef\xbb\xbf" + rows().encode())
    assert inspect(root / "labels.csv").per_class["train"] == (COUNT // 2, COUNT // 2)
