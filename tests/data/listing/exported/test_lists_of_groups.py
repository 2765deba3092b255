"""Files that tell the splits of whole groups, of clips and patients: told with a command that works."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from assay.data.inspect import inspect
from assay.workflow.load import load
from encoded import png
from told_command import words_after

PATIENTS = [f"P{number}" for number in range(12)]
CLASS_OF = {patient: ("benign", "malignant")[number % 2] for number, patient in enumerate(PATIENTS)}
TEST = PATIENTS[::4]
TRAIN = [patient for patient in PATIENTS if patient not in TEST]


def pictures(root: Path, name: str) -> Path:
    """Three pictures of each patient in folders of classes. name: of one, by patient and number."""
    for seed, patient in enumerate(PATIENTS):
        for number in range(3):
            path = root / CLASS_OF[patient] / name.format(patient, number)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(np.full((8, 8), 7 * seed + number, np.uint8)))
    return root


def rows(path: Path, *lines: Sequence[object]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(lines)


def as_lists(root: Path) -> None:
    (root / "train_patients.txt").write_text("".join(f"{one}\n" for one in TRAIN))
    (root / "test_patients.txt").write_text("".join(f"{one}/\n" for one in TEST))


def as_one_list(root: Path) -> None:
    (root / "testlist01.txt").write_text("".join(f"{one}.avi 2\n" for one in TEST))


def as_json(root: Path) -> None:
    (root / "splits.json").write_text(json.dumps({"train": TRAIN, "test": TEST}))


def as_table(root: Path) -> None:
    told = ((40 + n, one, "test" if one in TEST else "train") for n, one in enumerate(PATIENTS))
    rows(root / "patients.csv", ("age", "patient", "split"), *told)


def as_tables(root: Path) -> None:
    for split, own in (("train", TRAIN), ("test", TEST)):
        rows(root / f"{split}.csv", ("subject", "age"), *((one, 50) for one in own))


FORMS: list[Callable[[Path], None]] = [as_lists, as_one_list, as_json, as_table, as_tables]


def noted(data: Path) -> str:
    (note,) = (note for note in inspect(data).notes if note.startswith("no split was read"))
    return note


@pytest.mark.parametrize("name", ["{0}/{1}.png", "scan/{0}/left/{1}.png", "{0}_{1}.png", "{0}-a_{1}.png"])
@pytest.mark.parametrize("form", FORMS)
def test_splits_of_groups_beside_folders_of_classes(
    form: Callable[[Path], None], name: str, tmp_path: Path
) -> None:
    """They were passed over in silence: a test split was drawn from all."""
    form(pictures(tmp_path / "a set", name))
    path, option, column = words_after(noted(tmp_path / "a set"))
    assert option == "--group-column"
    data = load(path, group_column=column)
    assert {split: len(own) for split, own in data.splits.items()} == {"train": 27, "test": 9}
    assert set(data.splits["test"].columns["group"]) == set(TEST)
    assert not any("lie in both" in note for note in data.notes)
    for own in data.splits.values():
        for one, label in zip(own.ids, own.labels, strict=True):
            assert one.split("/")[-len(name.split("/")) - 1] == data.classes[label]


def test_clips_by_their_class_and_numbers_behind(tmp_path: Path) -> None:
    """UCF101: `trainlist01.txt` has class numbers behind, `testlist01.txt` none; frames lie below clips."""
    root = pictures(tmp_path / "frames", "v_{0}/{1:04}.png").parent
    for split, own, behind in (("train", TRAIN, " 1"), ("test", TEST, "")):
        for number in (1, 2):
            lines = (f"{CLASS_OF[one]}/v_{one}.avi{behind}\n" for one in own)
            (root / f"{split}list0{number}.txt").write_text("".join(lines))
    path, _, column = words_after(noted(root))
    data = load(path, group_column=column)
    assert {split: len(own) for split, own in data.splits.items()} == {"train": 27, "test": 9}


@pytest.mark.parametrize("form", FORMS)
def test_splits_of_groups_beside_a_table_of_labels(form: Callable[[Path], None], tmp_path: Path) -> None:
    """A column of the table names the groups."""
    root = pictures(tmp_path / "a set", "{0}_{1}.png")
    names = [path.relative_to(root).as_posix() for path in sorted(root.rglob("*.png"))]
    own = [name.split("/")[1].split("_")[0] for name in names]
    lines = ((name, CLASS_OF[patient], patient) for name, patient in zip(names, own, strict=True))
    rows(root / "labels.csv", ("file", "label", "who"), *lines)
    form(root)
    path, option, column = words_after(noted(root / "labels.csv"))
    assert (option, column) == ("--group-column", "who")
    data = load(path, group_column=column)
    assert {split: len(found) for split, found in data.splits.items()} == {"train": 27, "test": 9}
    assert set(data.splits["test"].columns["group"]) == set(TEST)


@pytest.mark.parametrize("listed", [["benign"], ["P77", "P78", "P79"], ["P0", "P1"], PATIENTS])
def test_lists_that_part_no_groups_say_nothing_of_them(listed: list[str], tmp_path: Path) -> None:
    """Of classes, of strangers, of too few, and of all: none is a split of groups."""
    root = pictures(tmp_path, "{0}/{1}.png")
    (root / "test_list.txt").write_text("".join(f"{one}\n" for one in listed))
    assert not any("whole groups" in note for note in inspect(root).notes)


@pytest.mark.parametrize(("first", "second"), [("trainset", "testset"), ("traindata", "testdata")])
def test_splits_written_together_with_what_they_are_of(first: str, second: str, tmp_path: Path) -> None:
    for name in (first, second):
        pictures(tmp_path / name, "{0}/{1}.png")
    assert inspect(tmp_path).splits == {"train": 36, "test": 36}
