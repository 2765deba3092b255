"""Check `pixel-range`: range, mean and spread of pixel values per split, and how to normalize them."""

from typing import Any, Final

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import not_evaluated
from assay.audits.measures.pixel_statistics import PixelStatistics, pixel_statistics
from assay.audits.values import Finding, Verdict

#: 8-bit images that use less than half of 0-255 lose contrast, and were mostly scaled before.
NARROW: Final = 128

#: Splits whose mean brightness differs by more than this many standard deviations of train do not
#: come from the same camera or the same scaling (0.5 is Cohen's "medium" effect).
SHIFT: Final = 0.5


def check_pixel_range(context: CheckContext) -> Checked:
    """Judge range, mean and spread of the pixel values of every split."""
    found = {name: pixel_statistics(m.histogram) for name, m in context.measurements.items()}
    statistics = {name: s for name, s in found.items() if s is not None}
    if "train" not in statistics:
        return not_evaluated("pixel-range", "there are no training pixels")
    failures, warnings = _problems(statistics, context.dataset.notes)
    verdict: Verdict = "fail" if failures else "warn" if warnings else "pass"
    return Checked(
        Finding(
            check="pixel-range",
            verdict=verdict,
            summary=_summary(statistics, failures + warnings),
            evidence={name: s.as_record() for name, s in statistics.items()},
            threshold=f"values span at least {NARROW} of the 256 levels, more than 0 and 1, and the mean of "
            f"the other splits lies within {SHIFT} standard deviations of train",
            reason="Adam's step of 0.001 suits inputs of about unit size: values up to 255 make the first "
            "layer's outputs and gradients hundreds of times too large; and a net only works on "
            "images scaled as those it was trained on",
            fix=_fix(failures, warnings),
        )
    )


def _problems(statistics: dict[str, PixelStatistics], notes: tuple[str, ...]) -> tuple[list[str], list[str]]:
    failures, warnings = [], []
    for name, s in statistics.items():
        if s.maximum == s.minimum:
            failures.append(f"every {name} pixel is {s.minimum}: there is nothing to learn from")
        elif s.maximum <= 1:
            failures.append(f"{name} values are only 0 and 1: already scaled, then cut to whole numbers")
        elif s.maximum - s.minimum < NARROW:
            warnings.append(
                f"{name} values span only {s.minimum}-{s.maximum}: already scaled or low contrast"
            )
    warnings += [note for note in notes if "already scaled" in note]
    failures += _shifted(statistics)
    return failures, warnings


def _shifted(statistics: dict[str, PixelStatistics]) -> list[str]:
    train = statistics.get("train")
    if train is None or train.deviation == 0:
        return []
    shifts = {n: (s.mean - train.mean) / train.deviation for n, s in statistics.items() if n != "train"}
    return [
        f"{name} is {abs(shift):.1f} standard deviations {'brighter' if shift > 0 else 'darker'} than train"
        for name, shift in shifts.items()
        if abs(shift) > SHIFT
    ]


def _summary(statistics: dict[str, PixelStatistics], problems: list[str]) -> str:
    s = statistics["train"]
    figures = (
        f"Training values {s.minimum}-{s.maximum}, mean {s.mean:.4f}, standard deviation {s.deviation:.4f}, "
        f"{100 * s.zero_share:.1f} % exactly 0"
    )
    if problems:
        return f"{figures}: {'; '.join(problems)}."
    return f"{figures}: raw 8-bit values, to be scaled before training."


def _fix(failures: list[str], warnings: list[str]) -> str:
    if failures:
        return "Give the original 8-bit images of all splits, scaled alike."
    if warnings:
        return "Give the original 8-bit images if there are any; else train with --set normalizer=standard."
    return ""


def normalization_decision(train: PixelStatistics | None) -> dict[str, Any]:
    """Which normalization the training pixels call for, with the reason in figures."""
    if train is None or train.deviation == 0:
        return {"decision": "minmax", "reason": "The pixels do not vary, so no statistic of theirs can help."}
    mean, deviation = train.mean / 255, train.deviation / 255
    after = f"After x / 255 the mean is {mean:.4f} and the standard deviation {deviation:.4f}"
    if train.maximum - train.minimum < NARROW:
        return {
            "decision": "standard",
            "reason": f"The values span only {train.minimum}-{train.maximum}. {after}: inputs that hardly "
            "vary slow the first layer down. Subtract the mean and divide by the deviation, both of "
            "the training split alone.",
        }
    return {
        "decision": "minmax",
        "reason": f"The values use {train.minimum}-{train.maximum}. {after}: already of the size that the "
        "usual initialization and learning rates expect, zero stays zero for the background, and no "
        "statistic has to be fitted or carried along. `standard` is the alternative.",
    }
