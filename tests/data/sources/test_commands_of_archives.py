"""What is to be typed for the content of an archive: it begins with unpacking it, and works."""

import subprocess
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.workflow.load import load
from encoded import png
from told_command import path_after

pytestmark = pytest.mark.usefixtures("own_cache")


def content(root: Path, names: list[str]) -> Path:
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(png(np.full((8, 8), 9 * seed, np.uint8)))
    return root


def packed(root: Path, archive: Path) -> Path:
    archive.parent.mkdir(parents=True, exist_ok=True)
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as out:
            for path in files:
                out.write(path, path.relative_to(root))
    else:
        with tarfile.open(archive, "w:gz") as out:
            for path in files:
                out.add(path, path.relative_to(root))
    return archive


def unpack(told: str) -> None:
    command = "python3 -m " + told.split("python3 -m ", 1)[1].split(" .")[0].split(" )")[0]
    subprocess.run(["bash", "-ec", command], check=True)


ARCHIVES = ["set.zip", "it's a set.zip", "set.tar.gz"]


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_table_in_an_archive(name: str, tmp_path: Path) -> None:
    """The line gave the table by its path in the cache, which was gone by then."""
    names = [f"images/{number}.png" for number in range(12)]
    root = content(tmp_path / "content", names)
    rows = "".join(f"{one},{'ab'[number % 2]}\n" for number, one in enumerate(names))
    (root / "labels.csv").write_text(f"file,label\n{rows}")
    archive = packed(root, tmp_path / "a place" / name)
    with pytest.raises(AssayError, match="there is a table of labels") as refused:
        load(archive)
    assert "unpacked" not in str(refused.value)
    unpack(refused.value.fix)
    (table,) = (tmp_path / "a place").rglob("labels.csv")
    assert str(table) in refused.value.fix.replace("'\"'\"'", "'")
    assert inspect(table).classes == ("a", "b")


@pytest.mark.parametrize("name", ARCHIVES)
def test_commands_of_refusals_and_notes(name: str, tmp_path: Path) -> None:
    """They changed to a folder in the cache, or into the archive."""
    bare = content(tmp_path / "bare", [f"{number:02}.png" for number in range(12)])
    (bare / "labels.txt").write_text("a\nb\nc\n" * 4)
    archive = packed(bare, tmp_path / "one" / name)
    with pytest.raises(AssayError, match="a line for each image") as refused:
        load(archive)
    unpack(refused.value.fix)
    assert inspect(path_after(refused.value.what)).classes == ("a", "b", "c")

    names = [f"{label}/{number}.png" for label in "ab" for number in range(8)]
    split = content(tmp_path / "split", names)
    (split / "test.txt").write_text("".join(f"{one}\n" for one in names[::4]))
    (note,) = (
        note for note in load(packed(split, tmp_path / "two" / name)).notes if "may tell which image" in note
    )
    unpack(note)
    assert inspect(path_after(note)).splits == {"train": 12, "test": 4}
