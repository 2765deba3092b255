"""Columns of pandas, polars and NumPy beside each other, and labels of one value in a list or an array."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pytest
import torch
from PIL import Image

from assay.core.errors import AssayError
from assay.workflow.load import load
from encoded import png

IMAGES = np.random.default_rng(3).integers(0, 256, (9, 8, 8), np.uint8)
NAMES = ["cat", "dog", "owl"] * 3
NUMBERS = np.arange(9) % 3


def paths(folder: Path) -> list[str]:
    found = [folder / f"{number}.png" for number in range(9)]
    for path, image in zip(found, IMAGES, strict=True):
        path.write_bytes(png(image))
    return list(map(str, found))


@pytest.mark.parametrize("column", [pandas.Series, polars.Series, np.array])
def test_columns_of_paths_and_labels_are_read_as_lists_are(column: Any, tmp_path: Path) -> None:
    """`(frame.path, frame.label)` was told of images of shape (9,)."""
    given = paths(tmp_path)
    expected = load((given, NAMES)).fingerprint
    assert load((column(given), column(NAMES))).fingerprint == expected
    assert load({"train": (column(given), column(NAMES))}).fingerprint == expected


def test_a_column_of_pictures_is_read_as_a_list_is() -> None:
    pictures = pandas.Series([Image.fromarray(image) for image in IMAGES], index=range(9, 18))
    labels = pandas.Series(NAMES, index=range(9, 18))
    assert load((pictures, labels)).fingerprint == load((list(pictures), NAMES)).fingerprint


FRAME = pandas.DataFrame(IMAGES.reshape(9, -1))


@pytest.mark.parametrize("place", ["train", "test"])
def test_labels_whose_index_has_another_order_are_refused(place: str) -> None:
    """Shuffled labels beside pixels as they were: each image got the label of another one, in silence."""
    good = pandas.Series(NUMBERS)
    shuffled = good.sample(frac=1, random_state=0)
    given = (FRAME, shuffled) if place == "train" else (FRAME, good, FRAME, shuffled)
    where = "arrays[1]" if place == "train" else "arrays[3]"
    with pytest.raises(AssayError, match="another order than that of the images") as told:
        load(given)
    assert told.value.where == where and "y.loc[X.index]" in told.value.fix
    there = dict(zip(("train", "test"), (given[:2], given[2:]), strict=False))[
        "test" if given[2:] else "train"
    ]
    assert there[1].loc[there[0].index].tolist() == NUMBERS.tolist()  # what the fix says is right
    assert load((FRAME, shuffled.to_numpy())).train.labels.tolist() == shuffled.tolist()


def test_the_same_of_paths(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"path": paths(tmp_path), "label": NAMES})
    with pytest.raises(AssayError, match="another order than that of the images"):
        load((frame.path, frame.label[::-1]))
    assert len(load((frame.path, frame.label)).train) == 9


def test_labels_of_other_rows_are_refused() -> None:
    """Two selections of one frame: they share rows, and each image got the label of another one."""
    whole = pandas.Series(np.arange(20) % 3, index=[f"r{n}" for n in range(20)])
    frame = FRAME.set_axis(whole.index[4:13])
    with pytest.raises(AssayError, match=r"has other rows than that of the images: row 0 is r4 there, r6"):
        load((frame, whole[6:15]))
    assert load((frame, whole[6:15].to_numpy())).train.labels.tolist() == whole[6:15].tolist()
    for good in (whole[4:13], whole[4:13].reset_index(drop=True)):
        assert load((frame, good)).train.labels.tolist() == whole[4:13].tolist()


@pytest.mark.parametrize(
    "index",
    [range(9), range(9, 18), list("abcdefghi"), [0] * 9, [*range(8), 20], None],
    ids=["same", "others", "texts", "all one", "another one", "array"],
)
def test_an_index_that_tells_nothing_is_passed_over(index: Sequence[object] | None) -> None:
    labels = NUMBERS if index is None else pandas.Series(NUMBERS, index=index)
    assert load((FRAME, labels)).train.labels.tolist() == NUMBERS.tolist()


class Items:
    """A data set of (image, label). labels: one for each image."""

    def __init__(self, labels: Sequence[Any], classes: Sequence[str] | None = None) -> None:
        self.labels = labels
        if classes is not None:
            self.classes = list(classes)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, number: int) -> tuple[Any, Any]:
        return Image.fromarray(IMAGES[number]), self.labels[number]


ONE_HOT = np.eye(3)[NUMBERS]


@pytest.mark.parametrize(
    "labels",
    [
        NUMBERS[:, None],
        [[int(number)] for number in NUMBERS],
        torch.tensor(NUMBERS)[:, None],
        torch.tensor(NUMBERS).float()[:, None],
        NUMBERS[:, None, None],
        ONE_HOT,
        torch.tensor(ONE_HOT),
        ONE_HOT.astype(bool),
    ],
    ids=[
        "array of one",
        "list of one",
        "tensor of one",
        "float of one",
        "1 x 1",
        "one-hot",
        "tensor",
        "booleans",
    ],
)
@pytest.mark.parametrize("classes", [None, ("owl", "cat", "dog")])
def test_labels_of_one_value_and_one_hot_rows_of_items(labels: Any, classes: Any) -> None:
    """MedMNIST's own data sets give `array([3])`; it was refused as several labels."""
    expected = load(Items(NUMBERS, classes))
    found = load(Items(labels, classes))
    assert found.fingerprint == expected.fingerprint and found.classes == expected.classes


@pytest.mark.parametrize(
    "labels",
    [
        [*ONE_HOT[:8], np.array([1, 1, 0])],
        [*ONE_HOT[:8], np.zeros(3)],
        [*ONE_HOT[:8], np.array([1, 0])],
        [*ONE_HOT[:8], 2],
        [*NUMBERS[:8], ONE_HOT[0]],
        [[0]] * 8 + [[0, 1]],
        [(0, 1)] * 9,
        [np.eye(2)] * 9,
        [np.array(["a", "b"])] * 9,
    ],
    ids=["two ones", "none", "shorter", "a number", "a row", "two in a list", "pairs", "matrices", "texts"],
)
def test_several_labels_of_an_item_are_refused(labels: Any) -> None:
    with pytest.raises(AssayError) as told:
        load(Items(labels))
    assert told.value.code == "several-labels"


def test_probabilities_of_an_item_are_no_labels() -> None:
    with pytest.raises(AssayError, match="Give one class number an image") as told:
        load(Items(ONE_HOT * 0.9))
    assert told.value.where == "train[0]"


@pytest.mark.parametrize("nothing", [[None], np.array([np.nan]), np.ma.masked_array([1], [True])])
def test_a_missing_label_of_one_value_is_missing(nothing: Any) -> None:
    with pytest.raises(AssayError, match="1 of 9 rows have no label"):
        load(Items([*NUMBERS[:8], nothing]))
