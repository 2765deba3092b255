"""Lists that are called after classes, beside images of one folder: a stop with a command that works."""

from pathlib import Path

import pytest

from assay.core.errors import AssayError
from assay.workflow.load import load
from encoded import pictures
from told_command import path_after

pytestmark = pytest.mark.usefixtures("own_cache")

CLASSES = ("cat", "it's a dog", "owl")
NAMES = [f"{k:03d}.png" for k in range(15)]


def made(root: Path, place: str, lists: dict[str, str]) -> Path:
    pictures(root, *(f"{place}{name}" for name in NAMES))
    for name, text in lists.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def listed(start: int, line: str = "{name}") -> str:
    lines = [line.format(name=name, stem=name[:-4]) for name in NAMES[start::3]]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("place", ["images/", ""])
@pytest.mark.parametrize(
    ("ending", "line", "header"),
    [
        ("txt", "{name}", ""),
        ("lst", "./images/{name}", ""),
        ("csv", "{stem}", "id\n"),
        ("csv", "{name}", "file\n"),
    ],
)
def test_the_command_writes_a_table_that_is_read(
    ending: str, line: str, header: str, place: str, tmp_path: Path
) -> None:
    """All images were of the class `images`, and a table without labels was named."""
    line = line if place else line.replace("images/", "")
    lists = {f"lists/{c}.{ending}": header + listed(n, line) for n, c in enumerate(CLASSES)}
    root = made(tmp_path / "set", place, lists)
    with pytest.raises(AssayError) as caught:
        load(root)
    told = str(caught.value)
    assert "may name the images of a class each" in told
    data = load(path_after(told))
    found = {
        name.rpartition("/")[2]: data.classes[label]
        for name, label in zip(data.train.ids, data.train.labels, strict=True)
    }
    assert found == {name: CLASSES[k % 3] for k, name in enumerate(NAMES)}


@pytest.mark.parametrize(
    "lists",
    [
        {"a.txt": listed(0)},
        {"a.txt": listed(0), "b.txt": listed(0)},
        {"train.txt": listed(0), "test.txt": listed(1)},
        {"a.txt": listed(0), "b.txt": "notes\non\nthe set\n"},
        {"a.txt": listed(0), "b.txt": listed(1, "other {name}")},
    ],
    ids=["one", "twice", "splits", "notes", "other lines"],
)
def test_other_lists_give_no_classes(lists: dict[str, str], tmp_path: Path) -> None:
    """One alone, lists of the same images, of splits, and of something else."""
    root = made(tmp_path, "images/", lists)
    try:
        assert load(root).classes == ("images",)
    except AssayError as error:
        assert "of a class each" not in str(error)
