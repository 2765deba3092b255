"""Check `drift`: distribution shift between train and every other split."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import not_evaluated, percent
from assay.audits.measures.image_stats import ImageStats
from assay.audits.values import Finding, Verdict
from assay.core.arrays import Rows, spread_rows
from assay.data.source_order import was_drawn
from assay.data.values import Dataset
from assay.estimators.shifts import Units, effect_size, feature_shift, share_difference

#: Effect sizes in standard deviations (Cohen's d): 0.2 is "small", 0.5 "medium". With thousands of
#: images even 0.02 is significant, so significance alone never speaks; it must be there too, or a
#: split of ten images would cry drift.
WARN_EFFECT: Final = 0.2
FAIL_EFFECT: Final = 0.5

#: Difference of label shares (total variation): the share of images that would have to change label.
WARN_SHARES: Final = 0.05
FAIL_SHARES: Final = 0.2

#: Deviations under the hypothesis of no drift from which a difference is not chance; with so many more it is
#: told in four of five draws.
_SIGNIFICANT: Final = 4.0
_FOUR_OF_FIVE: Final = 0.84


def check_drift(context: CheckContext) -> Checked:
    """Compare label shares, brightness, contrast, sharpness and features of every split with train."""
    dataset = context.dataset
    others = [name for name, split in dataset.splits.items() if name != "train" and len(split)]
    if not others or not len(dataset.train):
        return not_evaluated("drift", "there is nothing to compare train with")
    evidence = {name: compare_splits(context, name) for name in others}
    problems = {name: _problems(name, found) for name, found in evidence.items()}
    failures, warnings = ([told for found in problems.values() for told in found[kind]] for kind in (0, 1))
    drawn = was_drawn(dataset)
    given = [name for name, found in problems.items() if any(found) and not (drawn and name == "test")]
    fails = any(problems[name][0] for name in given)
    verdict: Verdict = "fail" if fails else "warn" if failures or warnings else "pass"
    return Checked(
        Finding(
            check="drift",
            verdict=verdict,
            summary=_summary(evidence, failures + warnings, grouped=_names_groups(dataset)),
            evidence=evidence,
            threshold=f"effect sizes (differences in standard deviations) at most {WARN_EFFECT:g} (warn), "
            f"{FAIL_EFFECT:g} (fail); label shares differ by at most {percent(WARN_SHARES, 0)} (warn), "
            f"{percent(FAIL_SHARES, 0)} (fail); and more than {_SIGNIFICANT:g} standard errors"
            + (", counted by groups" if _names_groups(dataset) else "")
            + ("; a test split that was drawn at random warns at most" if drawn else ""),
            reason="a score on other pictures than those of training measures their difference, "
            "not only the model; significance alone grows with the number of images",
            fix=_fix(bool(given), drawn and any(problems.get("test", ())), evidence.get("test", {})),
        )
    )


def _fix(given: bool, drawn: bool, test: Mapping[str, Any]) -> str:
    """What to do: given, of splits that came with the data; drawn, of a test split that Assay drew.

    Which is not to draw again what was drawn already: whole groups differ from each other.
    """
    told = ["Draw all splits at random from one pool, or report them as different conditions."] * given
    if drawn and test.get("only_in_train"):
        told.append(
            "The test split was drawn at random, whole groups and copies on one side: of a class that is one "
            "group, or has few images, it can have none. Collect images of it that stand alone."
        )
    elif drawn:
        told.append(
            "The test split was drawn at random, whole groups and copies on one side: it differs by chance, "
            "or because such groups differ from each other. Expect as much of new images; more make the "
            "score steadier."
        )
    return " ".join(told)


def compare_splits(context: CheckContext, name: str) -> dict[str, Any]:
    """Effect sizes of the differences between train and another split.

    Where the classes have other shares in it, so many images of each class of train are compared with it that
    the shares are alike: else pictures would be called different that only are of another class. Where the
    data name groups, each is one observation of what chance does.
    """
    train, other = context.image_stats["train"], context.image_stats[name]
    splits, classes = context.dataset.splits, context.dataset.classes
    counts = [splits[split].counts(len(classes)) for split in ("train", name)]
    units = _units(context, name)
    shares = share_difference(counts[0], counts[1], units and _groups_of_classes(context, name, units))
    weighed = shares["standard_errors"] >= _SIGNIFICANT and shares["effect"] > WARN_SHARES
    ours, theirs = _alike(splits["train"].labels, splits[name].labels, *counts) if weighed else (None, None)
    units = units and (_some(units[0], ours), _some(units[1], theirs))
    effects = {
        figure: effect_size(_some(values(train), ours), _some(values(other), theirs), units)
        for figure, values in (
            ("brightness", lambda look: look.mean),
            ("contrast", lambda look: look.deviation),
            ("sharpness", _log_sharpness),
        )
    }
    components = _some(context.components["train"], ours), _some(context.components[name], theirs)
    sizes = [len(np.unique(of)) for of in units] if units else [_count(train, ours), _count(other, theirs)]
    return {
        **effects,
        "told_from": told_from(*sizes),
        "features": feature_shift(*components, units) if all(map(len, components)) else None,
        "label_shares": shares,
        **({"classes_weighed": True} if weighed else {}),
        "only_in_train": [classes[i] for i in np.flatnonzero((counts[0] > 0) & (counts[1] == 0))],
        f"only_in_{name}": [classes[i] for i in np.flatnonzero((counts[0] == 0) & (counts[1] > 0))],
    }


def told_from(train: int, other: int) -> float | None:
    """The smallest effect on one figure, in standard deviations, that is told in four of five draws.

    train, other: images, or groups, of both splits; None where there are none.
    """
    if not train or not other:
        return None
    return max((_SIGNIFICANT + _FOUR_OF_FIVE) * math.sqrt(1 / train + 1 / other), WARN_EFFECT)


def _count(look: ImageStats, rows: Rows | None) -> int:
    return len(look.mean) if rows is None else len(rows)


def _names_groups(dataset: Dataset) -> bool:
    return any(any(split.columns.get("group", ())) for split in dataset.splits.values())


def _units(context: CheckContext, name: str) -> Units:
    """Which images of train and of another split are of one group; None where each stands alone."""
    if not _names_groups(context.dataset):
        return None
    return context.named_groups, context.units(name)


def _groups_of_classes(context: CheckContext, name: str, units: tuple[Rows, Rows]) -> tuple[Rows, Rows]:
    """How many groups have each class, in train and in another split."""
    splits, k = context.dataset.splits, len(context.dataset.classes)
    pairs = zip(units, (splits["train"].labels, splits[name].labels), strict=True)
    ours, theirs = (np.bincount(np.unique(np.stack(pair), axis=1)[1], minlength=k) for pair in pairs)
    return ours, theirs


def _alike(train: Rows, other: Rows, counts: Rows, other_counts: Rows) -> tuple[Rows, Rows]:
    """Rows of two splits in which each class has the same share; of classes that both have, the second whole.

    train, other: int64 labels; counts, other_counts: how many there are of each class.
    """
    both = np.flatnonzero((counts > 0) & (other_counts > 0))
    times = min((counts[both] / other_counts[both]).tolist(), default=0.0)
    taken = [
        members[spread_rows(len(members), max(round(times * int(other_counts[label])), 1))]
        for label in both
        for members in [np.flatnonzero(train == label)]
    ]
    rows = np.sort(np.concatenate([np.zeros(0, np.int64), *taken]))
    return rows, np.flatnonzero(np.isin(other, both))


def _log_sharpness(look: ImageStats) -> NDArray[np.float64]:
    """NaN where it is not known."""
    values: NDArray[np.float64] = np.log(np.maximum(look.sharpness.astype(np.float64), 1e-3))
    return values


def _some(values: Any, rows: Rows | None) -> Any:
    """The rows named; all, as they are, where none are: those of a large set do not fit into memory."""
    return values if rows is None else values[rows]


def _problems(name: str, found: dict[str, Any]) -> tuple[list[str], list[str]]:
    failures = [
        _only(name, key.removeprefix("only_in_"), found[key]) for key in found if key.startswith("only_in_")
    ]
    failures = [told for told in failures if told]
    far = far_figures(found)
    near = [figure for figure in _beyond(found, WARN_EFFECT, WARN_SHARES) if figure not in far]
    return [*failures, *_differs(name, found, far)], _differs(name, found, near)


def far_figures(found: Mapping[str, Any]) -> list[str]:
    """The figures of `compare_splits` by which a split differs so much that the check fails, by name."""
    return _beyond(found, FAIL_EFFECT, FAIL_SHARES)


def _beyond(found: Mapping[str, Any], effect: float, shares: float) -> list[str]:
    """The figures whose effect is over a limit and no chance."""
    return [
        figure
        for figure in ("brightness", "contrast", "sharpness", "features", "label_shares")
        if (result := found[figure]) is not None
        and result["standard_errors"] >= _SIGNIFICANT
        and abs(result["effect"]) > (shares if figure == "label_shares" else effect)
    ]


def _differs(name: str, found: Mapping[str, Any], figures: Sequence[str]) -> list[str]:
    """`test differs from train in brightness (6.57 standard deviations), contrast (6.37)`."""
    if not figures:
        return []
    told, unit = [], " standard deviations"
    for figure in figures:
        effect = abs(found[figure]["effect"])
        if figure == "label_shares":
            told.append(f"label shares ({percent(effect, 1)})")
            continue
        told.append(f"{figure} ({effect:.2f}{unit})")
        unit = ""
    weighed = " once the classes of train are weighed as in it" if found.get("classes_weighed") else ""
    of_pictures = weighed if unit == "" else ""
    return [f"{name} differs from train in {', '.join(told)}{of_pictures}"]


def _only(name: str, split: str, classes: Sequence[str]) -> str:
    """`test has no image of zero`, where train has some; empty where both have the same classes."""
    if not classes:
        return ""
    shown = ", ".join(map(str, classes[:5])) + (" and more" if len(classes) > 5 else "")
    return f"{name if split == 'train' else 'train'} has no image of {shown}"


def _summary(evidence: dict[str, dict[str, Any]], problems: list[str], *, grouped: bool) -> str:
    if problems:
        return "; ".join(problems) + "."
    figures = ("brightness", "contrast", "sharpness", "features")
    largest = max(
        (abs(found[figure]["effect"]) for found in evidence.values() for figure in figures if found[figure]),
        default=0.0,
    )
    shares = max(found["label_shares"]["effect"] for found in evidence.values())
    if largest <= WARN_EFFECT and shares <= WARN_SHARES:
        told = f"The splits look alike: no effect over {largest:.2f} standard deviations, label shares agree."
        return told + _power(evidence, "groups" if grouped else "images")
    by_chance = [f"effects of up to {largest:.2f} standard deviations"] * (largest > WARN_EFFECT)
    by_chance += [f"label shares that differ by {percent(shares, 1)}"] * (shares > WARN_SHARES)
    units = "groups" if grouped else "images"
    may_be = f"with so few {units}, {' and '.join(by_chance)} may be chance."
    return f"No difference between the splits is shown: {may_be}{_power(evidence, units)}"


def _power(evidence: Mapping[str, Mapping[str, Any]], units: str) -> str:
    """From which effect on one figure on so few images tell a difference; empty where they are enough."""
    least = max((found["told_from"] or 0.0 for found in evidence.values()), default=0.0)
    if least <= WARN_EFFECT:
        return ""
    return (
        f" With so many {units} a shift of one figure is told from about {least:.1f} standard deviations on."
    )
