"""Near copies in sets too large for memory: the copies that the search in memory finds."""

import numpy as np
import pytest

from assay.audits.self_test.planted_faults import with_copies
from assay.data.values import Dataset, Split
from assay.duplicates import find, in_passes
from assay.duplicates.by_detail.detail_copies import DetailCopies
from assay.duplicates.find import Copies, find_copies

PROMISED = ("moved", "mirrored", "brightened", "contrasted", "compressed", "noisy")


def smooth(count: int, side: int, channels: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.random((count, 7, 7, channels)) * 255
    ways = np.clip(np.linspace(-0.3, 6.3, side), 0, 6)
    low, part = np.minimum(ways.astype(int), 5), ways - np.minimum(ways.astype(int), 5)
    rows = coarse[:, low] * (1 - part)[:, None, None] + coarse[:, low + 1] * part[:, None, None]
    both = rows[:, :, low] * (1 - part)[:, None] + rows[:, :, low + 1] * part[:, None]
    return np.clip(both + rng.normal(0, 2, both.shape), 0, 255).astype(np.uint8)


def dataset_of(images: np.ndarray) -> Dataset:
    labels = np.zeros(len(images), np.int64)
    split = Split.from_arrays(images, labels, [f"{i}" for i in range(len(images))])
    return Dataset("made", ("one",), {"train": split}, "arrays")


def told_of(copies: Copies) -> dict[tuple[int, int], tuple[float, str]]:
    """Of each pair its score, as far as rounding goes, and what was undone."""
    pairs = zip(copies.near_first.tolist(), copies.near_second.tolist(), strict=True)
    told = zip(copies.score.round(4).tolist(), copies.changes, strict=True)
    return dict(zip(pairs, told, strict=True))


def pairs_of(copies: Copies) -> set[tuple[int, int]]:
    return set(zip(copies.near_first.tolist(), copies.near_second.tolist(), strict=True))


@pytest.mark.parametrize(("side", "channels"), [(28, 1), (40, 3), (120, 1)])
def test_planted_copies_are_found(side: int, channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least 99 of 100 of those that the search in memory finds, and no others; larger pictures, too."""
    count = {28: 3_000, 40: 900, 120: 450}[side]
    planted = with_copies(dataset_of(smooth(count, side, channels, side)), 25, 0)
    for search in ("find_detail_copies", "find_overlaid", "find_recolored", "find_turned"):  # not in passes
        monkeypatch.setattr(find, search, lambda *_: DetailCopies.none())
    in_memory = find_copies(planted.dataset)
    monkeypatch.setattr(in_passes, "IN_MEMORY", 0)
    monkeypatch.setattr(in_passes, "_PAIRS", 40)
    found = find_copies(planted.dataset)
    for kind in PROMISED:
        rows = set(planted.faults[kind, "train"].tolist())
        before, now = (
            {b for a, b in ((c.first[i], c.first[j]) for i, j in pairs_of(c)) if b in rows}
            for c in (in_memory, found)
        )
        assert len(before) >= 24, kind
        assert len(now & before) >= 0.99 * len(before), kind
    assert len(pairs_of(found) & pairs_of(in_memory)) >= 0.99 * len(pairs_of(in_memory)) > 100
    assert pairs_of(found) <= pairs_of(in_memory)
    same = [told_of(found)[pair] == told_of(in_memory)[pair] for pair in pairs_of(found)]
    assert sum(same) >= 0.99 * len(same)  # what was undone, and the score
    assert found.limits is None  # which the finding tells: copies by detail were not looked for


def test_the_order_of_the_images_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pairs of pictures, with the same scores."""
    monkeypatch.setattr(in_passes, "IN_MEMORY", 0)
    images = with_copies(dataset_of(smooth(900, 28, 1, 3)), 12, 1).dataset.train.images
    shuffled = np.random.default_rng(4).permutation(len(images))
    told = []
    for data in (images, images[shuffled]):
        copies = find_copies(dataset_of(data))
        digests = [bytes(d) for d in dataset_of(data).train.digests]
        told.append(
            {
                frozenset((digests[copies.first[a]], digests[copies.first[b]])): round(score, 4)
                for a, b, score in zip(copies.near_first, copies.near_second, copies.score, strict=True)
            }
        )
    assert told[0] == told[1]
    assert len(told[0]) > 60


def test_a_block_of_pictures_that_show_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Among others that do."""
    monkeypatch.setattr(in_passes, "IN_MEMORY", 0)
    monkeypatch.setattr(in_passes, "_BLOCK", 8)
    images = smooth(60, 12, 1, 6)
    images[:16], images[50] = np.arange(16)[:, None, None, None], images[20, :, ::-1]
    assert pairs_of(find_copies(dataset_of(images))) == {(20, 50)}


@pytest.mark.parametrize(
    "images", [np.zeros((5, 9, 9, 1)), np.arange(81).reshape(1, 9, 9, 1), np.zeros((0, 9, 9, 1))]
)
def test_nothing_to_compare(images: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flat pictures, a single one, none."""
    monkeypatch.setattr(in_passes, "IN_MEMORY", -1)
    assert len(find_copies(dataset_of(images.astype(np.uint8))).near_first) == 0
