"""A table beside folders of classes that says which images belong together: told, with what reads it."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from assay.data.inspect import inspect
from assay.workflow.load import load
from encoded import png
from told_command import words_after

pytestmark = pytest.mark.usefixtures("own_cache")

NAMES = [f"{label}/img {label}{number}.png" for label in ("c0", "c1") for number in range(8)]
DRIVERS = [f"p{number // 4}" for number in range(8)] * 2


def folder(root: Path, names: Sequence[str] = NAMES) -> Path:
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(np.full((6, 6), 7 * number, np.uint8)))
    return root


def table(path: Path, *columns: Sequence[object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",").writerows(
            zip(*columns, strict=True)
        )
    return path


def notes(root: Path) -> list[str]:
    return [note for note in inspect(root).notes if "may name groups" in note]


def read_again(told: str) -> list[str]:
    """The groups of the images, after the command of a note, with the options that it gives."""
    path, *options = words_after(told)
    given = dict(zip(options[::2], options[1::2], strict=True))
    more = {name.removeprefix("--").replace("-", "_"): value for name, value in given.items()}
    return list(load(path, **more).splits["train"].columns["group"])


@pytest.mark.parametrize(
    ("name", "above"),
    [
        ("driver list.csv", ""),
        ("drivers.csv", "imgs/train/"),
        ("imgs/drivers.tsv", "imgs/train/"),
        ("it's.jsonl", ""),
    ],
)
def test_drivers_of_images_are_told_with_what_reads_them(name: str, above: str, tmp_path: Path) -> None:
    """State Farm: each driver's pictures are a film, and a test split was drawn across them, in silence."""
    root = folder(tmp_path / "the set", [above + each for each in NAMES])
    images = [each.rpartition("/")[2] for each in NAMES]
    if name.endswith("jsonl"):
        lines = [json.dumps({"subject": d, "img": i}) for d, i in zip(DRIVERS, images, strict=True)]
        (root / name).write_text("\n".join(lines))
    else:
        classes = [each.partition("/")[0] for each in NAMES]
        table(root / name, ("subject", *DRIVERS), ("classname", *classes), ("img", *images))
    (told,) = notes(root)
    assert "which was not read, may name groups: 16 images are of 2 groups with several" in told
    assert sorted(read_again(told)) == sorted(DRIVERS)
    assert [note.partition(":")[0] for note in notes(root)] == [
        "the column subject may name groups"
    ]  # read now


def test_groups_on_both_sides_of_given_splits_are_counted(tmp_path: Path) -> None:
    """Paths tell images of one name apart."""
    names = [f"{split}/{name}" for split in ("train", "test") for name in NAMES]
    root = folder(tmp_path, names)
    patients = [*DRIVERS, *("p0" if d == "p0" else "p9" for d in DRIVERS)]
    table(root / "patients.csv", ("path", *names), ("patient_id", *patients))
    (told,) = notes(root)
    assert "patient_id of patients.csv, which was not read, may name groups: 8 images of test" in told
    path, *options = words_after(told)
    assert options == ["--group-column", "patient_id"]
    found = load(path, group_column="patient_id")
    assert found.splits["test"].columns["group"] == tuple(patients[16:])


@pytest.mark.parametrize(
    "columns",
    [
        [("img", *NAMES), ("age", *range(16))],
        [("img", *NAMES), ("subject", *(f"p{n}" for n in range(16)))],
        [("img", *NAMES), ("subject", *(name[:2] for name in NAMES))],
        [("img", *(f"other{n}.png" for n in range(16))), ("subject", *DRIVERS)],
        [("subject", *DRIVERS), ("rating", *range(16))],
        [("img", *NAMES, *NAMES), ("session", *DRIVERS, *DRIVERS)],
    ],
    ids=["no groups", "one image each", "a group a class", "other images", "no images", "rows of answers"],
)
def test_tables_that_tell_no_groups_are_passed_over(columns: list[Sequence[object]], tmp_path: Path) -> None:
    table(folder(tmp_path) / "list.csv", *columns)
    assert notes(tmp_path) == []


