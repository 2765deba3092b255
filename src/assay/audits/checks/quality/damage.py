"""Pictures that were damaged: noise, lost or shuffled rows, a negative, exchanged channels."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext
from assay.audits.checks.issues import percent
from assay.audits.measures.class_fit import Change, exchanged, fit_as_it_is, inverted
from assay.audits.measures.robust_z import by_class

#: Bounds of this file were looked at on the tuning half of benchmarks/truth_sets.py alone.
#: Noise is damage from a standard deviation of NOISY gray levels on, where it is also GRAINIER times that
#: of three quarters of the class.
NOISY: Final = 22.0
GRAINIER: Final = 2.5

#: Rows are out of order where neighbors differ by more than this share of what they would in random order,
#: and by so many times as much as those of half of the class (of fine stripes many do), and UNEVEN times as
#: much as columns do: gravel differs in both directions. Columns are not asked: stripes of clothes look like
#: that.
BY_CHANCE: Final = 0.75
UNLIKE: Final = 1.5
UNEVEN: Final = 1.3

#: Pixels a side under which neighbors differ by what is drawn: clean digits of 8 x 8 look noisy and shuffled.
SMALLEST: Final = 16

#: Gray levels of deviation within columns under which rows have no order to lose.
STRUCTURE: Final = 8.0

#: and by so many times the noise of the picture: of stripes that stand upright nothing but noise varies down,
#: and follows by chance. Of made stripes it is at most 1.64 times, whatever their noise, size and colors; of
#: pictures of the tuning sets whose rows were shuffled one in a hundred has less than 1.75.
BEYOND_NOISE: Final = 1.75

#: Share of the height that is one value from which a file is thought to have ended early.
FILLED: Final = 0.2

#: A picture is a negative, or its channels are exchanged, where the regression of `fit_as_it_is` gives less
#: than -CERTAIN; less by UNSURE times how far the lowest twentieth of train is under 0, for such a set tells
#: little; -UNLIKELY at least. Where more than CHANCE of train is under 0, the set tells nothing.
CERTAIN: Final = 0.5
UNSURE: Final = 2.0
UNLIKELY: Final = 0.7
CHANCE: Final = 1 / 3

Mask = NDArray[np.bool_]


class Flaw(NamedTuple):
    """One kind of flaw: its name, the images that have it, a score in [0, 1] of each, a sentence for each."""

    kind: str
    mask: Mask
    score: NDArray[np.floating[Any]]
    sentence: Callable[[int], str]


def damages(context: CheckContext, name: str) -> list[Flaw]:
    """Kinds of damage to the pictures of a split."""
    look = context.texture[name]
    noise, noisy = _noisy(context, name)
    rows, shuffled = _shuffled(context, name)
    (tone, negative), (order, swapped) = (_changed(context, name, c) for c in (inverted, exchanged))
    return [
        Flaw(
            "truncated",
            look.filled > FILLED,
            look.filled,
            lambda i: f"the lower {percent(look.filled[i], 0)} of it is one value that is rare above",
        ),
        Flaw("noise", noisy, noise, lambda i: f"noise of {look.noise[i]:.0f} gray levels all over"),
        Flaw("shuffled", shuffled, rows, lambda _: "its rows follow each other as if by chance"),
        Flaw(
            "negative",
            negative & ~(swapped & (order < tone)),
            np.clip(-tone, 0, 1),
            lambda _: (
                "its tones go with its class and the set when black and white are exchanged, and else not"
            ),
        ),
        Flaw(
            "channels",
            swapped,
            np.clip(-order, 0, 1),
            lambda _: (
                "its colors go with its class and the set when red and blue are exchanged, and else not"
            ),
        ),
    ]


def _noisy(context: CheckContext, name: str) -> tuple[NDArray[np.floating[Any]], Mask]:
    """A score, and the images that are noisy where their class is not."""
    noise = context.texture[name].noise
    beyond = _times_the_quantile(context, name, lambda look: look.noise, 0.75)
    mask = (noise > NOISY) & (beyond > GRAINIER) & (min(context.dataset.shape[:2]) >= SMALLEST)
    return np.minimum(noise / (2 * NOISY), 1), mask


def _shuffled(context: CheckContext, name: str) -> tuple[NDArray[np.floating[Any]], Mask]:
    """A score, and the images whose rows follow each other by chance while columns do not."""
    look = context.texture[name]
    beyond = _times_the_quantile(context, name, lambda look: look.down, 0.5, BY_CHANCE / UNLIKE)
    mixed = (beyond > UNLIKE) & (look.down > UNEVEN * look.across) & (look.varies_down > STRUCTURE)
    mixed &= (look.varies_down > BEYOND_NOISE * look.noise) & (min(context.dataset.shape[:2]) >= SMALLEST)
    return np.clip(look.down - look.across, 0, 1), mixed


def _changed(context: CheckContext, name: str, change: Change) -> tuple[NDArray[np.float64], Mask]:
    """How surely an image is as it should be, and the images that were changed."""
    splits, train, own = context.dataset.splits, context.texture["train"], context.texture[name]
    if change is exchanged and own.levels.shape[2] < 3:
        return np.zeros(len(own.noise)), np.zeros(len(own.noise), bool)
    fit, known = fit_as_it_is(change, own.levels, splits[name].labels, train.levels, splits["train"].labels)
    if not len(known) or np.mean(known < 0) > CHANCE:
        return fit, np.zeros(len(fit), bool)
    under = max(0.0, -float(np.quantile(known, 0.05)))
    return fit, fit < -min(CERTAIN + UNSURE * under, UNLIKELY)


def _times_the_quantile(
    context: CheckContext, name: str, figure: Callable[[Any], Any], share: float, least: float = 1.0
) -> NDArray[np.float64]:
    """A figure over what `share` of the training images of the class do not exceed, or over `least`."""
    splits = context.dataset.splits

    def score(values: NDArray[np.floating[Any]], reference: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        usual = float(np.quantile(reference, share)) if len(reference) else 0.0
        return values.astype(np.float64) / max(usual, least)

    own, train = figure(context.texture[name]), figure(context.texture["train"])
    return by_class(score, own, splits[name].labels, train, splits["train"].labels)
