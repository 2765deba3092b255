"""`AssayClassifier`: a recipe of Assay as a scikit-learn classifier. Needs scikit-learn (Assay does not).

from assay.sklearn import AssayClassifier
cross_val_score(AssayClassifier("mlp", epochs=5), X, y)
"""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from assay.core.errors import AssayError
from assay.core.events import ignore
from assay.data.formats.pixel_arrays import FEWEST_PIXELS, plain_images
from assay.training.classifier import Model
from assay.workflow.api import audit, train
from assay.workflow.load import load
from assay.workflow.settings import Device

if TYPE_CHECKING:
    from torch import nn


#: Values of another scale: so large a share lies beyond the training images' range by half of its width; or
#: all are shares of brightness where that range is wider than this; or none of so many images reaches this
#: share of it.
_BEYOND: Final = 0.01
_WIDE: Final = 10
_MANY: Final = 10
_DARK: Final = 0.1


class AssayClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A classifier of images that trains a recipe of Assay.

    X: `(n, h, w)`, `(n, h, w, c)`, `(n, c, h, w)`, or flat rows, which are taken for square gray pictures
    where their length is a square number, else for one line. `image_shape` says otherwise: `(h, w)`,
    `(h, w, c)`, or `(c, h, w)` where all red values come first; colored squares need it. uint8 is taken as it
    is; floats in [0, 1] as shares of full brightness; all other numbers are brought linearly from the
    smallest and largest training value to 0 and 255. What lies outside later is cut off, and images that are
    plainly of another scale are refused. y: names or numbers.

    recipe: its name, or a torch net of your own (see `assay.train`). epochs, batch_size, learning_rate: None
    leaves the recipe's. seed: same seed, same model. validation: share of X held out, stratified, for
    temperature and gate; 0 trains on all.
    settings: further settings of the recipe, by name.

    After `fit`: `classes_`, `model_` (as `assay.train` returns it), `image_shape_` (`(h, w, c)`), `flat_`
    (whether X was flat rows), `n_features_in_`.
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
        rows = rows if own_shape else _colors_last(rows, self.image_shape)
        check_classification_targets(labels)
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has 1 class ({self.classes_[0]!r}): a classifier needs 2 or more")
        self.image_shape_ = _shape(self.image_shape or own_shape, rows.shape[1])
        self.flat_ = own_shape is None
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
        rows = rows if own_shape else _colors_last(rows, self.image_shape)
        if own_shape is None and self.image_shape is None and not self.flat_:
            _refuse_colored_squares(rows.shape[1], self.image_shape_)
        _refuse_another_scale(rows, *self.range_)
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
    rows = rows if own_shape else _colors_last(rows, image_shape)
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
    """The images as flat rows, colors of a pixel together, and the shape of each; other input as it is."""
    if not hasattr(X, "ndim") or X.ndim not in (3, 4):
        return X, None
    try:
        array, _ = plain_images(np.asarray(X), "X")
    except AssayError as error:
        raise ValueError(f"X: {error.what}: turn them so that they are last, (n, h, w, c)") from error
    return array.reshape(len(array), -1), array.shape[1:]


def _planes_first(image_shape: tuple[int, ...] | None) -> bool:
    """Does the shape that the user gave have the channels in front?"""
    return (
        image_shape is not None
        and len(image_shape) == 3
        and (image_shape[0] in (1, 3) and image_shape[2] not in (1, 3, 4))
    )


def _colors_last(rows: NDArray[Any], image_shape: tuple[int, ...] | None) -> NDArray[Any]:
    """Flat rows, of which all red values may come first, with the colors of a pixel together."""
    if image_shape is None or not _planes_first(image_shape) or math.prod(image_shape) != rows.shape[1]:
        return rows
    return rows.reshape(len(rows), *image_shape).transpose(0, 2, 3, 1).reshape(len(rows), -1)


def _shape(wanted: tuple[int, ...] | None, features: int) -> tuple[int, int, int]:
    """Height, width and channels of images of so many values."""
    if wanted is None:
        side = math.isqrt(features)
        wanted = (side, side) if side * side == features else (1, features)
        _refuse_colored_squares(features)
    if _planes_first(wanted):
        wanted = (*wanted[1:], wanted[0])
    height, width, channels = (*wanted, 1)[:3]
    if height * width * channels != features:
        raise ValueError(f"image_shape {tuple(wanted)} does not fit X with {features} values per row")
    return height, width, channels


def _refuse_colored_squares(features: int, shape: tuple[int, int, int] | None = None) -> None:
    """Raise ValueError for rows whose colors may lie in two orders.

    shape: of the images that the classifier was fitted on, if it was; then they need not be squares.
    """
    if shape is not None and shape[2] > 1:
        height, width, channels = shape
        raise ValueError(
            f"the classifier was fitted on images of {shape}, and the colors of rows of {features:,} values "
            f"may lie in two orders. Give X.reshape(-1, {height}, {width}, {channels}) if the colors of a "
            f"pixel lie together, X.reshape(-1, {channels}, {height}, {width}) if all red values come first"
        )
    side = math.isqrt(features // 3)
    if shape is None and features >= FEWEST_PIXELS and 3 * side * side == features:
        raise ValueError(
            f"rows of {features:,} values may be colored squares in two orders. Say "
            f"image_shape=({side}, {side}, 3) if the colors of a pixel lie together, "
            f"image_shape=(3, {side}, {side}) if all red values come first, as in CIFAR-10, "
            f"or image_shape=(1, {features}) for a line of gray values"
        )


def _refuse_another_scale(rows: NDArray[Any], low: float, high: float) -> None:
    """Raise ValueError for values that the range of the training images does not explain.

    low, high: of the training images. At least one in a hundred values lies beyond them by half of their
    width; or all lie within [0, 1], as shares of brightness, where the training images had a wider range; or
    ten images and more are all nearly black.
    """
    least, most, width = float(rows.min()), float(rows.max()), high - low
    beyond = ((rows > high + width / 2) | (rows < low - width / 2)).mean() >= _BEYOND
    dark = len(rows) >= _MANY and low <= least < most < low + _DARK * width
    shares = least >= 0 and 0 < most <= 1 and bool((rows % 1 != 0).any())
    if beyond or dark or (shares and width > _WIDE):
        raise ValueError(
            f"X has values from {least:g} to {most:g}, another scale than the {low:g} to {high:g} "
            "of the images that the classifier was fitted on: scale both alike"
        )


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
