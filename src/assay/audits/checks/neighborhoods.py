"""The gain of neighborhoods over single pixels: one value for the sentences of two checks."""

from dataclasses import dataclass
from typing import Any, Final

from assay.audits.checks.issues import percent
from assay.audits.values import Finding

#: From here on the average image alone does the job.
EASY: Final = 0.95

#: Correlation of neighboring pixels, after the class mean is taken away: above STRONG the picture is
#: made of edges and surfaces; below WEAK neighbors tell nothing of each other.
STRONG_NEIGHBORS: Final = 0.5
WEAK_NEIGHBORS: Final = 0.2

#: A step from one kind of model to the next counts as a gain where the error falls by a tenth of itself.
GAIN: Final = 0.1

#: From this p-value on a gain may be chance: of equally good kinds one has so many fewer errors in up to 41
#: of 100 sets of 60 to 2,000 images.
SIGNIFICANT: Final = 0.05


@dataclass(frozen=True)
class Neighborhoods:
    """Figures on the training split.

    class_means: leave-one-out accuracy of answering the class with the nearest mean image.
    correlation: of neighboring pixels, class means taken away; None where it cannot be measured.
    alike: pairs of classes with nearly the same mean image.
    gain: the share of a linear model's errors that seeing neighborhoods removes; None where not measured.
    gain_p: how probable such a difference is by chance; 0 where an older audit did not ask.
    anything: whether the reference found anything in the pictures that goes with the labels, where asked.
    """

    class_means: float
    correlation: float | None
    alike: int
    gain: float | None = None
    gain_p: float = 0.0
    anything: bool = True


def facts_of(similarity: Finding, separability: Finding | None) -> Neighborhoods:
    """What the findings of `class-similarity` and, where it was made, of `separability` hold."""
    evidence = similarity.evidence
    measured = separability.evidence if separability else {}
    gains = list((measured.get("gain") or {}).values())
    return Neighborhoods(
        evidence["nearest_mean_accuracy"],
        evidence["neighbor_correlation"],
        evidence["pairs_alike"],
        gains[-1] if gains else None,
        measured.get("gain_p") or 0.0,
        measured.get("better_than_chance") is not False,
    )


def pays(facts: Neighborhoods) -> bool | None:
    """Whether seeing neighborhoods was measured to help, beyond chance; None where that was not measured."""
    return None if facts.gain is None else facts.gain > GAIN and facts.gain_p < SIGNIFICANT


def gain_sentence(class_means: float, gain: float | None, by_chance: float = 0.0) -> str:
    """What `separability` says of the step from a linear model to one that sees neighborhoods.

    by_chance: how probable such a difference is between two that are equally good.
    """
    if gain is None:
        return "A linear model makes no errors that seeing neighborhoods could remove."
    if gain <= GAIN:
        return "Seeing neighborhoods gains little over a linear model."
    removed = f"Seeing neighborhoods removes {percent(gain, 0)} of a linear model's errors"
    if by_chance >= SIGNIFICANT:
        return f"{removed}, which may be chance on so few."
    if class_means >= EASY:
        return f"{removed}; there are few, for the class means decide already."
    return f"{removed}, which speaks for a convolution."


def convolution_decision(similarity: Finding, separability: Finding | None = None) -> dict[str, Any]:
    """Whether a net that sees neighborhoods is called for, argued from the findings' evidence."""
    if similarity.verdict == "not evaluated":
        return {"decision": "undecided", "reason": similarity.summary}
    return decide(facts_of(similarity, separability))


def decide(facts: Neighborhoods) -> dict[str, Any]:
    """The decision and its reason: what was measured counts before what neighbors promise."""
    if facts.class_means >= EASY:
        return {
            "decision": "not needed",
            "reason": f"The nearest class mean is already right for {percent(facts.class_means)} of the "
            "training images: the classes differ in where the bright pixels are, and dense layers see that.",
        }
    if not facts.anything:
        return {
            "decision": "undecided",
            "reason": "The reference classifier found nothing in the pictures that goes with their labels, "
            "so nothing says which kind of model they need.",
        }
    helped, weak = pays(facts), facts.correlation is None or facts.correlation < WEAK_NEIGHBORS
    if weak:
        return _of_weak_neighbors(facts, bool(helped))
    strong = (facts.correlation or 0) >= STRONG_NEIGHBORS
    reason = f"{_floor(facts)}, while neighboring pixels {'strongly' if strong else 'somewhat'} belong "
    reason += f"together (correlation {facts.correlation:.2f} with the class mean taken away)"
    if helped is False:
        return {
            "decision": "worth trying",
            "reason": f"{reason}. Yet hand-made features that see neighborhoods {_not_shown(facts)}: what a "
            "learned convolution gains must be measured.",
        }
    lies = "the difference lies" if helped else "what tells them apart was not measured, and often it lies"
    return {
        "decision": "called for" if strong else "worth trying",
        "reason": f"{reason}: {lies} in edges and texture whose place varies. A dense layer "
        "must learn each at every position anew; a convolution learns it once.",
    }


def _not_shown(facts: Neighborhoods) -> str:
    """That no gain was shown, and how large what was measured is."""
    share = percent(max(facts.gain or 0, 0), 0)
    if (facts.gain or 0) > GAIN:
        return f"remove {share} of a linear model's errors, which may be chance on so few"
    return f"gain little over a linear model ({share} of its errors)"


def _of_weak_neighbors(facts: Neighborhoods, helped: bool) -> dict[str, Any]:
    shown = (
        "cannot be measured" if facts.correlation is None else f"correlate by only {facts.correlation:.2f}"
    )
    if helped:
        return {
            "decision": "worth trying",
            "reason": f"Neighboring pixels {shown} once the class mean is taken away, yet seeing "
            f"neighborhoods removes {percent(facts.gain or 0, 0)} of a linear model's errors, and what was "
            "measured counts.",
        }
    return {
        "decision": "not supported",
        "reason": f"Neighboring pixels {shown} once the class mean is taken away, so a convolution, "
        "which assumes that neighbors belong together, has nothing to hold on to.",
    }


def _floor(facts: Neighborhoods) -> str:
    silhouettes = (
        f"{pairs_have(facts.alike)} nearly the same silhouette"
        if facts.alike
        else "no two class means are nearly alike, yet the average image does not decide"
    )
    return (
        f"The nearest class mean is right for only {percent(facts.class_means)} of the training images and "
        f"{silhouettes}"
    )


def pairs_have(count: int) -> str:
    """`1 pair of classes has`, `2 pairs of classes have`."""
    return f"{count:,} {'pair of classes has' if count == 1 else 'pairs of classes have'}"
