"""What confidence, calibration, abstention and slices of this very run showed, in sentences."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from assay.evaluation.values import Evaluation
from assay.reports.findings.results import CONFIDENT
from assay.reports.findings.wording import count, decimal, name, percent
from assay.training.model.limits import NO_WISH

#: The coverage at which the risk is stated.
_TOLD_COVERAGE: Final = 0.8

Record = Mapping[str, Any]


def confidence_finding(evaluation: Evaluation) -> str:
    """How many answers are sure, how many of these are wrong, and how many mistakes are unsure ones."""
    sure = evaluation.confidence >= CONFIDENT
    wrong = evaluation.predicted != evaluation.labels
    if not sure.any():
        return f"No answer has a probability of {percent(CONFIDENT, 0)} or more."
    both = int((sure & wrong).sum())
    text = (
        f"{int(sure.sum()):,} of {count(len(sure), 'answer')} ({percent(float(sure.mean()))}) "
        f"{'has' if sure.sum() == 1 else 'have'} a probability of {percent(CONFIDENT, 0)} or more; of these, "
        f"{both:,} ({percent(both / int(sure.sum()))}) {'is' if both == 1 else 'are'} wrong."
    )
    if wrong.any():
        text += f" {_below(int((wrong & ~sure).sum()), int(wrong.sum()))}"
    return text


def _below(unsure: int, mistakes: int) -> str:
    """How many of the mistakes are unsure answers."""
    if unsure == 0:
        return "No mistake was made below that: checking the unsure answers by hand would find none."
    found = "checking the unsure answers by hand would find"
    if mistakes == 1:
        return f"The only mistake was made below that: {found} it."
    verb, them = ("was", "it") if unsure == 1 else ("were", "them")
    share = percent(unsure / mistakes, 0)
    return f"{unsure:,} of {mistakes:,} mistakes ({share}) {verb} made below that: {found} {them}."


def calibration_finding(calibration: Record) -> str:
    """Whether the probabilities agree with the accuracy, before and after the temperature."""
    after, before = calibration["after"], calibration["before"]
    text = (
        f"The probabilities differ from the accuracy by {percent(after['ece'])} on average (expected "
        f"calibration error). {_chance(after)}"
    )
    if calibration["temperature"] == 1:
        return text.rstrip()
    change = "softened" if calibration["temperature"] > 1 else "sharpened"
    return (
        f"{text}The temperature {decimal(calibration['temperature'], 3)} {change} the probabilities; before "
        f"it, the error was {percent(before['ece'])}. It changes no answer."
    )


#: Errors of a few answers are steps, and the same step is no more than itself.
_ROUNDING: Final = 1e-9


def _chance(metrics: Record) -> str:
    chance, most = metrics.get("ece_by_chance"), metrics.get("ece_by_chance_high")
    if chance is None:
        return ""
    told = f"Perfectly calibrated probabilities would differ by {percent(chance)} on this number of images"
    if most is None:  # of a version that did not draw it
        verdict = "no more than" if metrics["ece"] <= chance else "more than"
        return f"{told} on average: the error is {verdict} that. "
    if metrics["ece"] > most + _ROUNDING:
        return f"{told}, and in 95 of 100 cases by at most {percent(most)}: the error is more than chance. "
    return f"{told}, and in 95 of 100 cases by at most {percent(most)}: the error may be chance. "


def abstention_finding(abstention: Record, *, gated: bool = False) -> str:
    """What abstaining on the unsure images would save, and what the rule does where one was asked for.

    gated: whether a gate refuses pictures unlike those of training, which then are not answered either.
    """
    curve = abstention["curve"]
    last = curve[-1]
    point = min(curve, key=lambda p: abs(p["coverage"] - _TOLD_COVERAGE))
    text = (
        f"With every image answered, {percent(last['risk'])} of the answers are wrong; with the most "
        f"confident {percent(point['coverage'], 0)} answered, {percent(point['risk'])}."
    )
    rule = abstention.get("rule")
    if not rule:
        if (why := abstention.get("rule_reason")) and why != NO_WISH:
            return f"{text} No probability was chosen below which the model abstains: {why}."
        return f"{text} `--max-risk 0.02` chooses the probability below which the model abstains."
    return f"{text} {_rule(rule, ', but for pictures unlike those of training' if gated else '')}"


def _rule(rule: Record, refused: str) -> str:
    if rule["threshold"] is None:
        why = rule.get("threshold_reason") or "no number of answers shows it"
        return f"Asked for at most {percent(rule['max_risk'])} wrong answers, it never answers: {why}."
    test = rule["test"]
    if test["risk"] is None:
        return (
            f"To keep wrong answers below {percent(rule['max_risk'])}, the model answers from a probability "
            f"of {percent(rule['threshold'])}, which no test image reaches."
        )
    return (
        f"To keep wrong answers below {percent(rule['max_risk'])}, the model answers from a probability of "
        f"{percent(rule['threshold'])} on{refused}: {percent(test['coverage'])} of the test images, of which "
        f"{percent(test['risk'])} wrongly.{_broken(rule)}"
    )


def _broken(rule: Record) -> str:
    """That test images do not keep what validation promised, where chance does not explain it."""
    interval = rule["test"].get("risk_ci95")
    if not interval or interval[0] <= rule["max_risk"]:
        return ""
    return " That is more than was asked for: test images or their labels are not as those of validation."


def slice_name(found: Record) -> str:
    """A weak group in words: `The weakest class is Shirt`."""
    if found["by"] == "class":
        return f"The weakest class is {name(found['slice'])}"
    return f"The weakest group is the images whose {grouping_name(found['by'])} is {name(found['slice'])}"


def grouping_name(by: str) -> str:
    """What images were grouped by, in words: `column:camera` of a record is `camera`."""
    column = by.removeprefix("column:")
    return "file size in bytes" if by == "column:bytes" else name(column)


def slices_finding(slices: Record) -> str:
    """The groups whose accuracy is significantly below the overall accuracy, or that there are none."""
    looked, weakest = slices["looked_at"], slices["weakest"]
    if looked < 2:
        only = f"Only {count(looked, 'group')}" if looked else "No group"
        return f"{only} has enough test images to be judged: there is nothing to compare."
    if not weakest:
        return f"None of {count(looked, 'group')} is significantly below the overall accuracy."
    worst = weakest[0]
    others = (
        f" (so {_are(len(weakest) - 1)} {count(len(weakest) - 1, 'more group')})" if len(weakest) > 1 else ""
    )
    images = count(worst["n"], "image")
    return (
        f"{slice_name(worst)}: {percent(worst['accuracy'])} of {images} correct, significantly below the "
        f"overall accuracy{others}."
    )


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


Place = tuple[str, Record, tuple[str | int, ...]]


def slice_places(slices: Record) -> Sequence[Place]:
    """Every slice: the name of its grouping, itself, and where it stands in `evaluation.json`."""
    return [
        (grouping_name(group["name"]), found, ("slices", "by", i, "slices", j))
        for i, group in enumerate(slices["by"])
        for j, found in enumerate(group["slices"])
    ]


def weakest_places(slices: Record) -> Sequence[Place]:
    """The same of the groups significantly below the overall accuracy, the weakest first."""
    return [
        (grouping_name(found["by"]), found, ("slices", "weakest", i))
        for i, found in enumerate(slices["weakest"])
    ]
