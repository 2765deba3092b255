"""Calibration: reliability diagram and expected calibration error, with the temperature and without."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Floats
from assay.estimators.temperature_scaling import tempered
from assay.evaluation.chance.calibration_error import error_by_chance
from assay.evaluation.grouped import Groups, share_interval
from assay.evaluation.intervals import Interval
from assay.evaluation.metrics import brier_score, log_loss

#: Bins of equal width over [0, 1], as most papers have them, so that figures can be compared.
BINS: Final = 15

#: Probabilities worked on at a time.
_MOST_VALUES: Final = 2_000_000


@dataclass(frozen=True)
class Bin:
    """The images whose confidence lies in (low, high]; the first bin has 0 too. None where there are none.

    confidence: their mean; accuracy: their share of right answers, with its 95 % interval (see
    `share_interval`).
    """

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None
    ci95: Interval | None


@dataclass(frozen=True)
class CalibrationScores:
    """ece: expected calibration error. ece_by_chance: what a model that is never too sure nor too unsure
    would show on as many images, in the mean; ece_by_chance_high: at most, in 95 of 100 such sets.
    brier: in [0, 2]. bins: the reliability diagram."""

    ece: float
    ece_by_chance: float
    ece_by_chance_high: float
    brier: float
    log_loss: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Calibration:
    """temperature: of the model's probabilities, fitted on `fitted_images` validation images.

    before, after: the scores without and with it.
    """

    temperature: float
    temperature_reason: str
    fitted_images: int
    before: CalibrationScores
    after: CalibrationScores
    binning: str = "equal width"
    bin_count: int = BINS


def calibrate(
    probabilities: Floats,
    labels: NDArray[np.int64],
    temperature: float,
    reason: str,
    fitted_images: int,
    groups: Groups | None = None,
) -> Calibration:
    """The calibration of probabilities `(n, k)` that the temperature has been applied to. n >= 1.

    groups: as in `share_interval`.
    """
    after = _scores(probabilities, labels, 1.0, groups)
    before = after if temperature == 1 else _scores(probabilities, labels, 1 / temperature, groups)
    return Calibration(temperature, reason, fitted_images, before, after)


def _scores(
    probabilities: Floats, labels: NDArray[np.int64], temperature: float, groups: Groups | None
) -> CalibrationScores:
    """The scores of the probabilities at another temperature, made from them block by block."""
    step = max(_MOST_VALUES // probabilities.shape[1], 1)
    confidence, right = np.zeros(len(labels)), np.zeros(len(labels), bool)
    loss = brier = 0.0
    for start in range(0, len(labels), step):
        part = slice(start, start + step)
        p, own = tempered(probabilities[part], temperature), labels[part]
        confidence[part], right[part] = p.max(axis=1), p.argmax(axis=1) == own
        loss += log_loss(p, own) * len(own)
        brier += brier_score(p, own) * len(own)
    bins = reliability_bins(confidence, right, groups=groups)
    mean, high = _chance_error(confidence, right, groups)
    return CalibrationScores(
        ece=expected_calibration_error(bins),
        ece_by_chance=mean,
        ece_by_chance_high=high,
        brier=brier / len(labels),
        log_loss=loss / len(labels),
        bins=bins,
    )


def reliability_bins(
    confidence: Floats, right: NDArray[np.bool_], count: int = BINS, groups: Groups | None = None
) -> tuple[Bin, ...]:
    """The reliability diagram (DeGroot and Fienberg 1983). confidence: `(n,)` in [0, 1]; right: `(n,)`;
    groups: as in `share_interval`."""
    place = _places(confidence, count)
    sure = np.bincount(place, confidence, count)
    return tuple(
        _bin(i, count, np.flatnonzero(place == i), float(sure[i]), right, groups) for i in range(count)
    )


def _places(confidence: Floats, count: int) -> NDArray[np.int64]:
    places: NDArray[np.int64] = np.ceil(np.asarray(confidence) * count).astype(np.int64) - 1
    return np.clip(places, 0, count - 1)


def _bin(
    place: int,
    count: int,
    rows: NDArray[np.int64],
    sure: float,
    right: NDArray[np.bool_],
    groups: Groups | None,
) -> Bin:
    low, high, n = place / count, (place + 1) / count, len(rows)
    if n == 0:
        return Bin(low, high, 0, None, None, None)
    interval = share_interval(right[rows], None if groups is None else groups[rows])
    return Bin(low, high, n, sure / n, int(right[rows].sum()) / n, interval)


def expected_calibration_error(bins: tuple[Bin, ...]) -> float:
    """Mean distance of confidence and accuracy over the bins, weighted by their images, in [0, 1].

    Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", 2015.
    """
    total = sum(b.n for b in bins)
    gaps = (
        b.n * abs(b.confidence - b.accuracy)
        for b in bins
        if b.confidence is not None and b.accuracy is not None
    )
    return sum(gaps) / total


def _chance_error(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], groups: Groups | None
) -> tuple[float, float]:
    """`error_by_chance`. The number of right answers in a bin varies by sum c (1 - c).

    Images of one group are right or wrong together: their number then varies by as much as it does from group
    to group, where that is more.
    """
    place = _places(confidence, BINS)
    variance = np.bincount(place, confidence * (1 - confidence), BINS)
    if groups is not None:
        cells, of_cell = np.unique(np.stack((place, groups)), axis=1, return_inverse=True)
        excess = np.bincount(of_cell.ravel(), right - confidence)
        variance = np.maximum(variance, np.bincount(cells[0], excess**2, BINS))
    return error_by_chance(confidence, place, np.maximum(variance, 0), grouped=groups is not None)
