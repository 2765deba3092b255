"""Commands that messages give run what they say and nothing else, whatever files and folders are called."""

import csv
import subprocess
from pathlib import Path

import pytest

from assay.data.listing.advice.label_tables import python_command, table_command
from assay.data.listing.columns.lists_of_labels import _command

#: Endings and folders that would be code, in Python or in the shell, were they written as they are.
HOSTILE = [
    '.p")or open("canary","w")or("',
    ".p'; touch canary; '",
    ".p$(touch canary)",
    '.p\\")+open("canary","w")#',
    ".p`touch canary`",
    ".pé ü",
]


def rows_of(root: Path) -> list[list[str]]:
    with (root / "metadata.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("ending", HOSTILE)
def test_an_ending_is_no_code(ending: str, tmp_path: Path) -> None:
    root = tmp_path / 'it\'s a "set" $HOME'
    root.mkdir()
    for name in ("a", "b"):
        (root / f"{name}{ending}".replace("/", "")).write_bytes(b"x")
    (root / "c.txt").write_bytes(b"x")
    command = python_command(
        root, [ending.lower(), ".png"], "((f.name,f.stem) for f in F)", ("file", "label")
    )
    subprocess.run(["bash", "-ec", command], check=True, cwd=tmp_path)
    header, *found = rows_of(root)
    assert header == ["file", "label"]
    assert [row[0] for row in found] == [f"a{ending}", f"b{ending}"]
    assert not list(tmp_path.rglob("canary"))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_folder_of_a_split_is_no_code(name: str, tmp_path: Path) -> None:
    folder = name.lstrip(".").replace("/", "")
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "cat_1.png").write_bytes(b"x")
    command = table_command(tmp_path, [".png"], "f.stem", splits={folder: "train"})
    subprocess.run(["bash", "-ec", command], check=True)
    assert rows_of(tmp_path) == [["file_name", "label", "split"], [f"{folder}/cat_1.png", "cat_1", "train"]]
    assert not list(tmp_path.rglob("canary"))


@pytest.mark.parametrize("ending", [".png", *(one for one in HOSTILE if "\\" not in one)])
def test_an_ending_is_no_code_where_files_are_moved(ending: str, tmp_path: Path) -> None:
    """The line for a list of names without endings: `1 cat`."""
    (tmp_path / "train").mkdir()
    for name in "12":
        (tmp_path / "train" / f"{name}{ending}").write_bytes(b"x")
    (tmp_path / "list.txt").write_text("1 cat\n2 dog\n")
    command = _command(tmp_path, "train", "list.txt", (0, 1), ending, 0)
    subprocess.run(["bash", "-ec", command], check=True)
    assert (tmp_path / "train" / "cat" / f"1{ending}").is_file()
    assert (tmp_path / "train" / "dog" / f"2{ending}").is_file()
    assert not list(tmp_path.rglob("canary"))
