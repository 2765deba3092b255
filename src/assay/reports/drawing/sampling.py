"""Deterministic subsampling for figures: chosen by rule, never by chance, and said so."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

#: More rows than this cannot be read in one figure.
MOST_CLASSES: Final = 20


def shown_classes(counts: NDArray[np.int64], limit: int = MOST_CLASSES) -> NDArray[np.int64]:
    """The labels to draw, sorted: all of them, or the `limit` with most images (counts: int64 `(k,)`)."""
    if len(counts) <= limit:
        return np.arange(len(counts))
    return np.sort(np.argsort(-counts, kind="stable")[:limit])


def shown_note(total: int, shown: int, which: str = "those with most training images") -> str:
    """The sentence that names classes left out; empty when there are none."""
    return f"Shown are {shown:,} of {total:,} classes: {which}." if shown < total else ""


def evenly_spaced(rows: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """At most `limit` of `rows`, from the first to the last at equal steps."""
    if len(rows) <= limit:
        return rows
    return rows[np.linspace(0, len(rows) - 1, limit).round().astype(np.int64)]
