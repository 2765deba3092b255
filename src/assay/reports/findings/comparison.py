"""What a comparison of models found, in sentences that its figures decide."""

from collections.abc import Mapping, Sequence
from typing import Final

from assay.evaluation.compare import Candidate, Comparison, Pair
from assay.evaluation.seed_variance import OverSeeds
from assay.reports.findings.wording import count, listed, name, percent

#: A corrected p-value below this is called a difference.
SIGNIFICANT: Final = 0.05


def headline(comparison: Comparison) -> str:
    """The best accuracy, or that there is none yet."""
    groups = comparison.over_seeds
    if not groups or len({c.fingerprints.get("test") for c in comparison.candidates}) > 1:
        return f"{count(len(comparison.candidates), 'model')} side by side."
    best = max(groups, key=lambda group: group.mean)
    images = next(len(c.answers.rows) for c in comparison.candidates if c.answers is not None)
    seeds = f", on average over {len(best.seeds)} seeds" if len(best.seeds) > 1 else ""
    rank = f", the most of {count(len(groups), 'recipe')}" if len(groups) > 1 else ""
    share = f"{percent(best.mean, 2)} of {count(images, 'test image')}"
    return f"{name(best.recipe)} recognizes {share}{seeds}{rank}."


def lead(comparison: Comparison) -> str:
    """How much of it is more than chance."""
    if comparison.unpaired:
        return f"They are not compared pair by pair: {comparison.unpaired}."
    differing = significant(comparison)
    pairs = count(len(comparison.pairs), "pair")
    corrected = ", corrected for their number" if len(comparison.pairs) > 1 else ""
    if not differing:
        return (
            f"Of {pairs} of models none differs by more than chance explains (exact McNemar test{corrected})."
        )
    return (
        f"Of {pairs} of models {len(differing):,} differ by more than chance explains "
        f"(exact McNemar test, p below {SIGNIFICANT}{corrected})."
    )


def significant(comparison: Comparison) -> list[Pair]:
    """The pairs whose corrected p-value is below `SIGNIFICANT`."""
    return [pair for pair in comparison.pairs if pair.p_value_holm < SIGNIFICANT]


def ladder_finding(shown: Sequence[Candidate], seconds: Mapping[str, float | None]) -> str:
    """What the most accurate model costs beside the quickest."""

    def took(candidate: Candidate) -> float:
        return seconds[candidate.name] or 0.0

    best = max(shown, key=lambda c: c.accuracy or 0.0)
    quickest = min(shown, key=took)
    if best is quickest:
        return f"{best.name} is both the quickest to train and the most accurate."
    gained = (best.accuracy or 0.0) - (quickest.accuracy or 0.0)
    return (
        f"{best.name} takes {took(best):,.1f} seconds to train and {quickest.name} {took(quickest):,.1f}; it "
        f"recognizes {100 * gained:.2f} percentage points more of the test images."
    )


def seeds_finding(group: OverSeeds) -> str:
    """How far single runs of a recipe lie apart."""
    apart = 100 * (max(group.accuracies) - min(group.accuracies))
    return (
        f"The best and the worst of {len(group.seeds)} runs of {name(group.recipe)} lie {apart:.2f} points "
        "apart (of 100), and nothing but the seed differs: a difference between recipes that is no larger "
        "may be the seed's."
    )


def pair_finding(pair: Pair) -> str:
    """Who gets how many images right that the other gets wrong."""
    return (
        f"{pair.second} alone is right on {count(pair.only_second, 'image')}, {pair.first} alone on "
        f"{count(pair.only_first, 'image')}; both are right on {pair.both_right:,} and both wrong on "
        f"{pair.both_wrong:,}."
    )


def other_training_data(comparison: Comparison) -> str:
    """Names the models that were trained on other data than the first; empty where all were on the same."""
    first = comparison.candidates[0].fingerprints.get("train")
    others = [c.name for c in comparison.candidates if c.fingerprints.get("train") != first]
    if not others:
        return ""
    same = comparison.candidates[0].name
    return f"Trained on other images or labels than {same}: {listed(others)}."


def p_value(value: float) -> str:
    """A p-value for people: two significant digits, nothing below one in a million."""
    return "< 0.000001" if value < 1e-6 else f"{value:.2g}" if value < 0.1 else f"{value:.2f}"
