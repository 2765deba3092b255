"""Copies that a process remembers: the same pictures are searched once, whatever their labels."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from assay.audits.checks.context import CheckContext
from assay.data.values import Dataset, Split
from assay.duplicates import cached_pairs
from assay.duplicates.cached_pairs import copies_of, forget_copies
from assay.duplicates.find import Copies, find_copies
from planted import colored, with_images, with_more

CLEAN = colored(train=20, test=6)


@pytest.fixture(autouse=True)
def searched(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[int]]:
    """How many images each search looked at, from an empty cache and nothing remembered."""
    searches: list[int] = []

    def counted(dataset: Dataset) -> Copies:
        searches.append(sum(map(len, dataset.splits.values())))
        return find_copies(dataset)

    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr(cached_pairs, "find_copies", counted)
    forget_copies()
    yield searches
    forget_copies()


def copied() -> Dataset:
    """With an exact and two near copies in train, and one of train in test."""
    images, labels = CLEAN.train.images, CLEAN.train.labels
    more = np.concatenate([images[:1], images[1:3, :, ::-1]])
    data = with_more(CLEAN, "train", more, labels[:3])
    return with_more(data, "test", np.clip(images[4:5].astype(int) + 3, 0, 255).astype(np.uint8), labels[4:5])


def same(one: Copies, other: Copies) -> None:
    for name, value in vars(one).items():
        assert np.array_equal(getattr(other, name), value), name


def test_other_labels_need_no_search(searched: list[int]) -> None:
    """What is remembered is what a search finds, field by field; labels have no part in it."""
    data = copied()
    first = copies_of(data)
    assert len(first.near_first) == 3
    relabelled = with_images(data, "train", data.train.images, data.train.labels[::-1].copy())
    again = copies_of(relabelled)
    same(find_copies(relabelled), again)
    same(first, again)
    assert len(searched) == 1


def test_another_order_names_the_same_pictures(searched: list[int]) -> None:
    """Rows and splits are those of the data at hand."""
    data = copied()
    copies_of(data)
    turned = replace(
        data,
        splits={
            name: Split.from_arrays(split.images[::-1].copy(), split.labels[::-1].copy(), split.ids)
            for name, split in data.splits.items()
        },
        fingerprints={},
    )
    found = copies_of(turned)
    same(find_copies(turned), found)
    assert len(searched) == 1


def test_other_pictures_sizes_or_caches_are_searched(
    searched: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One pixel more, another size of the files, or an empty cache in another folder."""
    data = copied()
    copies_of(data)
    images = data.train.images.copy()
    images[0, 0, 0, 0] ^= 1
    copies_of(with_images(data, "train", images))
    size = np.full(len(data.train), 500)
    larger = replace(data.train, columns={"width": size, "height": size})
    copies_of(replace(data, splits={**data.splits, "train": larger}, fingerprints={}))
    assert len(searched) == 3
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path_factory.mktemp("another")))
    copies_of(data)
    assert len(searched) == 4


def test_only_the_last_sets_are_remembered(searched: list[int]) -> None:
    """A process that audits many sets does not grow."""
    sets = [colored(train=8 + number, test=1) for number in range(5)]
    for data in [*sets, sets[4], sets[1], sets[0]]:
        copies_of(data)
    assert len(searched) == 6
    assert len(cached_pairs._remembered) == 4


def test_a_check_takes_what_another_audit_found(searched: list[int]) -> None:
    """Two audits of one set in a process search once."""
    for _ in range(2):
        assert len(CheckContext(copied(), {}).copies.near_first) == 3
    assert len(searched) == 1


def test_overlaps_are_remembered_in_any_order(searched: list[int]) -> None:
    """Crops of one picture, in other splits and another order: the same pairs, at the same distances."""
    whole = np.random.default_rng(0).integers(0, 256, (60, 60, 1), dtype=np.uint8)
    crops = np.stack([whole[y : y + 40, x : x + 40] for y, x in ((0, 0), (5, 12), (20, 3), (11, 20))])
    labels, ids = np.array([0, 1, 0, 1]), ("a", "b", "c", "d")
    one = Dataset("crops", ("p", "q"), {"train": Split.from_arrays(crops, labels, ids)}, "made")
    turned = {
        "train": Split.from_arrays(crops[[3, 1]], labels[[3, 1]], ("d", "b")),
        "test": Split.from_arrays(crops[[2, 0]], labels[[2, 0]], ("c", "a")),
    }
    other = Dataset("crops", ("p", "q"), turned, "made")
    first, again = copies_of(one), copies_of(other)
    assert len(searched) == 1
    same(find_copies(other), again)
    assert len(again.overlaps.first) == len(first.overlaps.first) == 6
    pair = again.overlaps.chosen((again.overlaps.first == 1) & (again.overlaps.second == 2))
    assert (pair.down.tolist(), pair.right.tolist()) == ([15], [-9])
