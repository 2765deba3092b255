"""The facts that the first screen and the end of a command rest on, each computed once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.class_balance import FAIL_RATIO
from assay.audits.registry import CHECKS
from assay.audits.values import VERDICT_ORDER, Audit, Finding
from assay.data.decoding.target_size import side_that_keeps
from assay.estimators.noise.renamed_classes import renamed_classes
from assay.evaluation.answer_order import AnswerOrder, better_order
from assay.evaluation.values import Evaluation
from assay.features.choice import LEAST_SIDE
from assay.reports.findings.training_course import Course, course_of
from assay.reports.values import Results
from assay.training.model.values import PRETRAINED_KINDS

#: With fewer training images of a class in the mean, a net that learns photographs from nothing sees too few:
#: on 53 of each the best one was right for .70, a pretrained one for .90 (docs/recipes.md).
_FEW: Final = 200

#: From here on the check of the balance fails: a rare class may be lost without much being seen of it.
_UNEVEN: Final = FAIL_RATIO


@dataclass(frozen=True)
class Facts:
    """What a run or an audit found, as figures.

    findings: of the audit. accuracy, low, high, n: of the test split, with the 95 % interval; n is 0 where
    nothing was evaluated. baseline: accuracy of always answering the most frequent test class. leaked: test
    images with a copy in the training split; clean_accuracy: without these, None where it is not known.
    course: how the training went. wants_convolution: the audit calls for one, the model has none, and the
    reference that has one was right more often. wants_pretrained: pretrained features told the classes apart
    better in the audit, the model has none, and the reference on them was right more often.
    reference: accuracy of the audit's reference on the training images, each judged without itself; 1 where
    it is not known.
    floor: accuracy of the nearest class mean on the training images, 0 where it is not known.
    disputed: test labels that the audit disputes, and the accuracy if the model were wrong, or right, on all
    of these images; None without any.
    few: training images of a class in the mean, where a net learned from nothing on so few photographs
    that a pretrained one is the better start, and was right less often than the reference; else 0.
    larger: side at which pictures keep details that they lost by being made much smaller; else 0. uneven:
    how many times as many images the largest class has as the smallest, where the net learned without
    weighing classes; else 0. groups: how many groups the test images come in; 0 where each stands alone.
    wants_scaling: the pixels span few values, and the model divides them by 255 as if they spanned all.
    renamed: labels of the test split, each with the class that the model answers in its place, where
    these exchange their names. of_groups, of_parts: those of `leaked` that have no copy in training,
    but images of their group, or that overlap one. learned: accuracy that the net reached in training, on
    what it was fitted to or chosen by. foreign: the model was trained elsewhere, so what it has seen is not
    known. misplaced: the order in which its answers fit far more of the images than as they were given.
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
    reference: float = 1.0
    floor: float = 0.0
    disputed: tuple[int, float, float] | None = None
    few: int = 0
    larger: int = 0
    uneven: float = 0.0
    groups: int = 0
    wants_scaling: bool = False
    renamed: tuple[tuple[str, str], ...] = ()
    of_groups: int = 0
    of_parts: int = 0
    learned: float = 0.0
    foreign: bool = False
    misplaced: AnswerOrder | None = None

    @property
    def underfits(self) -> bool:
        """Whether the model is less accurate than the simplest classifier of pictures, in training too.

        On the test images alone it may be less for other reasons: wrong labels, another camera.
        """
        return self.n > 0 and max(self.high, self.learned) < self.floor

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
    copies, reference = _without_copies(score), _reference(audit)
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
        wanted["convolution"] == "called for" and not seen and reference > score.accuracy,
        wanted["features"] == "pretrained" and not pretrained and reference > score.accuracy,
        reference,
        _floor(audit),
        _disputed(score),
        _few(audit, recipe, layer_kinds) if reference > score.accuracy else 0,
        _larger(audit),
        _uneven(audit, recipe),
        score.group_count or 0,
        _wants_scaling(audit, recipe),
        _renamed(score),
        _of_kind(audit, "group"),
        _of_kind(audit, "overlap"),
        _learned(results),
        results.layers is None,
        _misplaced(results, score) if results.layers is None else None,
    )


def _renamed(score: Evaluation) -> tuple[tuple[str, str], ...]:
    found = renamed_classes(score.labels, score.predicted, score.groups, len(score.classes))
    return tuple((score.classes[one.label], score.classes[one.answer]) for one in found)


def _misplaced(results: Results, score: Evaluation) -> AnswerOrder | None:
    ids = results.dataset.splits["test"].ids
    return better_order(score.labels, score.predicted, ids, score.groups)


def _wants_scaling(audit: Audit, recipe: Mapping[str, Any]) -> bool:
    decided = audit.decisions.get("normalization", {}).get("decision")
    return decided == "standard" and recipe.get("normalizer") == "minmax"


def _floor(audit: Audit) -> float:
    found = [f.evidence for f in audit.findings if f.check == "class-similarity"]
    return float((found[0].get("nearest_mean_accuracy") if found else None) or 0.0)


def _reference(audit: Audit) -> float:
    found = [f.evidence.get("reference") or {} for f in audit.findings if f.check == "separability"]
    accuracy = found[0].get("accuracy") if found else None
    return 1.0 if accuracy is None else float(accuracy)


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


def _disputed(score: Evaluation) -> tuple[int, float, float] | None:
    suspects = (score.as_record().get("honest") or {}).get("suspects") or {}
    if not suspects.get("n"):
        return None
    low, high = (float(suspects[way]["accuracy"]) for way in ("counted_wrong", "counted_right"))
    return int(suspects["n"]), low, high


def _leaked(audit: Audit, score: Evaluation) -> int:
    """Test images with a copy or a group in train: by the score without them, or else by the audit's list."""
    without = _without_copies(score)
    leaks = [issue.split for issue in audit.issues if issue.check == "leakage"]
    counted = max((f.count for f in audit.findings if f.check == "leakage"), default=0)
    flagged = leaks.count("test") if leaks else counted
    return len(score.labels) - int(without["n"]) if without and flagged else flagged


def _of_kind(audit: Audit, kind: str) -> int:
    """How many test images leak in one way."""
    leaks = (issue for issue in audit.issues if issue.check == "leakage" and issue.split == "test")
    return sum(issue.kind == kind for issue in leaks)


def _learned(results: Results) -> float:
    """The accuracy in the last epoch, on train or validation; 1 (nothing is said) where none was run."""
    if results.history is None or not results.history.records:
        return 1.0
    last = results.history.records[-1]
    return max(last.train_accuracy, last.val_accuracy or 0.0)
