"""The facts that the first screen and the end of a command rest on, each computed once, and what follows.

`gather` makes a value of facts; every sentence is made from that value alone, so that no two sentences can
contradict each other: whether to trust the score, how the training went, and what to do next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.class_balance import FAIL_RATIO
from assay.audits.registry import CHECKS
from assay.audits.values import VERDICT_ORDER, Audit, Finding
from assay.data.decoding.target_size import side_that_keeps
from assay.evaluation.values import Evaluation
from assay.features.choice import LEAST_SIDE
from assay.reports.findings.results import Course, course_of
from assay.reports.findings.wording import check_title, count, listed, name, percent, points
from assay.reports.values import Results
from assay.training.model.values import PRETRAINED_KINDS

#: A 95 % interval wider than this, as a share, leaves too much open: about 240 test images at 80 %.
WIDE: Final = 0.1

#: With fewer training images of a class in the mean, a net that learns photographs from nothing sees too few:
#: on 53 of each the best one was right for .70, a pretrained one for .90 (docs/recipes.md).
_FEW: Final = 200

#: From here on the check of the balance fails: a rare class may be lost without much being seen of it.
_UNEVEN: Final = FAIL_RATIO

Trust = Literal["yes", "care", "no", "none"]

#: What a finding asks for, by its verdict.
CONSEQUENCES: Final[Mapping[str, str]] = {
    "fail": "Must be fixed",
    "warn": "Look at",
    "not evaluated": "Not checked",
    "pass": "Fine",
}


@dataclass(frozen=True)
class Facts:
    """What a run or an audit found, as figures.

    findings: of the audit. accuracy, low, high, n: of the test split, with the 95 % interval; n is 0 where
    nothing was evaluated. baseline: accuracy of always answering the most frequent test class. leaked: test
    images with a copy in the training split; clean_accuracy: without these, None where it is not known.
    course: how the training went. wants_convolution: the audit calls for one and the model has none.
    wants_pretrained: pretrained features told the classes apart better in the audit, and the model has none.
    floor: accuracy of the nearest class mean on the training images, 0 where it is not known.
    few: training images of a class in the mean, where a net learned from nothing on so few photographs that a
    pretrained one is the better start; else 0. larger: side at which pictures keep details that they lost by
    being made much smaller; else 0. uneven: how many times as many images the largest class has as the
    smallest, where the net learned without weighing classes; else 0.
    """

    data: str
    findings: tuple[Finding, ...]
    recipe: str = ""
    accuracy: float = 0.0
    low: float = 0.0
    high: float = 1.0
    n: int = 0
    baseline: float = 0.0
    leaked: int = 0
    clean_accuracy: float | None = None
    course: Course | None = None
    wants_convolution: bool = False
    wants_pretrained: bool = False
    floor: float = 0.0
    few: int = 0
    larger: int = 0
    uneven: float = 0.0

    @property
    def underfits(self) -> bool:
        """Whether the model is less accurate than the simplest classifier of pictures."""
        return self.n > 0 and self.high < self.floor

    @property
    def must_fix(self) -> list[Finding]:
        """The failed checks, the most misleading first."""
        return [f for f in self.troubled if f.verdict == "fail"]

    @property
    def troubled(self) -> list[Finding]:
        """What warns or fails, the worst and the most misleading first."""
        bad = [f for f in self.findings if f.verdict in ("warn", "fail")]
        return sorted(bad, key=lambda f: (-VERDICT_ORDER.index(f.verdict), CHECKS[f.check].importance))


def gather(results: Results) -> Facts:
    """The facts of a run or an audit."""
    data, audit, score = results.dataset.name, results.audit, results.evaluation
    recipe = results.recipe or {}
    name = str(recipe.get("name", ""))
    layer_kinds = [layer.kind for layer in results.layers.layers] if results.layers else None
    course = course_of(results.history) if results.history is not None else None
    if course is not None and recipe.get("patience") and course.state == "overfitting":
        # It was ended for that, and the best epoch is the model.
        course = Course("leveled off", course.best, course.last)
    if score is None:
        return Facts(data, audit.findings, name, course=course)
    low, high = score.accuracy_ci95
    wanted = {
        question: audit.decisions.get(question, {}).get("decision")
        for question in ("convolution", "features")
    }
    pretrained = layer_kinds is None or any(kind in PRETRAINED_KINDS for kind in layer_kinds)
    seen = pretrained or any("Conv" in kind for kind in layer_kinds or ())
    copies = _without_copies(score)
    return Facts(
        data,
        audit.findings,
        name,
        score.accuracy,
        low,
        high,
        len(score.labels),
        float(score.confusion.sum(axis=1).max() / len(score.labels)),
        _leaked(audit, score),
        copies.get("accuracy"),
        course,
        wanted["convolution"] == "called for" and not seen,
        wanted["features"] == "pretrained" and not pretrained,
        _floor(audit),
        _few(audit, recipe, layer_kinds),
        _larger(audit),
        _uneven(audit, recipe),
    )


def _floor(audit: Audit) -> float:
    found = [f.evidence for f in audit.findings if f.check == "class-similarity"]
    return float((found[0].get("nearest_mean_accuracy") if found else None) or 0.0)


def _few(audit: Audit, recipe: Mapping[str, Any], layer_kinds: Sequence[str] | None) -> int:
    height, width, channels = audit.dataset.get("shape") or (0, 0, 0)
    learned = "epochs" in recipe and not any(kind in PRETRAINED_KINDS for kind in layer_kinds or ())
    each = _train_counts(audit).sum() // max(len(_train_counts(audit)), 1)
    asked = learned and channels == 3 and min(height, width) >= LEAST_SIDE
    return int(each) if asked and 0 < each < _FEW else 0


def _larger(audit: Audit) -> int:
    """The side that the note on pictures made smaller names, where it is twice theirs or more."""
    side = side_that_keeps(audit.dataset.get("notes") or ())
    shape = audit.dataset.get("shape") or (0, 0, 0)
    return side if side >= 2 * max(shape[:2]) > 0 else 0


def _uneven(audit: Audit, recipe: Mapping[str, Any]) -> float:
    counts = _train_counts(audit)
    counts = counts[counts > 0]
    if recipe.get("class_weights") != "equal" or len(counts) < 2:
        return 0.0
    ratio = float(counts.max() / counts.min())
    return ratio if ratio >= _UNEVEN else 0.0


def _train_counts(audit: Audit) -> NDArray[np.int64]:
    train = (audit.dataset.get("splits") or {}).get("train") or {}
    return np.array(list((train.get("per_class") or {}).values()), np.int64)


def _without_copies(score: Evaluation) -> Mapping[str, Any]:
    return (score.as_record().get("honest") or {}).get("without_copies") or {}


def _leaked(audit: Audit, score: Evaluation) -> int:
    """Test images with a copy in train: by the score without them, or else by the audit's count."""
    without = _without_copies(score)
    flagged = max((f.count for f in audit.findings if f.check == "leakage"), default=0)
    return len(score.labels) - int(without["n"]) if without and flagged else flagged


