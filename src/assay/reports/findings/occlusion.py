"""Where a model looks: which places of an image its answer rests on, found by covering each in turn."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes
from assay.data.values import Split, images_of
from assay.evaluation.metrics import SMALLEST_PROBABILITY
from assay.evaluation.values import Evaluation
from assay.reports.values import Saliency

#: A cover's side as a share of the picture's, and the most steps that it takes each way.
_COVER: Final = 0.2
_MOST_STEPS: Final = 12
_FEWEST_STEPS: Final = 4

#: Multiply-adds that one call may cost: about a second on two cores. Larger nets are covered in larger steps.
_BUDGET: Final = 30_000_000_000

#: Images that are covered unasked, however large the net.
_FEWEST_IMAGES: Final = 4

Predict = Callable[[Iterator[NDArray[np.uint8]]], NDArray[np.float64]]


def look_where(
    predict: Predict,
    multiply_adds: int,
    split: Split,
    evaluation: Evaluation,
    cover: NDArray[np.float64],
    rows: NDArray[np.int64],
) -> Saliency:
    """The saliency of the answers to some test images, by occlusion (Zeiler and Fergus 2014).

    rows: int64 `(n,)`, of the test split. predict: blocks of images to probabilities `(n, k)`. cover:
    `(h, w, c)`, what is laid over a place: the average training image, so that no new edge or color comes in.
    multiply_adds: of one image.
    """
    images = images_of(split, rows)
    steps = _steps(len(rows) * multiply_adds)
    tops, lefts, height, width = _covers(split.shape, steps)
    per_image = 1 + len(tops) * len(lefts)
    covered = (
        _covered(image, np.rint(cover).astype(np.uint8), tops, lefts, height, width) for image in images
    )
    odds = predict(covered).reshape(len(rows), per_image, len(evaluation.classes))
    evidence = _log_odds(odds, evaluation.predicted[rows], _rivals(evaluation, rows))
    falls = (evidence[:, :1] - evidence[:, 1:]).reshape(len(rows), len(tops), len(lefts))
    maps = [_spread(fall, split.shape, tops, lefts, height, width) for fall in falls]
    return Saliency(rows, np.array(maps).reshape(len(rows), *split.shape[:2]))


def affordable(multiply_adds: int) -> int:
    """How many images the budget allows at the fewest steps, at least four. multiply_adds: of one image."""
    return max(_FEWEST_IMAGES, _BUDGET // max(1, multiply_adds * (1 + _FEWEST_STEPS**2)))


def _rivals(evaluation: Evaluation, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """What each answer stands against: the label, or the next best answer where the label was given."""
    answers, labels = evaluation.predicted[rows], evaluation.labels[rows]
    others = evaluation.probabilities[rows].copy()
    others[np.arange(len(rows)), answers] = -1
    rivals: NDArray[np.int64] = np.where(answers == labels, others.argmax(axis=1), labels)
    return rivals


def _steps(cost: int) -> int:
    """Steps each way, as many as the budget allows. cost: multiply-adds of all images once."""
    return int(np.clip(np.sqrt(_BUDGET / max(1, cost)), _FEWEST_STEPS, _MOST_STEPS))


def _covers(shape: tuple[int, int, int], steps: int) -> tuple[list[int], list[int], int, int]:
    """Tops, lefts, height and width of the covers: evenly spaced, from border to border."""
    height, width = (max(1, round(_COVER * side)) for side in shape[:2])
    tops, lefts = (
        sorted(set(np.linspace(0, side - own, steps).round().astype(int).tolist()))
        for side, own in ((shape[0], height), (shape[1], width))
    )
    return tops, lefts, height, width


def _covered(image: Bytes, cover: Bytes, tops: list[int], lefts: list[int], height: int, width: int) -> Bytes:
    """The image as it is, then with each place covered: uint8 `(1 + tops * lefts, h, w, c)`."""
    copies = np.repeat(image[None], 1 + len(tops) * len(lefts), axis=0)
    for number, (top, left) in enumerate(((top, left) for top in tops for left in lefts), 1):
        place = (slice(top, top + height), slice(left, left + width))
        copies[(number, *place)] = cover[place]
    return copies


def _log_odds(
    probabilities: NDArray[np.float64], answers: NDArray[np.int64], rivals: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Logarithm of the odds of the answer against its rival, `(n, covers)`."""
    logs = np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))
    each = np.arange(len(logs))
    found: NDArray[np.float64] = logs[each, :, answers] - logs[each, :, rivals]
    return found


def _spread(
    falls: NDArray[np.float64],
    shape: tuple[int, int, int],
    tops: list[int],
    lefts: list[int],
    height: int,
    width: int,
) -> NDArray[np.float64]:
    """The mean fall of the covers that touch each pixel, `(h, w)`; 0 where none does."""
    total, touched = np.zeros(shape[:2]), np.zeros(shape[:2])
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            place = (slice(top, top + height), slice(left, left + width))
            total[place] += falls[i, j]
            touched[place] += 1
    mean: NDArray[np.float64] = total / np.maximum(touched, 1)
    return mean
