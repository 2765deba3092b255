"""What follows from the facts of a run or an audit, in sentences: whether to trust the score, and why.

Every sentence is made from one value of `Facts` alone, so that no two can contradict each other.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from assay.audits.values import Finding
from assay.reports.findings.caveats import caveats, not_looked_for, out_of_order
from assay.reports.findings.facts import Facts
from assay.reports.findings.suspected_groups import column_of_groups, groups_by_distances, pattern_of_groups
from assay.reports.findings.wording import check_title, count, listed, name, percent, points

#: A 95 % interval wider than this, as a share, leaves too much open: about 240 test images at 80 %.
WIDE: Final = 0.1

Trust = Literal["yes", "care", "no", "none"]

#: What a finding asks for, by its verdict.
CONSEQUENCES: Final[Mapping[str, str]] = {
    "fail": "Must be fixed",
    "warn": "Look at",
    "not evaluated": "Not checked",
    "pass": "Fine",
}


def trust(facts: Facts) -> tuple[Trust, str]:
    """Whether the score can be trusted, and the reason that decides it, as a sentence.

    What makes a score doubtful for other data comes before what makes it imprecise, and hides it not.
    """
    if facts.n == 0:
        return "none", ""
    broken = [_BROKEN[f.check] for f in facts.must_fix if f.check in _BROKEN]
    if broken:
        return "no", broken[0]
    if why := exchanged(facts):
        return "no", why
    if facts.low <= facts.baseline:
        always = f"always giving the same answer ({percent(facts.baseline)})"
        why = "it is" if facts.accuracy <= facts.baseline else "by chance alone it could be"
        told = _NOTHING_TOLD if nothing_told(facts.findings) else out_of_order(facts.findings)
        also = f", and {told}" if told else ""
        return "no", f"{why} no better than {always}{also}"
    if facts.leaked and not harmless(facts):
        return ("no" if _serious(facts) else "care"), _copies(facts)
    if column := column_of_groups(facts.findings):
        return (
            "care",
            f"the column {name(column)} says that training shows the same things as the test images",
        )
    if pattern_of_groups(facts.findings):
        return "care", "names suggest that training shows the same things as the test images"
    if groups_by_distances(facts.findings):
        return "care", "training seems to show the same things as the test images"
    reasons = caveats(facts)[:1] or not_looked_for(facts)
    if facts.high - facts.low > WIDE:
        reasons.append(f"{images_told(facts, 'test image')} are too few for a precise score")
    return (
        ("care", ", and ".join(reasons))
        if reasons
        else ("yes", "nothing that would make it untrue was found")
    )


def _copies(facts: Facts) -> str:
    images = f"{count(facts.leaked, 'test image')} ({percent(facts.leaked / facts.n)})"
    one = facts.leaked == 1
    told = []
    if facts.leaked > facts.of_groups + facts.of_parts:
        unsure = any(f.evidence.get("may_be_no_copies") for f in facts.findings if f.check == "leakage")
        may_be = f"may be {'a copy' if one else 'copies'} of training images"
        told.append(may_be if unsure else f"{'has' if one else 'have'} a copy in training")
    if facts.of_parts:
        told.append(f"{'overlaps' if one else 'overlap'} training images")
    if facts.of_groups:
        grouped = "is of a group that lies" if one else "are of groups that lie"
        told.append(f"{grouped} {'there' if told else 'in training'} too")
    return f"{images} {' or '.join(told)}"


def _serious(facts: Facts) -> bool:
    """Whether the copies could move the score by more than chance does."""
    return facts.leaked / facts.n > (facts.high - facts.low) / 2


def harmless(facts: Facts) -> bool:
    """Whether few copies leaked, and the score without them is measured and all but the same."""
    if facts.clean_accuracy is None or _serious(facts):
        return False
    return abs(facts.clean_accuracy - facts.accuracy) <= (facts.high - facts.low) / 10


#: A difference of shares that is told as none: 0.0 points.
_SAME: Final = 0.0005

#: Failed checks after which no score means anything.
_BROKEN: Final = {
    "identity": "the data are not what their name says",
    "unreadable": "too many files could not be read",
}


def exchanged(facts: Facts) -> str:
    """What is not in its place: answers beside their images, or classes that bear each other's names, in the
    test split or in the answers; else empty."""
    if facts.misplaced:
        right = percent(facts.misplaced.accuracy)
        how = facts.misplaced.told
        return f"the answers are not in the order of the images, {how}, and so {right} are right"
    if told := [one for one in renamed_splits(facts.findings) if one["split"] == "test"]:
        return _in_another_order(told[0])
    if order := out_of_order(facts.findings, "test"):
        return order
    if facts.renamed and not nothing_told(facts.findings):
        label, other = map(name, facts.renamed[0])
        return f"the answers seem to count the classes in another order, {label} is answered as {other}"
    return ""


def renamed_splits(findings: Sequence[Finding]) -> list[Mapping[str, Any]]:
    """The classes of splits that look like another class of the same circle, as the evidence has them."""
    found = (f.evidence.get("renamed") or () for f in findings if f.check == "label-errors")
    return [one for each in found for one in each]


def _in_another_order(one: Mapping[str, Any]) -> str:
    label, other = name(str(one["label"])), name(str(one["looks_like"]))
    return f"{one['split']} seems to count its classes in another order, its {label} looks like {other}"


#: What shuffled labels and pictures that show nothing have in common.
_NOTHING_TOLD: Final = "the reference classifier found nothing in the pictures that goes with their labels"


def nothing_told(findings: Sequence[Finding]) -> bool:
    """Whether the reference classifier found nothing in the training images that goes with their labels."""
    found = (f.evidence.get("better_than_chance") for f in findings if f.check == "separability")
    return any(better is False for better in found)


def headline(facts: Facts) -> str:
    """The verdict: whether to trust the score and what to do about the model; of an audit, about the data."""
    level, why = trust(facts)
    if level == "none":
        return _data_headline(facts)
    if level == "no":
        return f"Do not trust this score yet: {why}."
    if level == "care":
        return f"Use this score with care: {why}."
    if facts.foreign:
        return "You can trust this score if its model has not seen the test images."
    return f"You can trust this score{_model_clause(facts)}."


def _model_clause(facts: Facts) -> str:
    """What would raise the score first; empty where nothing is known to."""
    if facts.underfits:
        return ", but the model has learned too little"
    # A reference that is right more often than the interval of the score allows is more than chance.
    likely = "should" if facts.reference > facts.high else "may"
    return {
        "scaling": ". Scaling the few values that the pixels have should raise it",
        "pretrained": f". Pretrained features {likely} raise it",
        "convolution": f". A convolutional net {likely} raise it",
        "more epochs": ". More training should raise it",
        "fewer epochs": ", but the model overfits",
        "smaller steps": ", but the training was unstable",
        "another model": ", but the model has learned too little",
        "": "",
    }[next(iter(needs(facts)), "")]


Need = Literal[
    "scaling",
    "pretrained",
    "convolution",
    "more epochs",
    "fewer epochs",
    "smaller steps",
    "another model",
    "",
]


def needs(facts: Facts) -> list[Need]:
    """What the model lacks, the most promising first."""
    # Pretrained features see neighborhoods too: who takes these needs no other net.
    needs: list[Need] = (
        ["pretrained"] if facts.wants_pretrained else ["convolution"] if facts.wants_convolution else []
    )
    if facts.wants_scaling:
        needs = ["scaling", *needs]
    if facts.course and facts.underfits and not facts.wants_scaling:
        return ["smaller steps" if facts.course.state == "unstable" else "more epochs", *needs]
    if facts.course and (need := _OF_COURSE.get(facts.course.state)):
        needs.append(need)
    if facts.underfits and not facts.course and not facts.foreign and not needs:
        return ["another model"]
    return needs


_OF_COURSE: Final[Mapping[str, Need]] = {
    "improving": "more epochs",
    "overfitting": "fewer epochs",
    "unstable": "smaller steps",
}


def _data_headline(facts: Facts) -> str:
    data, fix, seen = name(facts.data), facts.must_fix, facts.troubled
    if nothing_told(facts.findings):
        return f"Find out first whether the images of {data} have their own labels: {_NOTHING_TOLD}."
    if renamed := renamed_splits(facts.findings):
        return f"Fix the names of classes in {data} first: {_in_another_order(renamed[0])}."
    if order := out_of_order(facts.findings, sure=True):
        return f"Put the labels of {data} in order first: {order}."
    if fix:
        what = listed([check_title(f.check).lower() for f in fix], 3)
        return f"Fix {data} before training: {what}."
    if seen:
        return f"Nothing in {data} must be fixed; {count(len(seen), 'finding')} to look at."
    passed, left = (
        sum(f.verdict == "pass" for f in facts.findings),
        sum(f.verdict == "not evaluated" for f in facts.findings),
    )
    could = f"; {left} could not be made" if left else ""
    return f"{data} passed {count(passed, 'check')}{could}."


def images_told(facts: Facts, noun: str) -> str:
    """`60 images`, or `60 images in 6 groups` where they do not stand alone."""
    return count(facts.n, noun) + (f" in {count(facts.groups, 'group')}" if facts.groups else "")


def score_sentence(facts: Facts) -> str:
    """The accuracy with its interval, and what guessing gives."""
    return (
        f"Test accuracy {percent(facts.accuracy)} (95 % interval {percent(facts.low)} to "
        f"{percent(facts.high)}, {images_told(facts, 'image')}); always the same answer: "
        f"{percent(facts.baseline)}."
    )


def labels_sentence(facts: Facts) -> str:
    """What the disputed test labels can do to the accuracy, at the most; empty where there are none."""
    if facts.disputed is None:
        return ""
    disputed, low, high = facts.disputed
    told = (
        "1 test label is disputed: whichever is right"
        if disputed == 1
        else f"{disputed:,} test labels are disputed: whichever are right"
    )
    if percent(low) == percent(high):
        return f"{told}, the accuracy stays at {percent(low)}."
    if disputed == 1:
        return f"{told}, the accuracy is {percent(low)} or {percent(high)}."
    return f"{told}, the accuracy lies between {percent(low)} and {percent(high)}."


def copies_sentence(facts: Facts) -> str:
    """The score without the test images that have a copy in train, after the headline; empty where unknown.

    Where the headline counts the copies, this sentence does not count them again.
    """
    if not facts.leaked or facts.clean_accuracy is None:
        return ""
    change = facts.clean_accuracy - facts.accuracy
    moved = points(change, 1)
    without = f"{percent(facts.clean_accuracy)} ({moved})"
    if trust(facts)[1] == _copies(facts):
        these = "this image" if facts.leaked == 1 else "these images"
        return f"Without {these} the accuracy is {without}: read that score instead."
    them = "it" if facts.leaked == 1 else "them"
    if abs(change) < _SAME:  # two rounded scores may differ where these do not
        return f"{_copies(facts)}; leaving {them} out changes the score by less than 0.05 points."
    return f"{_copies(facts)}; without {them}: {without}."
