"""Features whose rows are not those of the images stop: they made findings about other pictures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assay.audits.feature_order import features_by_split, refuse_other_rows
from assay.audits.measures.user_features import UserFeatures, read_features
from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.data.splitting.test_split import with_test_split
from assay.data.values import Dataset, LeftOut, Split, images_of
from assay.workflow.load import load
from planted import colored

FILE = Path("features.npy")


@pytest.fixture(scope="module")
def clothes() -> Dataset:
    return load("fashion-mnist-sample")


def _rows(dataset: Dataset) -> np.ndarray:
    """What a net may give: a random layer over the pixels."""
    parts = [
        np.concatenate(list(split.blocks())).reshape(len(split), -1) for split in dataset.splits.values()
    ]
    pixels = np.concatenate(parts) / np.float32(255)
    weights = np.random.default_rng(0).normal(size=(pixels.shape[1], 64)) / 28
    return np.maximum(pixels @ weights, 0).astype(np.float32)


def _by_split(rows: np.ndarray, dataset: Dataset) -> dict[str, np.ndarray]:
    ends = np.cumsum([len(split) for split in dataset.splits.values()])[:-1]
    return dict(zip(dataset.splits, np.split(rows, ends), strict=True))


def _swapped(rows: np.ndarray, dataset: Dataset) -> np.ndarray:
    train = len(dataset.splits["train"])
    return np.concatenate([rows[train:], rows[:train]])


ORDERS = {
    "shifted": (lambda rows, _: np.roll(rows, 1, axis=0), "belong to the image before it"),
    "shifted back": (lambda rows, _: np.roll(rows, -1, axis=0), "belong to the image after it"),
    "turned round": (lambda rows, _: rows[::-1], "the last seems to belong to the first image"),
    "test first": (_swapped, "the splits seem to come as test, train"),
    "shuffled": (
        lambda rows, _: rows[np.random.default_rng(1).permutation(len(rows))],
        "as far apart as those",
    ),
    "noise": (
        lambda rows, _: np.random.default_rng(2).normal(size=rows.shape),
        "as far apart as those of any",
    ),
}


@pytest.mark.parametrize("kind", list(ORDERS))
def test_rows_of_other_images_stop(kind: str, clothes: Dataset) -> None:
    """The order is told where it is a simple one."""
    change, told = ORDERS[kind]
    rows = change(_rows(clothes), clothes).astype(np.float32)
    with pytest.raises(AssayError, match=told) as caught:
        refuse_other_rows(_by_split(rows, clothes), clothes, FILE)
    assert caught.value.code == "bad-arrays"


@pytest.mark.parametrize("kind", ["layer", "pixels", "half noise", "two numbers", "labels"])
def test_rows_in_their_order_pass(kind: str, clothes: Dataset) -> None:
    """Good features and poor ones."""
    rows = _rows(clothes)
    rng = np.random.default_rng(3)
    if kind == "half noise":
        rows = rows + rng.normal(0, rows.std(), rows.shape)
    elif kind == "two numbers":
        rows = rows[:, :2]
    elif kind == "labels":
        labels = np.concatenate([split.labels for split in clothes.splits.values()])
        rows = np.eye(10)[labels] + rng.normal(0, 0.3, (len(labels), 10))
    refuse_other_rows(_by_split(rows.astype(np.float32), clothes), clothes, FILE)


def test_names_sorted_as_text_are_told() -> None:
    """`10.png` before `2.png`, as `sorted` lists files, where the data have them by their numbers."""
    clean = load("fashion-mnist-sample")
    splits = {
        name: replace(split, ids=tuple(f"{name}/all/{n}.png" for n in range(len(split))))
        for name, split in clean.splits.items()
    }
    named = replace(clean, splits=splits)
    order = np.concatenate(
        [
            start + np.array(sorted(range(len(split)), key=lambda n: splits[name].ids[n]))
            for (name, split), start in zip(splits.items(), (0, len(splits["train"])), strict=True)
        ]
    )
    with pytest.raises(
        AssayError, match="in each split, they seem to be in the order of the sorted file names"
    ):
        refuse_other_rows(_by_split(_rows(named)[order], named), named, FILE)


@pytest.fixture(scope="module")
def whole(clothes: Dataset) -> Dataset:
    """Clothes by class, as a folder has them, none of them for a test."""
    order = np.argsort(clothes.train.labels, kind="stable")
    images = images_of(clothes.train, order)
    ids = [f"train/{label}/{n}.png" for n, label in enumerate(clothes.train.labels[order])]
    split = Split.from_arrays(images, clothes.train.labels[order], ids)
    return Dataset("clothes", clothes.classes, {"train": split}, "made")


def _order_of(whole: Dataset, drawn: Dataset) -> np.ndarray:
    place = {name: row for row, name in enumerate(whole.train.ids)}
    return np.array([place[name] for split in drawn.splits.values() for name in split.ids])


@pytest.mark.parametrize("order", ["source", "splits"])
def test_rows_of_a_set_whose_test_split_was_drawn(order: str, whole: Dataset) -> None:
    """In the order that the images had before, and in that of label_quality.csv: pictures tell which."""
    drawn = with_test_split(whole, 0.2, 0)
    wanted = _rows(whole)[_order_of(whole, drawn)]
    given = _rows(whole) if order == "source" else wanted
    found = features_by_split(UserFeatures(given), drawn, FILE)
    assert list(found) == ["train", "test"]
    assert (np.concatenate(list(found.values())) == wanted).all()


@pytest.mark.parametrize("order", ["source", "splits"])
def test_labels_tell_the_order_where_no_pictures_look_alike(order: str) -> None:
    """Noise for pictures, and features that go by the class with an error of their own."""
    whole, rows = _noise(300)
    drawn = with_test_split(whole, 0.25, 0)
    wanted = rows[_order_of(whole, drawn)]
    found = features_by_split(UserFeatures(rows if order == "source" else wanted), drawn, FILE)
    assert (np.concatenate(list(found.values())) == wanted).all()


def test_both_orders_are_told_where_nothing_says_which(tmp_path: Path) -> None:
    """Features that say nothing of pictures without likeness; names of the images beside them do."""
    whole, _ = _noise(300)
    drawn = with_test_split(whole, 0.25, 0)
    rows = np.random.default_rng(5).normal(size=(300, 8)).astype(np.float32)
    with pytest.raises(AssayError, match=r"that of the images before .* or that of the splits .train, then"):
        features_by_split(UserFeatures(rows), drawn, FILE)
    order = np.random.default_rng(6).permutation(300)
    np.savez(tmp_path / "f.npz", features=rows[order], ids=np.array(whole.train.ids)[order])
    given = read_features(tmp_path / "f.npz", drawn)
    found = features_by_split(given, drawn, FILE)
    assert (np.concatenate(list(found.values())) == rows[_order_of(whole, drawn)]).all()
    np.savez(tmp_path / "g.npz", rows=rows)
    with pytest.raises(AssayError, match="it holds rows and no array features"):
        read_features(tmp_path / "g.npz", drawn)


def test_shuffled_rows_of_a_drawn_set_stop(whole: Dataset) -> None:
    """Neither order fits: they are those of other images."""
    drawn = with_test_split(whole, 0.2, 0)
    rows = _rows(whole)[np.random.default_rng(1).permutation(len(whole.train))]
    with pytest.raises(AssayError, match="its rows do not belong to the images"):
        features_by_split(UserFeatures(rows), drawn, FILE)


def test_a_split_drawn_without_its_order_asks(whole: Dataset) -> None:
    """As an earlier version kept it: rows of all images are not taken in one order without a word."""
    drawn = with_test_split(whole, 0.2, 0)
    splits = {name: replace(split, places=None) for name, split in drawn.splits.items()}
    with pytest.raises(AssayError, match="nothing tells which image each row is about"):
        features_by_split(UserFeatures(_rows(whole)), replace(drawn, splits=splits), FILE)


def test_rows_for_images_that_were_left_out_are_told(tmp_path: Path) -> None:
    """The number of rows tells: it is that of all images, with those that could not be read."""
    whole, rows = _noise(60)
    bad = tuple(LeftOut(f"train/x{n}.png", "unreadable", "cut short", "train") for n in range(2))
    np.save(tmp_path / "f.npy", np.concatenate([rows, rows[:2]]))
    with pytest.raises(
        AssayError, match=r"62 rows for 60 train images; 2 more images are left out .unreadable"
    ):
        read_features(tmp_path / "f.npy", replace(whole, left_out=bad))


def _noise(count: int) -> tuple[Dataset, np.ndarray]:
    """Pictures of noise, sorted by two classes, and features of each class."""
    rng = np.random.default_rng(4)
    images = rng.integers(0, 256, (count, 16, 16, 1), dtype=np.uint8)
    labels = np.repeat([0, 1], count // 2)
    split = Split.from_arrays(
        images, labels, tuple(f"train/{label}/{n}.png" for n, label in enumerate(labels))
    )
    rows = labels[:, None] * 3 + rng.normal(size=(count, 4))
    return Dataset("noise", ("a", "b"), {"train": split}, "made"), rows.astype(np.float32)


def test_nothing_is_said_where_no_pictures_look_alike() -> None:
    """Pure noise, and few images: there is nothing to compare with."""
    rng = np.random.default_rng(4)
    images = rng.integers(0, 256, (200, 16, 16, 1), dtype=np.uint8)
    split = Split.from_arrays(images, np.arange(200) % 2, tuple(f"train/{n}" for n in range(200)))
    noise = Dataset("noise", ("a", "b"), {"train": split}, "made")
    refuse_other_rows({"train": rng.normal(size=(200, 5)).astype(np.float32)}, noise, FILE)
    few = colored(5, 2)
    count = sum(map(len, few.splits.values()))
    refuse_other_rows(_by_split(rng.normal(size=(count, 5)).astype(np.float32), few), few, FILE)


def test_the_audit_stops(clothes: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Before anything is found in features of other pictures; the right ones pass."""
    rows = _rows(clothes)
    np.save(tmp_path / "right.npy", rows)
    np.save(tmp_path / "shifted.npy", np.roll(rows, 1, axis=0))
    line = ["audit", "fashion-mnist-sample", "--checks", "class-similarity", "-q", "--out"]
    assert exit_code([*line, str(tmp_path / "a"), "--features", str(tmp_path / "right.npy")]) == 0
    assert exit_code([*line, str(tmp_path / "b"), "--features", str(tmp_path / "shifted.npy")]) == 3
    error = capfd.readouterr().err
    assert "in another order than the images: each seems to belong to the image before it" in error
