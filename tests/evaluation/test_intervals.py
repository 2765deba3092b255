"""Intervals hold what they promise, and none is given where that has not been shown."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from assay.evaluation.intervals import macro_intervals
from assay.evaluation.metrics import macro_scores

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        spec = importlib.util.spec_from_file_location("coverage_run", BENCHMARKS / "interval_coverage.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCHMARKS))
    return module


def test_intervals_cover_the_truth_in_simulation(simulation: ModuleType) -> None:
    """Case 53, in short: over the grid the truth lies inside about 95 times in 100."""
    for name, found in simulation.coverage(wilson_draws=500, worlds=1, per_world=8).items():
        low, high = (0.9, 1.0) if name.startswith("risk") else (0.92, 0.98)
        assert low <= found["mean"] <= high, name


def test_the_published_coverage_is_between_94_and_96_percent() -> None:
    """Case 53: the committed simulation, interval by interval."""
    figures = json.loads((BENCHMARKS / "results" / "interval_coverage.json").read_text("utf-8"))["figures"]
    for name, found in figures.items():
        if not name.startswith("risk"):
            assert 0.94 <= found["mean"] <= 0.96, name


def _confusion(per_class: int, right: int, k: int = 3) -> np.ndarray:
    confusion = np.full((k, k), (per_class - right) // (k - 1))
    np.fill_diagonal(confusion, right)
    return confusion


def test_a_macro_interval_holds_its_score() -> None:
    """The score lies inside, both ends in [0, 1]; equal seeds give equal intervals, others nearly so."""
    confusion = _confusion(400, 360)
    found, reason = macro_intervals(confusion)
    assert found is not None
    assert reason == ""
    for name, value in macro_scores(confusion).items():
        assert 0 < found[name][0] < value < found[name][1] < 1
    assert macro_intervals(confusion) == (found, "")
    other, _ = macro_intervals(confusion, seed=1)
    assert other is not None
    assert other != found
    assert other["macro_f1"] == pytest.approx(found["macro_f1"], abs=0.003)


@pytest.mark.parametrize(
    "confusion",
    [
        _confusion(100, 80),  # 300 images
        np.diag([1000, 1000]),  # no mistake
        np.array([[900, 100], [9, 40]]),  # a class of 49 images
        np.array([[0, 500], [500, 0]]),  # nothing right
        np.zeros((3, 3), np.int64) + np.diag([1, 0, 0]),  # a single image
    ],
)
def test_no_interval_where_none_was_shown_to_hold(confusion: np.ndarray) -> None:
    """Too few images, in all or in a class, or no mistake to draw again: none, and the reason."""
    found, reason = macro_intervals(confusion)
    assert found is None
    assert reason


def test_absent_classes_do_not_prevent_an_interval() -> None:
    """A class without test images is left out of the mean; the others are drawn as ever."""
    confusion = np.zeros((5, 5), np.int64)
    confusion[:3, :3] = _confusion(400, 360)
    assert macro_intervals(confusion) == macro_intervals(_confusion(400, 360))


def test_hundreds_of_classes_are_drawn() -> None:
    """300 classes of 600 images each: what is drawn is summed up at once; with half of them, no interval."""
    confusion = np.zeros((300, 300), np.int64)
    np.fill_diagonal(confusion, 540)
    confusion[np.arange(300), (np.arange(300) + 1) % 300] = 60
    found, _ = macro_intervals(confusion, draws=50)
    assert found is not None
    assert found["macro_recall"][0] < 0.9 < found["macro_recall"][1]
    assert macro_intervals(confusion // 2)[0] is None
