"""The honest set: nothing dropped silently, differences paired, and what false alarms alone would bring."""

import numpy as np
import pytest

from assay.estimators.label_noise import chances, fit_floor, label_posterior
from assay.estimators.temperature_scaling import fit_temperature, tempered
from assay.evaluation.adjusted_accuracy import FlaggedTestImages, adjusted_accuracy, nothing_flagged
from assay.evaluation.intervals import difference_interval, nested_difference_interval
from assay.evaluation.json_types import record_of
from assay.evaluation.metrics import wilson_interval

# Ten images; 0 to 6 answered right. Image 0 has a copy in train; 8 and 9 (answered wrong) are disputed.
LABELS = np.zeros(10, np.int64)
PREDICTED = np.array([0] * 7 + [1] * 3)


def _mask(*rows: int) -> np.ndarray:
    mask = np.zeros(10, bool)
    mask[list(rows)] = True
    return mask


DOUBTS = FlaggedTestImages(_mask(0), "", _mask(8, 9), "")


def test_the_four_scores_by_hand() -> None:
    """Each is a count over the images that are left, with its difference to all images; all come first."""
    found = adjusted_accuracy(LABELS, PREDICTED, 2, DOUBTS)
    assert next(iter(record_of(found))) == "as_given"
    entries = (found.as_given, found.without_copies, found.without_suspects, found.without_both)
    assert [(e.correct, e.n, e.removed) for e in entries if e] == [
        (7, 10, 0),
        (6, 9, 1),
        (7, 8, 2),
        (6, 7, 3),
    ]
    assert [e.difference for e in entries if e] == pytest.approx([0, 6 / 9 - 0.7, 7 / 8 - 0.7, 6 / 7 - 0.7])
    assert all(e.ci95 == wilson_interval(e.correct, e.n) for e in entries if e)
    assert found.as_given.difference_ci95 == (0, 0)


def test_disputed_images_counted_right_and_wrong_by_hand() -> None:
    """The bounds that hold whatever the truth about the disputed labels is, over all images."""
    suspects = adjusted_accuracy(LABELS, PREDICTED, 2, DOUBTS).suspects
    assert suspects is not None
    assert (suspects.n, suspects.counted_right.correct, suspects.counted_wrong.correct) == (2, 9, 7)
    assert suspects.rise == pytest.approx(7 / 8 - 0.7)
    assert suspects.clean_rise is None
    assert suspects.clean_rise_reason


def test_a_check_that_was_not_made_is_null_with_the_reason() -> None:
    """A score that cannot be made says why; the one as given is made all the same."""
    found = adjusted_accuracy(LABELS, PREDICTED, 2, nothing_flagged("no audit was given"))
    assert found.as_given.accuracy == 0.7
    for name in ("without_copies", "without_suspects", "without_both", "suspects"):
        assert (getattr(found, name), getattr(found, f"{name}_reason")) == (None, "no audit was given")
    half = adjusted_accuracy(
        LABELS, PREDICTED, 2, FlaggedTestImages(_mask(0), "", None, "label-errors was not made")
    )
    assert half.without_copies is not None
    assert (half.without_both, half.without_both_reason) == (None, "label-errors was not made")


def test_no_image_left_is_said() -> None:
    """Where every image is in doubt there is nothing to score, and no division by zero."""
    everything = FlaggedTestImages(np.ones(10, bool), "", np.ones(10, bool), "")
    found = adjusted_accuracy(LABELS, PREDICTED, 2, everything)
    assert (found.without_copies, found.without_copies_reason) == (None, "no image is left")
    assert found.suspects is not None
    assert found.suspects.rise is None


@pytest.mark.parametrize(
    ("a", "b", "low", "high"),
    [
        # Newcombe 1998 (differences), table II, method 10.
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((5, 56), (0, 29), -0.0381, 0.1926),
    ],
)
def test_difference_interval_equals_published_values(
    a: tuple[int, int], b: tuple[int, int], low: float, high: float
) -> None:
    """The interval is the one that Newcombe (1998) tabulates as method 10."""
    assert difference_interval(*a, *b) == pytest.approx((low, high), abs=5.1e-5)


