"""Check `quality`: images that show nothing, or show it badly, and pixels that are dead in all of them."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import counted, flagged, not_evaluated
from assay.audits.measures.dead_pixels import dead_pixels
from assay.audits.measures.image_stats import ImageStats
from assay.audits.measures.robust_z import by_class, robust_scores, tail_scores
from assay.audits.values import Finding, Issue

#: Gray levels (0-255). An image with nothing brighter than DARK is dark, with hardly anything darker
#: than BRIGHT bright; FLAT is the deviation, and NARROW the span from the 1st to the 99th percentile,
#: below which a picture shows next to nothing.
DARK: Final = 40
BRIGHT: Final = 215
FLAT: Final = 4
NARROW: Final = 30

#: Share of pixels at 255 from which a picture counts as saturated, if that is unusual in its class.
SATURATED: Final = 0.25

#: Robust deviations from the class from which sharpness or saturation are unusual.
UNUSUAL: Final = 5.0

#: A picture is blurry where structure is this much weaker than at half the size (see `detail` in
#: data/appearance.py): sharp photographs stay over 0.38, blur over 1.5 pixels gives less
#: (docs/experiments.md). Where the class is soft anyway, it must also be softer than the class by a quarter.
SOFT: Final = 0.36
SOFTER: Final = 0.75

#: An object is cut off where it covers at least CONTACT of the border, and more of it than 95 % of its
#: class do, by BEYOND times what these cover more than the median.
CONTACT: Final = 0.3
BEYOND: Final = 1.5

#: More than this share of flawed images is not a few bad files any more.
FAIL_SHARE: Final = 0.01

Mask = NDArray[np.bool_]


def check_quality(context: CheckContext) -> Checked:
    """Find blank, constant, dark, bright, low-contrast, blurry, saturated and cropped images; dead pixels."""
    total = sum(len(split) for split in context.dataset.splits.values())
    if not total:
        return not_evaluated("quality", "there are no images")
    issues = [issue for name in context.dataset.splits for issue in _image_issues(context, name)]
    dead = dead_pixels(context.measurements)
    kinds = {kind: sum(issue.kind == kind for issue in issues) for kind in sorted({i.kind for i in issues})}
    images = len({(issue.split, issue.index) for issue in issues})
    fails = images > FAIL_SHARE * total
    return Checked(
        Finding(
            check="quality",
            verdict="fail" if fails else "warn" if images or dead else "pass",
            summary=_summary(images, total, kinds, dead),
            evidence={
                "kinds": kinds,
                "images": total,
                "dead_pixels": dead[:20],
                "dead_pixel_count": len(dead),
            },
            threshold=f"dark: nothing over {DARK}; bright: nothing under {BRIGHT}; blank: deviation under "
            f"{FLAT}; low contrast: span under {NARROW} gray levels; blurry, saturated: {UNUSUAL:g} robust "
            "deviations from the class; blurry also, from 64 pixels a side on and at the size of the file: "
            f"fine structure under {SOFT:g} of that at half the size, and a quarter under the class; "
            f"cropped: over {CONTACT:.0%} of the border, far beyond the class; dead pixels: one value in all "
            "images of the set, or of a split where the others vary, among neighbors that vary; "
            f"more than {FAIL_SHARE:.0%} of the images fail",
            reason="such a picture cannot tell its class: in training it teaches chance, in a test it "
            "measures nothing. What is usual in a class (an object that fills the frame) is no flaw",
            fix="Look at the flagged images and take them again or leave them out." if images or dead else "",
            count=images,
        ),
        tuple(issues),
    )


def _summary(images: int, total: int, kinds: Mapping[str, int], dead: list[dict[str, Any]]) -> str:
    pixels = _told_dead(dead)
    if not images:
        return f"None of the {total:,} images is blank, dark, bright, flat, blurry, saturated or cut.{pixels}"
    listed = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
    told = counted(images, total, "image is of poor quality", "images are of poor quality")
    return f"{told}: {listed}.{pixels}"


def _told_dead(dead: list[dict[str, Any]]) -> str:
    """` 2 pixels are dead or stuck in every image.`, and of one split alone `... in every train image.`"""
    told = ""
    for splits, count in Counter(tuple(place["splits"]) for place in dead).items():
        several = "pixel is" if count == 1 else "pixels are"
        where = "image" if len(splits) > 1 else f"{splits[0]} image"
        told += f" {count:,} {several} dead or stuck in every {where}."
    return told


def _image_issues(context: CheckContext, name: str) -> list[Issue]:
    """Each flawed image once, under the first kind of `flaws` that holds."""
    issues = []
    taken = np.zeros(len(context.dataset.splits[name]), bool)
    for kind, mask, score, detail in flaws(context, name):
        rows = np.flatnonzero(mask & ~taken)
        taken |= mask
        issues += [
            flagged(
                context.dataset, "quality", kind, float(score[row]), name, int(row), detail=detail(int(row))
            )
            for row in rows
        ]
    return issues


def flaws(context: CheckContext, name: str) -> list[tuple[str, Mask, NDArray[np.floating[Any]], Any]]:
    """For each kind: its name, which images have it, a score in [0, 1], and a sentence for a row."""
    look = context.stored_image_stats[name]
    span = look.span
    sharp, bleached, cut = _unusual(context, name)
    ones = np.ones(len(look.mean))
    return [
        ("constant", look.reach == 0, ones, lambda i: f"every pixel is {look.mean[i]:.0f}"),
        ("dark", look.high < DARK, 1 - look.high / 255, lambda i: f"99 % of it is under {look.high[i]:.0f}"),
        ("bright", look.low > BRIGHT, look.low / 255, lambda i: f"99 % of it is over {look.low[i]:.0f}"),
        (
            "blank",
            look.deviation < FLAT,
            1 - look.deviation / 20,
            lambda i: f"deviation {look.deviation[i]:.1f}",
        ),
        ("low-contrast", span < NARROW, 1 - span / 255, lambda i: f"spans {span[i]:.0f} gray levels"),
        (
            "saturated",
            (bleached > UNUSUAL) & (look.clipped > SATURATED),
            look.clipped,
            lambda i: f"{100 * look.clipped[i]:.0f} % of its pixels are 255",
        ),
        ("blurry", *_blurry(context, name, sharp)),
        (
            "cropped",
            (cut > BEYOND) & (look.contact > CONTACT),
            look.contact,
            lambda i: f"covers {100 * look.contact[i]:.0f} % of the border",
        ),
    ]


def _unusual(context: CheckContext, name: str) -> tuple[NDArray[np.float64], ...]:
    """How unusual sharpness, clipped pixels and a touched border are within the class, against train."""
    train, own = context.stored_image_stats["train"], context.stored_image_stats[name]
    labels, train_labels = context.dataset.splits[name].labels, context.dataset.train.labels
    return (
        by_class(robust_scores, _log_sharpness(own), labels, _log_sharpness(train), train_labels),
        by_class(robust_scores, own.clipped, labels, train.clipped, train_labels),
        by_class(tail_scores, own.contact, labels, train.contact, train_labels),
    )


def _blurry(
    context: CheckContext, name: str, sharp: NDArray[np.float64]
) -> tuple[Mask, NDArray[np.floating[Any]], Callable[[int], str]]:
    """Images far less sharp than their class, and those without detail at the size of the file.

    sharp: robust deviations of sharpness from the class.
    """
    look, train = context.stored_image_stats[name], context.stored_image_stats["train"]
    labels, train_labels = context.dataset.splits[name].labels, context.dataset.train.labels
    usual = by_class(_medians, look.detail, labels, train.detail, train_labels)
    soft = (look.detail < SOFT) & (look.detail < SOFTER * usual)
    unsharp = sharp < -UNUSUAL
    score = np.where(soft, np.nan_to_num(1 - look.detail), _squashed(-sharp))

    def sentence(i: int) -> str:
        if unsharp[i]:
            return f"{-sharp[i]:.1f} deviations less sharp"
        return f"fine structure is {look.detail[i]:.2f} of that at half the size"

    return soft | unsharp, score, sentence


def _medians(values: NDArray[np.floating[Any]], reference: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The median of the figures of `reference` that are known, for each of `values`; NaN without any."""
    known = reference[np.isfinite(reference)]
    return np.full(len(values), float(np.median(known)) if len(known) else np.nan)


def _log_sharpness(look: ImageStats) -> NDArray[np.float64]:
    return np.log(np.maximum(look.sharpness.astype(np.float64), 1e-3))


def _squashed(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Robust deviations as a score in [0, 1): 0.5 at twice `UNUSUAL`."""
    positive = np.maximum(scores, 0)
    return positive / (positive + 2 * UNUSUAL)
