"""Groups that only distances tell: told where they lie on both sides of a split, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest

from assay.audits.checks.context import CheckContext
from assay.audits.checks.leakage.hidden_groups import HiddenGroups, hidden_groups, judged
from assay.audits.checks.leakage.image_sample import first_classes
from assay.audits.registry import audit_dataset, measure_all
from assay.data.values import Dataset, Split, numbered_ids
from assay.reports.findings.facts import Facts
from assay.reports.findings.verdict import trust

CLASSES = ("a", "b")


def dataset_of(sizes: dict[str, int]) -> Dataset:
    """Noise: what is told is told by features that are given."""
    random = np.random.default_rng(7)
    splits = {}
    for name, n in sizes.items():
        labels = np.arange(n) % len(CLASSES)
        images = random.integers(0, 256, (n, 12, 12, 1), np.uint8)
        splits[name] = Split.from_arrays(images, labels, numbered_ids(name, n))
    return Dataset("noise", CLASSES, splits, "made for a test")


def points(groups: np.ndarray, near: float, seed: int) -> np.ndarray:
    """Eight dimensions: the images of a group lie `near` to its middle, as a share of how far middles lie."""
    random = np.random.default_rng(seed)
    middles = random.normal(0, 1, (int(groups.max()) + 1, 8))
    return (middles[groups] + near * random.normal(0, 1, (len(groups), 8))).astype(np.float32)


def found(groups: dict[str, np.ndarray], near: float = 0.2, seed: int = 1) -> HiddenGroups | None:
    """What is told of splits whose images belong to groups; those of one number lie close together."""
    dataset = dataset_of({name: len(of) for name, of in groups.items()})
    every = points(np.concatenate(list(groups.values())), near, seed)
    parts = np.split(every, np.cumsum([len(of) for of in groups.values()])[:-1])
    features = dict(zip(groups, parts, strict=True))
    return hidden_groups(CheckContext(dataset, measure_all(dataset), features), set())


def grouped(n: int, size: int, start: int = 0) -> np.ndarray:
    """Groups of `size`, each of one class: classes take turns, and so do groups."""
    each = np.arange(n)
    return start + each // (len(CLASSES) * size) * len(CLASSES) + each % len(CLASSES)


@pytest.mark.parametrize("size", [2, 4, 10])
def test_groups_on_both_sides_are_told(size: int) -> None:
    groups = grouped(600, size)
    test = np.arange(600) // 2 % 5 == size % 5  # some of each group
    told = found({"train": groups[~test], "test": groups[test]})
    assert told is not None
    assert told.images == test.sum()
    assert told.times > 1.5
    assert told.close > 4 * told.by_chance


@pytest.mark.parametrize("seed", range(8))
def test_groups_on_one_side_are_not(seed: int) -> None:
    assert found({"train": grouped(480, 4), "test": grouped(120, 4, 500)}, seed=seed) is None


@pytest.mark.parametrize("seed", range(8))
def test_images_that_stand_alone_are_not(seed: int) -> None:
    assert found({"train": np.arange(480), "test": np.arange(480, 600)}, seed=seed) is None
    assert found({"train": np.arange(480)}, seed=seed) is None


def test_groups_of_train_alone_are_told() -> None:
    """A test split that is still to be drawn would part them."""
    told = found({"train": grouped(400, 4)})
    assert told is not None
    assert told.images == 400
    assert told.others <= 3


@pytest.mark.parametrize(("size", "near"), [(2, 1e-6), (4, 0.05), (8, 0.05), (4, 0.2)])
@pytest.mark.parametrize("seed", range(4))
def test_groups_within_train_say_nothing_of_a_test_without(size: int, near: float, seed: int) -> None:
    """From outside every second, fourth or eighth step is long, towards any class."""
    assert found({"train": grouped(480, size), "test": np.arange(480, 600)}, near, seed) is None


def test_an_image_among_more_twins_than_are_searched_is_no_neighbor_of_its_own() -> None:
    assert found({"train": np.arange(200) % 2}, near=0.0) is None


@pytest.mark.parametrize(
    ("sizes", "least", "chosen"),
    [
        ([4, 6, 1], 1, [0, 1]),
        ([0, 40, 5], 1, [1]),
        ([0, 40, 0, 50, 5], 2, [1, 3]),
        ([3, 0, 3, 3], 1, [0, 2, 3]),
        ([], 2, []),
    ],
)
def test_classes_without_images_are_none_of_the_first(monkeypatch, sizes, least, chosen) -> None:
    monkeypatch.setattr("assay.audits.checks.leakage.image_sample.MOST_IMAGES", 10)
    assert first_classes(np.array(sizes, np.int64), least).tolist() == chosen


def test_of_a_large_set_whole_classes_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ones, and two at least, for each is seen beside others."""
    monkeypatch.setattr("assay.audits.checks.leakage.image_sample.MOST_IMAGES", 10)
    assert found({"train": grouped(400, 4)}).images == 400
    train, labels = dataset_of({"train": 600}).train, np.arange(600) % 3
    every = points(grouped(600, 4) * 3 + labels, 0.2, 1)
    splits = {"train": replace(train, labels=labels)}
    dataset = Dataset("noise", ("a", "b", "c"), splits, "made for a test")
    assert hidden_groups(CheckContext(dataset, measure_all(dataset), {"train": every}), set()).images == 400


