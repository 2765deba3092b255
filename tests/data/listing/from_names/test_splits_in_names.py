"""Splits that names of files, and folders in paths of a table, tell: read, or a stop with a command."""

from pathlib import Path

import pandas
import pytest

from assay.core.errors import AssayError
from assay.data.listing.from_names.splits import splits_in_names, splits_of_paths
from assay.data.values import Dataset
from assay.workflow.load import load
from encoded import pictures
from told_command import path_after

pytestmark = pytest.mark.usefixtures("own_cache")

CLASSES = ("cat", "dog")


def counts(data: Dataset) -> dict[str, dict[str, int]]:
    """Images by split and class."""
    found: dict[str, dict[str, int]] = {}
    for name, split in data.splits.items():
        for label in split.labels:
            of = found.setdefault(name, {})
            of[data.classes[label]] = of.get(data.classes[label], 0) + 1
    return found


def stopped(root: Path) -> str:
    with pytest.raises(AssayError) as caught:
        load(root)
    assert caught.value.code in ("ambiguous-layout", "too-few-images")
    return str(caught.value)


def followed(told: str) -> Dataset:
    """The set after the command that a line gives, by the path that it gives."""
    return load(path_after(told))


#: Eight images of a class to train on, and two to test: by the number of an image.
WORDS = {k: "test" if k % 5 == 4 else "train" for k in range(10)}
EXPECTED = {"train": {"cat": 8, "dog": 8}, "test": {"cat": 2, "dog": 2}}

#: How an image may be called by its class, its number and the word of its split.
IN_FOLDERS = {
    "first": lambda c, k, w: f"{c}/{w}_{k:03d}.png",
    "first, in capitals": lambda c, k, w: f"{c}/{w.upper()} {k}.png",
    "behind the set": lambda c, k, w: f"{c}/COCO_{w}2014_{k:06d}.png",
    "last": lambda c, k, w: f"{c}/{k:02d}-{c}-{w}.png",
    "below": lambda c, k, w: f"set/{c}/{w}-{k}.png",
}


@pytest.mark.parametrize("form", IN_FOLDERS)
def test_names_in_folders_of_classes_stop_with_a_command(form: str, tmp_path: Path) -> None:
    """All of them were train, and a new test split was drawn, without a word."""
    names = [IN_FOLDERS[form](c, k, WORDS[k]) for c in CLASSES for k in WORDS]
    root = pictures(tmp_path / "my set", *names)
    told = stopped(root)
    assert "16 of train, 4 of test" in told
    assert counts(load(root, layout="classes")) == {"train": {"cat": 10, "dog": 10}}
    assert counts(followed(told)) == EXPECTED


@pytest.mark.parametrize("name", [lambda c, k, w: f"{w}_{c}_{k:03d}.png", lambda c, k, w: f"{c}_{k}_{w}.png"])
def test_names_that_tell_split_and_class(name, tmp_path: Path) -> None:
    """`train_cat_001.png` was of a class `train_cat`."""
    root = pictures(tmp_path / "set", *(name(c, k, WORDS[k]) for c in CLASSES for k in WORDS))
    assert counts(followed(stopped(root))) == EXPECTED


def test_a_list_of_labels_beside_names_that_tell_splits(tmp_path: Path) -> None:
    """RAF-DB: `train_00001.jpg 5` of `train_00001_aligned.jpg`."""
    names = [(f"{WORDS[k]}_{n:05d}", c) for n, (c, k) in enumerate((c, k) for c in CLASSES for k in WORDS)]
    root = pictures(tmp_path, *(f"aligned/{name}_aligned.png" for name, _ in names))
    (root / "list_patition_label.txt").write_text("".join(f"{name}.png {c}\n" for name, c in names))
    assert counts(followed(stopped(root))) == EXPECTED


