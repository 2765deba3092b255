"""Calibration: the diagram by hand and against naive sums, and a temperature that cannot run away."""

from fractions import Fraction

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given
from hypothesis import strategies as st

from assay.estimators.temperature_scaling import fit_temperature, tempered
from assay.evaluation.calibration import BINS, calibrate, expected_calibration_error, reliability_bins
from assay.evaluation.metrics import brier_score


def test_calibration_error_by_hand() -> None:
    """Two bins: 0.9 sure and 3 of 4 right, 0.6 sure and 1 of 1 right."""
    bins = reliability_bins(np.array([0.9, 0.9, 0.9, 0.9, 0.6]), np.array([1, 1, 1, 0, 1], bool), 5)
    assert [b.n for b in bins] == [0, 0, 1, 0, 4]
    assert expected_calibration_error(bins) == pytest.approx((4 * 0.15 + 0.4) / 5)
    assert (bins[0].confidence, bins[0].accuracy, bins[0].ci95) == (None, None, None)


def _exact_error(confidence: list[float], right: list[bool]) -> float:
    """The same from fractions: bins (i / 15, (i + 1) / 15], the first with 0 in it."""
    total = Fraction(0)
    for i in range(BINS):
        members = [
            j
            for j, c in enumerate(confidence)
            if (Fraction(i, BINS) < Fraction(c) or i == 0) and Fraction(c) <= Fraction(i + 1, BINS)
        ]
        if members:
            sure = sum(Fraction(confidence[j]) for j in members)
            total += abs(sure - sum(right[j] for j in members))
    return float(total / len(confidence))


def test_calibration_error_equals_exact_fractions() -> None:
    """In 10,000 random cases, a single image and ties among them, within 1e-12."""
    rng = np.random.default_rng(0)
    for _ in range(10_000):
        n = int(rng.choice([1, 2, 7]))
        confidence = rng.integers(0, 65, n) / 64  # exact in binary: no doubt about a bin's edge
        right = rng.random(n) < 0.5
        found = expected_calibration_error(reliability_bins(confidence, right))
        assert found == pytest.approx(_exact_error(confidence.tolist(), right.tolist()), abs=1e-12)


def test_brier_score_equals_scikit_learn() -> None:
    """For two classes twice scikit-learn's, for more the mean of its one-class scores times the classes."""
    rng = np.random.default_rng(1)
    for _ in range(300):
        n, k = int(rng.integers(1, 30)), int(rng.integers(2, 6))
        p, labels = rng.dirichlet(np.ones(k), n), rng.integers(0, k, n)
        one = [oracle.mean_squared_error(labels == c, p[:, c]) for c in range(k)]
        assert brier_score(p, labels) == pytest.approx(sum(one), abs=1e-12)


def _sure_by(factor: float, n: int = 4_000) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities `factor` times as sure, on the scale of logits, as the labels that were drawn."""
    rng = np.random.default_rng(2)
    true = rng.dirichlet(np.full(4, 0.4), n).clip(1e-12)
    true /= true.sum(axis=1, keepdims=True)
    labels = (true.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return tempered(true, 1 / factor), labels


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_a_temperature_that_was_planted_is_found(factor: float) -> None:
    """Probabilities made too sure or too unsure by a known factor get that factor as temperature."""
    p, labels = _sure_by(factor)
    assert fit_temperature(p, labels) == pytest.approx(factor, rel=0.06)


def test_the_temperature_mends_what_was_broken() -> None:
    """Before: too sure. After: as near the truth as chance allows; log loss and Brier score fall too."""
    p, labels = _sure_by(2.0)
    value = fit_temperature(p, labels)
    found = calibrate(tempered(p, value), labels, value, "", len(labels))
    assert found.before.ece > 3 * found.after.ece
    assert found.after.ece < 2 * found.after.ece_by_chance
    assert found.before.log_loss > found.after.log_loss
    assert found.before.brier > found.after.brier
    assert found.before.ece == pytest.approx(calibrate(p, labels, 1.0, "", 0).after.ece, abs=1e-9)


@pytest.mark.parametrize("n", [1, 3, 200])
def test_perfectly_separated_images_do_not_freeze_the_model(n: int) -> None:
    """All right and all sure: the likeliest temperature would be 0; it stays near 1."""
    p = np.tile([0.98, 0.01, 0.01], (n, 1))
    assert 0.3 < fit_temperature(p, np.zeros(n, np.int64)) <= 1


def test_a_single_wrong_image_does_not_melt_it() -> None:
    """One image, answered wrong with full certainty: the temperature stays finite."""
    assert 1 < fit_temperature(np.array([[1.0, 0.0]]), np.array([1])) < 20.1


def test_no_images_no_temperature() -> None:
    with pytest.raises(ValueError, match="no images"):
        fit_temperature(np.zeros((0, 3)), np.zeros(0, np.int64))


@given(seed=st.integers(0, 2**32 - 1), temperature=st.floats(0.05, 20))
def test_a_temperature_never_changes_an_answer(seed: int, temperature: float) -> None:
    """Rows sum to 1 and keep their order, so accuracy stays; and it can be undone."""
    logits = np.random.default_rng(seed).normal(0, 4, (20, 5)).astype(np.float32).astype(np.float64)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    found = tempered(p, temperature)
    assert (found.argmax(axis=1) == p.argmax(axis=1)).all()
    assert found.sum(axis=1) == pytest.approx(np.ones(20), abs=1e-12)
    if temperature > 0.3:
        assert tempered(found, 1 / temperature) == pytest.approx(p, abs=1e-6)


def test_order_and_names_do_not_matter() -> None:
    """Shuffled images, renamed classes and a doubled set have the same calibration."""
    p, labels = _sure_by(2.0, 500)
    rng = np.random.default_rng(3)
    order, names = rng.permutation(500), rng.permutation(4)
    whole = calibrate(p, labels, 1.3, "", 0)
    renamed = np.empty_like(p)
    renamed[:, names] = p
    for other in (
        calibrate(p[order], labels[order], 1.3, "", 0),
        calibrate(renamed, names[labels], 1.3, "", 0),
        calibrate(np.tile(p, (2, 1)), np.tile(labels, 2), 1.3, "", 0),
    ):
        assert (other.after.ece, other.after.brier, other.before.log_loss) == pytest.approx(
            (whole.after.ece, whole.after.brier, whole.before.log_loss), abs=1e-12
        )


def test_frames_of_a_clip_tell_less_of_calibration() -> None:
    """Clips of ten frames, answered alike by a model that is as sure as it is right: the error by chance is
    that of clips, and so are the intervals of the diagram."""
    rng = np.random.default_rng(5)
    clips = np.repeat(np.arange(60), 10)
    seen, single, grouped = [], [], []
    for _ in range(50):
        sure = rng.uniform(0.55, 0.95, 60)
        p = np.stack((sure[clips], 1 - sure[clips]), axis=1)
        labels = (rng.random(60) > sure)[clips].astype(np.int64)
        found = calibrate(p, labels, 1.0, "", 600, clips).after
        seen.append(found.ece)
        grouped.append(found.ece_by_chance)
        single.append(calibrate(p, labels, 1.0, "", 600).after.ece_by_chance)
        low, high = found.bins[-2].ci95 or (0, 0)
        narrow = reliability_bins(p.max(axis=1), p.argmax(axis=1) == labels)[-2].ci95 or (0, 0)
        assert high - low > narrow[1] - narrow[0]
    assert np.mean(single) < 0.5 * np.mean(seen)
    assert 0.75 < np.mean(grouped) / np.mean(seen) < 1.35
