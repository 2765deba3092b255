"""One folder of images beside tables: the labels may be there, whatever both are called."""

import json
from pathlib import Path

import pytest

from assay.core.errors import AssayError
from assay.workflow.load import load
from encoded import pictures
from told_command import words_after

pytestmark = pytest.mark.usefixtures("own_cache")


def refused(root: Path) -> AssayError:
    with pytest.raises(AssayError) as caught:
        load(root)
    assert caught.value.code == "ambiguous-layout"
    return caught.value


@pytest.mark.parametrize("cell", ["Bilder\\{}.png", "Bilder/{}.png", "{}.png"])
def test_a_table_that_names_the_images_stops_whatever_it_is_called(cell: str, tmp_path: Path) -> None:
    """As Excel writes it in other languages. Its clean twin names other images: the folder is read."""
    root = pictures(tmp_path, *(f"Bilder/{n}.png" for n in range(9)))
    rows = "".join(f"{cell.format(n)};{'Öl Äpfel'.split()[n % 2]}\n" for n in range(9))
    (root / "liste.csv").write_text(f"Datei;Klasse\n{rows}", encoding="utf-8-sig")
    error = refused(root)
    assert "liste.csv, without a usual name for a column of labels (it has Datei, Klasse)" in error.what
    assert f"Give the table, {root / 'liste.csv'}, with --label-column" in error.fix
    other = rows.replace("0", "x").replace(".png", "y.png")
    (root / "liste.csv").write_text(f"Datei;Klasse\n{other}", encoding="utf-8-sig")
    assert load(root).classes == ("Bilder",)


def test_tables_in_folders_of_splits_below_are_told(tmp_path: Path) -> None:
    """As of a repository of the Hub: the folder `data` has the tables, and reads them."""
    root = tmp_path / "repository"
    for split, count in (("train", 8), ("test", 4)):
        pictures(root, *(f"data/{split}/images/{n}.png" for n in range(count)))
        lines = [json.dumps({"file_name": f"images/{n}.png", "label": "ab"[n % 2]}) for n in range(count)]
        (root / "data" / split / "metadata.jsonl").write_text("\n".join(lines))
    (root / "README.md").write_text("x")
    assert f"Give the folder that it belongs to, {root / 'data'}, or" in refused(root).fix
    found = load(root / "data")
    assert (found.classes, {name: len(split) for name, split in found.splits.items()}) == (
        ("a", "b"),
        {"train": 8, "test": 4},
    )


def test_why_a_table_was_not_read_is_told(tmp_path: Path) -> None:
    """A table of another encoding beside one folder: its name alone said nothing."""
    root = pictures(tmp_path, *(f"img/{n}.png" for n in range(6)))
    lines = ["path,label", *(f"img/{n}.png,{('café', 'tea')[n % 2]}" for n in range(6))]
    (root / "labels.csv").write_bytes("\n".join(lines).encode("latin-1"))
    (note,) = [note for note in load(root).notes if "labels.csv" in note]
    assert "labels.csv (it is not UTF-8: line 2 reads" in note


def test_tables_between_splits_and_classes_are_named(tmp_path: Path) -> None:
    """A table in the folder of a split contradicts the folders there as one at the top does."""
    names = [f"train/site{n % 3}/{n:02}x.png" for n in range(12)]
    root = pictures(tmp_path, *names, *(f"test/site{n % 3}/{n}t.png" for n in range(6)))
    rows = "".join(f"{n:02}x.png,{'ab'[n // 6]}\n" for n in range(12))
    (root / "train/labels.csv").write_text(f"file,label\n{rows}")
    assert "train/labels.csv gives 12 of the images other classes (a, b ...)" in refused(root).what
    same = "".join(f"{n:02}x.png,site{n % 3}\n" for n in range(12))
    (root / "train/labels.csv").write_text(f"file,label\n{same}")
    assert load(root).classes == ("site0", "site1", "site2")


@pytest.mark.parametrize("place", ["meta", "data/annotations"])
def test_a_table_in_a_folder_beside_those_of_the_images(place: str, tmp_path: Path) -> None:
    """`siteA`, `siteB`, `meta/labels.csv`: sites were the classes, and the table was not looked at."""
    above = place.rpartition("/")[0]
    root = pictures(tmp_path, *(f"{above}/site{'AB'[n % 2]}/{n}.png".lstrip("/") for n in range(12)))
    (root / place).mkdir(parents=True)
    table = root / place / "labels.csv"
    table.write_text("filename,label\n" + "".join(f"{n}.png,{'xyz'[n // 2 % 3]}\n" for n in range(12)))
    error = refused(root)
    assert f"Give the table, {table}" in error.fix
    assert load(table, root=root).classes == ("x", "y", "z")
    table.write_text("filename,label\n" + "".join(f"{n}.png,site{'AB'[n % 2]}\n" for n in range(12)))
    assert load(root).classes == ("siteA", "siteB")


@pytest.mark.parametrize("ending", ["", ".png"])
def test_a_table_in_each_folder_of_images(ending: str, tmp_path: Path) -> None:
    """`siteA/labels.csv`, `siteB/labels.csv`: sites were the classes, and nothing was said of the tables."""
    root = pictures(tmp_path / "it's", *(f"site{s}/{n}.png" for s in "ABC" for n in range(9)))
    for site in "ABC":
        rows = "".join(f"{n}{ending};{'xyz'[n % 3]}\n" for n in range(9))
        (root / f"site{site}" / "labels.csv").write_text(f"filename;label\n{rows}")
    error = refused(root)
    assert (
        "siteA/labels.csv, siteB/labels.csv and more give the images beside them other classes" in error.what
    )
    path, option, column = words_after(error.fix)
    data = load(path, group_column=column)
    assert (option, data.classes, len(data.train)) == ("--group-column", ("x", "y", "z"), 27)
    assert len(set(data.train.columns["group"])) == 3
    (root / "metadata.csv").unlink()
    assert len(load(root, layout="classes").classes) == 3
    for site in "ABC":
        rows = "".join(f"{n}{ending};site{site}\n" for n in range(9))
        (root / f"site{site}" / "labels.csv").write_text(f"filename;label\n{rows}")
    found = load(root)
    assert len(found.classes) == 3
    assert any("were not read: siteA/labels.csv, siteB/labels.csv" in note for note in found.notes)
