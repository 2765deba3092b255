"""`AssayClassifier`: scikit-learn's own checks, and its tools, on images of every form."""

import re
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

import assay
from assay.sklearn import AssayClassifier, label_quality_weight
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


SHARES = IMAGES[..., 0] / 255


@pytest.mark.parametrize(
    ("fitted_on", "asked"),
    [
        (IMAGES[..., 0], SHARES),
        (SHARES, IMAGES[..., 0]),
        (np.rint(SHARES * 16), IMAGES[..., 0]),
        (np.rint(SHARES * 16), SHARES),
        (SHARES * 255, SHARES),
        (SHARES * 2 - 1, IMAGES[..., 0]),
        ((SHARES - SHARES.mean()) / SHARES.std(), IMAGES[..., 0]),
        (SHARES, SHARES * 2 - 1),
        (IMAGES[..., 0], np.rint(SHARES * 16)),
        (IMAGES[..., 0].astype(np.uint16) * 257, IMAGES[..., 0]),
        (IMAGES[..., 0], IMAGES[..., 0] > 128),
    ],
    ids=[
        "255, 1",
        "1, 255",
        "16, 255",
        "16, 1",
        "255.0, 1",
        "-1 to 1, 255",
        "standardized, 255",
        "1, -1 to 1",
        "255, 16",
        "65535, 255",
        "255, bool",
    ],
)
def test_images_of_another_scale_are_refused(fitted_on: np.ndarray, asked: np.ndarray) -> None:
    """They were cut off at the ends of the scale, or all but black, and each got some answer."""
    fitted = AssayClassifier("nearest-mean").fit(fitted_on, LABELS)
    assert fitted.score(fitted_on, LABELS) > 0.9
    with pytest.raises(ValueError, match="scale"):
        fitted.predict(asked)


@pytest.mark.parametrize("form", ["dark", "black", "all black", "one brighter", "whole floats"])
def test_dark_and_bright_images_of_the_same_scale_are_answered(form: str) -> None:
    """A picture of zeros and ones, of nothing, or with a value beyond all others is no other scale."""
    forms = {
        "dark": (IMAGES[..., 0], (IMAGES[:3, ..., 0] > 128).astype(np.uint8)),
        "black": (SHARES, SHARES[:1] * 0),
        "all black": (IMAGES[..., 0], IMAGES[..., 0] * 0),
        "one brighter": (
            SHARES * 2 - 1,
            np.concatenate([SHARES * 2 - 1, np.where(SHARES.max() == SHARES, 9, 0)]),
        ),
        "whole floats": (IMAGES[..., 0], IMAGES[..., 0].astype(np.float64)),
    }
    fitted_on, asked = forms[form]
    fitted = AssayClassifier("nearest-mean").fit(fitted_on, LABELS)
    assert len(fitted.predict(asked)) == len(asked)


def test_colors_in_either_order() -> None:
    """Planes first, as torch has them, are the same pictures; of flat rows `image_shape` says it."""
    colored = np.random.default_rng(3).integers(0, 90, (60, 7, 6, 3)).astype(np.uint8)
    colored += (60 * LABELS)[:, None, None, None].astype(np.uint8)
    planes = colored.transpose(0, 3, 1, 2)
    fitted = AssayClassifier("nearest-mean").fit(colored, LABELS)
    expected = fitted.predict_proba(colored)
    np.testing.assert_array_equal(fitted.predict_proba(planes), expected)
    of_planes = AssayClassifier("nearest-mean").fit(planes, LABELS)
    assert of_planes.image_shape_ == (7, 6, 3)
    np.testing.assert_array_equal(of_planes.predict_proba(planes), expected)
    rows = planes.reshape(60, -1)
    flat = AssayClassifier("nearest-mean", image_shape=(3, 7, 6)).fit(rows, LABELS)
    assert flat.image_shape_ == (7, 6, 3)
    np.testing.assert_array_equal(flat.predict_proba(rows), expected)
    np.testing.assert_array_equal(flat.predict_proba(planes), expected)
    np.testing.assert_array_equal(
        label_quality_weight(rows, LABELS, image_shape=(3, 7, 6)), label_quality_weight(colored, LABELS)
    )


def test_flat_rows_for_a_classifier_of_colored_images_are_asked_about() -> None:
    """Fitted on images of a shape and asked about rows: those of planes were answered near chance."""
    colored = np.random.default_rng(3).integers(0, 90, (60, 7, 6, 3)).astype(np.uint8)
    colored[..., 0] += (60 * LABELS)[:, None, None].astype(np.uint8)
    planes = colored.transpose(0, 3, 1, 2)
    fitted = AssayClassifier("nearest-mean").fit(planes, LABELS)
    expected = fitted.predict_proba(colored)
    ways = {
        "X.reshape(-1, 3, 7, 6)": lambda rows: rows.reshape(-1, 3, 7, 6),
        "X.reshape(-1, 7, 6, 3)": lambda rows: rows.reshape(-1, 7, 6, 3),
    }
    for (told, way), images in zip(ways.items(), (planes, colored), strict=True):
        rows = images.reshape(60, -1)
        with pytest.raises(ValueError, match=re.escape(told)):
            fitted.predict_proba(rows)
        assert np.array_equal(fitted.predict_proba(way(rows)), expected)
    data = assay.load(arrays=(colored, LABELS, colored, LABELS))
    assert assay.evaluate(fitted, data).accuracy == fitted.score(colored, LABELS)
    gray = AssayClassifier("nearest-mean").fit(IMAGES, LABELS)
    assert np.array_equal(gray.predict(IMAGES.reshape(len(IMAGES), -1)), gray.predict(IMAGES))


def test_flat_rows_of_colored_squares_are_asked_about() -> None:
    """Rows as those of CIFAR-10 were taken for one line of 3,072 gray pixels."""
    rows = np.random.default_rng(4).integers(0, 255, (60, 3 * 8 * 8)).astype(np.uint8)
    with pytest.raises(ValueError, match=r"image_shape=\(8, 8, 3\).*image_shape=\(3, 8, 8\).*\(1, 192\)"):
        AssayClassifier("nearest-mean").fit(rows, LABELS)
    assert AssayClassifier("nearest-mean", image_shape=(1, 192)).fit(rows, LABELS).image_shape_ == (1, 192, 1)
    both = rows.reshape(60, 3, 8, 8)[..., :3]
    with pytest.raises(ValueError, match="channels first or last"):
        AssayClassifier("nearest-mean").fit(both, LABELS)


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
