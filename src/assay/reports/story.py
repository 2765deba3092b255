"""The first screen: what a run found, in words, the most important first, all decided by figures."""

from dataclasses import dataclass
from typing import Final

from assay.audits.values import VERDICT_ORDER, Finding
from assay.evaluation.values import Evaluation
from assay.reports import result_findings
from assay.reports.values import ReportContent
from assay.reports.wording import count, listed, name, percent

#: Findings of the audit on the first screen; its chapter has them all.
_MOST_FINDINGS: Final = 4


@dataclass(frozen=True)
class Point:
    """One finding on the first screen. verdict: of a check; or `score` for what the evaluation showed."""

    verdict: str
    label: str
    text: str


@dataclass(frozen=True)
class Story:
    """headline, lead: what came out. points: the findings that matter most. steps: what to do next."""

    headline: str
    lead: str
    points: tuple[Point, ...]
    steps: tuple[str, ...]


def tell(content: ReportContent) -> Story:
    """The story of a run or an audit."""
    return Story(_headline(content), _lead(content), _points(content), _steps(content))


def _headline(content: ReportContent) -> str:
    score = content.evaluation
    if score is None:
        return f"{_data_sentence(content)} before any training."
    recipe = (content.recipe or {}).get("name", "")
    images = count(len(score.labels), "test image")
    unseen = "" if _leaks(content) else " that it had never seen"
    return f"The model {recipe} recognizes {percent(score.accuracy, 2)} of {images}{unseen}."


def _leaks(content: ReportContent) -> bool:
    """Whether the audit found copies of training images outside train: then not all were unseen."""
    return any(f.check == "leakage" and f.count for f in content.audit.findings)


def _data_sentence(content: ReportContent) -> str:
    found = content.audit.findings
    troubled = _troubled(found)
    checks = count(len(found), "check")
    if not troubled:
        return f"{checks} found nothing wrong with {name(content.dataset.name)}"
    return f"{len(troubled)} of {checks} found something to look at in {name(content.dataset.name)}"


def _troubled(findings: tuple[Finding, ...]) -> list[Finding]:
    """The findings that warn or fail, the worst first."""
    bad = [f for f in findings if f.verdict in ("warn", "fail")]
    return sorted(bad, key=lambda f: -VERDICT_ORDER.index(f.verdict))


def _lead(content: ReportContent) -> str:
    score = content.evaluation
    if score is None:
        return (
            f"{count(sum(len(s) for s in content.dataset.splits.values()), 'image')} in "
            f"{count(len(content.dataset.classes), 'class', 'classes')} were examined. No model was trained; "
            "this report tells what one should know before doing so."
        )
    low, high = score.accuracy_ci95
    return (
        f"With 95 % confidence its accuracy on such images lies between {percent(low, 2)} and "
        f"{percent(high, 2)}.{_floor(score)} On the data themselves, "
        f"{_lower(_data_sentence(content))}."
    )


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _floor(score: Evaluation) -> str:
    """What the model has to beat: always answering the most frequent class of the test split."""
    largest = score.confusion.sum(axis=1).max() / len(score.labels)
    return f" Always giving the same answer would be right for {percent(float(largest))} at best."


def _points(content: ReportContent) -> tuple[Point, ...]:
    """The worst findings of the audit, then what the scores showed, then how many findings were left out."""
    troubled = _troubled(content.audit.findings)
    points = [Point(f.verdict, f.check, f.summary) for f in troubled[:_MOST_FINDINGS]]
    points += _score_points(content)
    left = len(troubled) - _MOST_FINDINGS
    if left > 0:
        points.append(Point("warn", "audit", f"{count(left, 'more finding')} in the audit's chapter."))
    if not points:
        passed = [f.check for f in content.audit.findings if f.verdict == "pass"]
        points.append(Point("pass", "audit", f"Passed: {listed(passed, len(passed) or 1)}."))
    return tuple(points)


def _score_points(content: ReportContent) -> list[Point]:
    points = []
    if content.evaluation is not None:
        points.append(Point("score", "confusion", result_findings.confusion_finding(content.evaluation)))
        points.append(Point("score", "recall", result_findings.recall_finding(content.evaluation)))
    if content.history is not None and content.history.records:
        points.append(Point("score", "training", result_findings.curves_finding(content.history)))
    return points


def _steps(content: ReportContent) -> tuple[str, ...]:
    """What to do about the worst findings, then about the model."""
    troubled = [f for f in _troubled(content.audit.findings) if f.fix]
    steps = [f"{f.fix} ({f.check})" for f in troubled[:_MOST_FINDINGS]]
    score = content.evaluation
    if score is None:
        return (*steps, "Train a classifier on these data and have it judged: `assay run`.")
    if len(score.mistakes()):
        steps.append(
            "Look at the most confident mistakes (chapter Evaluate): each is a wrong label, an image that "
            "fits two classes, or something the model has not understood, and each calls for something else."
        )
    if content.audit.decisions.get("convolution", {}).get("decision") == "called for":
        steps.append("Try a net that sees neighborhoods: the audit's second decision says why.")
    return (
        *steps,
        "Compare with another seed before believing any difference smaller than the interval above.",
    )
