"""What a comparison of models found, in sentences that its figures decide."""

from collections.abc import Mapping, Sequence
from typing import Final

from assay.evaluation.compare import Candidate, Comparison, Pair
from assay.evaluation.seed_variance import OverSeeds
from assay.reports.findings.wording import count, listed, name, percent, points

#: A corrected p-value below this is called a difference.
SIGNIFICANT: Final = 0.05

#: Of ten equally good models, 200 images: 2 to 3 points, and its interval holds in 87 to 92 of 100.
_PICKED: Final = (
    "The highest of several scores on the same images is too high on average: measure the model that you "
    "take on images by which none was chosen."
)


def headline(comparison: Comparison) -> str:
    """Which model is better where a difference is shown, and that none is shown where it is not."""
    tested = [c for c in comparison.candidates if c.answers is not None]
    if comparison.unpaired or not tested:
        return f"{count(len(comparison.candidates), 'model')} side by side."
    if len(comparison.pairs) == 1:
        return _pair_headline(comparison.pairs[0])
    best = max(tested, key=lambda c: c.accuracy or 0.0)
    equal = [
        name(other.name) for other in tested if other is not best and not _differ(comparison, best, other)
    ]
    score = f"{name(best.name)} has the highest accuracy, {percent(best.accuracy)}"
    if not equal:
        return f"{score}: a significant difference to every other model."
    return f"{score}. No difference shown to {listed(equal, 3)}."


def _differ(comparison: Comparison, first: Candidate, second: Candidate) -> bool:
    return any({pair.first, pair.second} == {first.name, second.name} for pair in significant(comparison))


def _pair_headline(pair: Pair) -> str:
    better, worse = (pair.second, pair.first) if pair.difference > 0 else (pair.first, pair.second)
    if pair.p_value_holm >= SIGNIFICANT:
        return f"No difference shown between {name(pair.first)} and {name(pair.second)}."
    gained = points(abs(pair.difference), 1).removeprefix("+")
    return f"{name(better)} is better than {name(worse)}, by {gained}."


def lead(comparison: Comparison) -> str:
    """How much of it is more than chance, and for several seeds the means."""
    if comparison.unpaired:
        return f"They are not compared pair by pair: {comparison.unpaired}."
    if len(comparison.pairs) == 1:
        return _pair_lead(comparison.pairs[0])
    differing, pairs = significant(comparison), count(len(comparison.pairs), "pair")
    test = f"{_test(comparison.pairs[0])}, corrected for the number of pairs"
    if not differing:
        return f"No difference shown in any of {pairs} ({test}). {_PICKED}"
    return f"{len(differing):,} of {pairs} differ significantly ({test}, p below {SIGNIFICANT}). {_PICKED}"


def _pair_lead(pair: Pair) -> str:
    interval = ""
    if pair.interval:
        low, high = (points(end, 1) for end in pair.interval)
        interval = f", 95 % interval {low.removesuffix(' points')} to {high}"
    meaning = (
        "Differences this large arise by chance between equally good models."
        if pair.p_value_holm >= SIGNIFICANT
        else "Chance alone rarely makes a difference this large."
    )
    return (
        f"Accuracy of {name(pair.second)} minus {name(pair.first)}, on {count(pair.n, 'test image')}: "
        f"{points(pair.difference, 1)}{interval}; {p_text(pair.p_value)} ({_test(pair)}). {meaning}"
    )


def _test(pair: Pair) -> str:
    """What the p-value is of."""
    if pair.groups is None:
        return "exact McNemar test"
    return f"paired randomization test of {count(pair.groups, 'group')}"


def significant(comparison: Comparison) -> list[Pair]:
    """The pairs whose corrected p-value is below `SIGNIFICANT`."""
    return [pair for pair in comparison.pairs if pair.p_value_holm < SIGNIFICANT]


def ladder_finding(
    comparison: Comparison, shown: Sequence[Candidate], seconds: Mapping[str, float | None]
) -> str:
    """What the most accurate of the models shown costs beside the quickest, and whether it is better."""

    def took(candidate: Candidate) -> float:
        return seconds[candidate.name] or 0.0

    quickest = min(shown, key=took)
    best = max(shown, key=lambda c: (c.accuracy or 0.0, c is quickest))  # of equal ones the quickest
    if best is quickest:
        return f"{best.name} is both the quickest to train and the one with the highest accuracy."
    gained = (best.accuracy or 0.0) - (quickest.accuracy or 0.0)
    paired = any({pair.first, pair.second} == {best.name, quickest.name} for pair in comparison.pairs)
    chance = ", which may be chance" if paired and not _differ(comparison, best, quickest) else ""
    return (
        f"{best.name} takes {took(best):,.1f} seconds to train and {quickest.name} {took(quickest):,.1f}; "
        f"its test accuracy is higher by {points(gained, 1).removeprefix('+')}{chance}."
    )


def seeds_finding(group: OverSeeds) -> str:
    """How far single runs of a recipe lie apart."""
    apart = points(max(group.accuracies) - min(group.accuracies), 1).removeprefix("+")
    return (
        f"The best and the worst of {len(group.seeds)} runs of {name(group.recipe)} differ by {apart}, and "
        "only the seed differs: a difference between recipes that is no larger may come from the seed."
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


def p_text(value: float) -> str:
    """`p = 0.0088`, `p < 0.000001`."""
    return f"p = {p_value(value)}".replace("= <", "<")


def p_value(value: float) -> str:
    """A p-value for people: two significant digits, nothing below one in a million."""
    return "< 0.000001" if value < 1e-6 else f"{value:.2g}" if value < 0.1 else f"{value:.2f}"
