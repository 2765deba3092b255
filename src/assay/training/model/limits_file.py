"""A model's limits as they stand in its two files: a record, and the arrays of the gate."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from assay.estimators.mahalanobis import OodSpace
from assay.training.model.limits import AnswerRule, Limits, OodGate, Temperature

#: The gate's arrays stand among the weights under such names; no layer is called so.
PREFIX: Final = "limits."

_ARRAYS: Final = ("mean", "axes", "centers", "whitening")

#: Those of the gate's second space, which older models have not.
LOOK: Final = PREFIX + "look."

Count = Annotated[int, Field(ge=0, lt=2**53)]
Size = Annotated[int, Field(ge=1, le=1 << 28)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class _Temperature(_Strict):
    value: Annotated[float, Field(ge=0.01, le=100)]
    images: Count
    reason: str
    right: Count | None = None


class _Rule(_Strict):
    max_risk: Share
    threshold: Share | None
    reason: str
    n: Count
    answered: Count
    wrong: Count
    risk_ci95: tuple[Share, Share] | None = None


class _Space(_Strict):
    features: Size
    components: Size
    centers: Size

    def shapes(self, prefix: str) -> dict[str, tuple[int, ...]]:
        width, m = self.features, self.components
        sizes = ((width,), (width, m), (self.centers, m + 1), (m + 1, m + 1))
        return {prefix + name: size for name, size in zip(_ARRAYS, sizes, strict=True)}


class _Gate(_Space):
    layer: str
    threshold: Annotated[float, Field(ge=0)]
    false_refusal_rate: Share
    n: Count
    refused: Count
    look: _Space | None = None


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
        look = self.gate.look.shapes(LOOK) if self.gate.look else {}
        return self.gate.shapes(PREFIX) | look

    def limits(self, arrays: Mapping[str, NDArray[np.float32]]) -> Limits:
        """The limits, with the gate's arrays by their names in the file."""
        gate = None
        if self.gate is not None:
            own = self.gate.model_dump(exclude={"features", "components", "centers", "look"})
            look = _read_space(arrays, LOOK) if self.gate.look else None
            gate = OodGate(**own, space=_read_space(arrays, PREFIX), look=look)
        return Limits(
            Temperature(**self.temperature.model_dump()),
            None if self.rule is None else AnswerRule(**self.rule.model_dump()),
            self.rule_reason,
            gate,
            self.gate_reason,
        )


def _read_space(arrays: Mapping[str, NDArray[np.float32]], prefix: str) -> OodSpace:
    return OodSpace(*(arrays[prefix + name] for name in _ARRAYS))


def record_of_limits(limits: Limits) -> dict[str, Any]:
    """The limits as JSON types, as `LimitsRecord` reads them."""
    return {
        "temperature": dict(vars(limits.temperature)),
        "rule": None if limits.rule is None else dict(vars(limits.rule)),
        "rule_reason": limits.rule_reason,
        "gate": None if limits.gate is None else _gate_record(limits.gate),
        "gate_reason": limits.gate_reason,
    }


def _gate_record(gate: OodGate) -> dict[str, Any]:
    figures = {key: value for key, value in vars(gate).items() if key not in ("space", "look")}
    look = None if gate.look is None else _sizes(gate.look)
    return {**figures, **_sizes(gate.space), "look": look}


def _sizes(space: OodSpace) -> dict[str, int]:
    width, components = space.axes.shape
    return {"features": width, "components": components, "centers": len(space.centers)}


def arrays_of_limits(limits: Limits) -> dict[str, NDArray[np.float32]]:
    """The gate's arrays by their names in the file."""
    if limits.gate is None:
        return {}
    spaces = {PREFIX: limits.gate.space} | ({LOOK: limits.gate.look} if limits.gate.look else {})
    return {prefix + name: getattr(space, name) for prefix, space in spaces.items() for name in _ARRAYS}
