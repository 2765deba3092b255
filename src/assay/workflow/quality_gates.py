"""Quality gates: conditions that must not be true, judged when everything is known.

`leakage>0,label-errors>1%,accuracy<0.9,verdict:drift!=pass`: a gate that is true fails, and so does one on
something that was not evaluated.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from assay.audits.registry import CHECKS
from assay.audits.values import Audit
from assay.core.errors import AssayError
from assay.core.text import choices
from assay.evaluation.values import Evaluation

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
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
_SCORES: Final[Mapping[str, Callable[[Evaluation], float | None]]] = {
    "accuracy": lambda score: score.accuracy,
    "accuracy_low": lambda score: score.accuracy_ci95[0],
    "macro_f1": lambda score: float(score.test["macro_f1"]),
    "ece": lambda score: score.calibration.after.ece if score.calibration else None,
    "min_class_recall": _lowest_recall,
}


@dataclass(frozen=True)
class Gate:
    """One condition. value: a verdict for `verdict:CHECK`, else a number; percent: of the images judged."""

    name: str
    relation: str
    value: float | str
    percent: bool = False

    def __str__(self) -> str:
        shown = f"{self.value:g}" if isinstance(self.value, float) else self.value
        return f"{self.name}{self.relation}{shown}{'%' if self.percent else ''}"


def parse_gates(text: str, *, scored: bool = True) -> tuple[Gate, ...]:
    """The gates of a `--fail-on` option. scored: whether the command gives a score.

    Raises AssayError `unknown-gate` for the first that is none, or that such a command can never evaluate.
    """
    gates = tuple(_parse(part.strip()) for part in text.split(",") if part.strip())
    for gate in gates:
        if gate.name in _SCORES and not scored:
            what = "this command tests no model, so it cannot evaluate a gate on a score"
            raise AssayError(
                "unknown-gate", gate, what, f"Use assay run --fail-on '{gate}', or assay evaluate."
            )
    return gates


def _parse(text: str) -> Gate:
    matched = re.fullmatch(r"([A-Za-z][\w:-]*)\s*(<=|>=|==|!=|<|>)\s*([^%\s]+)\s*(%?)", text)
    if matched is None:
        raise AssayError(
            "unknown-gate", text, "it is not of the form NAME OP VALUE", "Write, for example, leakage>0."
        )
    name, relation, value, percent = matched.groups()
    known = (*CHECKS, *_SCORES, *(f"verdict:{check}" for check in CHECKS))
    if name not in known:
        raise AssayError("unknown-gate", name, "there is no such gate", f"{choices(name, known)}.")
    if name.startswith("verdict:"):
        return _verdict_gate(name, relation, value, text)
    if percent and name in _SCORES:
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


def failed_gates(gates: tuple[Gate, ...], audit: Audit, score: Evaluation | None) -> list[str]:
    """Each gate that is true or cannot be judged, in words: the gate and the value found."""
    found = ((gate, _value(gate, audit, score)) for gate in gates)
    return [
        f"{gate} ({'not evaluated' if value is None else f'found {_shown(value)}'})"
        for gate, value in found
        if value is None or _OPERATORS[gate.relation](value, gate.value)
    ]


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def _value(gate: Gate, audit: Audit, score: Evaluation | None) -> float | str | None:
    if gate.name in _SCORES:
        return None if score is None else _SCORES[gate.name](score)
    check = gate.name.removeprefix("verdict:")
    finding = next((f for f in audit.findings if f.check == check), None)
    if finding is None or finding.verdict == "not evaluated":
        return None
    if gate.name.startswith("verdict:"):
        return finding.verdict
    return 100 * finding.count / _images(audit) if gate.percent else float(finding.count)


def _images(audit: Audit) -> int:
    return max(1, sum(int(split["count"]) for split in audit.dataset["splits"].values()))


def failed_for_models(
    gates: tuple[Gate, ...], audit: Audit, scores: Mapping[str, Evaluation | None]
) -> list[str]:
    """As `failed_gates`, for several models by name: gates on a score for each of them, the others once."""
    once = tuple(gate for gate in gates if gate.name not in _SCORES)
    each = tuple(gate for gate in gates if gate.name in _SCORES)
    found = failed_gates(once, audit, None)
    return found + [
        f"{name}: {words}" for name, score in scores.items() for words in failed_gates(each, audit, score)
    ]


def enforce(
    gates: tuple[Gate, ...],
    audit: Audit,
    scores: Evaluation | Mapping[str, Evaluation | None] | None,
    where: object,
) -> None:
    """Raise AssayError `gate-failed` naming each gate that failed, its value and its bound.

    scores: of one model, or of several by name: then every one of them must pass.
    """
    if isinstance(scores, Mapping):
        failed, what = failed_for_models(gates, audit, scores), "gates failed"
    else:
        failed = failed_gates(gates, audit, scores)
        what = f"{len(failed)} of {len(gates)} gates failed"
    if failed:
        raise AssayError(
            "gate-failed",
            where,
            f"{what}: {'; '.join(failed)}",
            "Mend the data or the model, or change --fail-on; the results are complete.",
        )
