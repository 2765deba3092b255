"""One group in several spellings, where each split comes from a file or a frame of its own."""

from pathlib import Path

import numpy as np
import pandas
import pyarrow
import pyarrow.parquet
import pytest

from assay.workflow.load import load
from encoded import png

pytestmark = pytest.mark.usefixtures("own_cache")

#: Twelve images of two classes in each split, by people that only the case of a letter tells apart.
GROUPS = {"train": "W{}", "test": "w{}"}


def columns(split: str) -> dict[str, list[object]]:
    rng = np.random.default_rng(len(split))
    return {
        "image": [png(rng.integers(0, 256, (8, 8), np.uint8)) for _ in range(12)],
        "label": ["cat", "dog"] * 6,
        "who": [GROUPS[split].format(n // 4) for n in range(12)],
    }


def of_frames(_: Path) -> object:
    return {split: pandas.DataFrame(columns(split)) for split in GROUPS}


def of_parquet(place: Path) -> object:
    for split in GROUPS:
        pyarrow.parquet.write_table(pyarrow.table(columns(split)), place / f"{split}.parquet")
    return place


@pytest.mark.parametrize("form", [of_frames, of_parquet])
def test_groups_that_differ_in_case_are_one_across_splits(form, tmp_path: Path) -> None:
    """They were three groups in train and three others in test, and no leak was told."""
    data = load(form(tmp_path), group_column="who")
    assert [data.splits[split].columns["group"][0] for split in GROUPS] == ["W0", "W0"]
    assert "3 groups lie in both train and test" in data.notes
