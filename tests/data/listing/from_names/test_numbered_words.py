"""Folders below those of patients that are called after a number and a class."""

from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.workflow.load import load
from encoded import png
from told_command import words_after


def pictures(root: Path, names: list[str]) -> Path:
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(png(np.full((8, 8), seed % 256, np.uint8)))
    return root


def studies(parts: tuple[str, ...], patients: range, form: str = "study{0}_{1}") -> list[str]:
    """Two studies of each patient and part; those of even sum are positive."""
    words = ("positive", "negative")
    return [
        f"{part}/patient{patient:05}/{form.format(study, words[(patient + study) % 2])}/{n}.png"
        for part in parts
        for patient in patients
        for study in (1, 2)
        for n in (1, 2)
    ]


def told(data: Path) -> str:
    with pytest.raises(AssayError, match="may tell the classes by the words negative, positive") as refused:
        load(data)
    assert refused.value.code == "ambiguous-layout"
    return refused.value.what


def test_studies_of_patients_in_splits_and_parts_of_the_body(tmp_path: Path) -> None:
    """MURA: the parts of the body were the classes, with a note, and the labels of the studies were lost."""
    names = [f"train/{one}" for one in studies(("XR_ELBOW", "XR_HAND"), range(8))]
    names += [f"valid/{one}" for one in studies(("XR_ELBOW", "XR_HAND"), range(8, 11))]
    path, _, column = words_after(told(pictures(tmp_path / "a set", names)))
    data = load(path, group_column=column)
    assert data.classes == ("negative", "positive")
    assert {name: split.counts(2).tolist() for name, split in data.splits.items()} == {
        "train": [32, 32],
        "validation": [12, 12],
    }
    for split in data.splits.values():
        for one, label, group in zip(split.ids, split.labels, split.columns["group"], strict=True):
            assert data.classes[label] in one
            assert group == one.split("/")[2]


@pytest.mark.parametrize("form", ["study{0}_{1}", "{1}-{0}", "{1}"])
@pytest.mark.parametrize("parts", [("XR_ELBOW", "XR_HAND"), ()])
def test_below_parts_and_patients_alone(form: str, parts: tuple[str, ...], tmp_path: Path) -> None:
    """Given one level further down: the readings that are offered are joined by the right one."""
    names = studies(parts or ("one",), range(8), form)
    names = names if parts else [name.removeprefix("one/") for name in names]
    path, _, column = words_after(told(pictures(tmp_path, names)))
    data = load(path, group_column=column)
    assert (data.classes, len(set(data.train.columns["group"]))) == (("negative", "positive"), 8)
    assert all(data.classes[n] in one for one, n in zip(data.train.ids, data.train.labels, strict=True))


def test_words_that_may_be_views_are_a_note(tmp_path: Path) -> None:
    names = [
        f"{a}/bird{a[0]}{b}/shot{b}_{c}/1.png"
        for a in ("owl", "tit")
        for b in range(6)
        for c in ("left", "top")
    ]
    found = inspect(pictures(tmp_path, names))
    (note,) = (note for note in found.notes if "by the words left, top" in note)
    assert found.classes == ("owl", "tit")
    path, _, column = words_after(note)
    assert load(path, group_column=column).classes == ("left", "top")


@pytest.mark.parametrize(
    "names",
    [
        [f"{a}/{a}{b}_x/{n}.png" for a in ("positive", "negative") for b in range(4) for n in (1, 2)],
        [
            f"{a}/patient{a[0]}{b}/study{b}_{a}/{n}.png"
            for a in ("benign", "malignant")
            for b in range(4)
            for n in (1, 2)
        ],
        [f"{s}/phone_{b}/{n}.png" for s in ("train", "val", "test") for b in range(4) for n in (1, 2)],
        [f"{a}/clip{a[0]}{b}/{n}.png" for a in ("run", "walk") for b in range(4) for n in (1, 2)],
    ],
)
def test_what_goes_by_the_classes_already_is_read(names: list[str], tmp_path: Path) -> None:
    assert not any("by the words" in note for note in inspect(pictures(tmp_path, names)).notes)


def test_words_that_say_the_split_are_no_classes(tmp_path: Path) -> None:
    """Patients called `testp1` in the folder of test."""
    names = [
        f"{split}/{kind}/{split}p{patient}/{n}.png"
        for split in ("train", "test")
        for kind in ("neg", "pos")
        for patient in range(4)
        for n in range(2)
    ]
    found = inspect(pictures(tmp_path, names))
    assert found.classes == ("neg", "pos")
    assert not [note for note in found.notes if "may tell the classes by the words" in note]