def test_a_table_that_is_read_already_is_left_alone(tmp_path: Path) -> None:
    """The note has no command then, which would have another table read in its place."""
    root = folder(tmp_path)
    table(root / "metadata.csv", ("file_name", *NAMES), ("age", *range(16)))
    table(root / "drivers.csv", ("img", *NAMES), ("subject", *DRIVERS))
    assert not any("cp -n" in note for note in inspect(root).notes)


LABELS = [name[:2] for name in NAMES]


@pytest.mark.parametrize("ending", [".png", ".PNG", ""])
@pytest.mark.parametrize("name", ["the labels.csv", "labels.tsv"])
def test_groups_in_a_table_beside_the_one_that_is_read(name: str, ending: str, tmp_path: Path) -> None:
    """ISIC 2019: lesions stand in the metadata, labels in another table; a split was drawn across them."""
    root = folder(tmp_path / "it's a set")
    given = table(root / name, ("file_name", *NAMES), ("label", *LABELS))
    images = [each.rpartition("/")[2].removesuffix(".png") + ending for each in NAMES]
    table(root / "meta data.csv", ("image", *reversed(images)), ("lesion_id", *reversed(DRIVERS)))
    (told,) = notes(given)
    assert (
        "lesion_id of meta data.csv, which was not read, may name groups: 16 images are of 2 groups" in told
    )
    assert read_again(told) == DRIVERS
    assert notes(root / f"{given.stem}-groups.csv")[0].startswith("the column lesion_id may name groups: ")
    assert f"{given.stem}-groups2.csv" in notes(given)[0]  # never over a file


def test_groups_beside_a_table_in_the_folder_that_is_given(tmp_path: Path) -> None:
    root = folder(tmp_path)
    splits = ["train"] * 8 + ["test"] * 8
    table(
        root / "metadata.csv",
        ("file_name", *NAMES),
        ("label", *("c0", "c1") * 8),
        ("split", *splits),
    )
    table(root / "patients.csv", ("image", *NAMES), ("patient", *DRIVERS))
    (told,) = notes(root)
    assert "patient of patients.csv, which was not read, may name groups: 8 images of test" in told
    path, *options = words_after(told)
    assert options == ["--group-column", "patient"]
    assert load(path, group_column="patient").splits["test"].columns["group"] == tuple(DRIVERS[8:])


@pytest.mark.parametrize("more", [{"group_column": "age"}, {"group_pattern": "^(..)"}])
def test_groups_that_the_user_names_are_enough(more: dict[str, str], tmp_path: Path) -> None:
    given = table(folder(tmp_path) / "a.csv", ("file_name", *NAMES), ("label", *LABELS), ("age", *range(16)))
    table(tmp_path / "b.csv", ("image", *NAMES), ("patient", *DRIVERS))
    assert [note for note in load(given, **more).notes if "may name groups" in note] == []


@pytest.mark.parametrize(
    "columns",
    [
        [("image", *NAMES), ("patient", *(f"p{n}" for n in range(16)))],
        [("image", *(f"other{n}.png" for n in range(16))), ("patient", *DRIVERS)],
        [("image", *NAMES), ("age", *range(16))],
    ],
    ids=["one image each", "other images", "no groups"],
)
def test_tables_beside_a_table_that_tell_no_groups(columns: list[Sequence[object]], tmp_path: Path) -> None:
    given = table(folder(tmp_path) / "labels.csv", ("file_name", *NAMES), ("label", *LABELS))
    table(tmp_path / "more.csv", *columns)
    assert notes(given) == []


def test_groups_in_lines_of_json_are_told_without_a_command(tmp_path: Path) -> None:
    given = table(folder(tmp_path) / "labels.csv", ("file_name", *NAMES), ("label", *LABELS))
    lines = [json.dumps({"image": name, "patient": of}) for name, of in zip(NAMES, DRIVERS, strict=True)]
    (tmp_path / "more.jsonl").write_text("\n".join(lines))
    (told,) = notes(given)
    assert told.endswith("may name groups: 16 images are of 2 groups with several")
