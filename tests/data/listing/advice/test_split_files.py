"""Files that tell which image is in which split, in any form: each is told with a command that works."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.inspect import Inspection, inspect
from encoded import png
from told_command import path_after

CLASSES = ("big cat", "it's")
IMAGES = [f"{name}/{number:02d}.png" for name in CLASSES for number in range(8)]
TEST = IMAGES[::4]
VALIDATION = IMAGES[1::4]
TRAIN = [name for name in IMAGES if name not in (*TEST, *VALIDATION)]
ALL = {"train": TRAIN, "val": VALIDATION, "test": TEST}


def pictures(root: Path, names: Sequence[str] = IMAGES) -> Path:
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(png(np.full((8, 8), 5 * seed, np.uint8)))
    return root


def rows(path: Path, *lines: Sequence[object], delimiter: str = ",") -> None:
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(lines)


def listed(path: Path, names: Sequence[str], behind: str = "") -> None:
    path.write_text("".join(f"{name}{behind}\n" for name in names))


def noted(data: Path) -> str:
    notes = [note for note in inspect(data).notes if "may tell which image is in which" in note]
    assert len(notes) == 1, inspect(data).notes
    return notes[0]


def followed(told: str) -> Inspection:
    """What is read after the command that a note gives, by the path that it gives."""
    return inspect(path_after(told))


def split_of(name: str) -> str:
    return next(split for split, names in ALL.items() if name in names)


def as_map(root: Path) -> None:
    (root / "split.json").write_text(json.dumps({name: split_of(name) for name in IMAGES}))


def as_records(root: Path) -> None:
    found = [{"image": name, "size": 8, "subset": split_of(name)} for name in IMAGES]
    (root / "split_info.json").write_text(json.dumps(found))


def as_lists_of_lists(root: Path) -> None:
    """CoOp's files: path, number and name of the class."""
    found = {split: [[name, 0, "x"] for name in names] for split, names in ALL.items()}
    (root / "split_zhou_Pets.json").write_text(json.dumps(found))


def as_table(root: Path) -> None:
    rows(root / "splits.csv", ("filename", "split"), *((name, split_of(name)) for name in IMAGES))


def as_table_with_semicolons(root: Path) -> None:
    lines = (("x", name, split_of(name)) for name in IMAGES)
    rows(root / "info.csv", ("note", "path", "set"), *lines, delimiter=";")


def as_tables(root: Path) -> None:
    for split, names in ALL.items():
        rows(root / f"{split}.csv", ("path", "label"), *((name, name.split("/")[0]) for name in names))


def as_texts_with_labels(root: Path) -> None:
    for split, names in ALL.items():
        listed(root / f"{split}_list.txt", names, " 0")


