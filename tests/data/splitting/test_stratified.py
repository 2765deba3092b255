import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import AssayError
from assay.data.splitting.stratified import connected_groups, hold_out
from assay.data.values import Split


def split_of(labels, contents=None):
    """A split of 1 x 4 images; equal `contents` are exact copies (all differ when None)."""
    labels = np.asarray(labels, np.int64)
    contents = np.arange(len(labels)) if contents is None else np.asarray(contents)
    images = contents.astype("<u4").view(np.uint8).reshape(-1, 1, 4, 1)
    return Split.from_arrays(images, labels, [str(i) for i in range(len(labels))])


@st.composite
def cases(draw):
    n = draw(st.integers(1, 60))
    labels = draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))
    contents = draw(st.lists(st.integers(0, n), min_size=n, max_size=n))
    groups = draw(st.none() | st.lists(st.integers(-2, n), min_size=n, max_size=n))
    return split_of(labels, contents), None if groups is None else np.array(groups)


@given(case=cases(), fraction=st.floats(0, 0.99), seed=st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_rules_hold_for_any_split(case, fraction, seed):
    """Every row once; copies and groups on one side; no class held out whole, none beyond its share."""
    split, groups = case
    found = hold_out(split, fraction, seed, groups)
    assert sorted([*found.train, *found.validation]) == list(range(len(split)))
    assert list(found.train) == sorted(found.train)
    assert list(found.validation) == sorted(found.validation)
    train_digests = {split.hex_digest(row) for row in found.train}
    assert not train_digests & {split.hex_digest(row) for row in found.validation}
    if groups is not None:
        assert not set(groups[found.train]) & set(groups[found.validation])
    counts, held = split.counts(6), np.bincount(split.labels[found.validation], minlength=6)
    assert np.all(held <= np.rint(counts * fraction))
    assert np.all(held[counts > 0] < counts[counts > 0])


@given(case=cases(), fraction=st.floats(0, 0.99), seed=st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_the_same_seed_gives_the_same_rows(case, fraction, seed):
    """Deterministic: nothing but split, fraction, seed and groups counts."""
    split, groups = case
    first, again = hold_out(split, fraction, seed, groups), hold_out(split, fraction, seed, groups)
    np.testing.assert_array_equal(first.validation, again.validation)


def test_without_copies_every_class_gives_exactly_its_share():
    """1,000 images of unequal classes: round(count * fraction) of each."""
    labels = np.repeat([0, 1, 2], [700, 290, 10])
    found = hold_out(split_of(labels), 0.1, 0)
    assert np.bincount(labels[found.validation]).tolist() == [70, 29, 1]


def test_seeds_differ_and_rows_are_spread():
    """Another seed holds out other rows; they come from everywhere, not from the start."""
    labels = np.zeros(1000, np.int64)
    a, b = (hold_out(split_of(labels), 0.1, seed).validation for seed in (0, 1))
    assert set(a) != set(b)
    assert 400 < a.mean() < 600


def test_zero_trains_on_all():
    """fraction 0 holds nothing out."""
    found = hold_out(split_of([0, 1, 2]), 0, 0)
    assert found.train.tolist() == [0, 1, 2]
    assert len(found.validation) == 0


@pytest.mark.parametrize(
    ("labels", "contents", "held"),
    [
        ([0], None, 0),
        ([0, 0], None, 1),
        ([0, 1], None, 0),
        ([0, 0, 0, 0], [7, 7, 7, 7], 0),
        ([0, 0, 0, 0], [7, 7, 8, 8], 2),
        (range(10_000), None, 0),
        (np.arange(20_000) // 2, None, 10_000),
        ([5] * 10, None, 5),
    ],
)
def test_small_and_odd_splits(labels, contents, held):
    """One image, one class, one image per class, all copies, 10,000 classes, absent classes: no crash."""
    found = hold_out(split_of(list(labels), contents), 0.5, 3)
    assert len(found.validation) == held


def test_copies_under_different_labels_stay_together():
    """An image in two classes cannot leak from train into validation."""
    labels = np.tile([0, 1], 100)
    contents = np.arange(200) // 2
    found = hold_out(split_of(labels, contents), 0.2, 0)
    assert len(found.validation) == 40
    assert set(contents[found.validation]).isdisjoint(contents[found.train])


def test_links_through_copies_and_groups_join():
    """a = b by content, b ~ c by group: all three hang together, however long the chain."""
    n = 20_000
    chain = connected_groups(split_of([0] * n, np.arange(n) // 2), (np.arange(n) + 1) // 2)
    assert chain.tolist() == [0] * n
    apart = connected_groups(split_of([0] * 6, [1, 1, 2, 2, 3, 4]), np.array([9, 8, 8, 7, 5, 6]))
    assert apart.tolist() == [0, 0, 0, 0, 4, 5]


@pytest.mark.parametrize("fraction", [-0.1, 1, 1.5, float("nan")])
def test_a_fraction_outside_its_range_is_refused(fraction):
    """Shares lie in [0, 1)."""
    with pytest.raises(AssayError) as caught:
        hold_out(split_of([0, 1]), fraction, 0)
    assert caught.value.code == "bad-value"


def test_no_images_are_too_few():
    """Nothing can be held out of nothing."""
    with pytest.raises(AssayError) as caught:
        hold_out(split_of([]), 0.1, 0)
    assert caught.value.code == "too-few-images"
