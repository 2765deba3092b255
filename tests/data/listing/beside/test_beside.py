"""What lies beside a table, and lists without a header: the commands that are shown make what is read."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from encoded import png
from told_command import path_after

COUNT = 12


def pictures(root: Path, folder: str = "images", count: int = COUNT) -> Path:
    (root / folder).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (root / folder / f"{folder[:3]}{number}.png").write_bytes(png(np.full((8, 8), 9 * number, np.uint8)))
    return root


def labelled(path: Path, rows: range, header: str = "image,label", name: str = "ima{}.png") -> Path:
    path.write_text("\n".join([header, *(f"{name.format(n)},{'ab'[n % 2]}" for n in rows)]) + "\n")
    return path


def typed(command: str, folder: Path) -> None:
    """What a user would type."""
    subprocess.run(["sh", "-c", command], cwd=folder, check=True)


@pytest.mark.parametrize("name", ["my", "a=b", "-f x"])
@pytest.mark.parametrize("line", ["\n", "\r\n"])
@pytest.mark.parametrize("given", ["train", "test"])
def test_the_table_of_the_test_split_is_told_with_the_command_that_joins_both(
    given: str, line: str, name: str, tmp_path: Path
) -> None:
    """Read alone, either says nothing of the other. From that of test the command made all images train."""
    train = labelled(pictures(tmp_path) / f"{name} train.csv", range(8))
    tables = {"train": train, "test": labelled(tmp_path / f"{name} test.csv", range(8, 12))}
    for table in tables.values():
        table.write_bytes(table.read_bytes().replace(b"\n", line.encode()))
    (tmp_path / "all.csv").write_text("kept")
    told = "\n".join(inspect(tables.pop(given)).notes)
    (other,) = tables.values()
    assert f"{other.name} beside it has the same columns and was not read: all images here are train" in told
    assert inspect(path_after(told[told.index("to read all: ") :])).splits == {"train": 8, "test": 4}
    assert (tmp_path / "all.csv").read_text() == "kept"


def test_tables_of_three_splits_are_joined(tmp_path: Path) -> None:
    """Of the tables of test and validation the first alone was, and the other was left out."""
    train = labelled(pictures(tmp_path) / "train.tsv", range(6))
    tables = [
        train,
        labelled(tmp_path / "val.tsv", range(6, 8)),
        labelled(tmp_path / "test.tsv", range(8, 12)),
    ]
    for table in tables:
        table.write_text(table.read_text().replace(",", "\t"))
    (told,) = (note for note in inspect(train).notes if "same columns and were not read" in note)
    assert inspect(path_after(told)).splits == {"train": 6, "validation": 2, "test": 4}


@pytest.mark.parametrize(
    ("name", "header"),
    [("test.csv", "image"), ("sample_submission.csv", "image,label"), ("other test.csv", "image,label")],
)
def test_other_tables_beside_a_table_are_passed_over(name: str, header: str, tmp_path: Path) -> None:
    """Without labels, or of something else."""
    train = labelled(pictures(tmp_path) / "train.csv", range(8))
    (tmp_path / name).write_text(f"{header}\n{'ima8.png' if header == 'image' else 'ima8.png,a'}\n")
    assert "was not read" not in "\n".join(inspect(train).notes)


def test_lists_of_splits_beside_a_table_are_told(tmp_path: Path) -> None:
    """As ChestX-ray14 has them; not where the table has splits of its own."""
    path = labelled(pictures(tmp_path) / "Data_Entry.csv", range(12))
    for name in ("train_val_list.txt", "test_list.txt"):
        (tmp_path / name).write_text("ima0.png\n")
    told = "no split was read; test_list.txt, train_val_list.txt may tell which image is in which"
    assert told in "\n".join(inspect(path).notes)
    rows = [f"ima{n}.png,{'ab'[n % 2]},{'train' if n < 6 else 'test'}" for n in range(COUNT)]
    path.write_text("\n".join(["image,label,split", *rows]))
    assert "no split was read" not in "\n".join(inspect(path).notes)


@pytest.mark.parametrize(
    ("line", "header"),
    [
        ("TRAIN,gs://bucket/images/ima{}.png,{}", "split,file_name,label"),
        ("images/ima{}.png,{}", "file_name,label"),
        ("images/ima{}.png,{},x", "file_name,label,column3"),
    ],
)
def test_a_table_without_a_header_is_told_with_the_command_that_adds_one(
    line: str, header: str, tmp_path: Path
) -> None:
    """As Vertex AI and others write them."""
    path = pictures(tmp_path) / "all data.csv"
    path.write_text("".join(line.format(n, "ab"[n % 2]) + "\n" for n in range(COUNT)))
    with pytest.raises(AssayError, match="and no columns") as caught:
        inspect(path)
    command = caught.value.fix.partition("before it: ")[2].removesuffix(".")
    assert command.startswith(f"(echo {header}; cat 'all data.csv')")
    typed(caught.value.fix.partition("before it: ")[2], tmp_path)
    assert inspect(tmp_path / "named-all data.csv").classes == ("a", "b")


@pytest.mark.parametrize("place", ["", "meta/"])
def test_lists_of_paths_and_labels_are_told_with_the_command_that_makes_a_table(
    place: str, tmp_path: Path
) -> None:
    """As Caffe and mmpretrain read them: paths below the folder of the split, or the root."""
    (tmp_path / "meta").mkdir()
    for split in ("train", "val"):
        pictures(tmp_path, split)
        names = [f"{'' if place else f'{split}/'}{split[:3]}{n}.png {n % 3}" for n in range(COUNT)]
        (tmp_path / f"{place}{split}.txt").write_text("\n".join(names) + "\n")
    with pytest.raises(AssayError, match=r"may tell the class of each image") as caught:
        inspect(tmp_path)
    command = re.search(r"\(echo split.*list\.tsv", caught.value.what)
    assert command is not None
    typed(command[0], tmp_path)
    found = inspect(tmp_path / "list.tsv")
    assert (found.splits, found.classes) == ({"train": COUNT, "validation": COUNT}, ("0", "1", "2"))


@pytest.mark.parametrize("name", ["labels.json", "annotations.xml", "ann/0.json"])
def test_what_may_tell_the_classes_of_one_folder_is_named(name: str, tmp_path: Path) -> None:
    """As FiftyOne, CVAT and Labelbox write it; beside several folders of classes it matters to nobody."""
    path = pictures(tmp_path, "data") / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("{}")
    told = f"{name} is a{'n XML' if name.endswith('xml') else ' JSON'} file, which is not read"
    assert told in "\n".join(inspect(tmp_path).notes)
    pictures(tmp_path, "more")
    assert "which is not read" not in "\n".join(inspect(tmp_path).notes)


@pytest.mark.parametrize(
    ("name", "changed", "told"),
    [
        ("labels_b.csv", 2, "labels_b.csv beside it gives 2 images another class, images/ima0.png the first"),
        ("labels_b.csv", 0, ""),
        ("sample_submission.csv", 2, ""),
        ("test.csv", 2, ""),
        ("predictions.csv", 2, ""),
    ],
    ids=["another rater", "the same", "a submission", "another split", "answers"],
)
def test_a_table_that_gives_other_labels_is_told(name: str, changed: int, told: str, tmp_path: Path) -> None:
    """Two raters, or what somebody corrected: one of both was read, and nothing said of the other."""
    table = labelled(pictures(tmp_path) / "labels.csv", range(COUNT), name="images/ima{}.png")
    rows = table.read_text().splitlines()
    other = [row.replace(",a", ",b") if number <= 2 * changed else row for number, row in enumerate(rows)]
    (tmp_path / name).write_text("\n".join(other) + "\n")
    notes = " ".join(inspect(table).notes)
    assert told in notes and ("another class" in notes) == bool(told)


def test_a_table_of_the_test_split_with_its_columns_in_another_order(tmp_path: Path) -> None:
    """The order of columns was taken for another kind of table, and nothing was said."""
    train = labelled(pictures(tmp_path) / "train.csv", range(8))
    (tmp_path / "test.csv").write_text("label,image\n" + "".join(f"a,ima{n}.png\n" for n in range(8, 12)))
    (told,) = [note for note in inspect(train).notes if "to read all: " in note]
    assert inspect(path_after(told)).splits == {"train": 8, "test": 4}


@pytest.mark.parametrize("name", ["images/ima{}.png", "ima{}.png", "ima{}"])
def test_tables_of_other_images_with_the_same_columns_come_with_a_command(name: str, tmp_path: Path) -> None:
    """One for each site: of the one that was given nothing was said but that other images lie beside."""
    pictures(tmp_path)
    for place, some in (("site A", range(4)), ("site B", range(4, 8)), ("site C", range(8, COUNT))):
        labelled(tmp_path / f"{place}.csv", some, name=name)
    notes = "\n".join(inspect(tmp_path / "site B.csv").notes)
    assert "site A.csv, site C.csv beside it have the same columns, of other images" in notes
    assert inspect(path_after(notes)).per_class["train"] == (COUNT // 2, COUNT // 2)


@pytest.mark.parametrize(
    ("other", "rows", "header"),
    [
        ("other.csv", range(3, 9), "image,label"),  # some are the same
        ("other.csv", range(6, 9), "image,label,who"),
        ("predictions.csv", range(6, 9), "image,label"),
        ("test.csv", range(6, 9), "image,label"),  # a split, which is told otherwise
    ],
)
def test_other_tables_are_no_parts_of_one(other: str, rows: range, header: str, tmp_path: Path) -> None:
    pictures(tmp_path)
    labelled(tmp_path / "my.csv", range(6), name="ima{}")
    lines = [",".join([f"ima{n}", "b", *header.split(",")[2:]]) for n in rows]
    (tmp_path / other).write_text("\n".join([header, *lines]) + "\n")
    assert "of other images" not in "\n".join(inspect(tmp_path / "my.csv").notes)
