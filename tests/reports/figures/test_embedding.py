import numpy as np
import pytest
from sklearn.decomposition import PCA

from assay.evaluation.values import Evaluation
from assay.reports.figures.embedding import MOST_FEATURES, map_figure, map_of


def judged(n: int = 60, k: int = 3) -> Evaluation:
    rng = np.random.default_rng(0)
    raw = rng.random((n, k)) ** 3 + 0.01
    return Evaluation(tuple("abcdefgh"[:k]), np.arange(n) % k, raw / raw.sum(axis=1, keepdims=True))


def test_the_map_is_that_of_principal_components() -> None:
    """Against scikit-learn: the same points but for the sign of an axis, and the same shares of variance."""
    features = np.random.default_rng(1).normal(size=(60, 9)) * np.arange(1, 10)
    found, oracle = map_of(judged(), features), PCA(2).fit(features)
    assert found is not None
    assert found.explained == pytest.approx(oracle.explained_variance_ratio_)
    assert np.abs(found.points) == pytest.approx(np.abs(oracle.transform(features)))


def test_without_features_the_probabilities_are_mapped() -> None:
    """The logarithms of the probabilities, centered for each image, stand in for the last layer's outputs."""
    score = judged()
    logs = np.log(score.probabilities)
    outputs = logs - logs.mean(axis=1, keepdims=True)
    found = map_of(score)
    assert found is not None
    assert np.abs(found.points) == pytest.approx(np.abs(PCA(2).fit_transform(outputs)))
    assert sum(found.explained) == pytest.approx(1)  # of three outputs that sum to 0, two are free


@pytest.mark.parametrize(
    "features", [np.zeros((60, 4)), np.ones((60, 1)), np.ones((60, MOST_FEATURES + 1))], ids=str
)
def test_what_cannot_be_mapped_has_no_map(features: np.ndarray) -> None:
    """No variance, one feature, or too many: no map."""
    assert map_of(judged(), features) is None
    assert map_of(judged(2)) is None


def test_the_figure_names_the_classes_and_marks_mistakes() -> None:
    """Every class with images is named at its median; the record holds what the words say."""
    score = judged()
    found = map_of(score)
    figure = map_figure(found, score)
    middle = np.median(found.points[score.labels == 1], axis=0)
    assert figure.record["centers"]["b"] == pytest.approx(middle.tolist())
    assert "39 mistakes with a ring" in figure.svg
    for text in (">a<", ">b<", ">c<"):
        assert text in figure.svg
    assert f"{100 * sum(found.explained):.0f}\u00a0% of the variance" in figure.found
