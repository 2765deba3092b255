"""Parquet files in folders of partitions, `split=test` and `class=cat`: what the folders hold counts."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from encoded import png
from told_command import words_after


def part(path: Path, seed: int, **columns: list[object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    images = np.random.default_rng(seed).integers(0, 256, (6, 6, 6, 3), np.uint8)
    pq.write_table(pa.table({"image": [png(image) for image in images], **columns}), path)


@pytest.mark.parametrize("folder", ["split=test", "test", "set=test", "Split=Test"])
def test_a_partition_of_a_split_is_that_split(folder: str, tmp_path: Path) -> None:
    """As `test/part-0.parquet` is; all of it counted as train, and a test split was drawn across both."""
    part(
        tmp_path / folder.replace("test", "train").replace("Test", "Train") / "part-0.parquet",
        0,
        label=[0, 1] * 3,
    )
    part(tmp_path / folder / "part-0.parquet", 1, label=[0, 1] * 3)
    found = inspect(tmp_path)
    assert found.splits == {"train": 6, "test": 6}
    assert not [note for note in found.notes if "same split" in note]


@pytest.mark.parametrize("own", ["train", "validation", "test"])
def test_a_column_of_splits_that_contradicts_the_name_is_told(own: str, tmp_path: Path) -> None:
    """The column counts. A validation split out of the file of train contradicts nothing."""
    for split in ("train", "test"):
        part(
            tmp_path / f"{split}-0.parquet",
            len(split),
            label=[0, 1] * 3,
            split=[own if split == "train" else split] * 2 + [split] * 4,
        )
    told = [note for note in inspect(tmp_path).notes if "of another" in note]
    expected = "the column split was read as the splits; train-0.parquet has 2 images of another"
    assert told == ([expected] if own == "test" else [])


def test_a_partition_of_another_word_stays_train(tmp_path: Path) -> None:
    """The clean twin: a year is no split."""
    for year in (2019, 2020):
        part(tmp_path / f"year={year}" / "part-0.parquet", year, label=[0, 1] * 3)
    assert inspect(tmp_path).splits == {"train": 12}


def test_classes_of_partitions_come_with_a_command_that_works(tmp_path: Path) -> None:
    """The labels stand in the names of the folders alone."""
    for seed, name in enumerate(("cat", "dog")):
        part(tmp_path / "a set" / f"class={name}" / "part-0.parquet", seed)
    with pytest.raises(AssayError, match=r"column-missing.*class=cat") as caught:
        inspect(tmp_path / "a set")
    path, option, column = words_after(str(caught.value))
    assert option == "--label-column"
    found = inspect(path, label_column=column)
    assert found.classes == ("cat", "dog")
    assert found.per_class["train"] == (6, 6)


def test_a_file_for_each_class_comes_with_a_command_that_works(tmp_path: Path) -> None:
    """ "Name it with --label-column. There are none": no way on."""
    for seed, name in enumerate(("cat", "dog")):
        part(tmp_path / "a set" / f"{name}.parquet", seed)
    with pytest.raises(AssayError, match=r"2 files beside each other \(cat, dog\)") as caught:
        inspect(tmp_path / "a set")
    (path,) = words_after(str(caught.value))
    found = inspect(path)
    assert (found.classes, found.per_class["train"]) == (("cat", "dog"), (6, 6))


@pytest.mark.parametrize("names", [("part-0", "part-1"), ("train", "test"), ("all",)])
def test_shards_and_splits_are_no_classes(names: tuple[str, ...], tmp_path: Path) -> None:
    for seed, name in enumerate(names):
        part(tmp_path / f"{name}.parquet", seed)
    with pytest.raises(AssayError, match="no column is called label"):
        inspect(tmp_path)
