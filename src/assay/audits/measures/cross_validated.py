"""Cross-validated predictions of the reference classifier: each image without its own label."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.row_tables import kept_features
from assay.core.arrays import Rows
from assay.data.stored_rows import kept_in_scratch
from assay.data.values import Dataset
from assay.estimators import ridge
from assay.estimators.exact_kernel import fit_kernel_map
from assay.estimators.logistic_calibration import fit_calibration, held_out
from assay.estimators.passes.ridge_passes import fit_and_leave_out
from assay.estimators.passes.shared_passes import Helpers, passes_by
from assay.estimators.projections import fit_components, fit_fourier
from assay.features.choice import linear_inputs

#: Features by default and for `--thorough`, at most.
SIZE: Final = 2048
THOROUGH_SIZE: Final = 4096

#: Of fewer training images the classifier sees the kernel itself in place of random Fourier features, an
#: image for each feature (decision 0190), and a narrower one, in median distances.
EXACT_BELOW: Final = 2 * SIZE
_EXACT_WIDTH: Final = 0.7

#: A class with fewer training images cannot be left one image short and still be known.
FEWEST_PER_CLASS: Final = 5

#: Scores are kept for all images and classes; beyond this many numbers (2 GB) they are not made.
_MOST_SCORES: Final = 500_000_000

#: Images must score higher for their own label than the average image by so many standard errors.
_SIGNIFICANT: Final = 3.0

#: So much of its own label can be left in a score by what keeps divisions finite, where all images are equal.
_LEFT_OF_A_LABEL: Final = 10 * ridge.LEAST_REST

#: Why there is no judgment where the pictures do not tell the labels, to this classifier.
NO_BETTER_THAN_CHANCE: Final = "the reference classifier tells the classes no better than chance"

Probabilities = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class CrossValidated:
    """Probabilities and features of every image, per split name.

    refusal: why there are none; empty where there are.
    probabilities: float32 `(n, k)`, rows summing to 1; for train leave-one-out.
    components: float32 `(n, d)`, principal components of the features.
    learned: int64, the classes with enough training images to be known.
    accuracy: per split, the share of images whose label is the most probable class.
    own: whether the user gave the probabilities; they may then be of some splits alone.
    """

    refusal: str
    probabilities: Mapping[str, Probabilities]
    components: Mapping[str, NDArray[np.float32]]
    learned: NDArray[np.int64]
    accuracy: Mapping[str, float]
    own: bool = False


def principal_components(
    dataset: Dataset, features: Mapping[str, NDArray[np.float32]] | None = None
) -> Mapping[str, NDArray[np.float32]]:
    """The features of every image, per split float32 `(n, d)`, in the directions that train varies most in.

    features: per split, in place of the reference features. Those of large sets are `StoredRows`.
    """
    described = features or {name: kept_features(split) for name, split in dataset.splits.items()}
    axes = fit_components(described["train"])
    width = axes.axes.shape[1]
    return {
        name: kept_in_scratch(axes.blocks(rows), (len(rows), width), np.float32)
        for name, rows in described.items()
    }


def judge(
    dataset: Dataset,
    components: Mapping[str, NDArray[np.float32]] | None = None,
    thorough: bool = False,
    groups: Rows | None = None,
    linear: Mapping[str, NDArray[np.float32]] | None = None,
    helpers: Helpers | None = None,
) -> CrossValidated:
    """Fit the reference to train and judge all splits: train by leave-one-out, the others by prediction.

    components: those of `principal_components`, made here when None. groups: int64 `(n,)` of the training
    images, equal for those that are left out together: copies, and images of one group. linear: features per
    split that the classifier weighs as they are, in place of a kernel over the components. helpers:
    processes that share the passes over train; the result is the same to the bit.
    """
    train = dataset.train
    counts = train.counts(len(dataset.classes))
    learned = np.flatnonzero(counts >= FEWEST_PER_CLASS)
    components = components or principal_components(dataset)
    refusal = _refusal(dataset, learned)
    size = THOROUGH_SIZE if thorough else SIZE
    probabilities = {} if refusal else _probabilities(dataset, components, size, groups, linear, helpers)
    if not probabilities:
        return CrossValidated(refusal or NO_BETTER_THAN_CHANCE, {}, components, learned, {})
    accuracy = _accuracy(dataset, probabilities)
    return CrossValidated("", probabilities, components, learned, accuracy)


def given(
    dataset: Dataset,
    probabilities: Mapping[str, NDArray[np.float64]],
    components: Mapping[str, NDArray[np.float32]],
) -> CrossValidated:
    """The user's own probabilities as a judge of labels: it knows every class that has an image."""
    rows = {name: p.astype(np.float32) for name, p in probabilities.items()}
    learned = np.flatnonzero(dataset.train.counts(len(dataset.classes)))
    return CrossValidated("", rows, components, learned, _accuracy(dataset, rows), own=True)


