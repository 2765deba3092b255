"""The first screen: what a run found, in words, the most important first, all decided by figures."""

import re
from dataclasses import dataclass
from typing import Final

from assay.audits.registry import CHECKS
from assay.audits.values import VERDICT_ORDER, Finding
from assay.evaluation.values import Evaluation
from assay.reports.findings import results as result_findings
from assay.reports.findings import trust as trust_findings
from assay.reports.findings.wording import count, listed, name, percent
from assay.reports.values import ReportContent

#: Findings and steps on the first screen; the chapters have them all.
_MOST_POINTS: Final = 3
_MOST_STEPS: Final = 4


@dataclass(frozen=True)
class Point:
    """One finding on the first screen. verdict: of a check; or `score` for what the evaluation showed.

    place: the identifier on the page of where more is told.
    """

    verdict: str
    label: str
    text: str
    place: str


@dataclass(frozen=True)
class Summary:
    """headline, lead: what came out. points: the findings that matter most. steps: what to do next.

    more: what the audit found besides, in words; empty where the points tell all.
    """

    headline: str
    lead: str
    points: tuple[Point, ...]
    more: str
    steps: tuple[str, ...]


def tell(content: ReportContent) -> Summary:
    """The story of a run or an audit."""
    return Summary(_headline(content), _lead(content), _points(content), _more(content), _steps(content))


def _headline(content: ReportContent) -> str:
    score = content.evaluation
    if score is None:
        return f"{_data_sentence(content)} before any training."
    recipe = (content.recipe or {}).get("name", "")
    images = count(len(score.labels), "test image")
    # Of a model that was trained elsewhere nobody knows what it has seen.
    unseen = "" if _leaks(content) or content.layers is None else " that it had never seen"
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
    """The findings that warn or fail, the worst and the most misleading first."""
    bad = [f for f in findings if f.verdict in ("warn", "fail")]
    return sorted(bad, key=lambda f: (-VERDICT_ORDER.index(f.verdict), CHECKS[f.check].importance))


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
    """The worst findings of the audit, and at least one thing that the scores showed where there are any."""
    scores = _score_points(content)
    told = _told(content)
    points = [Point(f.verdict, f.check, first_sentence(f.summary), f"check-{f.check}") for f in told]
    points += scores[: _MOST_POINTS - len(points)]
    if not points:
        passed = [f.check for f in content.audit.findings if f.verdict == "pass"]
        points.append(Point("pass", "audit", f"Passed: {listed(passed, len(passed) or 1)}.", "audit"))
    return tuple(points)


def _told(content: ReportContent) -> list[Finding]:
    """The findings of the audit on the first screen: they leave one place to the scores."""
    most = _MOST_POINTS - (1 if _score_points(content) else 0)
    return _troubled(content.audit.findings)[:most]


def first_sentence(text: str) -> str:
    """A text up to the end of its first sentence."""
    return re.split(r"(?<=[.!?]) +(?=[A-Z(])", text, maxsplit=1)[0]


def _score_points(content: ReportContent) -> list[Point]:
    """What evaluation and training showed, the most telling first."""
    score, points = content.evaluation, []
    if score is not None:
        slices = score.as_record().get("slices")
        if slices and slices["weakest"]:
            points.append(Point("score", "weakest slice", trust_findings.slices_finding(slices), "slices"))
        points.append(Point("score", "confusion", result_findings.worst_confusion(score), "figure-confusion"))
        points.append(Point("score", "recall", result_findings.recall_finding(score), "figure-recall"))
    if content.history is not None and content.history.records:
        points.append(
            Point("score", "training", result_findings.curves_finding(content.history), "figure-curves")
        )
    return points


def _step(finding: Finding) -> str:
    if finding.check != "label-errors":
        return f"{finding.fix} ({finding.check})"
    return (
        "Look at the suspects and decide, in their chapter or in the table that `assay review RUN` writes: "
        "`assay run --decisions` applies it to training alone. (label-errors)"
    )


def _more(content: ReportContent) -> str:
    left = len(_troubled(content.audit.findings)) - len(_told(content))
    return f"{count(left, 'more finding')} of the audit" if left > 0 else ""


def _steps(content: ReportContent) -> tuple[str, ...]:
    """What to do about the worst findings, then about the model."""
    score = content.evaluation
    steps = [_step(f) for f in _told(content) if f.fix]
    if score is None:
        return (*steps, "Train a classifier on these data and have it judged: `assay run`.")
    if len(score.mistakes(1)):
        steps.append(
            "Look at the mistakes in their chapter: each is a wrong label, an image that fits two classes, "
            "or something that the model has not understood."
        )
    wanted = content.audit.decisions.get("convolution", {}).get("decision") == "called for"
    if wanted and not _sees_neighborhoods(content):
        steps.append("Try a net that sees neighborhoods: the audit's second decision says why.")
    steps.append("Compare with another seed before believing any difference smaller than the interval.")
    return tuple(steps[:_MOST_STEPS])


def _sees_neighborhoods(content: ReportContent) -> bool:
    """Whether the model has a layer of convolutions already."""
    return content.layers is not None and any("Conv" in layer.kind for layer in content.layers.layers)
