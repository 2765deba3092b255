"""Copies as people make them: cropped, turned a little, framed, resized, written on, marked with a logo.

A copy agrees with its source in place after place, far better than with the other pictures that look most
like it. How much better it must be is set by a control on the same pictures: they are looked up as mirror
images and upside down, which no copy is. What is found then is a lookalike, and the limit is lowered until
hardly any is found.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, Rows, gray_of, spread_rows
from assay.duplicates.background import more_than_background
from assay.duplicates.by_detail.compared import Compared, Lookalikes, compare_pairs, moved_much
from assay.duplicates.by_detail.detail import CELLS, DISAGREEING, SIDE, compare_detail
from assay.duplicates.by_detail.detail_candidates import (
    PARTNERS,
    Index,
    build_index,
    inner_share,
    likely_pairs,
)
from assay.duplicates.candidates import averaged_down, flat, in_place
from assay.duplicates.moved import moved_remainder

#: What is missing between copies is at most this share of what is missing between lookalikes. Chosen on the
#: tuning sets of benchmarks/truth_sets.py; lowered by steps where the control finds lookalikes below it.
LARGEST_LIMIT: Final = 0.07
LOWEST_LIMIT: Final = 0.02
_STEP: Final = 3**0.5

#: Share of the pictures looked up the wrong way round that may find a partner: the false alarms accepted.
FALSE_ALARMS: Final = 0.002

#: A copy of a picture that is its own mirror image is nearer to it than to its mirror image by this factor,
#: for they share its creases and its light; two symmetric lookalikes are not. Chosen on the tuning sets.
_NEARER: Final = 1.25

#: Pairs that agree either way round are left out. Where they are most of the pairs, and more than this share
#: of the pictures, no pair is sure: of symmetric lookalikes 85 % are such, of pairs in sets with copies 6 %.
_MANY: Final = 0.01

#: Where pictures looked up the wrong way round agree with others in gray levels once they are moved, and are
#: more than this share of the pairs found and than `FALSE_ALARMS`, no pair that was moved is named.
_FEW: Final = 0.1

#: Pictures looked up as mirror images, and as many upside down, at most.
_CONTROLS: Final = 1_000

#: Pairs that are lined up at most, the likeliest first: 0.2 ms each.
MOST_PAIRS: Final = 60_000

#: Pictures whose lookalikes are compared first: between 95 % of them less is missing than a value, and pairs
#: that miss more than the limit's share of that value are no copies.
_SAMPLE: Final = 200
_MOST: Final = 0.95

#: Fewer pictures than this have no lookalikes to compare with; for more, the search takes minutes.
_FEWEST: Final = 2 * PARTNERS
MOST_PICTURES: Final = 20_000


@dataclass(frozen=True, eq=False)
class DetailCopies:
    """Pairs of pictures that share their detail, each once. score: in [0, 1].

    limits: the limit used where a fifth of the cells may disagree, and where half may; 0: the pictures are
    too much alike for copies to be told from them. None: not looked for, since fewer than `_FEWEST` pictures
    show something, or there are more than `MOST_PICTURES`, or they are too small. unlikely: candidate pairs
    that were not lined up, for there were more than `MOST_PAIRS`.
    """

    first: Rows
    second: Rows
    score: NDArray[np.float64]
    changes: tuple[str, ...]
    limits: tuple[float, float] | None = None
    unlikely: int = 0

    @classmethod
    def none(cls) -> "DetailCopies":
        """No pair, and none looked for."""
        rows = np.zeros(0, np.int64)
        return cls(rows, rows, np.zeros(0), ())


def find_detail_copies(small: Bytes, mirrored: frozenset[tuple[int, int]] = frozenset()) -> DetailCopies:
    """Copies among thumbnails uint8 `(n, h, w, c)`, none of them equal.

    mirrored: pairs of rows, the smaller first, that are known to be copies of each other.
    """
    rows = np.flatnonzero(~flat(small))
    if not _FEWEST <= len(rows) <= MOST_PICTURES or min(small.shape[1:3]) < 2 * CELLS:
        return DetailCopies.none()
    whole, small = small[rows], averaged_down(small[rows], SIDE)
    index = build_index(small)
    likely = likely_pairs(index, small, np.arange(len(rows)))
    unlikely = max(len(likely.asked) - MOST_PAIRS, 0)
    gray = gray_of(small)
    lookalikes = Lookalikes(gray, gray, likely.partners)
    sample = lookalikes.usual_missing(spread_rows(len(rows), _SAMPLE))
    hopeless = _STEP * LARGEST_LIMIT * np.quantile(sample, _MOST, axis=0).astype(np.float32)
    row = {int(image): place for place, image in enumerate(rows)}
    known = {(row[a], row[b]) for a, b in mirrored if a in row and b in row}
    nearest = likely.nearest(MOST_PAIRS)
    settled = _among(known, nearest.asked, nearest.other) | nearest.again()
    found = compare_pairs(whole, nearest, whole, lookalikes, hopeless, settled)
    moved = np.flatnonzero(found.moved <= 1)
    moved = moved[_each_once(nearest.asked[moved], nearest.other[moved], found.moved[moved])]
    if not (found.ratio < LARGEST_LIMIT).any() and not len(
        moved
    ):  # nothing that a control could call a lookalike
        limits = (LARGEST_LIMIT, LARGEST_LIMIT)
    else:
        limits, wrong = _control(whole, index, lookalikes, found, known, hopeless)
        few = max(FALSE_ALARMS * 2 * min(len(small), _CONTROLS), _FEW * len(moved))
        if wrong > few or _mostly_symmetric(whole, found, moved):
            moved = moved[:0]
    left = (found.ratio / np.maximum(limits, 1e-9)).min(axis=1)
    kept, limits = _sure(small, found, left, limits)
    words = [_told(found, int(i), limits, small.shape[1]) for i in kept]
    words += [_told_moved(found, int(i), small.shape[1]) for i in moved]
    together = np.concatenate([kept, moved])
    left = np.concatenate([left[kept], found.moved[moved]])
    once = _each_once(found.pairs.asked[together], found.pairs.other[together], left)
    return DetailCopies(
        rows[found.pairs.other[together[once]]],
        rows[found.pairs.asked[together[once]]],
        1 - left[once].astype(np.float64) / 2,
        tuple(words[i] for i in once),
        limits,
        unlikely,
    )


def _among(pairs: set[tuple[int, int]], first: Rows, second: Rows) -> NDArray[np.bool_]:
    """Whether each of some pairs, either way round, is one of a set of which the smaller row comes first."""
    sides = zip(first.tolist(), second.tolist(), strict=True)
    return np.array([(min(pair), max(pair)) in pairs for pair in sides], bool)


def _sure(
    small: Bytes, found: Compared, left: Float32s, limits: tuple[float, float]
) -> tuple[Rows, tuple[float, float]]:
    """Positions of the pairs that share their detail, and the limits: 0 where lookalikes are too many."""
    kept = np.flatnonzero(left < 1)
    kept = kept[_each_once(found.pairs.asked[kept], found.pairs.other[kept], left[kept])]
    kept = kept[_beyond_background(small, found, kept)]
    alike = _either_way_round(small, found, kept)
    if alike.sum() > max(len(kept) / 2, _MANY * len(small)):
        return kept[:0], (0.0, 0.0)
    return kept[~_of_one_family(found.pairs.asked[kept], found.pairs.other[kept], alike)], limits


def _beyond_background(small: Bytes, found: Compared, kept: Rows) -> NDArray[np.bool_]:
    """Which pairs share more than a background: those that were moved, and those that agree without it."""
    still = np.flatnonzero(~(moved_much(found.agreement.movement[kept]) | found.pairs.by_inner[kept]))
    beyond = np.ones(len(kept), bool)
    pairs = in_place(found.pairs.other[kept[still]], found.pairs.asked[kept[still]])
    beyond[still] = more_than_background(small, pairs, np.zeros(len(still), bool))
    return beyond


def _control(
    small: Bytes,
    index: Index,
    lookalikes: Lookalikes,
    found: Compared,
    known: set[tuple[int, int]],
    hopeless: Float32s,
) -> tuple[tuple[float, float], int]:
    """The same pictures looked up mirrored and upside down: what is found is a lookalike.

    The limit of each share of cells that may disagree, 0 where none is low enough; and how many pictures find
    one that agrees in gray levels once it is moved.
    """
    rows, near = spread_rows(len(small), _CONTROLS), _near(found, known)
    lowest, wrong = [], 0
    for turned in (small[rows][:, :, ::-1], small[rows][:, ::-1]):
        asking = np.ascontiguousarray(turned)
        likely = likely_pairs(index, averaged_down(asking, SIDE), rows)
        # A picture that is its own mirror image finds its copy again: see `_either_way_round`.
        copies = _among(near, rows[likely.asked], likely.other)
        compared = compare_pairs(asking, likely, small, lookalikes, hopeless, copies)
        ratio = np.where(copies[:, None], np.float32(np.inf), compared.ratio)
        least = np.full((len(rows), len(DISAGREEING)), np.inf, np.float32)
        np.minimum.at(least, compared.pairs.asked, ratio)
        lowest.append(least)
        wrong += len(np.unique(likely.asked[compared.moved <= 1]))
    least = np.concatenate(lowest)
    whole, part = (_limit(least[:, kind]) for kind in range(len(DISAGREEING)))
    return (whole, min(part, whole)), wrong  # where wholes are alike by chance, halves of them are


def _near(found: Compared, known: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Pairs that may be copies, the smaller row first."""
    kept = np.flatnonzero((found.ratio.min(axis=1) < _STEP * LARGEST_LIMIT) | (found.moved <= 1))
    sides = (found.pairs.asked[kept].tolist(), found.pairs.other[kept].tolist())
    return known | {(min(pair), max(pair)) for pair in zip(*sides, strict=True)}


