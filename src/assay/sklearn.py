"""`AssayClassifier`: a recipe of Assay as a scikit-learn classifier. Needs scikit-learn (Assay does not).

from assay.sklearn import AssayClassifier
cross_val_score(AssayClassifier("mlp", epochs=5), X, y)
"""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from assay.core.errors import AssayError
from assay.core.events import ignore
from assay.training.classifier import Model
from assay.workflow.api import audit, train
from assay.workflow.load import load
from assay.workflow.settings import Device

if TYPE_CHECKING:
    from torch import nn


class AssayClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A classifier of images that trains a recipe of Assay.

    X: `(n, h, w)`, `(n, h, w, c)`, or flat rows, which are taken for square gray pictures where their length
    is a square number, else for one line (`image_shape` says otherwise). uint8 is taken as it is; floats in
    [0, 1] as shares of full brightness; all other numbers are brought linearly from the smallest and largest
    training value to 0 and 255, and what lies outside is cut off. y: names or numbers.

    recipe: its name, or a torch net of your own (see `assay.train`). epochs, batch_size, learning_rate: None
    leaves the recipe's. seed: same seed, same model. validation: share of X held out, stratified, for
    temperature and gate; 0 trains on all.
    settings: further settings of the recipe, by name.

    After `fit`: `classes_`, `model_` (as `assay.train` returns it), `image_shape_`, `n_features_in_`.
    What Assay refuses (one class, too few images, unknown settings) is a ValueError with its words.

    >>> from assay.sklearn import AssayClassifier
    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> classifier = AssayClassifier("nearest-mean").fit(digits.images[:300], digits.target[:300])
    >>> bool(classifier.score(digits.images[300:400], digits.target[300:400]) > 0.7)
    True
    """

    def __init__(
        self,
        recipe: "str | nn.Module | Callable[[tuple[int, int, int], int], nn.Module]" = "mlp",
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        seed: int = 0,
        validation: float = 0.1,
        device: Device = "auto",
        threads: int | None = None,
        image_shape: tuple[int, ...] | None = None,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        self.recipe = recipe
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.seed = seed
        self.validation = validation
        self.device = device
        self.threads = threads
        self.image_shape = image_shape
        self.settings = settings

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803  scikit-learn's names
        """Train the recipe on images and labels. Raises ValueError for what cannot be trained on."""
        flat, own_shape = _flat(X)
        rows, labels = validate_data(self, flat, y)
        check_classification_targets(labels)
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has 1 class ({self.classes_[0]!r}): a classifier needs 2 or more")
        self.image_shape_ = _shape(self.image_shape or own_shape, rows.shape[1])
        self.range_ = _range_of(rows)
        try:
            self.model_ = self._trained(self._images(rows), numbers.astype(np.int64))
        except AssayError as error:
            raise ValueError(str(error)) from error
        return self

    def _trained(self, images: NDArray[np.uint8], numbers: NDArray[np.int64]) -> Model:
        names = [str(label) for label in range(len(self.classes_))]
        dataset = load(arrays=(images, numbers), classes=names, name="X", on_event=ignore)
        own = {name: getattr(self, name) for name in ("epochs", "batch_size", "learning_rate")}
        given = {name: value for name, value in own.items() if value is not None}
        return train(
            dataset,
            self.recipe,
            on_event=ignore,
            seed=self.seed,
            validation=self.validation,
            device=self.device,
            threads=self.threads,
            **{**given, **(self.settings or {})},
        )

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Probability of each class of `classes_` for each image: float64 `(n, k)`, rows summing to 1."""
        check_is_fitted(self)
        flat, own_shape = _flat(X)
        rows = validate_data(self, flat, reset=False)
        if own_shape is not None and _shape(own_shape, rows.shape[1]) != self.image_shape_:
            raise ValueError(f"X has images of {own_shape}, the classifier was fitted on {self.image_shape_}")
        return self.model_.predict_proba(self._images(rows))

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """The most probable class of each image; the first one on a tie."""
        found: NDArray[Any] = self.predict_proba(X).argmax(axis=1)
        answers: NDArray[Any] = self.classes_[found]
        return answers

    def _images(self, rows: NDArray[Any]) -> NDArray[np.uint8]:
        low, high = self.range_
        scaled = (rows.astype(np.float64) - low) * (255 / (high - low))
        pixels = np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)
        return pixels.reshape(len(rows), *self.image_shape_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def label_quality_weight(
    X: ArrayLike,  # noqa: N803  scikit-learn's names
    y: ArrayLike,
    *,
    image_shape: tuple[int, ...] | None = None,
    seed: int = 0,
) -> NDArray[np.float64]:
    """How far each label can be trusted, float64 `(n,)` in [0, 1], to give to `fit(..., sample_weight=)`.

    The `p_label` of `label_quality.csv`: the label's probability, by a classifier that did not see the image.
    It falls where the label is in doubt, also in a set so small that no label is listed as wrong. X, y,
    image_shape: as in `AssayClassifier`. Raises ValueError where the labels cannot be judged (few images, one
    class): equal weights would look like trust.

    >>> from assay.sklearn import label_quality_weight
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = load_digits(return_X_y=True)
    >>> weights = label_quality_weight(X[:300], y[:300])
    >>> classifier = LogisticRegression(max_iter=50, tol=0.1).fit(X[:300], y[:300], sample_weight=weights)
    >>> weights.shape, bool((weights <= 1).all())
    ((300,), True)
    """
    flat, own_shape = _flat(X)
    rows = np.asarray(flat)
    labels, numbers = np.unique(np.asarray(y), return_inverse=True)
    if rows.ndim != 2 or not np.isfinite(rows).all() or len(rows) != len(numbers):
        raise ValueError(f"X {rows.shape} and y ({len(numbers)},) are not finite images with a label each")
    low, high = _range_of(rows)
    scaled = np.rint(np.clip((rows.astype(np.float64) - low) * (255 / (high - low)), 0, 255)).astype(np.uint8)
    images = scaled.reshape(len(rows), *_shape(image_shape or own_shape, rows.shape[1]))
    try:
        names = [str(number) for number in range(len(labels))]
        data = load(arrays=(images, numbers.astype(np.int64)), classes=names, name="X", on_event=ignore)
        found = audit(data, checks=["label-errors"], seed=seed, on_event=ignore).labels()["p_label"]
    except AssayError as error:
        raise ValueError(str(error)) from error
    if any(score is None for score in found):
        raise ValueError("the labels cannot be judged: the reference classifier does not know every class")
    return np.array(found, np.float64)


def _flat(X: ArrayLike) -> tuple[ArrayLike, tuple[int, ...] | None]:  # noqa: N803
    """The images as flat rows, and the shape that each had; other input as it is."""
    if not hasattr(X, "ndim") or X.ndim not in (3, 4):
        return X, None
    array = np.asarray(X)
    return array.reshape(len(array), -1), array.shape[1:]


def _shape(wanted: tuple[int, ...] | None, features: int) -> tuple[int, int, int]:
    """Height, width and channels of images of so many values."""
    if wanted is None:
        side = math.isqrt(features)
        wanted = (side, side) if side * side == features else (1, features)
    height, width, channels = (*wanted, 1)[:3]
    if height * width * channels != features:
        raise ValueError(f"image_shape {tuple(wanted)} does not fit X with {features} values per row")
    return height, width, channels


def _range_of(rows: NDArray[Any]) -> tuple[float, float]:
    """The numbers that become 0 and 255."""
    if rows.dtype == np.uint8:
        return 0.0, 255.0
    low, high = float(rows.min()), float(rows.max())
    if not math.isfinite(high - low):
        raise ValueError(f"X has values from {low:g} to {high:g}: their range is no number")
    if rows.dtype.kind == "f" and low >= 0 and high <= 1:
        return 0.0, 1.0
    return low, high if high > low else low + 1