FORMS: list[Callable[[Path], None]] = [
    as_map, as_records, as_lists_of_lists, as_table, as_table_with_semicolons, as_tables,
    as_texts_with_labels,
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_files_that_tell_all_splits_beside_folders_of_classes(
    form: Callable[[Path], None], tmp_path: Path
) -> None:
    """Each was passed over in silence, or named without a way on."""
    form(pictures(tmp_path / "a set"))
    found = followed(noted(tmp_path / "a set"))
    assert found.splits == {"train": 8, "validation": 4, "test": 4}
    assert found.classes == CLASSES


def test_lists_of_names_in_json(tmp_path: Path) -> None:
    (pictures(tmp_path) / "splits.json").write_text(json.dumps(ALL))
    assert followed(noted(tmp_path)).per_class == {"train": (4, 4), "validation": (2, 2), "test": (2, 2)}


@pytest.mark.parametrize("behind", ["", " 1", ",cat"])
def test_a_list_of_the_test_split_alone(behind: str, tmp_path: Path) -> None:
    """The others are train; a loose image, which has no class, is in no table."""
    root = pictures(tmp_path / "set", [*IMAGES, "loose.png"])
    listed(root / "test_list.txt", TEST, behind)
    told = noted(root)
    assert "those that are not named become train" in told
    assert followed(told).splits == {"train": 12, "test": 4}


def test_a_list_of_train_alone(tmp_path: Path) -> None:
    listed(pictures(tmp_path) / "train.txt", TRAIN)
    told = noted(tmp_path)
    assert "those that are not named become test" in told
    assert followed(told).splits == {"train": 8, "test": 8}


def test_lists_of_test_and_validation_without_train(tmp_path: Path) -> None:
    root = pictures(tmp_path)
    listed(root / "testing_list.txt", TEST)
    listed(root / "validation_list.txt", VALIDATION)
    assert followed(noted(root)).splits == {"train": 8, "validation": 4, "test": 4}


def test_folds_are_told_with_what_reads_them(tmp_path: Path) -> None:
    """The table that is written is read as train, with the options that make splits of its folds."""
    lines = ((name, number % 4) for number, name in enumerate(IMAGES))
    rows(pictures(tmp_path) / "folds.csv", ("filename", "fold"), *lines)
    with pytest.raises(AssayError, match="--split-names 'train=0"):
        followed(noted(tmp_path))


@pytest.mark.parametrize("name", ["train.txt", "all_splits.json"])
def test_files_that_name_all_images_alike_tell_no_splits(name: str, tmp_path: Path) -> None:
    root = pictures(tmp_path)
    listed(root / name, IMAGES) if name.endswith("txt") else (root / name).write_text(
        json.dumps({"train": IMAGES})
    )
    assert not any("which image" in note for note in inspect(root).notes)


@pytest.mark.parametrize("name", ["test_results.txt", "test_scores.json", "training_log.csv"])
def test_files_that_name_no_images_tell_nothing(name: str, tmp_path: Path) -> None:
    listed(pictures(tmp_path) / name, ["epoch,loss", "1,0.5", "2,0.4", "3,0.3"])
    assert not any("which image" in note for note in inspect(tmp_path).notes)


def test_what_is_not_looked_into_is_named(tmp_path: Path) -> None:
    (pictures(tmp_path) / "splits.yaml").write_text("train: [a]\n")
    assert "splits.yaml may tell which image is in which" in noted(tmp_path)


def test_a_table_of_metadata_gives_the_splits_where_folders_give_the_classes(tmp_path: Path) -> None:
    """It is read: its column of splits counts, and images that it does not name are told."""
    root = pictures(tmp_path)
    rows(root / "metadata.csv", ("file_name", "split"), *((name, split_of(name)) for name in IMAGES[:12]))
    found = inspect(root)
    assert found.per_class == {"train": (4, 6), "validation": (2, 1), "test": (2, 1)}
    assert "the column split of metadata.csv gives the splits" in found.notes
    assert "4 images are not named in metadata.csv: they are train" in found.notes


def test_words_for_splits_of_metadata_are_asked_about(tmp_path: Path) -> None:
    root = pictures(tmp_path)
    rows(root / "metadata.csv", ("file_name", "part"), *((name, n % 2) for n, name in enumerate(IMAGES)))
    found = inspect(root, split_column="part", split_names={"train": "0", "test": "1"})
    assert found.splits == {"train": 8, "test": 8}
    with pytest.raises(AssayError, match="--split-names"):
        inspect(root, split_column="part")


def test_metadata_that_names_no_image_is_told(tmp_path: Path) -> None:
    """Groups of it would be none at all."""
    root = pictures(tmp_path)
    rows(root / "metadata.csv", ("file_name", "patient"), *((f"/d/{n}x.png", n // 2) for n in range(16)))
    assert any("none of its 16 rows name an image" in note for note in inspect(root).notes)
    with pytest.raises(AssayError, match="none of its 16 rows"):
        inspect(root, group_column="patient")


def test_paths_of_metadata_are_found_as_those_of_tables_are(tmp_path: Path) -> None:
    """With backslashes, as Windows writes them."""
    root = pictures(tmp_path)
    lines = ((name.replace("/", "\\"), n // 2) for n, name in enumerate(IMAGES[:14]))
    rows(root / "metadata.csv", ("file_name", "patient"), *lines)
    notes = inspect(root, group_column="patient").notes
    assert any("tells more of 14 images" in note for note in notes)
    assert "2 images are not named in metadata.csv: they have no group" in notes


def in_one_folder(root: Path) -> list[str]:
    names = [f"images/{number:03d}.png" for number in range(16)]
    pictures(root, names)
    return names


@pytest.mark.parametrize("form", ["json", "text", "table", "ids"])
def test_splits_of_a_table_of_labels(form: str, tmp_path: Path) -> None:
    """`labels.csv` beside `splits.json`, `test.txt` or `split.csv`, which name images in their own ways."""
    root = tmp_path / "a set"
    names = in_one_folder(root)
    cells = [Path(name).stem if form == "ids" else name for name in names]
    rows(root / "labels.csv", ("image", "label"), *((cell, "ab"[n % 2]) for n, cell in enumerate(cells)))
    bare = [Path(name).name for name in names]
    if form == "json":
        (root / "splits.json").write_text(json.dumps({"train": bare[4:], "test": bare[:4]}))
    elif form == "text":
        listed(root / "test.txt", bare[:4])
    else:
        lines = ((Path(name).stem, "test" if n < 4 else "train") for n, name in enumerate(names))
        rows(root / "split.csv", ("image_id", "split"), *lines)
    assert followed(noted(root / "labels.csv")).per_class == {"train": (6, 6), "test": (2, 2)}


def test_a_table_of_metadata_and_one_of_labels_are_not_written_over(tmp_path: Path) -> None:
    """Where both names are taken, the command takes a third."""
    root = pictures(tmp_path)
    rows(root / "metadata.csv", ("file_name", "age"), *((name, 3) for name in IMAGES))
    rows(root / "labels.csv", ("file", "note"), *((name, "x") for name in IMAGES))
    (root / "splits.json").write_text(json.dumps(ALL))
    told = noted(root)
    assert "labels-2.csv" in told
    assert followed(told).splits == {"train": 8, "validation": 4, "test": 4}


def test_ids_of_patients_in_metadata_do_not_stop_the_reading(tmp_path: Path) -> None:
    """Each has several images: what it tells is of no single one, and the folders give the classes."""
    root = pictures(tmp_path, [f"{c}/p{n}_{k}.png" for c in "ab" for n in range(4) for k in range(2)])
    rows(root / "metadata.csv", ("id", "age"), *((f"p{n}", 40 + n) for n in range(4)))
    (root / "b").rename(root / "c")
    for number, file in enumerate(sorted((root / "c").iterdir())):
        file.rename(root / "c" / f"q{number}.png")
    found = inspect(root)
    assert found.per_class == {"train": (8, 8)}
    assert any("none of its 4 rows name an image" in note for note in found.notes)


def test_the_first_of_ten_ways_to_divide_the_images(tmp_path: Path) -> None:
    """DTD's `labels/train1.txt` to `test10.txt`: thirty lists were too many to be looked at."""
    root = pictures(tmp_path)
    (root / "labels").mkdir()
    for number in range(1, 11):
        for split, names in ALL.items():
            turned = [IMAGES[(IMAGES.index(name) + number - 1) % len(IMAGES)] for name in names]
            listed(root / f"labels/{split}{number}.txt", turned)
    found = followed(noted(root))
    assert found.splits == {
        split: len(names) for split, names in {**ALL, "validation": ALL["val"]}.items() if split != "val"
    }
    assert found.per_class["test"] == (2, 2)


@pytest.mark.parametrize("kept", [("trainval", "test"), ("train", "val", "trainval", "test")])
def test_train_and_validation_in_one_list_are_train(kept: Sequence[str], tmp_path: Path) -> None:
    """Pascal's and Pets' `trainval.txt`; beside a list of each it says nothing new."""
    root = pictures(tmp_path)
    told = {**ALL, "trainval": [*TRAIN, *VALIDATION]}
    for name in kept:
        listed(root / f"{name}.txt", told[name])
    found = followed(noted(root))
    assert found.splits == (
        {"train": 12, "test": 4} if len(kept) == 2 else {"train": 8, "validation": 4, "test": 4}
    )
