import base64

import numpy as np
import pytest
from sklearn.decomposition import PCA

from assay.evaluation.values import Evaluation
from assay.reports.drawing.colors import CLASS_COLORS, MARKERS
from assay.reports.figures import embedding
from assay.reports.figures.embedding import MOST_FEATURES, map_figure, map_of, places_on_map
from assay.reports.page.map_view import alike, map_data


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


def test_thousands_of_classes_are_drawn_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Classes that look alike are one drawing: their number does not set the time; every point is drawn."""
    drawn: list[int] = []
    monkeypatch.setattr(embedding, "_points", lambda _, points, *__, **___: drawn.append(len(points)))
    labels = np.arange(900)
    probabilities = np.full((900, 900), 0.1 / 899)
    probabilities[labels, np.where(labels % 2, labels, (labels + 1) % 900)] = 0.9
    score = Evaluation(tuple(map(str, labels)), labels, probabilities)
    found = map_of(score, np.random.default_rng(0).normal(size=(900, 4)))
    assert found is not None
    map_figure(found, score)
    looks = len(MARKERS) * len(CLASS_COLORS)
    assert sum(drawn) % 900 == 0  # once on each ground
    assert len(drawn) <= 2 * 2 * looks < 900


def test_flagged_images_are_marked() -> None:
    """The words count them, the picture changes, and nothing else of the figure does."""
    score = judged()
    found = map_of(score)
    assert found is not None
    plain, marked = map_figure(found, score), map_figure(found, score, np.array([3, 5]))
    assert "2 flagged images with a cross" in marked.alt
    assert "cross" not in plain.alt
    assert marked.png != plain.png
    assert marked.found == plain.found


def test_the_script_is_given_the_drawn_points() -> None:
    """Every image once, where the figure has it, with its class and whether it is a mistake or flagged."""
    score = judged()
    found = map_of(score)
    assert found is not None
    data = map_data(found, score, np.array([3, 5]))
    places = np.frombuffer(base64.b64decode(data["places"]), "<u2").reshape(-1, 2) / 65_535
    classes = np.frombuffer(base64.b64decode(data["classes"]), np.uint8)
    kinds = np.frombuffer(base64.b64decode(data["kinds"]), np.uint8)
    wrong = score.predicted != score.labels
    order = np.concatenate([np.flatnonzero(~wrong), np.flatnonzero(wrong)])
    assert places == pytest.approx(places_on_map(found, found.points[order]), abs=1e-5)
    assert classes.tolist() == score.labels[order].tolist()
    assert (kinds & 1 > 0).tolist() == wrong[order].tolist()
    assert sorted(order[kinds & 2 > 0].tolist()) == [3, 5]


def test_alike_is_what_lies_nearest_in_all_features() -> None:
    """Against all distances by hand; an image is not its own neighbor, even where others equal it."""
    features = np.random.default_rng(2).normal(size=(60, 9))
    features[7] = features[8] = features[9]
    found = map_of(judged(), features)
    assert found is not None
    rows = np.arange(5, 40)
    near = alike(found, rows)
    assert near.shape == (35, 5)
    squares = np.square(features[rows][:, None] - features[rows][None]).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    expected = np.sort(squares, axis=1)[:, :5]
    assert np.take_along_axis(squares, near, axis=1) == pytest.approx(expected, abs=1e-4)
    assert alike(found, rows[:3]).shape == (3, 2)
