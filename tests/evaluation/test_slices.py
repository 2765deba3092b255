"""Slices: every image counted or said to be left out, and a weak one named only when it is one."""

import numpy as np
import pytest

from assay.evaluation.chance.exact_interval import exact_interval
from assay.evaluation.metrics import wilson_interval
from assay.evaluation.slices import FEWEST, by_column, by_range, slice_scores

N = 2_000


def _slices(right: np.ndarray, **columns: object) -> object:
    rng = np.random.default_rng(5)
    figures = {"intensity": rng.random(len(right))}
    labels = np.arange(len(right)) % 2
    return slice_scores(right, labels, ("even", "odd"), figures, columns)  # type: ignore[arg-type]


def test_a_weak_slice_is_named_and_its_clean_twin_is_not() -> None:
    """One camera of four answered worse by 20 points stands out; equal cameras do not."""
    rng = np.random.default_rng(0)
    camera = tuple("abcd"[i % 4] for i in range(N))
    is_d = np.array([c == "d" for c in camera])
    weak = _slices(rng.random(N) < np.where(is_d, 0.7, 0.9), camera=camera)
    assert [(w.by, w.slice) for w in weak.weakest] == [("column:camera", "d")]  # type: ignore[attr-defined]
    assert _slices(rng.random(N) < 0.9, camera=camera).weakest == ()  # type: ignore[attr-defined]


def test_chance_names_no_slice() -> None:
    """Of 200 sets without a weak slice hardly one has a slice named: the bound allows for all of them."""
    rng = np.random.default_rng(1)
    column = tuple(str(i % 10) for i in range(N))
    named = sum(bool(_slices(rng.random(N) < 0.85, c=column).weakest) for _ in range(200))  # type: ignore[attr-defined]
    assert named <= 10


@pytest.mark.parametrize(("share", "classes"), [(0.999, 200), (0.99, 100), (0.95, 100), (0.995, 50)])
def test_chance_names_no_class_of_nearly_all_right(share: float, classes: int) -> None:
    """Few images of many classes, nearly all answered right: two mistakes in one class are chance.

    By Wilson's interval at the corrected confidence 87, 17, 9 and 9 of 100 such sets had a weak class.
    """
    rng = np.random.default_rng(7)
    n = 25 * classes
    labels, names = np.arange(n) % classes, tuple(map(str, range(classes)))
    named = sum(bool(slice_scores(rng.random(n) < share, labels, names, {}, {}).weakest) for _ in range(100))
    assert named <= 5


def test_a_weak_class_among_nearly_all_right_is_named() -> None:
    """Half of one class wrong, of a hundred classes with 25 images each."""
    right = np.ones(2_500, bool)
    right[(np.arange(2_500) % 100 == 41) & (np.arange(2_500) % 200 == 41)] = False
    found = slice_scores(right, np.arange(2_500) % 100, tuple(map(str, range(100))), {}, {})
    assert [(weak.by, weak.slice) for weak in found.weakest] == [("class", "41")]


def test_every_image_is_in_a_slice_or_left_out() -> None:
    """Counts of each grouping and of its left-out images add up; small values are left out, and said so."""
    column = ("rare",) * 5 + ("common",) * (N - 5)
    found = _slices(np.ones(N, bool), c=column)
    for group in found.by:  # type: ignore[attr-defined]
        assert sum(part.n for part in group.slices) + group.left_out == N
        assert all(part.n >= FEWEST for part in group.slices)
    assert found.by[-1].left_out == 5  # type: ignore[attr-defined]
    assert "fewer than 20" in found.by[-1].left_out_reason  # type: ignore[attr-defined]


def test_intervals_allow_for_the_number_of_slices() -> None:
    """The corrected interval has confidence 1 - 0.05 / slices and is exact; the plain one 95 %."""
    found = _slices(np.arange(N) % 3 > 0)
    part = found.by[0].slices[0]  # type: ignore[attr-defined]
    assert found.looked_at == 7  # type: ignore[attr-defined]
    assert part.ci95 == wilson_interval(part.correct, part.n)
    assert part.ci_corrected == exact_interval(part.correct, part.n, 1 - 0.05 / 7)


@pytest.mark.parametrize(
    ("column", "kind", "parts"),
    [
        (np.arange(100.0), "range", 5),
        (tuple(str(i) for i in range(100)), "range", 5),
        (tuple("xyz"[i % 3] for i in range(100)), "value", 3),
        (np.arange(100) % 2 == 0, "value", 2),
        (tuple(str(i % 4) for i in range(100)), "value", 4),
        (("same",) * 100, "value", 0),
        (tuple(f"file {i}" for i in range(100)), "value", 20),
        (np.array([np.nan] * 50 + list(range(50))), "range", 5),
    ],
)
def test_columns_are_cut_by_what_they_hold(column: object, kind: str, parts: int) -> None:
    """Many numbers give ranges, all else its most frequent values; a constant column gives nothing."""
    found, cut = by_column(column)  # type: ignore[arg-type]
    assert (found, len(cut)) == (kind, parts)


def test_ranges_hold_equal_values_together() -> None:
    """Half of the values equal: one range has them all, and none is lost."""
    values = np.r_[np.zeros(50), np.arange(1, 51)]
    parts = by_range(values)
    assert sum(len(part.rows) for part in parts) == 100
    assert sum(0 in set(values[part.rows]) for part in parts) == 1
    assert by_range(np.ones(10)) == by_range(np.full(3, np.nan)) == []


def test_a_single_image_is_sliced_without_harm() -> None:
    """n = 1: no slice is large enough, nothing is named."""
    found = slice_scores(np.array([True]), np.array([0]), ("a", "b"), {"intensity": np.array([3.0])}, {})
    assert (found.looked_at, found.weakest) == (0, ())
