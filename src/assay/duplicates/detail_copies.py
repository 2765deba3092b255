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

from assay.core.arrays import Bytes, Float32s, Rows
from assay.duplicates.candidates import averaged_down, flat
from assay.duplicates.detail import CELLS, DISAGREEING, SIDE, Agreement, compare_detail
from assay.duplicates.detail_candidates import (
    PARTNERS,
    Index,
    Likely,
    build_index,
    enlarged_inner,
    inner_share,
    likely_pairs,
)
from assay.estimators.projections import spread_rows
from assay.features.hand_made import gray_of

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

#: Pictures looked up as mirror images, and as many upside down, at most.
_CONTROLS: Final = 1_000

#: Pairs that are lined up at most, the likeliest first: 0.2 ms each.
MOST_PAIRS: Final = 60_000

#: Lookalikes of a picture are its farther partners; one that agrees better than this may be a copy too.
_LOOKALIKES: Final = slice(PARTNERS // 2, PARTNERS)
_MAY_BE_A_COPY: Final = 0.03

#: Pictures whose lookalikes are compared first: between 95 % of them less is missing than a value, and pairs
#: that miss more than the limit's share of that value are no copies.
_SAMPLE: Final = 200
_MOST: Final = 0.95

#: Copies share detail that is no straight edge over so many cells: an edge or a corner fits many pictures.
_SPREAD: Final = 3

#: Pictures resized or turned by more (as a share), or moved by more than this share of the side, are moved.
_STILL: Final = 0.015

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


@dataclass(frozen=True, eq=False)
class _Compared:
    """Candidate pairs, how they agree, and `(pairs, 2)` what is missing as a share of lookalikes'."""

    pairs: Likely
    agreement: Agreement
    ratio: Float32s


def find_detail_copies(small: Bytes, mirrored: frozenset[tuple[int, int]] = frozenset()) -> DetailCopies:
    """Copies among thumbnails uint8 `(n, h, w, c)`, none of them equal.

    mirrored: pairs of rows, the smaller first, that are known to be copies of each other.
    """
    rows = np.flatnonzero(~flat(small))
    none = np.zeros(0, np.int64)
    if not _FEWEST <= len(rows) <= MOST_PICTURES or min(small.shape[1:3]) < 2 * CELLS:
        return DetailCopies.none()
    small = averaged_down(small[rows], SIDE)
    index, every = build_index(small), np.arange(len(rows))
    gray = gray_of(small)
    likely = likely_pairs(index, small, every)
    unlikely = max(len(likely.asked) - MOST_PAIRS, 0)
    sample = _usual(gray, spread_rows(len(rows), _SAMPLE), gray, likely.partners)
    hopeless = _STEP * LARGEST_LIMIT * np.quantile(sample, _MOST, axis=0).astype(np.float32)
    found = _compared(gray, likely.nearest(MOST_PAIRS), gray, likely.partners, hopeless)
    if not (found.ratio < LARGEST_LIMIT).any():  # nothing that a control could call a lookalike
        return DetailCopies(none, none, np.zeros(0), (), (LARGEST_LIMIT, LARGEST_LIMIT), unlikely)
    row = {int(image): place for place, image in enumerate(rows)}
    known = {(row[a], row[b]) for a, b in mirrored if a in row and b in row}
    limits = _limits(small, index, likely.partners, found, known, hopeless)
    left = (found.ratio / np.maximum(limits, 1e-9)).min(axis=1)
    kept = np.flatnonzero(left < 1)
    kept = kept[_each_once(found.pairs.asked[kept], found.pairs.other[kept], left[kept])]
    alike = _either_way_round(small, found, kept)
    if alike.sum() > max(len(kept) / 2, _MANY * len(small)):
        return DetailCopies(none, none, np.zeros(0), (), (0.0, 0.0), unlikely)
    kept = kept[~_of_one_family(found.pairs.asked[kept], found.pairs.other[kept], alike)]
    return DetailCopies(
        rows[found.pairs.other[kept]],
        rows[found.pairs.asked[kept]],
        1 - left[kept].astype(np.float64) / 2,
        tuple(_told(found, int(i), limits, small.shape[1]) for i in kept),
        limits,
        unlikely,
    )


def _compared(
    asking: Float32s, pairs: Likely, gray: Float32s, partners: Rows, hopeless: Float32s
) -> _Compared:
    """Line up pairs. asking: gray pictures that ask; gray, partners: those of the index and theirs.

    hopeless: `(2,)`, what is missing between pairs that cannot be copies.
    """
    inner, place = np.unique(pairs.asked[pairs.by_inner], return_inverse=True)
    shown, rows = np.concatenate([asking, enlarged_inner(asking[inner])]), pairs.asked.copy()
    rows[pairs.by_inner] = len(asking) + place
    agreement = compare_detail(gray, shown, (pairs.other, rows))
    ratio = np.full(agreement.missing.shape, np.inf, np.float32)
    hopeful = np.flatnonzero((agreement.missing < hopeless).any(axis=1) & (agreement.spread >= _SPREAD))
    usual_asked = _usual(asking, pairs.asked[hopeful], gray, pairs.partners)
    usual_other = _usual(gray, pairs.other[hopeful], gray, partners)
    usual = np.maximum(usual_asked, usual_other)
    ratio[hopeful] = agreement.missing[hopeful] / np.maximum(usual, 1e-6)
    ratio[_moved(agreement.movement) | pairs.by_inner, 1] = np.inf  # who writes on a picture does not move it
    return _Compared(pairs, agreement, ratio)


def _moved(movement: Float32s) -> NDArray[np.bool_]:
    """Which pairs had to be resized, turned or moved to agree."""
    change = np.abs(movement - np.eye(2, 3, dtype=np.float32))
    moved: NDArray[np.bool_] = np.any(change > _STILL * np.array([1, 1, 2], np.float32), axis=(1, 2))
    return moved


def _usual(asking: Float32s, rows: Rows, gray: Float32s, partners: Rows) -> Float32s:
    """What is missing between a picture and those that look like it: the median of a few, `(rows, 2)`.

    Where nearly all of them agree so well that they may be copies, the median of the other pictures.
    """
    distinct, place = np.unique(rows, return_inverse=True)
    farther = partners[distinct][:, _LOOKALIKES]
    own = np.repeat(distinct, farther.shape[1])
    missing = compare_detail(gray, asking, (np.maximum(farther, 0).ravel(), own)).missing
    missing = missing.reshape(*farther.shape, len(DISAGREEING))
    counts = (farther >= 0)[..., None] & (missing > _MAY_BE_A_COPY)
    enough = counts.sum(axis=1) >= 2
    middle = np.zeros((len(distinct), len(DISAGREEING)), np.float32)
    for kind in range(len(DISAGREEING)):
        own_rows = np.flatnonzero(enough[:, kind])
        kept = np.where(counts[own_rows, :, kind], missing[own_rows, :, kind], np.nan)
        middle[own_rows, kind] = np.nanmedian(kept, axis=1)
        middle[~enough[:, kind], kind] = np.median(middle[own_rows, kind]) if len(own_rows) else 0
    return middle[place.ravel()]


def _limits(
    small: Bytes,
    index: Index,
    partners: Rows,
    found: _Compared,
    known: set[tuple[int, int]],
    hopeless: Float32s,
) -> tuple[float, float]:
    """The limit of each share of cells that may disagree, by the control; 0 where none is low enough."""
    gray, rows = gray_of(small), spread_rows(len(small), _CONTROLS)
    near = _near(found, known)
    lowest = []
    for turned in (small[rows][:, :, ::-1], small[rows][:, ::-1]):
        asking = np.ascontiguousarray(turned)
        compared = _compared(gray_of(asking), likely_pairs(index, asking, rows), gray, partners, hopeless)
        asked, other = rows[compared.pairs.asked], compared.pairs.other
        # A picture that is its own mirror image finds its copy again: see `_either_way_round`.
        copies = [(min(pair), max(pair)) in near for pair in zip(asked.tolist(), other.tolist(), strict=True)]
        ratio = np.where(np.array(copies, bool)[:, None], np.float32(np.inf), compared.ratio)
        least = np.full((len(rows), len(DISAGREEING)), np.inf, np.float32)
        np.minimum.at(least, compared.pairs.asked, ratio)
        lowest.append(least)
    least = np.concatenate(lowest)
    whole, part = (_limit(least[:, kind]) for kind in range(len(DISAGREEING)))
    return whole, min(part, whole)  # where whole pictures are alike by chance, halves of them are


def _near(found: _Compared, known: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Pairs that may be copies, the smaller row first."""
    kept = np.flatnonzero(found.ratio.min(axis=1) < _STEP * LARGEST_LIMIT)
    sides = (found.pairs.asked[kept].tolist(), found.pairs.other[kept].tolist())
    return known | {(min(pair), max(pair)) for pair in zip(*sides, strict=True)}


def _either_way_round(small: Bytes, found: _Compared, kept: Rows) -> NDArray[np.bool_]:
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


def _told(found: _Compared, pair: int, limits: tuple[float, float], side: int) -> str:
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
    whole = found.ratio[pair, 0] < limits[0]
    share = 1 - DISAGREEING[0] if whole else 1 - DISAGREEING[1]
    agrees = 1 - found.agreement.missing[pair, 0 if whole else 1]
    words.append(f"detail correlates by {agrees:.2f} or more in {share:.0%} of the picture")
    return ", ".join(words)