def test_a_few_images_with_a_twin_say_nothing() -> None:
    groups = np.arange(600)
    groups[480:492] = groups[:12]
    assert found({"train": groups[:480], "test": groups[480:]}, near=0.01) is None


@pytest.mark.parametrize(("train", "test"), [(480, 30), (38, 200), (1, 1), (2, 0)])
def test_few_images_tell_nothing(train: int, test: int) -> None:
    """Fewer than 40 asked, or classes of fewer images than the steps that are compared."""
    assert found({"train": grouped(train, 4), "test": grouped(test, 4)}) is None


def test_equal_distances_tell_nothing() -> None:
    nothing = np.zeros((50, 42))
    assert judged(nothing, nothing) is None
    assert judged(np.full((50, 42), np.nan), np.full((50, 42), np.nan)) is None


def test_by_hand() -> None:
    """All steps 1, but the third one 3 for half of the images: 2 on average; 5 times the usual for none."""
    steps, other = np.ones((64, 42)), np.ones((64, 42))
    assert judged(steps, other) is None
    steps[:, 2], other[:, 2] = 1.29, 0.5  # in every image, and longer than towards other classes
    assert judged(steps, other) is None
    steps[:, 2] = 1.31
    assert judged(steps, other) is not None
    steps[:, 2] = other[:, 2] = 1
    steps[::2, 2] = 3
    told = judged(steps, other)
    assert told is not None
    assert (told.images, told.others, told.close) == (64, 3, 0)
    assert told.times == pytest.approx(2)
    steps[::2, 2] = 6  # counts as five times the usual
    told = judged(steps, other)
    assert told is not None
    assert (told.times, told.close) == (pytest.approx(3), 32)
    assert told.by_chance == pytest.approx(64 * (1 - (1 - np.exp(-5)) ** 3))
    other[:, 2] = 2.5  # as long towards other classes, but for a factor of 1.2
    assert judged(steps, other) is None


def versions(one_side: bool) -> Dataset:
    """300 pictures of soft noise, and three versions of each, lighter or darker and with more noise."""
    random = np.random.default_rng(3)
    coarse = random.normal(0, 1, (300, 7, 7)).repeat(4, axis=1).repeat(4, axis=2)
    every = np.tile(coarse, (4, 1, 1)) * random.uniform(0.7, 1.3, (1200, 1, 1))
    every = np.clip(128 + 45 * every + random.normal(0, 25, every.shape), 0, 255).astype(np.uint8)[..., None]
    source = np.tile(np.arange(300), 4)
    test = source % 5 == 0 if one_side else random.permutation(1200) % 5 == 0
    splits = {
        name: Split.from_arrays(every[rows], source[rows] % 2, numbered_ids(name, int(rows.sum())))
        for name, rows in (("train", ~test), ("test", test))
    }
    return Dataset("versions", CLASSES, splits, "made for a test")


def test_versions_of_pictures_on_both_sides_make_the_score_doubtful() -> None:
    dataset = versions(one_side=False)
    leakage = audit_dataset(dataset, measure_all(dataset), ["leakage"]).finding("leakage")
    assert leakage.verdict != "pass"
    assert "Images seem to come in groups that nobody named" in leakage.summary
    assert "the score is too good" in leakage.summary
    assert "--group-column" in leakage.fix
    warned = replace(leakage, verdict="warn", count=0)
    facts = Facts("versions", (warned,), n=1000, accuracy=0.9, low=0.89, high=0.91, baseline=0.5)
    assert trust(facts) == ("care", "training seems to show the same things as the test images")


def test_versions_on_one_side_do_not() -> None:
    dataset = versions(one_side=True)
    leakage = audit_dataset(dataset, measure_all(dataset), ["leakage"]).finding("leakage")
    assert (leakage.verdict, leakage.evidence["groups_by_distances"]) == ("pass", None)


def test_versions_within_train_are_told_where_a_split_is_still_to_be_drawn() -> None:
    train = versions(one_side=True).train
    dataset = Dataset("versions", CLASSES, {"train": train}, "made for a test")
    leakage = audit_dataset(dataset, measure_all(dataset), ["leakage"]).finding("leakage")
    assert leakage.verdict == "not evaluated"
    assert "a test split must not part them" in leakage.summary
    named = replace(train, columns={"group": np.array([str(i % 300) for i in range(len(train))])})
    dataset = replace(dataset, splits={"train": named})
    leakage = audit_dataset(dataset, measure_all(dataset), ["leakage"]).finding("leakage")
    assert "nobody named" not in leakage.summary
