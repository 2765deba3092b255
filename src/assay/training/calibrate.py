"""Calibration once the weights are fixed: temperature and out-of-distribution gate, on validation images."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Rows, spread_rows
from assay.data.values import Split
from assay.estimators.mahalanobis import OodSpace, conformal_bound, fit_space, in_units_of_train
from assay.estimators.temperature_scaling import fit_temperature
from assay.features.hand_made import describe
from assay.training.classifier import Model
from assay.training.inference.features import distances_in, features_of
from assay.training.model.limits import FALSE_REFUSALS, Limits, OodGate, Temperature

#: Training images that the gate is fitted to, evenly spread, and numbers that their features may hold.
_MOST_ROWS: Final = 5_000
_MOST_NUMBERS: Final = 20_000_000

#: Images whose features are held at a time.
_BLOCK: Final = 1_024


def fit_limits(model: Model, train: Split, rows: Rows, validation: Split, held: Rows) -> Limits:
    """The temperature and the gate of a model whose limits are not known yet.

    rows: of `train`, those that it was trained on. held: of `validation`, images that it was not; where
    there are none, there are no limits either.
    """
    if not len(held):
        return Limits()
    probabilities = model.predict_proba(validation.blocks(held))
    labels = validation.labels[held]
    right = int((probabilities.argmax(axis=1) == labels).sum())
    temperature = Temperature(fit_temperature(probabilities, labels), len(held), "", right)
    return Limits(temperature, gate=_fit_gate(model, train, rows, validation, held), gate_reason="")


def _fit_gate(model: Model, train: Split, rows: Rows, validation: Split, held: Rows) -> OodGate:
    layer, first = features_of(model, train.blocks(rows[:1]))
    width = next(first).shape[1]
    chosen = rows[spread_rows(len(rows), min(_MOST_ROWS, max(_MOST_NUMBERS // width, 2)))]
    _, features = features_of(model, train.blocks(chosen, _BLOCK))
    labels = train.labels[chosen]
    space = _space(np.concatenate(list(features)), labels)
    look = _space(describe(train, chosen), labels)
    distances = distances_in(space, look, model, validation.blocks(held, _BLOCK))
    threshold, rate = conformal_bound(distances, FALSE_REFUSALS)
    refused = int((distances > threshold).sum())
    return OodGate(layer, threshold, rate, len(held), refused, space, look)


def _space(features: NDArray[np.float32], labels: Rows) -> OodSpace:
    return in_units_of_train(fit_space(features, labels), features)
