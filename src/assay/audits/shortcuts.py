"""Check `shortcuts`: can the class be told from what should not tell it?"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.flagging import not_evaluated
from assay.audits.material import Checked, Material
from assay.audits.values import Finding, Verdict

#: Skill is (accuracy - chance) / (1 - chance). A single number, such as the mean brightness, that gives
#: half of the answers decides more than the content does; a fifth is common where classes of objects
#: naturally differ in size and tone.
WARN_SKILL: Final = 0.4
FAIL_SKILL: Final = 0.7

#: Values of a figure are sorted into so many equally filled bins; each bin answers its commonest class.
_BINS: Final = 32
_FEWEST: Final = 100

#: Metadata that no picture should need, as the sources name them; further numeric or text columns of
#: the data (such as the user's own) are judged as well.
_NOT_NUISANCES: Final = frozenset({"group"})


def check_shortcuts(material: Material) -> Checked:
    """Predict the class of training images from brightness, border, size, format, file order alone."""
    train = material.dataset.train
    if len(train) < _FEWEST or len(np.unique(train.labels)) < 2:
        return not_evaluated("shortcuts", f"fewer than {_FEWEST} training images or two classes")
    chance = float(train.counts(len(material.dataset.classes)).max() / len(train))
    skills = {
        name: (accuracy_from(values, train.labels) - chance) / (1 - chance)
        for name, values in nuisances(material).items()
    }
    sorted_file = bool(np.all(np.diff(train.labels) >= 0))
    if sorted_file:
        skills.pop("file order")
    worst = max(skills, key=lambda name: skills[name])
    skill = skills[worst]
    verdict: Verdict = "fail" if skill > FAIL_SKILL else "warn" if skill > WARN_SKILL else "pass"
    return Checked(
        Finding(
            check="shortcuts",
            area="content",
            verdict=verdict,
            summary=f"The {worst} alone gives {max(skill, 0):.0%} of what there is to know about the class"
            + (", more than anything else that should not tell it." if verdict == "pass" else ".")
            + (" The files are sorted by class: shuffle before splitting." if sorted_file else ""),
            evidence={"skill": skills, "chance": chance, "sorted_by_class": sorted_file},
            threshold=f"skill over chance at most {WARN_SKILL:.0%} (warn), {FAIL_SKILL:.0%} (fail)",
            reason="a model takes the easiest way: what brightness, border, size or order give away, it "
            "need not learn from the object, and fails where the shortcut is missing",
            fix=f"Find out why the {worst} tells the class (camera, scanner, export), and end it."
            if verdict != "pass"
            else "",
        )
    )


def nuisances(material: Material) -> Mapping[str, NDArray[np.generic]]:
    """Name -> one value per training image of something that should not tell the class."""
    look, train = material.looks["train"], material.dataset.train
    found: dict[str, NDArray[np.generic]] = {
        "mean brightness": look.mean,
        "corner color": look.corners,
        "top border color": look.top,
        "bottom border color": look.bottom,
        "left border color": look.left,
        "right border color": look.right,
        "file order": np.arange(len(train)),
    }
    for name, column in train.columns.items():
        if name not in _NOT_NUISANCES:
            values = np.asarray(column)
            if values.ndim == 1 and values.dtype.kind in "biufUS":
                found[name] = values
    return found


def accuracy_from(values: NDArray[np.generic], labels: NDArray[np.int64]) -> float:
    """How often the commonest class of a value's bin is right, in images that it was not counted from.

    Rows are halved at random; each half is answered by the other's counts.
    """
    bins = _binned(values)
    half = np.random.default_rng(0).permutation(len(labels)) % 2 == 0
    hits = 0
    for known, asked in ((half, ~half), (~half, half)):
        counts = np.zeros((int(bins.max()) + 1, int(labels.max()) + 1), np.int64)
        np.add.at(counts, (bins[known], labels[known]), 1)
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
    """Values that hardly repeat (names, hashes) share one bin: they could only be learned by heart."""
    counts = np.bincount(code)
    kept: NDArray[np.int64] = np.where(counts >= 5, np.arange(1, len(counts) + 1), 0)
    binned: NDArray[np.int64] = kept[code]
    return binned
