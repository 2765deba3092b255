"""Blank, dark, bright, low-contrast and saturated pictures, judged relative to their class."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext
from assay.audits.checks.quality.damage import Flaw, Mask
from assay.audits.measures.image_stats import ImageStats
from assay.audits.measures.robust_z import by_class, high_tail_scores, low_tail_scores

#: Gray levels (0-255). An image with nothing brighter than DARK is dark, with hardly anything darker
#: than BRIGHT bright; FLAT is the deviation, and NARROW the span from the 1st to the 99th percentile,
#: below which a picture shows next to nothing.
DARK: Final = 40
BRIGHT: Final = 215
FLAT: Final = 4
NARROW: Final = 30

#: Share of pixels at 255, beyond what its class has in the middle, from which a picture counts as saturated,
#: if that is unusual in its class: on white ground all have many.
SATURATED: Final = 0.25

#: Dark, bright, blank and flat pictures are flawed where they lie under the lowest tenth of their class by
#: APART times the distance of that tenth from its middle: plain sky is no flaw among pictures of sky. Burnt
#: out ones likewise over the highest tenth: some paper is white.
APART: Final = 2.0


def bare(context: CheckContext, name: str) -> list[tuple[Flaw, Mask]]:
    """Pictures that show next to nothing, where their class shows something."""
    look = context.stored_image_stats[name]

    def kind(
        named: str,
        under: Mask,
        score: Any,
        shown: Callable[[ImageStats], Any],
        sentence: Callable[[int], str],
    ) -> tuple[Flaw, Mask]:
        return Flaw(named, under & far_under_its_class(context, name, shown), score, sentence), under

    return [
        kind("dark", look.high < DARK, 1 - look.high / 255, lambda s: s.high,
             lambda i: f"99 % of its pixels are at most {look.high[i]:.0f}"),
        kind("bright", look.low > BRIGHT, look.low / 255, lambda s: 255 - s.low,
             lambda i: f"99 % of its pixels are at least {look.low[i]:.0f}"),
        kind("blank", look.deviation < FLAT, 1 - look.deviation / 20, lambda s: s.deviation,
             lambda i: f"deviation {look.deviation[i]:.1f}"),
        kind("low-contrast", look.span < NARROW, 1 - look.span / 255, lambda s: s.span,
             lambda i: f"spans {look.span[i]:.0f} gray levels"),
    ]  # fmt: skip


def far_under_its_class(context: CheckContext, name: str, shown: Callable[[ImageStats], Any]) -> Mask:
    """Images that show far less than their class; shown: figures of which the logarithm counts."""
    stats, splits = context.stored_image_stats, context.dataset.splits
    own, train = (np.log1p(shown(stats[split]).astype(np.float64)) for split in (name, "train"))
    return by_class(low_tail_scores, own, splits[name].labels, train, splits["train"].labels) > APART


def saturated(context: CheckContext, name: str, unusual: Mask) -> tuple[Flaw, Mask]:
    """Pictures that are burnt out. unusual: those with unusually many pixels at 255 in their class."""
    stats, splits = context.stored_image_stats, context.dataset.splits
    own, train, labels = stats[name].clipped, stats["train"].clipped, splits[name].labels
    taught = splits["train"].labels
    burnt = unusual & (own - by_class(medians, own, labels, train, taught) > SATURATED)
    far = by_class(high_tail_scores, own, labels, train, taught) > APART
    flaw = Flaw("saturated", burnt & far, own, lambda i: f"{100 * own[i]:.0f} % of its pixels are 255")
    return flaw, burnt


def medians(values: NDArray[np.floating[Any]], reference: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The median of the figures of `reference` that are known, for each of `values`; NaN without any."""
    known = reference[np.isfinite(reference)]
    return np.full(len(values), float(np.median(known)) if len(known) else np.nan)
