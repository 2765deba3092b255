"""Check `label-balance`: absent classes, class imbalance, and classes with too few test images."""

from typing import Any, Final

import numpy as np

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import percent
from assay.audits.values import Finding, Verdict

#: Largest over smallest class of the training split. Below 1.5 plain accuracy and macro averages tell
#: the same story; from 10 on, a rare class can fail completely and cost less than 10 % of accuracy.
WARN_RATIO: Final = 1.5
FAIL_RATIO: Final = 10.0

#: With fewer test images than this, the 95 % interval of a class's recall is over 0.3 wide at best
#: (Wilson, 10 of 10: 0.72 to 1), so that nothing can be said of the class.
FEWEST_TEST_IMAGES: Final = 10


def check_label_balance(context: CheckContext) -> Checked:
    """Judge the counts per class: absent classes, imbalance, and too few test images to measure."""
    evidence = _evidence(context)
    failures, warnings = _problems(evidence)
    verdict: Verdict = "fail" if failures else "warn" if warnings else "pass"
    return Checked(
        Finding(
            check="label-balance",
            verdict=verdict,
            summary=_summary(evidence, failures + warnings),
            evidence=evidence,
            threshold=f"largest class at most {WARN_RATIO:g} times the smallest (warn), {FAIL_RATIO:g} times "
            f"(fail); every class in every split; several training images in most; at least "
            f"{FEWEST_TEST_IMAGES} test images per class",
            reason="accuracy hides what happens to rare classes, and a class never tested has no score",
            fix=_fix(failures, warnings),
        )
    )


def _evidence(context: CheckContext) -> dict[str, Any]:
    classes = context.dataset.classes
    counts = {name: m.counts for name, m in context.measurements.items()}
    train = counts["train"]
    present = train[train > 0]
    largest = int(train.argmax())
    judged = counts.get("test", train)
    # Of classes with as many test images, the most frequent in train: a model would learn to say that.
    majority = int(np.lexsort((train, judged))[-1])
    return {
        "counts": {
            name: dict(zip(classes, per_class.tolist(), strict=True)) for name, per_class in counts.items()
        },
        "largest_class": classes[largest],
        "smallest_class": classes[int(np.where(train > 0, train, np.iinfo(np.int64).max).argmin())],
        "ratio": float(present.max() / present.min()) if len(present) else None,
        "majority_class": classes[majority],
        "majority_accuracy": float(judged.max() / judged.sum()) if judged.sum() else None,
        "absent": {
            name: [classes[i] for i in np.flatnonzero(per_class == 0)] for name, per_class in counts.items()
        },
    }


def _problems(evidence: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What makes the check fail, and what makes it warn."""
    failures = [
        f"{_some(names)} {_are(names)} missing in {split}"
        for split, names in evidence["absent"].items()
        if names
    ]
    warnings: list[str] = []
    present = [count for count in evidence["counts"]["train"].values() if count]
    if len(present) == 1:
        failures.append("only one class, so there is nothing to tell apart")
    ratio = evidence["ratio"] or 1.0
    if ratio > WARN_RATIO:
        found = (
            f"{evidence['largest_class']} has {ratio:.3g} times the images of {evidence['smallest_class']}"
        )
        (failures if ratio > FAIL_RATIO else warnings).append(found)
    single = sum(count == 1 for count in present)
    if len(present) > 1 and 2 * single >= len(present):
        warnings.append(
            f"{single:,} of {len(present):,} classes have a single training image, which cannot both teach "
            "and test: are these the classes?"
        )
    few = [n for n, c in evidence["counts"].get("test", {}).items() if 0 < c < FEWEST_TEST_IMAGES]
    if few:
        have = "has" if len(few) == 1 else "have"
        warnings.append(f"{_some(few)} {have} fewer than {FEWEST_TEST_IMAGES} test images")
    return failures, warnings


def _some(names: list[str]) -> str:
    shown = [*names[:5], *([f"{len(names) - 5} more"] if len(names) > 5 else [])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _summary(evidence: dict[str, Any], problems: list[str]) -> str:
    if evidence["ratio"] is None:
        return "No training images at all."
    baseline = evidence["majority_accuracy"]
    always = (
        ""
        if baseline is None
        else f" Always answering {evidence['majority_class']} would be right for {percent(baseline)}."
    )
    if problems:
        return f"{'; '.join(problems)}.{always}"
    if evidence["ratio"] == 1:
        each = next(iter(evidence["counts"]["train"].values()))
        return f"{each:,} training images in every class.{always}"
    return (
        f"Balanced: the largest class has {evidence['ratio']:.3g} times the images of the smallest.{always}"
    )


def _fix(failures: list[str], warnings: list[str]) -> str:
    if failures:
        return "Collect images of the missing or rare classes, or merge or drop these classes."
    if warnings:
        return (
            "Read recall per class and macro F1 beside accuracy; weight the classes, or collect more images "
            "of the rare ones."
        )
    return ""
