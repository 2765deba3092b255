"""Models that were fitted on other pixels than they are given: told, with what they want."""

import types
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

import assay
import planted
from assay.core.errors import AssayError
from assay.data.values import Dataset

FLAT = {
    "255 - images.reshape(len(images), -1)": lambda x: 255 - x.reshape(len(x), -1),
    "images.transpose(0, 2, 1, 3).reshape(len(images), -1)": (
        lambda x: x.transpose(0, 2, 1, 3).reshape(len(x), -1)
    ),
    "images.reshape(len(images), -1) / 255": lambda x: x.reshape(len(x), -1) / 255,
    "images.reshape(len(images), -1) / 127.5 - 1": lambda x: x.reshape(len(x), -1) / 127.5 - 1,
    "images.transpose(0, 3, 1, 2).reshape(len(images), -1)": lambda x: x.transpose(0, 3, 1, 2).reshape(
        len(x), -1
    ),
    "images.transpose(0, 3, 1, 2).reshape(len(images), -1) / 255": (
        lambda x: x.transpose(0, 3, 1, 2).reshape(len(x), -1) / 255
    ),
}


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Colored pictures whose classes differ by where they are bright, and in what color."""
    return planted.colored(train=60, test=40, shape=(16, 16))


def fitted(data: Dataset, form) -> ClassifierMixin:
    """A tree, which hangs on the scale of each value."""
    return DecisionTreeClassifier(random_state=0).fit(form(data.train.images), data.train.labels)


@pytest.mark.parametrize("wanted", FLAT)
def test_a_model_fitted_on_other_pixels_is_told_and_its_wrapper_works(data: Dataset, wanted: str) -> None:
    """The score was that of black or mixed pictures, without a word."""
    model = fitted(data, FLAT[wanted])
    with pytest.raises(AssayError, match="net-refused") as refused:
        assay.evaluate(model, data)
    assert "rightly as they are, uint8 from 0 to 255, and 100 with" in refused.value.what
    typed = refused.value.fix.removeprefix("Wrap it: ").partition(", where")[0]
    wrapped = eval(typed, {"types": types, "CLASSES": model.classes_, "model": model})  # noqa: S307  what is told
    test = data.splits["test"]
    assert assay.evaluate(wrapped, data).accuracy == model.score(FLAT[wanted](test.images), test.labels)


def test_pictures_in_another_scale_are_told(data: Dataset) -> None:
    """A model without a number of features is given pictures."""
    model = fitted(data, lambda x: x.reshape(len(x), -1) / 255)

    def predict_proba(images: np.ndarray) -> np.ndarray:
        return model.predict_proba(images.reshape(len(images), -1))

    with pytest.raises(AssayError, match=r"with images / 255"):
        assay.evaluate(SimpleNamespace(predict_proba=predict_proba), data)


def test_pictures_of_blue_before_red_are_told(data: Dataset) -> None:
    """As OpenCV reads them."""
    model = fitted(data, lambda x: x[..., ::-1].reshape(len(x), -1))

    def predict_proba(images: np.ndarray) -> np.ndarray:
        return model.predict_proba(images.reshape(len(images), -1))

    with pytest.raises(AssayError, match=r"with images\[\.\.\., ::-1\]"):
        assay.evaluate(SimpleNamespace(predict_proba=predict_proba), data)


def test_weak_models_and_those_that_refuse_other_forms_are_judged(data: Dataset) -> None:
    """A weak model is weak in every form; one that raises at other forms is judged by its answers."""
    test = data.splits["test"]
    wrong = np.random.default_rng(0).integers(0, 3, len(data.train))
    weak = DecisionTreeClassifier(max_depth=1).fit(data.train.images.reshape(len(wrong), -1), wrong)
    assert assay.evaluate(weak, data).accuracy == weak.score(test.images.reshape(len(test), -1), test.labels)
    near = KNeighborsClassifier(1).fit(data.train.images.reshape(len(wrong), -1), wrong)

    def only_bytes(images: np.ndarray) -> np.ndarray:
        assert images.dtype == np.uint8
        assert images.shape[1:] == (16, 16, 3)
        return near.predict_proba(images.reshape(len(images), -1))

    expected = near.score(test.images.reshape(len(test), -1), test.labels)
    assert assay.evaluate(SimpleNamespace(predict_proba=only_bytes), data).accuracy == expected


@pytest.mark.parametrize("shape", [(16, 16, 3), (16, 48)], ids=["colored", "gray"])
def test_a_pipeline_that_flattens_images_is_given_images(data: Dataset, shape: tuple[int, ...]) -> None:
    """scikit-learn notes the height of `(n, h, w)` as the number of features: it was refused as a model of
    16 values."""
    train, held_out = data.train, data.splits["test"]
    images, test = (np.asarray(split.images).reshape(-1, *shape) for split in (train, held_out))
    labels, expected = train.labels, held_out.labels
    flatten = FunctionTransformer(lambda x: x.reshape(len(x), -1))
    model = make_pipeline(flatten, DecisionTreeClassifier(random_state=0)).fit(images, labels)
    assert model.n_features_in_ == 16
    own = assay.load(arrays=(images, labels, test, expected))
    assert assay.evaluate(model, own).accuracy == model.score(test, expected)
    flat = DecisionTreeClassifier(random_state=0).fit(images.reshape(len(images), -1)[:, :17], labels)
    with pytest.raises(AssayError, match="it takes 17 values"):
        assay.evaluate(flat, own)


def test_a_model_that_half_survives_another_scale_is_told() -> None:
    """Digits are nearly black and white: a forest fitted on shares is right for three in four as it is."""
    digits = load_digits()
    images, labels, n = np.rint(digits.images * 255 / 16).astype(np.uint8), digits.target, 1200
    digits_data = assay.load(arrays=(images[:n], labels[:n], images[n:], labels[n:]))
    rows = images.reshape(len(images), -1)
    forest = RandomForestClassifier(30, random_state=0).fit(rows[:n] / 255, labels[:n])
    with pytest.raises(AssayError, match=r"reshape.* / 255"):
        assay.evaluate(forest, digits_data)
    few = RandomForestClassifier(30, random_state=0).fit(digits.data[:n], labels[:n])  # 0 to 16, as they come
    with pytest.raises(AssayError, match=r"reshape.* / 16"):
        assay.evaluate(few, digits_data)
    right = RandomForestClassifier(30, random_state=0).fit(rows[:n], labels[:n])
    assert assay.evaluate(right, digits_data).accuracy == right.score(rows[n:], labels[n:])