def _either_way_round(small: Bytes, found: Compared, kept: Rows) -> NDArray[np.bool_]:
    """Which pairs agree hardly less with one of the two mirrored or upside down: bool `(kept,)`.

    A copy has the creases, the light and the noise of its source, whose mirror image has not; where it makes
    no difference, nothing tells the two from symmetric lookalikes.
    """
    gray, least = gray_of(small), _NEARER * found.agreement.missing[kept].min(axis=1)
    sides = found.pairs.asked[kept], found.pairs.other[kept]
    alike = np.zeros(len(kept), bool)
    for one, other in (sides, sides[::-1]):
        for turned in (small[one][:, :, ::-1], small[one][:, ::-1]):
            asking = gray_of(np.ascontiguousarray(turned))
            alike |= compare_detail(gray, asking, (other, np.arange(len(one)))).missing.min(axis=1) < least
    return alike


def _mostly_symmetric(small: Bytes, found: Compared, moved: Rows) -> bool:
    """Whether most pairs, and more than `_MANY` of the pictures, agree in gray levels either way round.

    So do copies of symmetric pictures; where nearly all pairs are such, they are of one family of shapes.
    """
    gray, one, other = gray_of(averaged_down(small, SIDE)), found.pairs.asked[moved], found.pairs.other[moved]
    alike = np.zeros(len(moved), bool)
    for turned in (small[one][:, :, ::-1], small[one][:, ::-1]):
        asking, rows = np.ascontiguousarray(turned), (other, np.arange(len(one)))
        movement = compare_detail(gray, gray_of(averaged_down(asking, SIDE)), rows).movement
        alike |= moved_remainder(small, asking, rows, movement) <= 1
    return bool(alike.sum() > max(len(moved) / 2, _MANY * len(small)))


