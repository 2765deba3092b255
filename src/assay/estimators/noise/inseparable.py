"""Inseparable pairs of classes: capital I and small l, zero and the letter O.

Each is answered as the other, and the probabilities of the two hardly say which label a picture has. That a
label is the less probable one of such a pair is no sign that it is wrong.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Floats, Rows
from assay.estimators.noise.pair_flips import PairFlip

#: Of a pair so large a share is answered as the other class; in both directions.
_CONFUSED: Final = 0.1

#: How often the picture of one class is given more of it than that of the other; and what that is below with
#: 95 % confidence. Classes of clothes that are alike, 5 % of their labels exchanged: .91 and more.
_TOLD_APART: Final = 0.8
_FOR_SURE: Final = 0.9
_ONE_SIDED: Final = 1.645

#: What is told less often than this is no exchange of labels, but classes of one kind of picture: of digits,
#: silhouettes and icons of which 25 to 40 % have the label of another class .78 to .92, of halves, thirds and
#: fifths of one class that are called another .32 to .68.
_EXCHANGED: Final = 0.75
_GUESS: Final = 0.5

#: Fewer images of a class allow no word.
_FEWEST: Final = 5

_TINY: Final = 1e-12


class Inseparable(NamedTuple):
    """Two classes, the smaller number first. told_apart: as `_TOLD_APART`, 0.5 where nothing tells them."""

    first: int
    second: int
    told_apart: float


def inseparable_pairs(probabilities: Floats, labels: Rows) -> tuple[Inseparable, ...]:
    """Pairs that the pictures do not tell apart.

    probabilities: `(n, k)`, out of sample; labels: int64 `(n,)`.
    """
    found = []
    for first, second in _confused(probabilities, labels):
        told, error = told_apart(probabilities, labels, first, second)
        if told < _TOLD_APART and told + _ONE_SIDED * error < _FOR_SURE:
            found.append(Inseparable(first, second, max(told, _GUESS)))
    return tuple(found)


def of_one_kind(
    probabilities: Floats, labels: Rows, pairs: Iterable[tuple[int, int]]
) -> tuple[Inseparable, ...]:
    """Of some pairs those whose pictures are hardly told apart at all, each once."""
    found = {}
    for first, second in sorted({(min(pair), max(pair)) for pair in pairs}):
        if (labels == first).any() and (labels == second).any():
            told, _ = told_apart(probabilities, labels, first, second)
            if told < _EXCHANGED:
                found[first, second] = Inseparable(first, second, max(told, _GUESS))
    return tuple(found.values())


def sorted_out(
    probabilities: Floats, labels: Rows, flips: Mapping[str, tuple[PairFlip, ...]]
) -> tuple[dict[str, tuple[PairFlip, ...]], tuple[Inseparable, ...]]:
    """Pairs whose labels are mixed up, per split, and pairs that pictures do not tell apart: none is both.

    probabilities, labels: of the split that tells them apart, as `inseparable_pairs`. flips: pairs that
    look mixed up, per split: two classes of one kind of picture look so, too, and are no exchange.
    """
    told = [flip.pair for found in flips.values() for flip in found]
    alike = {pair[:2]: pair for pair in of_one_kind(probabilities, labels, told)}
    mixed = {name: tuple(f for f in found if f.pair not in alike) for name, found in flips.items()}
    named = {flip.pair for found in mixed.values() for flip in found}
    for pair in inseparable_pairs(probabilities, labels):
        if pair[:2] not in named:
            alike.setdefault(pair[:2], pair)
    return mixed, tuple(alike[key] for key in sorted(alike))


def _confused(probabilities: Floats, labels: Rows) -> list[tuple[int, int]]:
    """Pairs of which many are answered as the other class, in both directions; the smaller number first."""
    if not len(labels):
        return []
    k, answers = probabilities.shape[1], probabilities.argmax(axis=1)
    wrong = answers != labels
    codes, counts = np.unique(labels[wrong] * k + answers[wrong], return_counts=True)
    times = dict(zip(codes.tolist(), counts.tolist(), strict=True))
    sizes = np.bincount(labels, minlength=k).tolist()
    found = []
    for code, count in times.items():
        first, second = divmod(code, k)
        back = times.get(second * k + first, 0)
        enough = min(sizes[first], sizes[second]) >= _FEWEST
        if first < second and back and enough and count + back > _CONFUSED * (sizes[first] + sizes[second]):
            found.append((first, second))
    return found


def told_apart(probabilities: Floats, labels: Rows, first: int, second: int) -> tuple[float, float]:
    """The area under the ROC curve of the first class against the second, and its standard error.

    Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC)
    curve", 1982.
    """
    ratio = np.log(np.maximum(probabilities[:, first].astype(np.float64), _TINY))
    ratio -= np.log(np.maximum(probabilities[:, second].astype(np.float64), _TINY))
    one, other = np.sort(ratio[labels == first]), np.sort(ratio[labels == second])
    below = np.searchsorted(other, one, "left") + np.searchsorted(other, one, "right")
    area = float(below.sum()) / (2 * len(one) * len(other))
    a, b = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (len(one) - 1) * (a - area**2) + (len(other) - 1) * (b - area**2)
    return area, math.sqrt(max(spread, 0.0) / (len(one) * len(other)))


def between(pairs: Iterable[Inseparable], labels: Rows, answers: Rows) -> NDArray[np.bool_]:
    """Whether label and answer are the two classes of one of these pairs, bool of the shape of both."""
    found = np.zeros(np.broadcast(labels, answers).shape, bool)
    for pair in pairs:
        for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
            found |= (labels == one) & (answers == other)
    return found
