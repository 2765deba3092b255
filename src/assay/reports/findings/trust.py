"""What confidence, calibration, abstention and slices of this very run showed, in sentences."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from assay.evaluation.values import Evaluation
from assay.reports.findings.results import CONFIDENT
from assay.reports.findings.wording import count, decimal, name, percent

#: Coverages at which the risk is told.
_TOLD_COVERAGE: Final = 0.8

Record = Mapping[str, Any]


def confidence_finding(evaluation: Evaluation) -> str:
    """How many answers are sure, how many of these are wrong, and how many mistakes are unsure ones."""
    sure = evaluation.confidence >= CONFIDENT
    wrong = evaluation.predicted != evaluation.labels
    if not sure.any():
        return f"No answer was given {percent(CONFIDENT, 0)} or more: the model is sure of nothing."
    both = int((sure & wrong).sum())
    text = (
        f"{int(sure.sum()):,} of {count(len(sure), 'answer')} ({percent(float(sure.mean()))}) were given "
        f"{percent(CONFIDENT, 0)} or more; of these, {both:,} "
        f"({percent(both / int(sure.sum()))}) {'is' if both == 1 else 'are'} wrong."
    )
    if wrong.any():
        caught = int((wrong & ~sure).sum())
        share = percent(caught / int(wrong.sum()), 0)
        mistakes, verb = count(int(wrong.sum()), "mistake"), "was" if caught == 1 else "were"
        text += (
            f" {caught:,} of {mistakes} ({share}) {verb} made below that: a person who looks at the "
            "unsure answers would see them."
        )
    return text


def calibration_finding(calibration: Record) -> str:
    """Whether the probabilities can be taken at their word, before and after the temperature."""
    after, before = calibration["after"], calibration["before"]
    text = (
        f"On average the probability of the answer misses the accuracy by {percent(after['ece'], 2)} "
        f"(expected calibration error). {_chance(after)}"
    )
    if calibration["temperature"] == 1:
        return text.rstrip()
    change = "softened" if calibration["temperature"] > 1 else "sharpened"
    return (
        f"{text}The temperature {decimal(calibration['temperature'], 3)} {change} the probabilities; before "
        f"it, the error was {percent(before['ece'], 2)}. It changes no answer."
    )


def _chance(metrics: Record) -> str:
    chance = metrics.get("ece_by_chance")
    if chance is None:
        return ""
    verdict = "no more than" if metrics["ece"] <= chance else "more than"
    return (
        f"Perfectly calibrated probabilities would miss it by {percent(chance, 2)} on so few images, so this "
        f"is {verdict} chance. "
    )


def abstention_finding(abstention: Record) -> str:
    """What silence on the unsure images would save, and what the rule does where one was asked for."""
    curve = abstention["curve"]
    last = curve[-1]
    point = min(curve, key=lambda p: abs(p["coverage"] - _TOLD_COVERAGE))
    text = (
        f"Answering every image, {percent(last['risk'], 2)} of the answers are wrong; answering only the "
        f"surest {percent(point['coverage'], 0)}, {percent(point['risk'], 2)}."
    )
    rule = abstention.get("rule")
    if not rule:
        return f"{text} `--max-risk 0.02` would choose the probability below which the model keeps silent."
    return f"{text} {_rule(rule)}"


def _rule(rule: Record) -> str:
    if rule["threshold"] is None:
        return f"No probability keeps wrong answers below {percent(rule['max_risk'])}: it never answers."
    test = rule["test"]
    return (
        f"To keep wrong answers below {percent(rule['max_risk'])}, the model answers from a probability of "
        f"{percent(rule['threshold'], 2)}: {percent(test['coverage'])} of the test images, of which "
        f"{percent(test['risk'], 2)} wrongly."
    )


def slice_name(found: Record) -> str:
    """A weak slice in words: `Shirt is the weakest class`."""
    if found["by"] == "class":
        return f"{name(found['slice'])} is the weakest class"
    return f"The weakest slice is {name(found['by'])} {name(found['slice'])}"


def slices_finding(slices: Record) -> str:
    """The slices that are surely worse than the whole, or that there are none."""
    looked, weakest = slices["looked_at"], slices["weakest"]
    if not weakest:
        return f"None of {count(looked, 'slice')} is worse than the whole by more than chance."
    worst = weakest[0]
    others = f" ({count(len(weakest) - 1, 'more slice')} as surely)" if len(weakest) > 1 else ""
    images = count(worst["n"], "image")
    return (
        f"{slice_name(worst)}: {percent(worst['accuracy'])} of {images} right, surely below the "
        f"whole{others}."
    )


Place = tuple[str, Record, tuple[str | int, ...]]


def slice_places(slices: Record) -> Sequence[Place]:
    """Every slice: the name of its grouping, itself, and where it stands in `evaluation.json`."""
    return [
        (group["name"], found, ("slices", "by", i, "slices", j))
        for i, group in enumerate(slices["by"])
        for j, found in enumerate(group["slices"])
    ]


def weakest_places(slices: Record) -> Sequence[Place]:
    """The same of the slices that are surely weaker than the whole, the weakest first."""
    return [(found["by"], found, ("slices", "weakest", i)) for i, found in enumerate(slices["weakest"])]
