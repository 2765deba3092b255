"""Quality gates as they are written: `leakage>0,label-errors>1%,accuracy<0.9,verdict:drift!=pass`."""

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from assay.audits.registry import CHECKS
from assay.core.errors import AssayError
from assay.core.text import choices
from assay.evaluation.values import Evaluation

OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}


def _lowest_recall(score: Evaluation) -> float | None:
    recalls = [s["recall"] for s in score.test["per_class"].values() if s["recall"] is not None]
    return min(recalls) if recalls else None


#: Gates on the score, by name.
SCORES: Final[Mapping[str, Callable[[Evaluation], float | None]]] = {
    "accuracy": lambda score: score.accuracy,
    "accuracy_low": lambda score: score.accuracy_ci95[0],
    "macro_f1": lambda score: float(score.test["macro_f1"]),
    "ece": lambda score: score.calibration.after.ece if score.calibration else None,
    "min_class_recall": _lowest_recall,
}


@dataclass(frozen=True)
class Gate:
    """One condition. value: a verdict for `verdict:CHECK`, else a number; percent: of the images judged.

    baseline: the value is added to the accuracy of another run (`accuracy<baseline-0.5%`: value -0.005).
    """

    name: str
    relation: str
    value: float | str
    percent: bool = False
    baseline: bool = False

    def __str__(self) -> str:
        if self.baseline:
            assert isinstance(self.value, float)
            return f"{self.name}{self.relation}baseline" + (f"{100 * self.value:+g}%" if self.value else "")
        shown = f"{self.value:g}" if isinstance(self.value, float) else self.value
        return f"{self.name}{self.relation}{shown}{'%' if self.percent else ''}"


def parse_gates(text: str, *, scored: bool = True) -> tuple[Gate, ...]:
    """The gates of a `--fail-on` option. scored: whether the command gives a score.

    Raises AssayError `unknown-gate` for the first that is none, or that such a command can never evaluate.
    """
    gates = tuple(_parse(part.strip()) for part in text.split(",")) if text else ()
    for gate in gates:
        if gate.name in SCORES and not scored:
            what = "this command tests no model, so it cannot evaluate a gate on a score"
            raise AssayError(
                "unknown-gate", gate, what, f"Use assay run --fail-on '{gate}', or assay evaluate."
            )
    return gates


def parse_score_gates(text: str) -> tuple[Gate, ...]:
    """The gates of a `--fail-on` option where there is a score and no audit, no run and no calibration.

    Raises AssayError `unknown-gate` for the first that is none, or that speaks of these.
    """
    gates, known = parse_gates(text), [name for name in SCORES if name != "ece"]
    for gate in gates:
        if gate.name not in known or gate.baseline:
            what = "of other data there is a score alone, to be held against a number"
            raise AssayError("unknown-gate", gate, what, f"Gates there are {', '.join(known)}.")
    return gates


def _parse(text: str) -> Gate:
    if not text:  # it would be a condition that is never judged
        fix = "Was a variable never set? Leave the comma out, or write, for example, leakage>0."
        raise AssayError("unknown-gate", "--fail-on", "beside a comma no gate is given", fix)
    matched = re.fullmatch(r"([A-Za-z][\w:-]*)\s*(<=|>=|==|!=|<|>)\s*([^%\s]+)\s*(%?)", text)
    if matched is None:
        raise AssayError(
            "unknown-gate", text, "it is not of the form NAME OP VALUE", "Write, for example, leakage>0."
        )
    name, relation, value, percent = matched.groups()
    known = (*CHECKS, *SCORES, *(f"verdict:{check}" for check in CHECKS))
    if name not in known:
        raise AssayError("unknown-gate", name, "there is no such gate", f"{choices(name, known)}.")
    if name.startswith("verdict:"):
        return _verdict_gate(name, relation, value, text)
    if value.startswith("baseline"):
        return _baseline_gate(name, relation, value.removeprefix("baseline"), percent, text)
    if percent and name in SCORES:
        raise AssayError(
            "unknown-gate", text, "a score is not counted in %", "Write a share, such as accuracy<0.9."
        )
    try:
        bound = float(value)
        if not math.isfinite(bound):  # nothing is ever over `nan`: such a gate could never fail
            raise ValueError
        return Gate(name, relation, bound, bool(percent))
    except ValueError:
        raise AssayError(
            "unknown-gate", text, f"{value} is not a number", "Write, for example, leakage>0."
        ) from None


def _verdict_gate(name: str, relation: str, value: str, text: str) -> Gate:
    verdicts = ("pass", "warn", "fail")
    if relation not in ("==", "!=") or value not in verdicts:
        known = ", ".join(verdicts)
        raise AssayError(
            "unknown-gate", text, "a verdict is compared by == or != alone", f"Verdicts are {known}."
        )
    return Gate(name, relation, value)


def _baseline_gate(name: str, relation: str, offset: str, percent: str, text: str) -> Gate:
    """`accuracy<baseline-0.5%`: the offset in points of accuracy with %, else as a share."""
    fix = "Write accuracy<baseline, accuracy<baseline-0.5% or accuracy_low<baseline-0.5%."
    if name not in ("accuracy", "accuracy_low") or relation not in ("<", "<="):
        raise AssayError("unknown-gate", text, "only an accuracy below a baseline can be a gate", fix)
    try:
        value = float(offset or 0) / (100 if percent else 1)
    except ValueError:
        raise AssayError("unknown-gate", text, f"{offset} is not a number", fix) from None
    if not abs(value) < 1 or (offset and offset[0] not in "+-"):
        raise AssayError("unknown-gate", text, "the offset is no difference of two shares", fix)
    return Gate(name, relation, value, baseline=True)
