"""Check `shortcuts`: can the class be told from what should not tell it?"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import not_evaluated, percent
from assay.audits.values import Finding, Verdict
from assay.data.values import Column, Dataset

#: Skill is (accuracy - chance) / (1 - chance). A single number, such as the mean brightness, that gives
#: half of the answers decides more than the content does; a fifth is common where classes of objects
#: naturally differ in size and tone. One class alone is told by at most 23 % in untouched Fashion-MNIST.
WARN_SKILL: Final = 0.4
FAIL_SKILL: Final = 0.7

#: Values of a figure are sorted into so many equally filled bins; each bin answers its commonest class.
_BINS: Final = 32
_FEWEST: Final = 100

#: A class with fewer images could be told by one bin by chance.
_FEWEST_OF_CLASS: Final = 20

#: The column of groups. A group has mostly one class, which is no shortcut: whole groups are held out. All
#: other columns are judged, those of the user as well.
_GROUP: Final = "group"


def check_shortcuts(context: CheckContext) -> Checked:
    """Predict the class of training images from brightness, border, size, format, file order alone."""
    train = context.dataset.train
    if len(train) < _FEWEST or len(np.unique(train.labels)) < 2:
        return not_evaluated("shortcuts", f"fewer than {_FEWEST} training images or two classes")
    chance = float(train.counts(len(context.dataset.classes)).max() / len(train))
    figures = dict(nuisances(context))
    sorted_file = _one_class_after_the_other(train.labels)
    if sorted_file:
        figures.pop("file order")
    skills = {
        name: (accuracy_from(values, train.labels) - chance) / (1 - chance)
        for name, values in figures.items()
    }
    told = {name: _easiest_class(values, context.dataset) for name, values in figures.items()}
    worst = max(skills, key=lambda name: max(skills[name], told[name][1]))
    given_away, of_class = told[worst]
    skill, one_class = max(skills[worst], of_class), of_class > max(skills[worst], WARN_SKILL)
    verdict: Verdict = "fail" if skill > FAIL_SKILL else "warn" if skill > WARN_SKILL else "pass"
    return Checked(
        Finding(
            check="shortcuts",
            verdict=verdict,
            summary=_summary(
                worst, verdict, f"whether an image is {given_away}" if one_class else "the class"
            )
            + f" {percent(max(skill, 0), 0)} of the way from guessing to always right."
            + (" The files are sorted by class: shuffle before splitting." if sorted_file else ""),
            evidence={
                "skill": skills,
                "one_class": {name: {"class": c, "skill": value} for name, (c, value) in told.items()},
                "chance": chance,
                "sorted_by_class": sorted_file,
            },
            threshold=f"skill over chance at most {percent(WARN_SKILL, 0)} (warn), "
            f"{percent(FAIL_SKILL, 0)} (fail), for all classes together and for telling any one of them "
            "from the rest",
            reason="a model takes the easiest way: what brightness, border, size or order give away, it "
            "need not learn from the object, and fails where the shortcut is missing",
            fix=f"Find out why the {worst} tells the class (camera, scanner, export), and end it."
            if verdict != "pass"
            else "",
        )
    )


def _summary(worst: str, verdict: Verdict, what: str) -> str:
    if verdict == "pass":
        return f"Nothing but the subject tells {what} well: the {worst} comes closest, and goes"
    return f"The {worst} alone predicts {what} better than chance: it goes"


def _one_class_after_the_other(labels: NDArray[np.int64]) -> bool:
    """Whether the images of each class lie together, as in a folder for each; whatever order classes have."""
    return bool(np.count_nonzero(np.diff(labels)) + 1 == len(np.unique(labels)))


def nuisances(context: CheckContext) -> Mapping[str, NDArray[np.generic]]:
    """Name -> one value per training image of something that should not tell the class."""
    look, train = context.image_stats["train"], context.dataset.train
    found: dict[str, NDArray[np.generic]] = {
        "mean brightness": look.mean,
        "corner color": look.corners,
        "top border color": look.top,
        "bottom border color": look.bottom,
        "left border color": look.left,
        "right border color": look.right,
        "file order": np.arange(len(train)),
    }
    groups = train.columns.get(_GROUP)
    for name, column in train.columns.items():
        if name != _GROUP and (groups is None or not _says_the_groups(column, groups)):
            values = np.asarray(column)
            if values.ndim == 1 and values.dtype.kind in "biufUS":
                found[name] = values
    return found


def _says_the_groups(column: Column, groups: Column) -> bool:
    """Whether a column holds the groups themselves, as the one does that they were taken from."""
    pairs = [(value, group) for value, group in zip(column, groups, strict=True) if group]
    return bool(pairs) and all(str(value) == str(group) for value, group in pairs)


def _easiest_class(values: NDArray[np.generic], dataset: Dataset) -> tuple[str, float]:
    """The class that a figure tells best from all others, and how well."""
    labels, k = dataset.train.labels, len(dataset.classes)
    skills = np.where(dataset.train.counts(k) >= _FEWEST_OF_CLASS, class_skills(values, labels, k), 0.0)
    best = int(skills.argmax())
    return dataset.classes[best], float(skills[best])


def class_skills(
    values: NDArray[np.generic], labels: NDArray[np.int64], class_count: int
) -> NDArray[np.float64]:
    """How well each class is told from all others: float64 `(class_count,)`, at most 1, 0 by saying "no".

    A bin says that it is the class where most of its images are. Counted are images rightly said to be of the
    class less those wrongly said to be, over the images of the class; halves as in `accuracy_from`.
    """
    bins = _binned(values)
    half = np.random.default_rng(0).permutation(len(labels)) % 2 == 0
    won = np.zeros(class_count)
    for known, asked in ((half, ~half), (~half, half)):
        before, after = (_table(bins, labels, rows, class_count) for rows in (known, asked))
        says = before > before.sum(axis=1, keepdims=True) / 2
        won += (says * (2 * after - after.sum(axis=1, keepdims=True))).sum(axis=0)
    return won / np.maximum(np.bincount(labels, minlength=class_count), 1)


def _table(
    bins: NDArray[np.int64], labels: NDArray[np.int64], rows: NDArray[np.bool_], class_count: int
) -> NDArray[np.int64]:
    """Images of each bin and class, int64 `(bins, class_count)`, among `rows`."""
    counts = np.zeros((int(bins.max()) + 1, class_count), np.int64)
    np.add.at(counts, (bins[rows], labels[rows]), 1)
    return counts


def accuracy_from(values: NDArray[np.generic], labels: NDArray[np.int64]) -> float:
    """How often the commonest class of a value's bin is right, in images that it was not counted from.

    Rows are halved at random; each half is answered by the other's counts.
    """
    bins = _binned(values)
    half = np.random.default_rng(0).permutation(len(labels)) % 2 == 0
    hits = 0
    for known, asked in ((half, ~half), (~half, half)):
        counts = _table(bins, labels, known, int(labels.max()) + 1)
        common = counts.sum(axis=0).argmax()
        answers = np.where(counts.sum(axis=1) > 0, counts.argmax(axis=1), common)
        hits += int((answers[bins[asked]] == labels[asked]).sum())
    return hits / len(labels)


def _binned(values: NDArray[np.generic]) -> NDArray[np.int64]:
    """Bin numbers: one per distinct value where there are few, else equally filled."""
    distinct, code = np.unique(values, return_inverse=True)
    if len(distinct) <= _BINS or values.dtype.kind in "US":
        return _common_only(code.ravel())
    edges = np.quantile(code.ravel(), np.linspace(0, 1, _BINS + 1)[1:-1])
    bins: NDArray[np.int64] = np.searchsorted(edges, code.ravel(), side="right")
    return bins


def _common_only(code: NDArray[Any]) -> NDArray[np.int64]:
    """Values that hardly repeat (names, hashes) share one bin: they could only be memorized."""
    counts = np.bincount(code)
    kept: NDArray[np.int64] = np.where(counts >= 5, np.arange(1, len(counts) + 1), 0)
    binned: NDArray[np.int64] = kept[code]
    return binned