def _of_one_family(first: Rows, second: Rows, alike: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pairs agree either way round, or join two pictures that do so with others: bool `(pairs,)`.

    Of symmetric lookalikes some pairs agree better straight by chance; their pictures have others that do
    not.
    """
    symmetric = np.union1d(first[alike], second[alike])
    family: NDArray[np.bool_] = alike | (np.isin(first, symmetric) & np.isin(second, symmetric))
    return family


def _limit(lookalikes: Float32s) -> float:
    """The largest limit below which lie no more lookalikes than `FALSE_ALARMS`. lookalikes: `(controls,)`.

    Where there are lookalikes at all, one step less: the control sees only those that are alike turned round.
    """
    limit = LARGEST_LIMIT
    while np.count_nonzero(lookalikes < limit) > FALSE_ALARMS * len(lookalikes):
        limit /= _STEP
    limit = limit if limit == LARGEST_LIMIT else limit / _STEP
    return limit if limit >= LOWEST_LIMIT / _STEP else 0.0


def _each_once(first: Rows, second: Rows, left: Float32s) -> Rows:
    """Positions of the best explanation of each pair."""
    low, high = np.minimum(first, second), np.maximum(first, second)
    order = np.lexsort((left, high, low))
    new = (np.diff(low[order], prepend=-1) != 0) | (np.diff(high[order], prepend=-1) != 0)
    chosen: Rows = order[new]
    return chosen


def _told(found: Compared, pair: int, limits: tuple[float, float], side: int) -> str:
    """In words what was undone, and how well the detail agrees then."""
    whole = found.ratio[pair, 0] < limits[0]
    share = 1 - DISAGREEING[0] if whole else 1 - DISAGREEING[1]
    agrees = 1 - found.agreement.missing[pair, 0 if whole else 1]
    agreement = f"detail correlates by {agrees:.2f} or more in {share:.0%} of the picture"
    return ", ".join([*_change(found, pair, side), agreement])


def _told_moved(found: Compared, pair: int, side: int) -> str:
    return ", ".join([*_change(found, pair, side), "only rounding remains once that is done to the other"])


def _change(found: Compared, pair: int, side: int) -> list[str]:
    """In words what was undone."""
    (a, b, down), (c, d, right) = found.agreement.movement[pair].tolist()
    size, turn = math.sqrt(abs(a * d - b * c)), math.degrees(math.atan2(b - c, a + d))
    size /= inner_share(side) if found.pairs.by_inner[pair] else 1
    words = []
    if abs(size - 1) > 0.02:
        words.append(f"resized by {max(size, 1 / size) - 1:.0%} (cropped or framed)")
    if abs(turn) > 0.7:
        words.append(f"turned by {abs(turn):.0f} degrees")
    if max(abs(down), abs(right)) > 0.03:
        words.append("moved")
    return words
