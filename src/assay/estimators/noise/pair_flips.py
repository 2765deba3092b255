"""Class-conditional noise between two classes: labels of one class that were given as another.

Where a third of one class has the label of one other class, a classifier learns just that: its
probabilities are right as shares of labels, and no single label contradicts them. What gives the exchange
away is that there is no picture of which the classifier is sure. Of two classes that are merely alike, the
pictures most like the one have the other's label hardly ever; under noise as often as all others do. (The
share of labels at the most typical pictures: anchor points, Liu and Tao 2016; Scott 2015.)
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from assay.core.arrays import Floats, Rows, spread_rows

#: A pair is told where clean labels would look so at most this often, in any pair of the set.
SIGNIFICANT: Final = 0.01

#: The pictures most like a class: so many of each of its labels. Those after them, up to the second share,
#: tell how far the two classes overlap.
_DEEP: Final = 0.5
_NEXT: Final = 0.75

#: Of two overlapping normal distributions, likelihood ratio of the other class among the first: that among
#: the next to this power, and less by this for each doubling of the other's size, but not below the least.
#: (Computed for overlaps of 5 to 40 %, sizes of 1:4 to 4:1: never under the true one by more than the floor.)
_FALL: Final = 2.3
_FALL_BY_SIZE: Final = 0.35
_LEAST_FALL: Final = 1.6

#: The share must be so many times that of classes which are merely alike: what is expected of these is an
#: estimate too, and among thousands of images any difference is significant.
MARGIN: Final = 1.5

#: So often even the pictures most like a class may have another label: half of the error of the middle class,
#: within these bounds. The middle one, for a pair of classes that is mixed up must not excuse itself.
_OF_ERROR: Final = 0.5
_LEAST_FLOOR: Final = 0.02
_MOST_FLOOR: Final = 0.1

#: Fewer labels of a class allow no word; of a pair at least so many labels must contradict the classifier.
_FEWEST: Final = 10
_FEWEST_CONTRADICTED: Final = 3

#: Below this the two classes are mixed so evenly that the true numbers of both cannot be solved for.
_SOLVABLE: Final = 0.1

#: Shares of a class that are planted to measure the power, in so many pairs of classes at least; and how
#: often a share must be told to be promised.
SHARES: Final = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
_PLANTED: Final = 20
_MOST: Final = 0.8

_TINY: Final = 1e-12


@dataclass(frozen=True)
class PairFlip:
    """A share of the images of class `true` has the label `label`.

    share: of them, among the images most like `true`. wrong, seen: that share in units (groups count
    once): of `seen` such units `wrong` have the label. images: of class `true`, in all, whatever their label.
    p_value: how likely clean labels are to look so in any pair, in [0, 1].
    """

    true: int
    label: int
    share: float
    wrong: int
    seen: int
    images: float
    p_value: float

    @property
    def pair(self) -> tuple[int, int]:
        """The two classes, the smaller number first."""
        return min(self.true, self.label), max(self.true, self.label)

    @property
    def expected(self) -> float:
        """How many labels are expected to be wrong in this way."""
        return self.share * self.images


@dataclass(frozen=True)
class _Side:
    """The images most like one class of two: how many units, of how many the label is the other class's.

    ratio: the likelihood ratio of the other class there, were the two merely alike.
    """

    wrong: int
    seen: int
    share: float
    ratio: float


def find_pair_flips(probabilities: Floats, labels: Rows, units: Rows | None = None) -> tuple[PairFlip, ...]:
    """The pairs of classes whose labels are mixed up beyond what clean labels would show, surest first.

    probabilities: `(n, k)`, out of sample; labels: int64 `(n,)`; units: int64 `(n,)`, equal for images
    of which the labels are one observation. Power: `smallest_share`.
    """
    rows = _rows_of_classes(labels, probabilities.shape[1])
    answers = probabilities.argmax(axis=1) if len(labels) else labels
    floor, tests = _floor(answers, rows), _tests(rows)
    units = np.arange(len(labels)) if units is None else units
    found = []
    for true, label in _candidates(answers, labels, rows):
        if flip := _told(probabilities, labels, units, rows, (true, label), floor, tests):
            found.append(flip)
    shares = {(flip.true, flip.label): flip.share for flip in found}
    sized = [_with_images(flip, shares.get((flip.label, flip.true), 0.0), rows) for flip in found]
    return tuple(sorted(sized, key=lambda flip: (flip.p_value, flip.true, flip.label)))


def _told(
    probabilities: Floats,
    labels: Rows,
    units: Rows,
    rows: list[Rows],
    pair: tuple[int, int],
    floor: float,
    tests: int,
) -> PairFlip | None:
    """The pair, where clean labels would hardly look so; without its number of images."""
    true, label = pair
    one = _side(probabilities, labels, units, rows, true, label)
    other = _side(probabilities, labels, units, rows, label, true)
    odds = min(one.ratio, other.ratio) * len(rows[label]) / len(rows[true])
    chance = max(floor, odds / (1 + odds))
    p_value = min(1.0, tests * binomial_tail(one.wrong, one.seen, chance))
    if p_value >= SIGNIFICANT or one.share <= MARGIN * chance:
        return None
    return PairFlip(true, label, one.share, one.wrong, one.seen, 0.0, p_value)


def smallest_share(probabilities: Floats, labels: Rows, units: Rows | None = None) -> float | None:
    """The smallest share of a class that is told in most cases if it is given another label; None if none is.

    Found by planting: of pairs of classes, evenly spread over all, so many images of the one get the label of
    the other, and the probabilities become what a classifier learns of such labels. The smallest of `SHARES`
    that is told in `_MOST` of them. probabilities: `(n, k)`, out of sample; labels: int64 `(n,)`; units: as
    of `find_pair_flips`; whole ones are planted.
    """
    rows = _rows_of_classes(labels, probabilities.shape[1])
    present = [label for label, own in enumerate(rows) if len(own)]
    pairs = [(present[i], present[j]) for i, j in _spread_pairs(len(present))]
    if not pairs:
        return None
    floor, tests = _floor(probabilities.argmax(axis=1), rows), _tests(rows)
    units = np.arange(len(labels)) if units is None else units
    random, times = np.random.default_rng(0), max(1, _PLANTED // len(pairs))
    for share in SHARES:
        told = [
            _tells_planted(
                probabilities, labels, units, (rows[true], rows[label]), share, random, floor, tests
            )
            for true, label in pairs
            for _ in range(times)
        ]
        if np.mean(told) >= _MOST:
            return share
    return None


def _spread_pairs(count: int) -> list[tuple[int, int]]:
    """At most `_PLANTED` ordered pairs of different numbers below `count`, evenly spread."""
    chosen = spread_rows(count * (count - 1), _PLANTED) if count > 1 else np.zeros(0, np.int64)
    firsts, steps = np.divmod(chosen, max(count - 1, 1))
    return list(zip(firsts.tolist(), ((firsts + 1 + steps) % max(count, 1)).tolist(), strict=True))


def _tells_planted(
    probabilities: Floats,
    labels: Rows,
    units: Rows,
    rows: tuple[Rows, Rows],
    share: float,
    random: np.random.Generator,
    floor: float,
    tests: int,
) -> bool:
    """Whether a pair is told once a share of the first class has the label of the second."""
    both = np.concatenate(rows)
    true, label = (int(labels[own[0]]) for own in rows)
    given, planted = labels[both].copy(), probabilities[both].astype(np.float64)
    given[: len(rows[0])][_whole_units(units[rows[0]], share, random)] = label
    planted[:, label] += share * planted[:, true]
    planted[:, true] *= 1 - share
    parts = _rows_of_classes(given, probabilities.shape[1])
    if (true, label) not in set(_candidates(planted.argmax(axis=1), given, parts)):
        return False
    return _told(planted, given, units[both], parts, (true, label), floor, tests) is not None


def _whole_units(units: Rows, share: float, random: np.random.Generator) -> Rows:
    """Places of about a share of some images, at random; images of one unit together."""
    _, place, sizes = np.unique(units, return_inverse=True, return_counts=True)
    order = random.permutation(len(sizes))
    wanted = round(share * len(units))
    many = int(np.searchsorted(np.cumsum(sizes[order]), wanted)) + 1 if wanted else 0
    return np.flatnonzero(np.isin(place, order[:many]))


def binomial_tail(least: int, trials: int, chance: float) -> float:
    """The probability of at least `least` successes among `trials`, each with `chance` in (0, 1).

    Relative error below 1e-9. At or below the mean, where nothing is unusual, it is said to be 1.
    """
    if least <= trials * chance:
        return 1.0
    log = math.lgamma(trials + 1) - math.lgamma(least + 1) - math.lgamma(trials - least + 1)
    term = math.exp(log + least * math.log(chance) + (trials - least) * math.log1p(-chance))
    terms, odds = [term], chance / (1 - chance)
    for k in range(least, trials):
        term *= (trials - k) / (k + 1) * odds
        if term < terms[0] * 1e-18:
            break
        terms.append(term)
    return min(1.0, math.fsum(terms))


def chances_of_flips(flips: tuple[PairFlip, ...], probabilities: Floats) -> Iterator[tuple[int, Floats]]:
    """For each pair the label and how likely it is to be wrong by this exchange, were it given: `(n,)`.

    The classifier's probabilities are shares of labels as given; the exchange is solved for in them.
    """
    shares = {(flip.true, flip.label): flip.share for flip in flips}
    for flip in flips:
        back = shares.get((flip.label, flip.true), 0.0)
        one, other = probabilities[:, flip.true], probabilities[:, flip.label]
        rest = _rest(flip.share, back)
        true = np.clip((one * (1 - back) - other * back) / rest, 0, one + other)
        yield flip.label, np.clip(flip.share * true / np.maximum(other, _TINY), 0, 1)


def _rows_of_classes(labels: Rows, classes: int) -> list[Rows]:
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.searchsorted(labels[order], np.arange(1, classes)))


def _tests(rows: list[Rows]) -> int:
    """Ordered pairs of classes that have labels."""
    present = sum(len(own) > 0 for own in rows)
    return present * (present - 1)


def _floor(answers: Rows, rows: list[Rows]) -> float:
    errors = [float((answers[own] != label).mean()) for label, own in enumerate(rows) if len(own)]
    middle = float(np.median(errors)) if errors else 0.0
    return min(max(_OF_ERROR * middle, _LEAST_FLOOR), _MOST_FLOOR)


def _candidates(answers: Rows, labels: Rows, rows: list[Rows]) -> Iterator[tuple[int, int]]:
    """Pairs (answer, label) that the classifier contradicts often enough to be asked of."""
    k = len(rows)
    wrong = answers != labels
    codes, counts = np.unique(answers[wrong] * k + labels[wrong], return_counts=True)
    for code in codes[counts >= _FEWEST_CONTRADICTED].tolist():
        true, label = divmod(code, k)
        if len(rows[true]) >= _FEWEST:
            yield true, label


def _side(probabilities: Floats, labels: Rows, units: Rows, rows: list[Rows], true: int, label: int) -> _Side:
    """Of the images of two labels, those most like `true`: a number taken from the size of its label."""
    both = np.concatenate([rows[true], rows[label]])
    logs = np.log(np.maximum(probabilities[both][:, [true, label]].astype(np.float64), _TINY))
    both = both[np.argsort(logs[:, 1] - logs[:, 0], kind="stable")]
    size = len(rows[true])
    deep, following = both[: int(_DEEP * size)], both[int(_DEEP * size) : int(_NEXT * size)]
    wrong = deep[labels[deep] == label]
    share = (np.count_nonzero(labels[following] == label) + 1) / (len(following) + 2)
    larger = len(rows[label]) / size
    fall = min(max(_FALL - _FALL_BY_SIZE * math.log2(larger), _LEAST_FALL), _FALL)
    return _Side(
        wrong=len(np.unique(units[wrong])),
        seen=len(np.unique(units[deep])),
        share=len(wrong) / max(len(deep), 1),
        ratio=min(share / (1 - share) / larger, 1.0) ** fall,
    )


def _rest(share: float, back: float) -> float:
    """What both shares leave, by which the exchange is solved; negative where most labels are exchanged."""
    rest = 1 - share - back
    return min(rest, -_SOLVABLE) if rest < -_SOLVABLE else max(rest, _SOLVABLE)


def _with_images(flip: PairFlip, back: float, rows: list[Rows]) -> PairFlip:
    """The number of images of the true class, from the numbers of both labels and both shares."""
    size, other = len(rows[flip.true]), len(rows[flip.label])
    rest = _rest(flip.share, back)
    images = (size * (1 - back) - other * back) / rest
    return replace(flip, images=min(max(images, _DEEP * size), float(size + other)))
