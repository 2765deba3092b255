"""Sentences on calibration: chance is called chance, and a model that is too sure is told."""

from dataclasses import asdict

import numpy as np
import pytest

from assay.evaluation.calibration import calibrate
from assay.reports.findings.trust import calibration_finding

MORE = "the error is more than chance"


def _told(kind: str, n: int, truth: float, seed: int) -> str:
    """What is said of `n` answers that are right `truth` as often as their doubt allows."""
    rng = np.random.default_rng([n, seed])
    sure = {
        "continuous": lambda: 0.5 + 0.5 * rng.beta(4, 1, n),
        "ties": lambda: rng.choice([0.6, 0.9, 0.99], n),
        "nearly certain": lambda: 1 - 0.5 * rng.beta(0.05, 5, n),
        "all alike": lambda: np.full(n, 0.999),
    }[kind]()
    p = np.stack((sure, 1 - sure), axis=1)
    wrong = rng.random(n) < (1 - sure) * truth
    return calibration_finding(asdict(calibrate(p, wrong.astype(np.int64), 1.0, "", 0)))


@pytest.mark.parametrize("kind", ["continuous", "ties", "nearly certain", "all alike"])
@pytest.mark.parametrize("n", [20, 50, 1_000])
def test_chance_is_not_called_more_than_chance(kind: str, n: int) -> None:
    """Probabilities that are all true: before, about half of such models were told that they are not."""
    assert sum(MORE in _told(kind, n, 1.0, seed) for seed in range(100)) <= 12


@pytest.mark.parametrize("kind", ["continuous", "ties"])
def test_a_model_that_is_too_sure_is_told(kind: str) -> None:
    """Wrong twice as often as it says, and of 1,000 images."""
    assert all(MORE in _told(kind, 1_000, 2.0, seed) for seed in range(20))


def test_a_record_of_an_earlier_version_has_its_mean_alone() -> None:
    scores = {"ece": 0.04, "ece_by_chance": 0.03}
    text = calibration_finding({"temperature": 1, "after": scores, "before": scores})
    assert text.endswith("on average: the error is more than that.")
