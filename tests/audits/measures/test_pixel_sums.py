"""Measurements: hand-computed sums, and exact merging in any order and grouping."""

from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.audits.measures.pixel_statistics import class_mean_correlation, pixel_statistics
from assay.audits.measures.pixel_sums import Measurements, measure, measure_block, merge
from assay.data.values import Split, numbered_ids


def _random(seed: int, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, 3, 2, 3), dtype=np.uint8), rng.integers(0, k, n)


def test_sums_by_hand() -> None:
    """Two images of class 0, one of class 2, none of class 1."""
    images = np.array([[[[10]]], [[[20]]], [[[255]]]], np.uint8)
    m = measure_block(images, np.array([0, 0, 2]), 3)
    assert m.counts.tolist() == [2, 0, 1]
    assert m.sums.ravel().tolist() == [30, 0, 255]
    assert m.square_sums.ravel().tolist() == [500, 0, 65025]
    assert m.class_means.ravel().tolist() == [15, 0, 255]
    assert m.class_deviations.ravel().tolist() == [5, 0, 0]
    assert np.flatnonzero(m.histogram).tolist() == [10, 20, 255]


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), cuts=st.lists(st.integers(0, 30), max_size=4))
def test_any_division_into_blocks_gives_equal_measurements(seed: int, cuts: list[int]) -> None:
    """One pass, many blocks in any order, or many machines: equal to the last digit."""
    images, labels = _random(seed, 30, 4)
    bounds = [0, *sorted(cuts), 30]
    parts = [measure_block(images[a:b], labels[a:b], 4) for a, b in pairwise(bounds)]
    np.random.default_rng(seed).shuffle(parts)
    assert reduce(merge, parts) == measure_block(images, labels, 4)


def test_measurements_agree_with_numpy() -> None:
    """Means and deviations equal NumPy's own of each class."""
    images, labels = _random(0, 200, 3)
    m = measure_block(images, labels, 3)
    for label in range(3):
        assert np.allclose(m.class_means[label], images[labels == label].mean(axis=0), atol=1e-9)
        assert np.allclose(m.class_deviations[label], images[labels == label].std(axis=0), atol=1e-9)


def test_differing_measurements_are_not_equal() -> None:
    """Equality looks at every array."""
    images, labels = _random(1, 20, 2)
    m = measure_block(images, labels, 2)
    assert m != Measurements(m.counts, m.histograms, m.sums, m.square_sums + 1)


def test_a_split_is_measured_over_the_rows_asked_for() -> None:
    """Rows choose images and their labels together."""
    images, labels = _random(2, 50, 3)
    split = Split.from_arrays(images, labels, numbered_ids("train", 50))
    rows = np.array([40, 3, 17])
    assert measure(split, 3, rows) == measure_block(images[rows], labels[rows], 3)
    assert measure(split, 3, np.zeros(0, np.int64)).counts.tolist() == [0, 0, 0]


def test_pixel_statistics_agree_with_numpy_and_scipy() -> None:
    """Mean, deviation, percentiles and skewness equal the textbook figures of the same values."""
    from scipy.stats import skew

    values = np.random.default_rng(3).binomial(255, 0.2, 10_000)
    s = pixel_statistics(np.bincount(values, minlength=256))
    assert s is not None
    assert (s.minimum, s.maximum) == (values.min(), values.max())
    assert s.mean == pytest.approx(values.mean(), abs=1e-10)
    assert s.deviation == pytest.approx(values.std(), abs=1e-10)
    assert s.skewness == pytest.approx(skew(values), abs=1e-9)
    assert s.low == np.percentile(values, 1, method="inverted_cdf")
    assert s.high == np.percentile(values, 99, method="inverted_cdf")


def test_pixel_statistics_of_nothing_and_of_one_value() -> None:
    """No pixels: None. One value: no spread, and no division by zero."""
    assert pixel_statistics(np.zeros(256, np.int64)) is None
    histogram = np.zeros(256, np.int64)
    histogram[7] = 9
    s = pixel_statistics(histogram)
    assert s is not None
    assert (s.mean, s.deviation, s.skewness, s.zero_share) == (7, 0, 0, 0)


def test_correlation_of_class_means() -> None:
    """Equal shapes correlate by 1, opposite ones by -1, a constant or absent class not at all."""
    images = np.array([[0, 10, 0], [0, 20, 0], [10, 0, 10], [5, 5, 5]], np.uint8).reshape(4, 1, 3, 1)
    correlation = class_mean_correlation(measure_block(images, np.arange(4), 5))
    assert correlation[0, 1] == pytest.approx(1)
    assert correlation[0, 2] == pytest.approx(-1)
    assert np.isnan(correlation[0, 3])
    assert np.isnan(correlation[4]).all()
