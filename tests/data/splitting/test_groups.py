"""Near copies are followed as far as a fair share of every class can still be drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.data.splitting import groups
from assay.data.splitting.groups import Pairs, join_pairs, with_near_copies
from assay.data.splitting.stratified import hold_out
from assay.data.values import Split


def split_of(labels, contents=None, groups=None):
    """A split of 1 x 4 images; equal `contents` are exact copies; groups: the column `group`."""
    contents = np.arange(len(labels)) if contents is None else np.asarray(contents)
    images = contents.astype("<u4").view(np.uint8).reshape(-1, 1, 4, 1)
    columns = {} if groups is None else {"group": tuple(groups)}
    labels = np.asarray(labels, np.int64)
    return Split.from_arrays(images, labels, [str(i) for i in range(len(labels))], columns)


def pairs_of(*pairs):
    return np.array(pairs, np.int64).reshape(-1, 2)


def test_pairs_copies_and_groups_join():
    """0 ~ 3 by a pair, 3 = 4 by content, 4 with 5 by group: one number, that of the first row."""
    split = split_of([0] * 20, [0, 1, 2, 3, 3, *range(5, 20)], ["", "", "", "", "g", "g", *[""] * 14])
    together, parted = join_pairs(split, pairs_of((3, 0)), 0.5)
    assert together[:7].tolist() == [0, 1, 2, 0, 0, 0, 6]
    assert parted == 0


def test_a_chain_ends_at_the_share_of_a_class():
    """20 images like beads on a string, 0.2 of them wanted: groups of 4, joined by the surest pairs."""
    chain = pairs_of(*((i, i + 1) for i in range(19)))
    together, parted = join_pairs(split_of([0] * 20), chain, 0.2)
    assert np.unique(together, return_counts=True)[1].tolist() == [4] * 5
    assert parted == 4


def test_the_share_is_counted_by_class():
    """Four images of one class may not join where two are wanted; two of each of two classes may."""
    pairs = pairs_of((0, 1), (2, 3), (1, 2))
    assert join_pairs(split_of([0, 0, 0, 0, *[1] * 6]), pairs, 0.25)[1] == 1
    assert join_pairs(split_of([0, 1, 0, 1, 0, 1, 0, 1]), pairs, 0.25)[1] == 0


def test_a_pair_stays_together_in_the_smallest_class():
    """Two images are never too many, even where a fifth of a class is less than one."""
    together, parted = join_pairs(split_of([0, 0, 0]), pairs_of((0, 2)), 0.2)
    assert (together.tolist(), parted) == ([0, 1, 0], 0)


@st.composite
def cases(draw):
    n = draw(st.integers(1, 40))
    rows = st.integers(0, n - 1)
    labels = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    contents = draw(st.lists(st.integers(0, 2 * n), min_size=n, max_size=n))
    return split_of(labels, contents), pairs_of(*draw(st.lists(st.tuples(rows, rows), max_size=30)))


@given(case=cases(), fraction=st.floats(0.01, 0.99), seed=st.integers(0, 100))
def test_rules_hold_for_any_pairs(case, fraction, seed):
    """What is together is on one side, exact copies too, and no class gives more than its share."""
    split, pairs = case
    known, words = with_near_copies(split, lambda _: Pairs(pairs, pairs_of()), fraction)
    found = hold_out(known, fraction, seed)
    assert sorted([*found.train, *found.validation]) == list(range(len(split)))
    assert not set(known.together[found.train]) & set(known.together[found.validation])
    digests = [{split.hex_digest(row) for row in rows} for rows in (found.train, found.validation)]
    assert not digests[0] & digests[1]
    counts, held = split.counts(4), np.bincount(split.labels[found.validation], minlength=4)
    assert np.all(held <= np.rint(counts * fraction))
    parted = sum(known.together[one] != known.together[other] for one, other in pairs)
    assert (f"; {parted:,} {'pair' if parted == 1 else 'pairs'} not" in words) == bool(parted)


def test_without_pairs_the_rows_are_those_without_the_search():
    """Nothing found, nothing changed: the draw is the same to the row."""
    split = split_of(np.tile([0, 1, 2], 50), np.arange(150) // 2)
    known, words = with_near_copies(split, lambda _: Pairs.none(), 0.2)
    for seed in range(5):
        plain, same = hold_out(split, 0.2, seed), hold_out(known, 0.2, seed)
        np.testing.assert_array_equal(plain.validation, same.validation)
    assert words == " on one side"


def test_one_pair_moves_few_rows():
    """A pair that comes or goes changes the side of itself and of what takes its place: no new draw."""
    split = split_of(np.tile([0, 1], 500))
    known, _ = with_near_copies(split, lambda _: Pairs(pairs_of((10, 600)), pairs_of()), 0.2)
    plain, near = (set(hold_out(one, 0.2, 4).validation) for one in (split, known))
    assert len(plain ^ near) <= 4


def test_very_large_sets_are_not_searched_and_say_so(monkeypatch):
    """Beyond what memory is promised for, the rule tells that near copies were not looked for."""
    monkeypatch.setattr(groups, "MOST_IMAGES", 3)
    split = split_of([0] * 4)
    known, words = with_near_copies(split, lambda _: pytest.fail("searched"), 0.5)
    assert known.together is None
    assert "among more than 3 images near copies are not looked for" in words
