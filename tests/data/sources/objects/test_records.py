"""Rows and columns as dicts in Python, and splits of (images, labels): the same set as a data frame."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.workflow.load import load
from encoded import png

pytestmark = pytest.mark.usefixtures("own_cache")

N = 12
IMAGES = np.random.default_rng(5).integers(0, 256, (N, 6, 5), np.uint8)
PICTURES = [Image.fromarray(image) for image in IMAGES]
LABELS = [("cat", "dog", "eel")[number % 3] for number in range(N)]


def rows(image: str = "image", **more: Any) -> list[dict[str, Any]]:
    """A dict for each image, as `list()` of a stream of Hugging Face gives."""
    others = [dict(zip(more, cells, strict=True)) for cells in zip(*more.values(), strict=True)] or [{}] * N
    return [
        {image: picture, "label": label, **other}
        for picture, label, other in zip(PICTURES, LABELS, others, strict=True)
    ]


SAME = {
    "rows": lambda: rows(),
    "rows of img": lambda: rows("img"),
    "columns": lambda: {"image": PICTURES, "label": LABELS},
    "columns of arrays": lambda: {"image": IMAGES, "label": np.array(LABELS)},
    "rows of contents": lambda: [
        {"image": {"bytes": png(image), "path": None}, "label": label}
        for image, label in zip(IMAGES, LABELS, strict=True)
    ],
}


@pytest.mark.parametrize("form", SAME)
def test_rows_and_columns_are_the_set_of_pairs(form: str) -> None:
    """Rows were `12 arrays were given`, though the line on streams says `list(data)`."""
    expected = load(list(zip(PICTURES, LABELS, strict=True)))
    found = load(SAME[form]())
    assert found.fingerprint == expected.fingerprint
    assert found.splits["train"].labels.tolist() == expected.splits["train"].labels.tolist()


def test_rows_have_splits_and_groups_as_frames_have() -> None:
    split = ["train"] * 8 + ["test"] * 4
    found = load(rows(split=split, patient=[number // 2 for number in range(N)]), group_column="patient")
    assert {name: len(part) for name, part in found.splits.items()} == {"train": 8, "test": 4}
    assert found.splits["test"].columns["group"] == ("4", "4", "5", "5")


def test_rows_of_paths(tmp_path: Path) -> None:
    for number, image in enumerate(IMAGES):
        (tmp_path / f"{number}.png").write_bytes(png(image))
    paths = [str(tmp_path / f"{number}.png") for number in range(N)]
    expected = load(list(zip(PICTURES, LABELS, strict=True))).fingerprint
    assert load([{"path": p, "label": c} for p, c in zip(paths, LABELS, strict=True)]).fingerprint == expected
    assert load({"file_name": paths, "label": LABELS}).fingerprint == expected


@pytest.mark.parametrize("form", ["rows", "columns", "images and labels", "arrays"])
def test_splits_of_any_of_these(form: str) -> None:
    def split(start: int, stop: int) -> Any:
        images, labels = PICTURES[start:stop], LABELS[start:stop]
        return {
            "rows": rows()[start:stop],
            "columns": {"image": images, "label": labels},
            "images and labels": (images, labels),
            "arrays": (IMAGES[start:stop], np.array(labels)),
        }[form]

    pairs = list(zip(PICTURES, LABELS, strict=True))
    expected = load({"train": pairs[:9], "test": pairs[9:]})
    assert load({"train": split(0, 9), "test": split(9, N)}).fingerprint == expected.fingerprint


def test_two_items_of_a_split_are_no_images_and_labels() -> None:
    pairs = tuple(zip(PICTURES[:2], LABELS[:2], strict=True))
    assert len(load({"train": pairs}).splits["train"]) == 2


@pytest.mark.parametrize(
    ("data", "code", "told"),
    [
        ([*rows()[:-1], {"image": PICTURES[0]}], "table-value", "1 of 12 rows have no label"),
        ({"image": PICTURES, "label": LABELS[1:]}, "count-mismatch", "image has 12, label has 11"),
        ({"train": (PICTURES, LABELS[1:])}, "count-mismatch", "11 labels for 12 images"),
        ([{"a": 1}] * 3, "column-missing", "There are: a"),
        ({"cat": PICTURES}, "unknown-data", "a builtins.dict"),
    ],
    ids=["a row without a label", "unequal columns", "an unequal split", "no image", "no column of images"],
)
def test_what_is_wrong_is_told(data: Any, code: str, told: str) -> None:
    with pytest.raises(AssayError) as caught:
        load(data)
    assert caught.value.code == code
    assert told in str(caught.value)


class Rows:
    """A data set whose items are dicts, as of Hugging Face."""

    def __init__(self, items: list[dict[str, Any]]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, number: int) -> dict[str, Any]:
        return self._items[number]


@pytest.mark.parametrize(
    ("keys", "option", "key"),
    [
        (("img", "fine_label", "coarse_label"), "label_column", "fine_label"),
        (("front_image", "label", "age"), "path_column", "front_image"),
    ],
)
def test_keys_of_other_names_are_told_with_what_to_type(keys: tuple[str, ...], option: str, key: str) -> None:
    """CIFAR-100 has two labels; the line said that neither is one, and no more."""
    values = [dict(zip(keys, (p, c, c), strict=True)) for p, c in zip(PICTURES, LABELS, strict=True)]
    with pytest.raises(AssayError, match=f"Name it with {option}, as {option}='{key}'"):
        load(Rows(values))
    expected = load(list(zip(PICTURES, LABELS, strict=True))).fingerprint
    assert load(Rows(values), **{option: key}).fingerprint == expected
    assert load(Rows([{"path": 1} | row for row in rows()])).fingerprint == expected