def trust(facts: Facts) -> tuple[Trust, str]:
    """Whether the score can be trusted, and the one reason that decides it, as a sentence."""
    if facts.n == 0:
        return "none", ""
    broken = [_BROKEN[f.check] for f in facts.must_fix if f.check in _BROKEN]
    if broken:
        return "no", broken[0]
    if facts.low <= facts.baseline:
        always = percent(facts.baseline)
        return "no", f"it is no better than always giving the same answer ({always})"
    if facts.leaked and not harmless(facts):
        return ("no" if _serious(facts) else "care"), _copies(facts)
    if facts.high - facts.low > WIDE:
        return "care", f"{count(facts.n, 'test image')} are too few for a precise score"
    for check, why in _CAVEATS.items():
        if any(f.check == check and f.verdict == "fail" for f in facts.findings):
            return "care", why
    return "yes", "nothing that would make it untrue was found"


def _copies(facts: Facts) -> str:
    share = percent(facts.leaked / facts.n)
    return f"{count(facts.leaked, 'test image')} ({share}) {_have(facts.leaked)} a copy in training"


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

#: Failed checks that leave the score right for these data and doubtful for others.
_CAVEATS: Final = {
    "shortcuts": "something other than the subject gives the class away",
    "drift": "training and test images differ",
    "label-errors": "many labels look wrong",
}


def _have(number: int) -> str:
    return "has" if number == 1 else "have"


def headline(facts: Facts) -> str:
    """The verdict: whether to trust the score and what to do about the model; of an audit, about the data."""
    level, why = trust(facts)
    if level == "none":
        return _data_headline(facts)
    if level == "no":
        return f"Do not trust this score yet: {why}."
    if level == "care":
        return f"Use this score with care: {why}."
    return f"You can trust this score{_model_clause(facts)}."


def _model_clause(facts: Facts) -> str:
    """What would raise the score first; empty where nothing is known to."""
    if facts.underfits:
        return ", but the model has learned too little"
    return {
        "pretrained": ". Pretrained features should raise it",
        "convolution": ". A convolutional net should raise it",
        "more epochs": ". More training should raise it",
        "fewer epochs": ", but the model overfits",
        "smaller steps": ", but the training was unstable",
        "": "",
    }[next(iter(needs(facts)), "")]


Need = Literal["pretrained", "convolution", "more epochs", "fewer epochs", "smaller steps", ""]


def needs(facts: Facts) -> list[Need]:
    """What the model lacks, the most promising first."""
    # Pretrained features see neighborhoods too: who takes these needs no other net.
    needs: list[Need] = (
        ["pretrained"] if facts.wants_pretrained else ["convolution"] if facts.wants_convolution else []
    )
    if facts.course and facts.underfits:
        return ["smaller steps" if facts.course.state == "unstable" else "more epochs", *needs]
    if facts.course and (need := _OF_COURSE.get(facts.course.state)):
        needs.append(need)
    return needs


_OF_COURSE: Final[Mapping[str, Need]] = {
    "improving": "more epochs",
    "overfitting": "fewer epochs",
    "unstable": "smaller steps",
}


def _data_headline(facts: Facts) -> str:
    data, fix, seen = name(facts.data), facts.must_fix, facts.troubled
    if fix:
        what = listed([check_title(f.check).lower() for f in fix], 3)
        return f"Fix {data} before training: {what}."
    if seen:
        return f"Nothing in {data} must be fixed; {count(len(seen), 'finding')} to look at."
    return f"{data} passed {count(len(facts.findings), 'check')}."


def score_sentence(facts: Facts) -> str:
    """The accuracy with its interval, and what guessing gives."""
    return (
        f"Test accuracy {percent(facts.accuracy)} (95 % interval {percent(facts.low)} to "
        f"{percent(facts.high)}, {count(facts.n, 'image')}); always the same answer: "
        f"{percent(facts.baseline)}."
    )


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
