"""The metrics against numbers computed by hand, exact fractions, and scikit-learn."""

from fractions import Fraction

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.evaluation import metrics

CASES = 10_000


def _random_case(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    """Labels and predictions with absent classes, a single class, ties, and single images among them."""
    k = int(rng.integers(1, 7))
    n = int(rng.choice([1, 2, 3, 10, 50]))
    used = rng.choice(k, size=int(rng.integers(1, k + 1)), replace=False)
    return rng.choice(used, n), rng.integers(0, k, n), k


def test_confusion_matrix_by_hand() -> None:
    """Rows are true classes, columns predicted ones."""
    confusion = metrics.confusion_matrix(np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 2, 0]), 3)
    assert confusion.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 1]]
    assert metrics.accuracy(confusion) == 3 / 5


def test_scores_of_counts_equal_exact_fractions() -> None:
    """Every ratio of counts is that ratio, in 10,000 random cases."""
    rng = np.random.default_rng(1)
    for _ in range(CASES):
        labels, predicted, k = _random_case(rng)
        confusion = metrics.confusion_matrix(labels, predicted, k)
        assert metrics.accuracy(confusion) == pytest.approx(_exact_accuracy(labels, predicted), abs=1e-12)
        for label, scores in enumerate(metrics.per_class_scores(confusion)):
            exact = _exact_scores(labels.tolist(), predicted.tolist(), label)
            assert (scores["precision"], scores["recall"], scores["f1"]) == pytest.approx(exact, abs=1e-12)


def _exact_accuracy(labels: np.ndarray, predicted: np.ndarray) -> float:
    return float(Fraction(sum(a == b for a, b in zip(labels, predicted, strict=True)), len(labels)))


def _exact_scores(labels: list[int], predicted: list[int], label: int) -> tuple[float | None, ...]:
    hits = sum(a == b == label for a, b in zip(labels, predicted, strict=True))
    answers, support = predicted.count(label), labels.count(label)
    pairs = ((hits, answers), (hits, support), (2 * hits, answers + support))
    return tuple(float(Fraction(a, b)) if b else None for a, b in pairs)


def test_macro_scores_equal_scikit_learn() -> None:
    """The macro averages follow scikit-learn's convention for absent classes, in 1,000 random cases."""
    rng = np.random.default_rng(2)
    for _ in range(CASES // 10):
        labels, predicted, k = _random_case(rng)
        ours = metrics.macro_scores(metrics.confusion_matrix(labels, predicted, k))
        theirs = oracle.precision_recall_fscore_support(labels, predicted, average="macro", zero_division=0)
        assert list(ours.values()) == pytest.approx(list(theirs[:3]), abs=1e-12)


def test_scores_of_classes_equal_scikit_learn() -> None:
    """Precision, recall and F1 of every class, in 10,000 random cases that scikit-learn sees at once."""
    rng = np.random.default_rng(5)
    cases = [_random_case(rng) for _ in range(CASES)]
    labels = np.concatenate([labels + 10 * i for i, (labels, _, _) in enumerate(cases)])
    predicted = np.concatenate([predicted + 10 * i for i, (_, predicted, _) in enumerate(cases)])
    wanted = np.concatenate([10 * i + np.arange(k) for i, (_, _, k) in enumerate(cases)])
    theirs = oracle.precision_recall_fscore_support(labels, predicted, labels=wanted, zero_division=0)
    ours = [
        [scores[key] or 0 for key in ("precision", "recall", "f1", "support")]
        for labels, predicted, k in cases
        for scores in metrics.per_class_scores(metrics.confusion_matrix(labels, predicted, k))
    ]
    assert np.abs(np.array(ours).T - np.array(theirs)).max() < 1e-12


def test_macro_scores_equal_exact_fractions() -> None:
    """The means of ratios are those of fractions, in 10,000 random cases, absent classes left out."""
    rng = np.random.default_rng(4)
    for _ in range(CASES):
        labels, predicted, k = _random_case(rng)
        found = metrics.macro_scores(metrics.confusion_matrix(labels, predicted, k))
        assert list(found.values()) == pytest.approx(_exact_macro(labels, predicted, k), abs=1e-12)


def _exact_macro(labels: np.ndarray, predicted: np.ndarray, k: int) -> list[float]:
    true, given = labels.tolist(), predicted.tolist()
    present = sorted(set(true) | set(given))
    sums = [Fraction(0)] * 3
    for label in present:
        hits = sum(a == b == label for a, b in zip(true, given, strict=True))
        wholes = (given.count(label), true.count(label), given.count(label) + true.count(label))
        for i, (part, whole) in enumerate(zip((hits, hits, 2 * hits), wholes, strict=True)):
            sums[i] += Fraction(part, whole) if whole else 0
    return [float(total / len(present)) for total in sums]


def test_log_loss_equals_scikit_learn() -> None:
    """The loss is scikit-learn's on random probabilities."""
    rng = np.random.default_rng(3)
    for _ in range(200):
        n, k = int(rng.integers(1, 40)), int(rng.integers(2, 6))
        probabilities = rng.dirichlet(np.ones(k), n)
        labels = rng.integers(0, k, n)
        expected = oracle.log_loss(labels, probabilities, labels=np.arange(k))
        assert metrics.log_loss(probabilities, labels) == pytest.approx(expected, abs=1e-12)


def test_log_loss_of_a_certain_mistake_is_finite() -> None:
    """A probability of 0 for the truth costs -log of the smallest probability, not infinity."""
    loss = metrics.log_loss(np.array([[1.0, 0.0]]), np.array([1]))
    assert loss == pytest.approx(-np.log(metrics.SMALLEST_PROBABILITY))


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I, method 3 (Wilson)
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_wilson_interval_equals_published_values(correct: int, total: int, low: float, high: float) -> None:
    """The interval is the one that Newcombe (1998) tabulates."""
    assert metrics.wilson_interval(correct, total) == pytest.approx((low, high), abs=5.1e-5)


@pytest.mark.parametrize(("correct", "total"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_interval_refuses_impossible_counts(correct: int, total: int) -> None:
    """No interval is made up for what cannot be."""
    with pytest.raises(ValueError, match="no interval"):
        metrics.wilson_interval(correct, total)


@given(total=st.integers(1, 10_000), share=st.floats(0, 1))
def test_wilson_interval_holds_the_share_and_stays_in_range(total: int, share: float) -> None:
    """0 <= low <= share <= high <= 1, for every count."""
    correct = round(share * total)
    low, high = metrics.wilson_interval(correct, total)
    assert 0 <= low <= correct / total <= high <= 1
    assert high > low


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_metrics_do_not_depend_on_order_names_or_duplication(seed: int) -> None:
    """Shuffling images, renaming classes or counting every image twice changes no score."""
    rng = np.random.default_rng(seed)
    labels, predicted, k = _random_case(rng)
    scores = metrics.macro_scores(metrics.confusion_matrix(labels, predicted, k))
    order, names = rng.permutation(len(labels)), rng.permutation(k)
    for other in (
        metrics.confusion_matrix(labels[order], predicted[order], k),
        metrics.confusion_matrix(names[labels], names[predicted], k),
        metrics.confusion_matrix(np.tile(labels, 2), np.tile(predicted, 2), k),
    ):
        assert metrics.macro_scores(other) == pytest.approx(scores, abs=1e-12)


def test_accuracy_of_nothing_is_refused() -> None:
    """No images, no accuracy."""
    with pytest.raises(ValueError, match="undefined"):
        metrics.accuracy(np.zeros((2, 2), np.int64))
