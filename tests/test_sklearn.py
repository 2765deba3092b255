"""`AssayClassifier`: scikit-learn's own checks, and its tools, on images of every form."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

import assay
from assay.sklearn import AssayClassifier
from torture.job import tiny_split

#: Checks that are not met, by name, with the reason. Nothing else may fail.
EXPECTED: dict[str, str] = {}

SPLIT = tiny_split("train", 60, 0)
IMAGES, LABELS = SPLIT.images, SPLIT.labels


@parametrize_with_checks([AssayClassifier("nearest-mean")], expected_failed_checks=lambda _: EXPECTED)
def test_the_checks_of_scikit_learn(estimator, check) -> None:
    """Every check of `check_estimator`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)


@pytest.mark.parametrize("form", ["flat", "gray", "channels", "floats"])
def test_images_of_every_form_train_the_same_model(form: str) -> None:
    """Flat rows, pictures with and without channels, and shares of brightness are the same images."""
    forms = {
        "flat": IMAGES.reshape(60, -1),
        "gray": IMAGES[..., 0],
        "channels": IMAGES,
        "floats": IMAGES.astype(np.float64) / 255,
    }
    names = np.array(["left", "middle", "right"])[LABELS]
    given = forms[form]
    fitted = AssayClassifier("nearest-mean").fit(given, names)
    assert fitted.image_shape_ == (6, 6, 1)
    assert list(fitted.classes_) == ["left", "middle", "right"]
    data = assay.load(arrays=(IMAGES, LABELS), classes=["0", "1", "2"], name="X")
    expected = assay.train(data, "nearest-mean").predict_proba(IMAGES)
    np.testing.assert_array_equal(fitted.predict_proba(given), expected)
    assert fitted.score(given, names) > 0.9


def test_the_tools_of_scikit_learn() -> None:
    """Grid search over the recipe, cross validation, a pipeline, a clone."""
    rows = IMAGES.reshape(60, -1)
    grid = GridSearchCV(AssayClassifier(), {"recipe": ["majority", "nearest-mean"]}, cv=2)
    assert grid.fit(rows, LABELS).best_params_ == {"recipe": "nearest-mean"}
    assert cross_val_score(AssayClassifier("nearest-mean"), IMAGES, LABELS, cv=3).mean() > 0.9
    piped = make_pipeline(FunctionTransformer(), AssayClassifier("nearest-mean")).fit(rows, LABELS)
    assert piped.predict(rows).shape == (60,)
    assert clone(AssayClassifier("cnn", epochs=3)).get_params()["epochs"] == 3


def test_a_net() -> None:
    """A recipe that is trained by steps, with settings of its own."""
    fitted = AssayClassifier("linear", epochs=30, learning_rate=0.01, settings={"batch_size": 16})
    assert fitted.fit(IMAGES, LABELS).score(IMAGES, LABELS) > 0.9
    assert len(fitted.model_.history.records) == 30


@pytest.mark.parametrize(
    ("estimator", "images", "labels", "told"),
    [
        (AssayClassifier("nearest-mean"), IMAGES, LABELS * 0, "1 class"),
        (AssayClassifier("nearest-meen"), IMAGES, LABELS, "Did you mean nearest-mean"),
        (AssayClassifier("nearest-mean", settings={"epoks": 3}), IMAGES, LABELS, "epoks"),
        (AssayClassifier("nearest-mean", image_shape=(5, 5)), IMAGES, LABELS, "does not fit X with 36"),
        (AssayClassifier("nearest-mean"), IMAGES, LABELS[:-1], "inconsistent numbers of samples"),
    ],
)
def test_what_cannot_be_trained_is_a_value_error(estimator, images, labels, told: str) -> None:
    """With the words of Assay."""
    with pytest.raises(ValueError, match=told):
        estimator.fit(images, labels)


def test_other_images_than_it_was_fitted_on() -> None:
    """As many values in another shape are other images."""
    fitted = AssayClassifier("nearest-mean").fit(IMAGES, LABELS)
    with pytest.raises(ValueError, match="fitted on"):
        fitted.predict(IMAGES.reshape(60, 4, 9))


def test_a_torch_net_of_your_own() -> None:
    """A net and a function that builds one; copies are trained, so that a grid search can share it."""
    from torch import nn

    def build(shape: tuple[int, int, int], classes: int) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), classes))

    how = {"epochs": 30, "learning_rate": 0.02}
    assert cross_val_score(AssayClassifier(build, **how), IMAGES, LABELS, cv=2).mean() > 0.8
    net = build((1, *IMAGES.shape[1:3]), len(set(LABELS)))
    assert clone(AssayClassifier(net, **how)).fit(IMAGES, LABELS).score(IMAGES, LABELS) > 0.8
    with pytest.raises(ValueError, match="net-refused"):
        AssayClassifier(nn.Sequential(nn.Flatten(), nn.Linear(3, 3))).fit(IMAGES, LABELS)


def test_a_range_that_is_no_number_is_told() -> None:
    """From -1e308 to 1e308: values were divided by it."""
    images = np.zeros((40, 64))
    images[0, 0], images[1, 1] = 1e308, -1e308
    with pytest.raises(ValueError, match="their range is no number"):
        AssayClassifier("majority").fit(images, np.arange(40) % 2)
