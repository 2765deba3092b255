"""Rows whose splits a column tells: where their files lie, and paths that tell other splits."""

from pathlib import Path

import pytest

from assay.core.errors import AssayError
from assay.workflow.load import load
from encoded import pictures

pytestmark = pytest.mark.usefixtures("own_cache")

COUNTS = {"train": 8, "test": 4}


def table(root: Path, rows: list[tuple[object, ...]], header: str = "id,label,split") -> Path:
    path = root / "all.csv"
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def folders(root: Path, places: dict[str, str], first: int = 0) -> Path:
    """`0.png`, `1.png` and so on, numbered anew in the folder of each split, all pictures different."""
    names = [f"{place}/{first + i}.png" for split, place in places.items() for i in range(COUNTS[split])]
    return pictures(root, *names)


def rows_of(cell: str) -> list[tuple[object, ...]]:
    return [(cell.format(i=i), "ab"[i % 2], split) for split, count in COUNTS.items() for i in range(count)]


@pytest.mark.parametrize("cell", ["{i}", "{i}.png", "/data/set/{i}.png"])
@pytest.mark.parametrize("names", [("train", "test"), ("train_images", "test_images"), ("x/train", "x/test")])
def test_each_row_is_found_in_the_folder_of_its_split(
    cell: str, names: tuple[str, str], tmp_path: Path
) -> None:
    """Each folder numbers its images anew: rows of test were given the images of train, with a note."""
    folders(tmp_path, dict(zip(COUNTS, names, strict=True)))
    data = load(table(tmp_path, rows_of(cell)))
    for split, place in zip(COUNTS, names, strict=True):
        assert list(data.splits[split].ids) == [f"{place}/{i}.png" for i in range(COUNTS[split])]
    assert not [note for note in data.notes if "named in both" in note]


def test_one_folder_for_all_rows_is_one_folder(tmp_path: Path) -> None:
    """The clean twin: a split of one's own, of images that all lie in the folder of train."""
    pictures(tmp_path, *(f"train/{i}.png" for i in range(12)))
    rows = [(i, "ab"[i % 2], "test" if i % 3 == 0 else "train") for i in range(12)]
    data = load(table(tmp_path, rows))
    assert {split: len(part) for split, part in data.splits.items()} == COUNTS
    assert all(id_.startswith("train/") for part in data.splits.values() for id_ in part.ids)
    assert not [note for note in data.notes if "tell another one" in note]


def test_a_row_that_may_mean_either_folder_stops(tmp_path: Path) -> None:
    """All rows have a file in train's folder, and those of test another one in test's."""
    pictures(
        tmp_path,
        *(f"{split}/{i}.png" for split, count in (("train", 12), ("test", 12)) for i in range(count)),
    )
    rows = [(i, "ab"[i % 2], "test" if i % 3 == 0 else "train") for i in range(12)]
    with pytest.raises(AssayError, match=r"ambiguous-layout.*train/0\.png"):
        load(table(tmp_path, rows))
    pictures(tmp_path / "b", *(f"train/{i}.png" for i in range(12)), *(f"test/{3 * i}.png" for i in range(4)))
    with pytest.raises(AssayError, match=r"ambiguous-layout.*0 may be train/0\.png or test/0\.png"):
        load(table(tmp_path / "b", rows))


def test_a_column_that_contradicts_the_folders_is_told(tmp_path: Path) -> None:
    """The column counts, and a note has the number and the first of them; also in a table of metadata."""
    folders(tmp_path, {"train": "train", "test": "test"})
    rows = rows_of("{i}.png")
    rows = [(f"{split}/{cell}", label, "test" if cell == "1.png" else split) for cell, label, split in rows]
    made = table(tmp_path, rows, "file_name,label,split")
    (told,) = [note for note in load(made).notes if "another one" in note]
    assert "1 image: train/1.png is test there" in told
    made.rename(tmp_path / "metadata.csv")
    assert [note for note in load(tmp_path).notes if "1 image: train/1.png is test there" in note]


@pytest.mark.parametrize("split", ["validation", "train"])
def test_a_column_that_agrees_with_the_folders_is_not_told(split: str, tmp_path: Path) -> None:
    """The clean twins: the same splits, and a validation split out of the folder of train."""
    folders(tmp_path, {"train": "train", "test": "test"})
    rows = [
        (f"{own}/{cell}", label, split if own == "train" and cell == "1.png" else own)
        for cell, label, own in rows_of("{i}.png")
    ]
    data = load(table(tmp_path, rows, "file_name,label,split"))
    assert not [note for note in data.notes if "another one" in note]
