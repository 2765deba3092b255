"""The file or folder of train given alone, beside that of another split: a note says what was not read."""

from pathlib import Path

import numpy as np
import pytest

from assay.data.inspect import inspect
from assay.workflow.load import load
from encoded import pictures

pytestmark = pytest.mark.usefixtures("own_cache")

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 8, 8), np.uint8)


def made(root: Path, form: str, split: str) -> Path:
    """Six images of a split in a file, or in folders of their classes."""
    path = root / f"{split}{form}"
    own = slice(0, 6) if split == "train" else slice(6, 12)
    if form == ".npz":
        np.savez(path, x=IMAGES[own], y=np.arange(6) % 2)
    elif form == ".csv":
        rows = [",".join(map(str, [n % 2, *image.ravel()])) for n, image in enumerate(IMAGES[own])]
        path.write_text("\n".join([",".join(["label", *(f"pixel{n}" for n in range(64))]), *rows]) + "\n")
    else:
        pictures(path, *(f"{'ab'[n % 2]}/{split}{n}.png" for n in range(6)))
    return path


def told(path: Path) -> list[str]:
    notes = [note for note in load(path).notes if "beside it, not read" in note]
    assert [note for note in inspect(path).notes if "beside it, not read" in note] == notes
    return notes


@pytest.mark.parametrize("form", [".npz", ".csv", ""])
def test_the_test_split_beside_is_told_with_what_reads_both(form: str, tmp_path: Path) -> None:
    """A test split was drawn from train, and nothing said of the set's own."""
    train, test = made(tmp_path, form, "train"), made(tmp_path, form, "test")
    (note,) = told(train)
    assert note.startswith(f"test{form} lies beside it, not read: all images here are train")
    assert f"(give {tmp_path} for all of it)" in note
    assert {split: len(part) for split, part in load(tmp_path).splits.items()} == {"train": 6, "test": 6}
    assert told(test) == []


@pytest.mark.parametrize("other", ["other", "my_test", "training"])
def test_what_is_no_other_split_of_it_is_passed_over(other: str, tmp_path: Path) -> None:
    train = made(tmp_path, ".npz", "train")
    made(tmp_path, ".npz", other)
    (tmp_path / "test").mkdir()
    assert told(train) == []
