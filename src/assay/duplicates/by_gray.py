"""Copies that agree in gray levels, of candidate pairs: lined up, then decided on pixels and detail."""

import numpy as np

from assay.core.arrays import Bytes, Rows
from assay.duplicates.alignment import Alignment, compare
from assay.duplicates.background import more_than_background
from assay.duplicates.by_detail.detail import share_detail
from assay.duplicates.by_detail.detail_copies import DetailCopies
from assay.duplicates.candidates import Candidates, in_place
from assay.duplicates.decision import Found, Pixels, each_once, same_pictures
from assay.duplicates.evidence import well_founded
from assay.duplicates.resampled import made_smaller


def copies_by_gray(small: Bytes, pairs: Candidates, whole: Pixels | None, all_pixels: bool) -> DetailCopies:
    """The candidates that are copies, each pair of rows once, in any order. Arguments: `same_pictures`."""
    alignment = compare(small, pairs)
    kept, score = same_pictures(small, Found(pairs, alignment), whole, all_pixels)
    shared = share_detail(small, pairs.first[kept], pairs.second[kept], alignment.mirrored[kept])
    kept, score = kept[shared], score[shared]
    founded = well_founded(small, pairs.chosen(kept), alignment.chosen(kept))
    kept, score = kept[founded], score[founded]
    more = more_than_background(small, pairs.chosen(kept), alignment.mirrored[kept])
    kept, score = kept[more], score[more]
    once = each_once(pairs, kept, score)
    kept, score = kept[once], score[once]
    changes = [_change(pairs, alignment, i) for i in kept]
    smaller, left = made_smaller(small, pairs.chosen(_not_among(pairs, kept)))
    smaller = _not_among(pairs, kept)[smaller]
    upright = np.zeros(len(smaller), bool)
    shared = share_detail(small, pairs.first[smaller], pairs.second[smaller], upright)
    shared &= more_than_background(small, in_place(pairs.first[smaller], pairs.second[smaller]), upright)
    smaller, left = smaller[shared], left[shared]
    changes += ["made smaller and brought back to size"] * len(smaller)
    together = np.concatenate([kept, smaller])
    scores = np.concatenate([score, 1 - left.astype(np.float64) / 2])
    return DetailCopies(pairs.first[together], pairs.second[together], scores, tuple(changes))


def _not_among(pairs: Candidates, kept: Rows) -> Rows:
    """Positions of pairs whose two pictures are not those of a pair that is kept, either way round."""
    low, high = np.minimum(pairs.first, pairs.second), np.maximum(pairs.first, pairs.second)
    code = low * (int(high.max(initial=0)) + 1) + high
    others: Rows = np.flatnonzero(~np.isin(code, code[kept]))
    return others


def _change(pairs: Candidates, alignment: Alignment, pair: int) -> str:
    """In words what tells the pair apart."""
    words = ["mirrored"] if alignment.mirrored[pair] else []
    if pairs.down[pair] or pairs.right[pair]:
        words.append(f"moved by {abs(pairs.down[pair])} down and {abs(pairs.right[pair])} across")
    if abs(alignment.gain[pair] - 1) > 0.02:
        words.append(f"contrast times {alignment.gain[pair]:.2f}")
    words.append(f"{alignment.residual[pair]:.1f} gray levels remain before smoothing")
    return ", ".join(words)