@pytest.mark.parametrize(
    "names",
    [
        [f"{c}/{c}_{k}.png" for c in ("train", "bus") for k in range(6)],
        [f"{c}/train_{k}.png" for c in CLASSES for k in range(6)],
        [f"{c}/{w}_{k}.png" for c in CLASSES for k in range(6) for w in ("test", "val")],
        [f"{c}/{w}_{k}.png" for c in CLASSES for k in range(6) for w in ("train", "test", "other")],
        [f"{s}/{c}/{w}_{k}.png" for s in WORDS.values() for c in CLASSES for k, w in WORDS.items()],
    ],
    ids=["a class of trains", "one split", "none of train", "another word", "folders of splits"],
)
def test_other_names_say_nothing(names: list[str], tmp_path: Path) -> None:
    """Words that are classes, one split alone, or beside folders that tell the splits."""
    found = load(pictures(tmp_path, *names))
    assert not any("splits (" in note for note in found.notes)


TABLES = {
    "folders": (lambda k: f"{WORDS[k]}/{{c}}{k}.png"),
    "folders of classes": (lambda k: f"data/{WORDS[k]}/{{c}}/{k}.png"),
    "longer words": (lambda k: f"{WORDS[k]}_images/{{c}}{k}.png"),
    "names": (lambda k: f"all/{WORDS[k]}_{{c}}{k}.png"),
}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "frame", "metadata.csv"])
@pytest.mark.parametrize("form", TABLES)
def test_paths_of_a_table_tell_its_splits(form: str, kind: str, tmp_path: Path) -> None:
    """`train/1.jpg,cat` without a column of splits was train as a whole. A column decides otherwise."""
    rows = [(TABLES[form](k).format(c=c), c) for c in CLASSES for k in WORDS]
    root = pictures(tmp_path, *(path for path, _ in rows))
    frame = pandas.DataFrame(rows, columns=["file_name", "label"])

    def read(frame: pandas.DataFrame) -> Dataset:
        if kind == "frame":
            return load(frame, root=root)
        file = root / (kind if "." in kind else f"labels.{kind}")
        if kind == "jsonl":
            frame.to_json(file, orient="records", lines=True)
        else:
            frame.to_csv(file, index=False)
        return load(root if kind == "metadata.csv" else file)

    found = read(frame)
    assert counts(found) == EXPECTED
    assert any("were read as the splits" in note and "16 of train, 4 of test" in note for note in found.notes)
    assert set(counts(read(frame.assign(split="train")))) == {"train"}


def test_paths_from_windows_tell_splits() -> None:
    """Folders parted by backslashes; and paths of other depths, of which one has no such folder, do not."""
    found = splits_of_paths([r"d\train\a.png", r"d\test\a.png"])
    assert found is not None
    assert found[0] == ["train", "test"]
    assert splits_of_paths(["train/a.png", "test/a.png", "a.png"]) is None
    assert splits_of_paths(["train/a.png", "test tube/a.png"]) is None
    assert splits_in_names([]) is None


@pytest.mark.parametrize("given", ["lists", "pairs"])
def test_paths_in_python_tell_splits(given: str, tmp_path: Path) -> None:
    """A list of all paths below a folder, as `glob` gives them, was train as a whole."""
    rows = [(f"{WORDS[k]}/{c}/{k}.png", c) for c in CLASSES for k in WORDS]
    root = pictures(tmp_path, *(path for path, _ in rows))
    paths, labels = [str(root / path) for path, _ in rows], [c for _, c in rows]
    data = (paths, labels) if given == "lists" else list(zip(paths, labels, strict=True))
    found = load(data)
    assert counts(found) == EXPECTED
    assert any("16 of train, 4 of test" in note and '{"train": items}' in note for note in found.notes)
    assert counts(load({"train": list(zip(paths, labels, strict=True))})) == {"train": {"cat": 10, "dog": 10}}
    only = [row for row in zip(paths, labels, strict=True) if "/train/" in row[0]]
    assert load(only).notes == load({"train": only}).notes