def test_nothing_removed_is_no_difference_for_certain() -> None:
    """The paired difference of a set with itself is 0, without any spread."""
    assert nested_difference_interval(7, 10, 0, 0) == (0, 0)


def _world(rng: np.random.Generator, n: int, k: int, spread: float = 0.15) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of an honest classifier, and labels drawn from them: all of them right."""
    p = rng.dirichlet(np.full(k, spread), n)
    labels = (p.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return p, labels


def _rule(p: np.ndarray) -> np.ndarray:
    """For every image the labels that a rule of this test disputes."""
    disputed: np.ndarray = (p < 0.05) & (p.max(axis=1, keepdims=True) > 0.5)
    return disputed


def _rise(p: np.ndarray, labels: np.ndarray, predicted: np.ndarray) -> tuple[float, np.ndarray]:
    rows = np.arange(len(p))
    out = _rule(p)[rows, labels]
    right = labels == predicted
    return float(right[~out].mean() - right.mean()), out


def test_on_clean_labels_the_rise_is_the_one_that_was_foretold() -> None:
    """Where every label is right, taking disputed images out still raises the score: by as much as said."""
    rng = np.random.default_rng(0)
    p, labels = _world(rng, 20_000, 5)
    predicted = p.argmax(axis=1)
    found, out = _rise(p, labels, predicted)
    posterior = label_posterior(p, *fit_floor(p, labels), _rule(p))
    suspects = adjusted_accuracy(
        labels, predicted, 5, FlaggedTestImages(None, "-", out, "", posterior)
    ).suspects
    assert suspects is not None
    assert suspects.clean_rise is not None
    assert suspects.clean_rise.floor < 0.01
    assert suspects.clean_rise.low < found < suspects.clean_rise.high
    assert suspects.clean_rise.removed == pytest.approx(out.sum(), rel=0.1)


def test_wrong_labels_raise_it_by_more_than_is_foretold() -> None:
    """With 5 % of the labels drawn anew, what is foretold is the rise that the right labels would show."""
    rng = np.random.default_rng(1)
    p, labels = _world(rng, 20_000, 10, spread=0.1)
    predicted = p.argmax(axis=1)
    noisy = np.where(rng.random(len(labels)) < 0.05, rng.integers(0, 10, len(labels)), labels)
    # Calibrated on such labels: less sure of everything, for a softmax has no other way to allow for them.
    known = tempered(p, fit_temperature(p, noisy))
    (found, out), (clean, _) = _rise(known, noisy, predicted), _rise(known, labels, predicted)
    floor, temperature = fit_floor(known, noisy)
    assert floor == pytest.approx(0.05, abs=0.005)
    posterior = label_posterior(known, floor, temperature, _rule(known))
    suspects = adjusted_accuracy(
        noisy, predicted, 10, FlaggedTestImages(None, "-", out, "", posterior)
    ).suspects
    assert suspects is not None
    assert suspects.clean_rise is not None
    assert suspects.clean_rise.mean == pytest.approx(clean, abs=0.002)
    assert found > clean + 0.01
    assert found > suspects.clean_rise.high + 0.01


def test_chances_by_hand() -> None:
    """Two images, three classes: in one a label 2 is disputed, of the other nothing is sure."""
    p = np.array([[0.9, 0.06, 0.04], [0.45, 0.35, 0.2]])
    posterior = label_posterior(p, 0.0, 1.0, _rule(p))
    found = chances(posterior, np.array([2, 0]), 3)
    assert found.answer == pytest.approx([0.04, 0.45])
    assert found.disputed == pytest.approx([0.04, 0.0])
    assert found.both == pytest.approx([0.04, 0.0])
    assert chances(posterior, np.array([0, 1]), 3).both == pytest.approx([0, 0])


def test_equal_seeds_give_equal_simulations() -> None:
    """The simulation is a function of its seed."""
    rng = np.random.default_rng(2)
    p, labels = _world(rng, 500, 3)
    posterior = label_posterior(p, 0.0, 1.0, _rule(p))
    _, out = _rise(p, labels, p.argmax(axis=1))
    flagged_test = FlaggedTestImages(None, "-", out, "", posterior)
    runs = [adjusted_accuracy(labels, p.argmax(axis=1), 3, flagged_test, seed) for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]
