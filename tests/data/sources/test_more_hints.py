"""Paths of Label Studio, lists without names, and tables with a row for each folder."""

from pathlib import Path

import pytest

from assay.workflow.load import load
from encoded import pictures

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.mark.parametrize(
    "cell",
    [
        "/data/upload/1/ab12cd34-{:03}.png",
        "/data/local-files/?d=images/{:03}.png",
        "/data/local-files/?d=home/me/images/{:03}.png",
    ],
)
def test_paths_of_label_studio(cell: str, tmp_path: Path) -> None:
    """Its table names files as its server does: folder and hash of an upload are left out."""
    root = pictures(tmp_path, *(f"images/{n:03}.png" for n in range(8)))
    rows = "".join(f"{cell.format(n)},{n},{'ab'[n % 2]}\n" for n in range(8))
    (root / "project.csv").write_text(f"image,id,choice\n{rows}")
    found = load(root / "project.csv")
    assert list(found.train.ids) == [f"images/{n:03}.png" for n in range(8)]
    assert [found.classes[label] for label in found.train.labels.tolist()] == list("ab" * 4)
    assert any("what Label Studio put before names is left out" in note for note in found.notes)


@pytest.mark.parametrize(("lines", "told"), [(6, True), (5, False)])
@pytest.mark.parametrize("words", [("cat", "dog"), ("1", "2")])
def test_a_list_without_names_is_told(words: tuple[str, str], lines: int, told: bool, tmp_path: Path) -> None:
    """ImageNet's ground truth: a line for each image of a split without folders of classes, and no names."""
    names = [f"train/{c}/{n}.png" for c in ("cat", "dog") for n in range(3)]
    root = pictures(tmp_path, *names, *(f"val/{n}.png" for n in range(6)))
    (root / "val_truth.txt").write_text("".join(f"{words[n % 2]}\n" for n in range(lines)))
    notes = [note for note in load(root).notes if "val_truth.txt has a line for each" in note]
    assert len(notes) == told
    assert not told or "each of the 6 images in val, and no names" in notes[0]


def test_a_table_with_rows_for_the_folders_is_told(tmp_path: Path) -> None:
    """Folders of patients beside a table of diagnoses. A table that names each class is passed over."""
    people = [f"P{n:03}" for n in range(8)]
    root = pictures(tmp_path, *(f"{name}/{eye}.png" for name in people for eye in "LR"))
    rows = "".join(
        f"{name},{eye},{('normal', 'glaucoma')[n % 2]}\n" for n, name in enumerate(people) for eye in "LR"
    )
    (root / "table.csv").write_text(f"patient,eye,diagnosis\n{rows}")
    asked = "table.csv has rows for the folders, by their names in its column patient"
    assert any(asked in note and "is diagnosis the class?" in note for note in load(root).notes)
    rows = "".join(f"{name},a longer name {name}\n" for name in people)
    (root / "table.csv").write_text(f"folder,label\n{rows}")
    assert not any("has rows for the folders" in note for note in load(root).notes)
