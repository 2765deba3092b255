"""The first screen: the verdict, the score, the findings that change what to do, and the next command."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from assay.audits.values import Finding
from assay.reports.findings import results as result_findings
from assay.reports.findings import trust as trust_findings
from assay.reports.findings.caveats import not_looked_for
from assay.reports.findings.facts import Facts, gather
from assay.reports.findings.next_steps import Step, next_steps
from assay.reports.findings.suspected_groups import suspects_groups
from assay.reports.findings.training_course import trend_finding
from assay.reports.findings.verdict import (
    CONSEQUENCES,
    copies_sentence,
    headline,
    labels_sentence,
    trust,
)
from assay.reports.findings.wording import check_title, count, name, percent
from assay.reports.values import Results

#: Findings and steps on the first screen; the chapters have them all.
_MOST_POINTS: Final = 3
_MOST_STEPS: Final = 3


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
class Group:
    """Findings of one consequence: `Must be fixed`, `Look at`, `Fine`, `Not checked`.

    positions: of its findings in `audit.findings`.
    """

    title: str
    verdict: str
    positions: tuple[int, ...]


@dataclass(frozen=True)
class Summary:
    """trust: `yes`, `care`, `no`, or `none` without a score. headline, lead: what came out.

    points: the findings that change most what to do.
    steps: what to do next, the most important first. facts: what all of it was made from.
    """

    trust: str
    headline: str
    lead: str
    points: tuple[Point, ...]
    steps: tuple[Step, ...]
    facts: Facts


def tell(content: Results) -> Summary:
    """The story of a run or an audit."""
    facts = gather(content)
    return Summary(
        trust(facts)[0],
        headline(facts),
        _lead(content, facts),
        _points(content, facts),
        tuple(next_steps(facts)[:_MOST_STEPS]),
        facts,
    )


#: What stands in a command for what the reader has to name.
_PLACEHOLDERS: Final = {"RUN": "the folder of this report", "NEXT": "a new folder", "DATA": "your data"}


def placeholders(steps: Sequence[Step]) -> str:
    """What the capitals in the commands stand for; empty where there are none."""
    typed = " ".join(step.command for step in steps)
    told = [f"`{word}` is {meaning}" for word, meaning in _PLACEHOLDERS.items() if word in typed]
    return f"{', '.join(told)}." if told else ""


def groups(findings: tuple[Finding, ...]) -> tuple[Group, ...]:
    """The findings by what they ask for, the gravest first; empty groups are left out."""
    found = [
        Group(title, verdict, tuple(i for i, f in enumerate(findings) if f.verdict == verdict))
        for verdict, title in CONSEQUENCES.items()
    ]
    return tuple(group for group in found if group.positions)


def _lead(content: Results, facts: Facts) -> str:
    if not facts.n:
        images = count(sum(len(s) for s in content.dataset.splits.values()), "image")
        classes = count(len(content.dataset.classes), "class", "classes")
        return f"{images} in {classes} were checked. No model was trained."
    if content.layers is None:
        # What a model trained elsewhere has seen is not known.
        told = f"The probabilities of {name(facts.recipe)} were judged on {count(facts.n, 'test image')}."
        return f"{told} {copies_sentence(facts)}".strip()
    parts = {row["split"]: int(row["count"]) for row in content.partition or ()}
    on = f"trained on {count(parts['train'], 'image')} and " if "train" in parts else ""
    doubtful = facts.leaked or suspects_groups(facts.findings) or not_looked_for(facts)
    unseen = "" if doubtful else " that it had never seen"
    told = f"The {name(facts.recipe)} model was {on}tested once, on {count(facts.n, 'image')}{unseen}."
    return " ".join(filter(None, (told, copies_sentence(facts), labels_sentence(facts))))


def _points(content: Results, facts: Facts) -> tuple[Point, ...]:
    """What fails, else the worst warning; a training that went wrong; the scores; then the rest. First of all
    groups on both sides of the split, which the headline speaks of.

    Copies that headline or lead have counted already are not told a second time.
    """
    open_findings = [f for f in facts.troubled if not (copies_sentence(facts) and _is_the_leak(f, facts))]
    groups = [f for f in open_findings if f.check == "leakage" and suspects_groups([f])]
    failed = [f for f in open_findings if f.verdict == "fail" and f not in groups]
    urgent = groups + failed[:2] or open_findings[:1]
    rest = [f for f in open_findings if f not in urgent]
    scores = _score_points(content)
    points = [_point(f) for f in urgent] + _training_points(content, facts) + scores[:1]
    return tuple((points + [_point(f) for f in rest] + scores[1:])[:_MOST_POINTS])


def _is_the_leak(finding: Finding, facts: Facts) -> bool:
    """Whether a finding is about the test images with a copy in train, and about nothing else."""
    across = finding.evidence.get("across-splits")
    if finding.check == "leakage":
        return not suspects_groups([finding])
    return across == finding.count and 0 < finding.count <= facts.leaked


def _point(finding: Finding) -> Point:
    where = f"check-{finding.check}"
    return Point(finding.verdict, check_title(finding.check), first_sentence(finding.summary), where)


def _training_points(content: Results, facts: Facts) -> list[Point]:
    """What went wrong in training; that a model learned too little is told before how its loss went."""
    if facts.underfits:
        floor = percent(facts.floor)
        told = (
            f"The nearest class mean alone is right for {floor} of the training images, more than this model."
        )
        return [
            Point("score", "Underfitting", told, "check-class-similarity"),
            *_course_points(content, facts),
        ]
    return _course_points(content, facts)


def _course_points(content: Results, facts: Facts) -> list[Point]:
    if content.history is None or facts.course is None:
        return []
    if facts.course.state not in ("overfitting", "unstable", "improving"):
        return []
    told = trend_finding(content.history)
    return [Point("score", f"Training: {facts.course.state}", told, "figure-curves")]


def first_sentence(text: str) -> str:
    """A text up to the end of its first sentence."""
    return re.split(r"(?<=[.!?]) +(?=[A-Z(])", text, maxsplit=1)[0]


def _score_points(content: Results) -> list[Point]:
    """What evaluation and training showed, the most telling first."""
    score, points = content.evaluation, []
    if score is not None:
        slices = score.as_record().get("slices")
        if slices and slices["weakest"]:
            points.append(Point("score", "Weakest group", trust_findings.slices_finding(slices), "slices"))
        points.append(
            Point("score", "Confused classes", result_findings.worst_confusion(score), "figure-confusion")
        )
        points.append(Point("score", "Recall", result_findings.recall_finding(score), "figure-recall"))
    return points
