"""How sure the model is against how often it is right, with its temperature and without."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Floats
from assay.estimators.temperature_scaling import tempered
from assay.evaluation.intervals import Interval
from assay.evaluation.metrics import brier_score, log_loss, wilson_interval

#: Bins of equal width over [0, 1], as most papers have them, so that figures can be compared.
BINS: Final = 15

#: Probabilities worked on at a time.
_MOST_VALUES: Final = 2_000_000


@dataclass(frozen=True)
class Bin:
    """The images whose confidence lies in (low, high]; the first bin has 0 too. None where there are none.

    confidence: their mean; accuracy: their share of right answers, with its 95 % Wilson interval.
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
    would show on as many images. brier: in [0, 2]. bins: the reliability diagram."""

    ece: float
    ece_by_chance: float
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
    probabilities: Floats, labels: NDArray[np.int64], temperature: float, reason: str, fitted_images: int
) -> Calibration:
    """The calibration of probabilities `(n, k)` that the temperature has been applied to. n >= 1."""
    after = _scores(probabilities, labels, 1.0)
    before = after if temperature == 1 else _scores(probabilities, labels, 1 / temperature)
    return Calibration(temperature, reason, fitted_images, before, after)


def _scores(probabilities: Floats, labels: NDArray[np.int64], temperature: float) -> CalibrationScores:
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
    bins = reliability_bins(confidence, right)
    return CalibrationScores(
        ece=expected_calibration_error(bins),
        ece_by_chance=_chance_error(confidence),
        brier=brier / len(labels),
        log_loss=loss / len(labels),
        bins=bins,
    )


def reliability_bins(confidence: Floats, right: NDArray[np.bool_], count: int = BINS) -> tuple[Bin, ...]:
    """The reliability diagram (DeGroot and Fienberg 1983). confidence: `(n,)` in [0, 1]; right: `(n,)`."""
    place = _places(confidence, count)
    n = np.bincount(place, minlength=count)
    hits = np.bincount(place, right, count)
    sure = np.bincount(place, confidence, count)
    return tuple(_bin(i, count, int(n[i]), int(hits[i]), float(sure[i])) for i in range(count))


def _places(confidence: Floats, count: int) -> NDArray[np.int64]:
    places: NDArray[np.int64] = np.ceil(np.asarray(confidence) * count).astype(np.int64) - 1
    return np.clip(places, 0, count - 1)


def _bin(place: int, count: int, n: int, hits: int, sure: float) -> Bin:
    low, high = place / count, (place + 1) / count
    if n == 0:
        return Bin(low, high, 0, None, None, None)
    return Bin(low, high, n, sure / n, hits / n, wilson_interval(hits, n))


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


def _chance_error(confidence: NDArray[np.float64]) -> float:
    """The calibration error to expect of probabilities that are all true: chance alone in each bin.

    The number of right answers in a bin then varies by sqrt(sum c (1 - c)); its mean distance from its
    expectation is sqrt(2 / pi) of that, as for a normal distribution.
    """
    variance = np.bincount(_places(confidence, BINS), confidence * (1 - confidence), BINS)
    return float(np.sqrt(2 / np.pi * variance).sum() / len(confidence))
