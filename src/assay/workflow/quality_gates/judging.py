"""Quality gates judged when everything is known: one that is true fails, and so does one that was not
evaluated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.audits.values import Audit, Finding
from assay.core.errors import AssayError
from assay.evaluation.values import Evaluation
from assay.workflow.quality_gates.gates import OPERATORS, SCORES, Gate


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


def judge_score(gates: tuple[Gate, ...], score: Evaluation | None) -> list[GateResult]:
    """Gates of `parse_score_gates`, judged; all fail without a score."""
    values = [None if score is None else SCORES[gate.name](score) for gate in gates]
    return [
        GateResult(gate, value, failed=value is None or bool(OPERATORS[gate.relation](value, gate.value)))
        for gate, value in zip(gates, values, strict=True)
    ]


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
    failed = value is None or OPERATORS[gate.relation](value, gate.value)
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
    return GateResult(gate, end, bool(OPERATORS[gate.relation](end, gate.value)), reason, model)


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def _value(gate: Gate, audit: Audit, score: Evaluation | None) -> float | str | None:
    if gate.name in SCORES:
        return None if score is None else SCORES[gate.name](score)
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
    once = tuple(gate for gate in gates if gate.name not in SCORES)
    each = tuple(gate for gate in gates if gate.name in SCORES)
    found = judged(once, audit, None)
    return found + [
        result
        for name, score in scores.items()
        for result in judged(each, audit, score, known.get(name), name)
    ]


def need_passed(results: Sequence[GateResult], where: object) -> None:
    """Raise AssayError `gate-failed` naming each gate that failed, its value and its bound."""
    failed = [result.told() for result in results if result.failed]
    if failed:
        raise AssayError(
            "gate-failed",
            where,
            f"{len(failed)} of {len(results)} gates failed: {'; '.join(failed)}",
            "Fix the data or the model, or change --fail-on; the results are complete.",
        )