def _accuracy(dataset: Dataset, probabilities: Mapping[str, Probabilities]) -> dict[str, float]:
    return {
        name: float((p.argmax(axis=1) == dataset.splits[name].labels).mean())
        for name, p in probabilities.items()
        if len(p)
    }


def _refusal(dataset: Dataset, learned: NDArray[np.int64]) -> str:
    if len(learned) < 2:
        return f"fewer than two classes have at least {FEWEST_PER_CLASS} training images"
    largest = max(len(split) for split in dataset.splits.values())
    if largest * len(dataset.classes) > _MOST_SCORES:
        return f"{largest:,} images of {len(dataset.classes):,} classes need more scores than memory allows"
    return ""


def _probabilities(
    dataset: Dataset,
    components: Mapping[str, NDArray[np.float32]],
    size: int,
    groups: Rows | None,
    linear: Mapping[str, NDArray[np.float32]] | None,
    helpers: Helpers | None,
) -> dict[str, Probabilities]:
    """Per split; {} where the scores tell nothing."""
    train, classes = dataset.train, len(dataset.classes)
    inputs: Mapping[str, ridge.Blocks]
    if linear or len(train) < EXACT_BELOW:
        inputs = _linear_inputs(linear) if linear else _kernel_inputs(components, size)
        fitted = ridge.fit(inputs["train"], train.labels, classes, groups, ridge.FINE_PENALTIES)
        scores = ridge.leave_one_out(fitted, inputs["train"], train.labels, groups)
    else:
        own = components["train"]
        fourier = fit_fourier(own, _even(min(size, len(train) // 2)))
        inputs = {name: partial(fourier.blocks, rows) for name, rows in components.items()}
        with passes_by(helpers, fourier, own, train.labels, classes) as passes:
            fitted, scores = fit_and_leave_out(passes, fourier, own, train.labels, groups)
    if not tells_the_labels(scores, train.labels, groups):
        return {}
    calibration = fit_calibration(scores, train.labels)
    found = {"train": held_out(calibration, scores, train.labels, groups)}
    for name in dataset.splits:
        if name != "train":
            raw = ridge.predict(fitted, inputs[name])
            found[name] = calibration.probabilities(raw)
    return found


def _kernel_inputs(components: Mapping[str, NDArray[np.float32]], size: int) -> dict[str, ridge.Blocks]:
    """The kernel between the images of each split and of train; that of train alone is kept."""
    kernel = fit_kernel_map(components["train"], size, _EXACT_WIDTH)
    kept = list(kernel.blocks(components["train"]))
    made = {name: partial(kernel.blocks, rows) for name, rows in components.items()}
    return {**made, "train": lambda: kept}


def _linear_inputs(features: Mapping[str, NDArray[np.float32]]) -> dict[str, ridge.Blocks]:
    """The features of each split, standardized by those of train."""
    made = {name: linear_inputs(rows, features["train"]) for name, rows in features.items()}
    return {name: partial(lambda rows: [rows], rows) for name, rows in made.items()}


def tells_the_labels(scores: NDArray[np.floating[Any]], labels: Rows, groups: Rows | None = None) -> bool:
    """Whether images score higher for their own label than the average image does for it, beyond chance.

    scores: `(n, k)`, leave-one-out. groups: images of one group say one thing, and count once. An
    image left out makes its class rarer, so its own score is the lower
    one where the pictures tell nothing; a calibration learns that backwards and would call it knowledge.
    """
    above = scores[np.arange(len(labels)), labels] - scores.mean(axis=0)[labels]
    if groups is not None:
        _, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        above = np.bincount(place.ravel(), above) / sizes
    if len(above) < 2:
        return False  # one group has no deviation: nothing is known of chance
    least = max(_SIGNIFICANT * above.std() / math.sqrt(len(above)), _LEFT_OF_A_LABEL)
    return bool(above.mean() > least)


def _even(size: int) -> int:
    return max(size // 2 * 2, 2)
