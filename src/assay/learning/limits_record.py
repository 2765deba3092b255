"""A model's limits as they stand in its two files: a record, and the arrays of the gate."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from assay.learning.limits import AnswerRule, FamiliarityGate, Limits, Temperature
from assay.reference.familiarity import FamiliarSpace

#: The gate's arrays stand among the weights under such names; no layer is called so.
PREFIX: Final = "limits."

_ARRAYS: Final = ("mean", "axes", "centers", "whitening")

Count = Annotated[int, Field(ge=0, lt=2**53)]
Size = Annotated[int, Field(ge=1, le=1 << 28)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class _Temperature(_Strict):
    value: Annotated[float, Field(ge=0.01, le=100)]
    images: Count
    reason: str


class _Rule(_Strict):
    max_risk: Share
    threshold: Share | None
    reason: str
    n: Count
    answered: Count
    wrong: Count


class _Gate(_Strict):
    layer: str
    threshold: Annotated[float, Field(ge=0)]
    false_refusal_rate: Share
    n: Count
    refused: Count
    features: Size
    components: Size
    centers: Size


class LimitsRecord(_Strict):
    """The key `limits` of `model.json`."""

    temperature: _Temperature
    rule: _Rule | None
    rule_reason: str
    gate: _Gate | None
    gate_reason: str

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The names and shapes of the arrays that belong to it."""
        if self.gate is None:
            return {}
        width, m = self.gate.features, self.gate.components
        sizes = ((width,), (width, m), (self.gate.centers, m + 1), (m + 1, m + 1))
        return {PREFIX + name: size for name, size in zip(_ARRAYS, sizes, strict=True)}

    def limits(self, arrays: Mapping[str, NDArray[np.float32]]) -> Limits:
        """The limits, with the gate's arrays by their names in the file."""
        gate = None
        if self.gate is not None:
            own = self.gate.model_dump(exclude={"features", "components", "centers"})
            gate = FamiliarityGate(**own, space=FamiliarSpace(*(arrays[PREFIX + name] for name in _ARRAYS)))
        return Limits(
            Temperature(**self.temperature.model_dump()),
            None if self.rule is None else AnswerRule(**self.rule.model_dump()),
            self.rule_reason,
            gate,
            self.gate_reason,
        )


def record_of_limits(limits: Limits) -> dict[str, Any]:
    """The limits as JSON types, as `LimitsRecord` reads them."""
    return {
        "temperature": dict(vars(limits.temperature)),
        "rule": None if limits.rule is None else dict(vars(limits.rule)),
        "rule_reason": limits.rule_reason,
        "gate": None if limits.gate is None else _gate_record(limits.gate),
        "gate_reason": limits.gate_reason,
    }


def _gate_record(gate: FamiliarityGate) -> dict[str, Any]:
    figures = {key: value for key, value in vars(gate).items() if key != "space"}
    width, components = gate.space.axes.shape
    return {**figures, "features": width, "components": components, "centers": len(gate.space.centers)}


def arrays_of_limits(limits: Limits) -> dict[str, NDArray[np.float32]]:
    """The gate's arrays by their names in the file."""
    if limits.gate is None:
        return {}
    return {PREFIX + name: getattr(limits.gate.space, name) for name in _ARRAYS}
