"""Quality gates: conditions that must not be true, judged when everything is known.

`leakage>0,label-errors>1%,accuracy<0.9,verdict:drift!=pass`: a gate that is true fails, and so does one on
something that was not evaluated.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from assay.audits.registry import CHECKS
from assay.audits.values import Audit, Finding
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


@dataclass(frozen=True)
class Difference:
    """A model's accuracy minus that of the baseline, on the same images. low, high: paired 95 % interval.

    None where there are too few images, or too few on which the two differ, for an interval to hold.
    """

    baseline: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class GateResult:
    """A gate as it was judged. found: the value compared with the bound, None where there is none.

    failed: whether what must not be is so, or could not be evaluated; reason: how it was judged, where the
    gate does not say it. model: whose score it is, in a run of several.
    """

    gate: Gate
    found: float | str | None
    failed: bool
    reason: str = ""
    model: str = ""

    def told(self) -> str:
        """The gate and what was found, in words."""
        found = "not evaluated" if self.found is None else f"found {_shown(self.found)}"
        why = f"; {self.reason}" if self.reason else ""
        return f"{self.model}: {self.gate} ({found}{why})" if self.model else f"{self.gate} ({found}{why})"

    def as_record(self) -> dict[str, Any]:
        """An entry of `gates.json`."""
        return {
            "gate": str(self.gate),
            "name": self.gate.name,
            "relation": self.gate.relation,
            "bound": self.gate.value,
            "percent": self.gate.percent,
            "baseline": self.gate.baseline,
            "model": self.model or None,
            "value": self.found,
            "failed": self.failed,
            "reason": self.reason,
        }


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


def parse_score_gates(text: str) -> tuple[Gate, ...]:
    """The gates of a `--fail-on` option where there is a score and no audit, no run and no calibration.

    Raises AssayError `unknown-gate` for the first that is none, or that speaks of these.
    """
    gates, known = parse_gates(text), [name for name in _SCORES if name != "ece"]
    for gate in gates:
        if gate.name not in known or gate.baseline:
            what = "of other data there is a score alone, to be held against a number"
            raise AssayError("unknown-gate", gate, what, f"Gates there are {', '.join(known)}.")
    return gates


def judge_score(gates: tuple[Gate, ...], score: Evaluation | None) -> list[GateResult]:
    """Gates of `parse_score_gates`, judged; all fail without a score."""
    values = [None if score is None else _SCORES[gate.name](score) for gate in gates]
    return [
        GateResult(gate, value, failed=value is None or bool(_OPERATORS[gate.relation](value, gate.value)))
        for gate, value in zip(gates, values, strict=True)
    ]


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
    if value.startswith("baseline"):
        return _baseline_gate(name, relation, value.removeprefix("baseline"), percent, text)
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


def judged(
    gates: tuple[Gate, ...],
    audit: Audit,
    score: Evaluation | None,
    difference: Difference | None = None,
    model: str = "",
) -> list[GateResult]:
    """Every gate judged, in order. difference: to the baseline, for the gates that name it."""
    return [_judged(gate, audit, score, difference, model) for gate in gates]


def _judged(
    gate: Gate, audit: Audit, score: Evaluation | None, difference: Difference | None, model: str
) -> GateResult:
    if gate.baseline:
        return _judged_by_baseline(gate, difference, model)
    value = _value(gate, audit, score)
    failed = value is None or _OPERATORS[gate.relation](value, gate.value)
    return GateResult(gate, value, bool(failed), _uncounted(gate, audit), model)


def _judged_by_baseline(gate: Gate, difference: Difference | None, model: str) -> GateResult:
    """`accuracy`: the whole interval lies below the bound, so the model is shown to be worse; `accuracy_low`:
    its lower end does, so that it may be worse is not ruled out. Without an interval the difference decides.
    """
    if difference is None:
        return GateResult(gate, None, failed=True, reason="there is no baseline to compare with", model=model)
    end = difference.high if gate.name == "accuracy" else difference.low
    against = f"against {difference.baseline}: difference {difference.value:+.4f}"
    if end is None:
        reason = f"{against}; too few images that differ for an interval, so the difference itself decides"
        end = difference.value
    else:
        reason = f"{against}, paired 95 % interval {difference.low:+.4f} to {difference.high:+.4f}"
    return GateResult(gate, end, bool(_OPERATORS[gate.relation](end, gate.value)), reason, model)


def failed_gates(gates: tuple[Gate, ...], audit: Audit, score: Evaluation | None) -> list[str]:
    """Each gate that is true or cannot be judged, in words: the gate and the value found."""
    return [result.told() for result in judged(gates, audit, score) if result.failed]


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
    return 100 * finding.count / _images(finding, audit) if gate.percent else float(finding.count)


def _images(finding: Finding, audit: Audit) -> int:
    """How many images the check judged, so that the gate has the share that the finding tells.

    Those outside train for leakage, unreadable ones too, of checks of labels those that could be judged.
    """
    evidence = finding.evidence
    if finding.check == "unreadable" and "read" in evidence:
        return max(1, int(evidence["read"]) + int(evidence["unreadable"]))
    judged = evidence.get("images")
    if isinstance(judged, Mapping):
        return max(1, sum(map(int, judged.values())))
    if isinstance(judged, int):
        return max(1, judged)
    return max(1, sum(int(split["count"]) for split in audit.dataset["splits"].values()))


def _uncounted(gate: Gate, audit: Audit) -> str:
    """What a gate on leaks does not count: images of groups that nobody named."""
    finding = next((f for f in audit.findings if f.check == gate.name == "leakage"), None)
    kinds = ("groups_by_column", "groups_by_names", "groups_by_distances")
    if finding is None or not any(finding.evidence.get(kind) for kind in kinds):
        return ""
    return (
        "groups that nobody named are not counted, though the check warns of some: add verdict:leakage!=pass"
    )


def judge_all(
    gates: tuple[Gate, ...],
    audit: Audit,
    scores: Evaluation | Mapping[str, Evaluation | None] | None,
    differences: Mapping[str, Difference] | None = None,
) -> list[GateResult]:
    """Every gate judged: with several models, gates on a score for each of them, the others once.

    scores: of one model, or of several by name. differences: to the baseline, by the same names ("" for one).
    """
    known = differences or {}
    if not isinstance(scores, Mapping):
        return judged(gates, audit, scores, known.get(""))
    once = tuple(gate for gate in gates if gate.name not in _SCORES)
    each = tuple(gate for gate in gates if gate.name in _SCORES)
    found = judged(once, audit, None)
    return found + [
        result
        for name, score in scores.items()
        for result in judged(each, audit, score, known.get(name), name)
    ]


def enforce(
    gates: tuple[Gate, ...],
    audit: Audit,
    scores: Evaluation | Mapping[str, Evaluation | None] | None,
    where: object,
) -> None:
    """Judge and demand the gates of a run; arguments as in `judge_all`."""
    demand(judge_all(gates, audit, scores), where)


def demand(results: Sequence[GateResult], where: object) -> None:
    """Raise AssayError `gate-failed` naming each gate that failed, its value and its bound."""
    failed = [result.told() for result in results if result.failed]
    if failed:
        raise AssayError(
            "gate-failed",
            where,
            f"{len(failed)} of {len(results)} gates failed: {'; '.join(failed)}",
            "Fix the data or the model, or change --fail-on; the results are complete.",
        )
