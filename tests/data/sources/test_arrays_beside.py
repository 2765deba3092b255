"""Arrays that tell the split or the group of each image, or are a class each: what to type to use them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.workflow.load import load
from told_command import path_after

COUNT = 30
PIXELS = np.arange(COUNT * 64, dtype=np.uint8).reshape(COUNT, 8, 8)
LABELS = np.arange(COUNT) % 3
TEST = np.arange(COUNT) >= 20


def saved(folder: Path, **arrays: Any) -> Path:
    folder.mkdir(exist_ok=True)
    np.savez(folder / "a set.npz", images=PIXELS, labels=LABELS, **arrays)
    return folder / "a set.npz"


def notes(path: Path) -> str:
    return "\n".join(inspect(path).notes)


SPLITS: dict[str, dict[str, Any]] = {
    "words": {"split": np.where(TEST, "test", "train")},
    "another name": {"partition": np.where(TEST, "Testing", "Training")},
    "numbers of rows": {"train_idx": np.flatnonzero(~TEST), "test_idx": np.flatnonzero(TEST)},
    "truth values": {"train_mask": ~TEST, "test_mask": TEST},
}


@pytest.mark.parametrize("case", SPLITS)
def test_arrays_of_splits_come_with_the_command_that_uses_them(case: str, tmp_path: Path) -> None:
    """ "arrays that were not read: split" had no way on, and all images were train."""
    path = saved(tmp_path / "in here", **SPLITS[case], class_names=np.array(["cat", "dog", "owl"]))
    data = load(path_after(notes(path)))
    assert data.classes == ("cat", "dog", "owl")
    assert np.array_equal(data.train.labels, LABELS[~TEST])
    assert np.array_equal(data.splits["test"].labels, LABELS[TEST])
    assert np.array_equal(data.splits["test"].images[..., 0], PIXELS[TEST])


def test_files_of_splits_in_a_folder(tmp_path: Path) -> None:
    odd = np.array([{"by": "me"}], dtype=object)  # which cannot be read, and is in nobody's way
    for name, values in {"images": PIXELS, "labels": LABELS, "about": odd, **SPLITS["words"]}.items():
        np.save(tmp_path / f"{name}.npy", values)
    made = Path(path_after(notes(tmp_path)))
    assert [len(load(made).train.labels), len(load(made).splits["test"].labels)] == [20, 10]


@pytest.mark.parametrize(
    "arrays",
    [
        {"split": np.arange(COUNT) % 5},  # folds are no words
        {"where": np.array(["home", "away"] * (COUNT // 2))},
        {"test_time": np.full(COUNT, 3)},
        {"split": np.array(["train"] * COUNT)},
        {"train_idx": np.array([0, COUNT])},  # no such row
    ],
)
def test_other_arrays_tell_no_splits(arrays: dict[str, Any], tmp_path: Path) -> None:
    assert "may tell it" not in notes(saved(tmp_path, **arrays))


def test_an_array_of_groups_comes_with_the_command_that_keeps_them_together(
    tmp_path: Path, monkeypatch
) -> None:
    """A test split was drawn across patients, and the array only named as not read."""
    patients = np.arange(COUNT) // 5
    told = notes(saved(tmp_path, patient_id=patients))
    assert "patient_id may name groups: 30 images are of 6 groups with several" in told
    code = told.partition("python3 -c '")[2].partition("')")[0]
    monkeypatch.chdir(tmp_path)
    exec(code.replace("assay.run(", "found=assay.load("), space := {})  # type: ignore[arg-type]
    groups = dict(zip(space["found"].train.ids, space["found"].train.columns["group"], strict=True))
    assert sorted(map(int, groups.values())) == sorted(patients.tolist())


def test_groups_of_one_image_each_are_none(tmp_path: Path) -> None:
    assert "groups" not in notes(saved(tmp_path, patient_id=np.arange(COUNT)))


def test_an_array_for_each_class_in_one_file_comes_with_a_command(tmp_path: Path) -> None:
    """The line was that for files in a folder: it found none."""
    np.savez(tmp_path / "set.npz", **{"cat": PIXELS[:12], "the owl": PIXELS[12:]})
    with pytest.raises(AssayError, match="If each is a class") as caught:
        inspect(tmp_path / "set.npz")
    found = inspect(path_after(str(caught.value)))
    assert (found.classes, found.per_class["train"]) == (("cat", "the owl"), (12, 18))


@pytest.mark.parametrize(
    "pair", [("X_valid", "y_valid"), ("x_dev", "y_dev"), ("valid_images", "valid_labels")]
)
@pytest.mark.parametrize("in_one_file", [True, False])
def test_validation_under_other_names_is_read(
    pair: tuple[str, str], in_one_file: bool, tmp_path: Path
) -> None:
    """`X_train` was read and `X_valid` beside it left, with a note."""
    arrays = {"X_train": PIXELS[:20], "y_train": LABELS[:20], pair[0]: PIXELS[20:], pair[1]: LABELS[20:]}
    if in_one_file:
        np.savez(tmp_path / "set.npz", **arrays)
    else:
        for name, values in arrays.items():
            np.save(tmp_path / f"{name}.npy", values)
    found = inspect(tmp_path / "set.npz" if in_one_file else tmp_path)
    assert {split: sum(counts) for split, counts in found.per_class.items()} == {
        "train": 20,
        "validation": 10,
    }


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.tile([0.7, 0.2, 0.1], (COUNT, 1)), r"argmax\(1\)"),
        (np.tile([7, 2, 1], (COUNT, 1)), r"argmax\(1\)"),
        (np.stack([np.arange(COUNT) % 5, np.arange(COUNT) % 7], 1), r"y\[:, 0\]"),
    ],
)
def test_rows_of_labels_that_are_not_one_hot_come_with_what_makes_labels(
    labels: np.ndarray, words: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "set.npz", x_train=PIXELS, y_train=labels)
    with pytest.raises(AssayError, match=f"bad-arrays.*{words}"):
        inspect(tmp_path / "set.npz")


@pytest.mark.parametrize("top", [("",), ("train/", "test/")])
def test_an_array_for_each_picture_in_folders_of_classes_comes_with_a_command(
    top: tuple[str, ...], tmp_path: Path
) -> None:
    """ "no image lies in a folder of its class", and not a word of the arrays that do."""
    for place in top:
        for number, name in enumerate(("cat", "the owl")):
            (tmp_path / f"{place}{name}").mkdir(parents=True)
            for k in range(5):
                np.save(tmp_path / f"{place}{name}" / f"{k}.npy", PIXELS[5 * number + k])
    with pytest.raises(AssayError, match="where each is a picture, all of one shape") as caught:
        inspect(tmp_path)
    found = inspect(path_after(str(caught.value)))
    assert found.classes == ("cat", "the owl")
    assert found.per_class == {split.rstrip("/") or "train": (5, 5) for split in top}
