"""Measurements of single images, which any process can compute for the images that it has."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.image_stats import block_stats
from assay.audits.measures.restated_content import block_sizes, may_restate
from assay.audits.measures.texture import block_texture
from assay.core.arrays import Rows
from assay.data.piece import STEP
from assay.data.stored_rows import joined_rows, kept_in_scratch
from assay.data.values import Split
from assay.features.hand_made import describe_block, map_blocks, mapped_blocks

#: The tables, and what fills each for a block of images.
TableName = Literal["features", "stats", "texture", "sizes"]
_FILL: Final[dict[str, Callable[[NDArray[np.uint8]], NDArray[Any]]]] = {
    "features": describe_block,
    "stats": block_stats,
    "texture": block_texture,
    "sizes": block_sizes,
}

#: The table that does not fit into memory for a million images: 2 to 3 KB of each.
_LARGE: Final = "features"


@dataclass(frozen=True, eq=False)
class RowTables:
    """Figures of each image of a split, a row an image; None where they were not asked for.

    features: as `hand_made.describe`; those that lie in a part are `StoredRows`, to be read by block.
    stats: as `block_stats` without a background. texture: as `block_texture`. sizes: as `block_sizes`.
    """

    features: NDArray[np.float32] | None = None
    stats: NDArray[np.float32] | None = None
    texture: NDArray[np.float32] | None = None
    sizes: NDArray[np.int64] | None = None

    def present(self) -> dict[str, NDArray[Any]]:
        """The tables there are, by name."""
        return {name: getattr(self, name) for name in _FILL if getattr(self, name) is not None}


def empty_table(name: str, shape: tuple[int, int, int]) -> NDArray[Any]:
    """A table of no images of this height, width and channels: its columns and type are those of any."""
    return _FILL[name](np.zeros((0, *shape), np.uint8))


def wanted_tables(split: Split, checks: Collection[str], own_features: bool) -> list[str]:
    """The tables that some checks will ask for. What is missing is measured when it is asked for.

    own_features: the user brings features.
    """
    asked = {name for check in checks for name in _TABLES_OF.get(check, ())}
    left_out = {"features"} if own_features else set()
    if not may_restate(split.columns):
        left_out.add("sizes")
    return [name for name in _FILL if name in asked - left_out]


#: Tables by the checks that ask for them.
_TABLES_OF: Final = {
    "drift": ("stats", "features"),
    "label-errors": ("features",),
    "ambiguous-labels": ("features",),
    "separability": ("features",),
    "atypical": ("features",),
    "quality": ("stats", "texture"),
    "shortcuts": ("stats", "texture", "sizes"),
}

#: The checks that rest on the reference features.
ON_REFERENCE: Final = frozenset(check for check, tables in _TABLES_OF.items() if "features" in tables)


def measure_rows(split: Split, names: Collection[str]) -> RowTables:
    """The named tables of a split."""
    return RowTables(**{name: map_blocks(_FILL[name], split) for name in names})


def join_rows(split: Split, parts: Sequence[RowTables], sizes: Sequence[int]) -> tuple[RowTables, int]:
    """The tables of a split from those of its shares, and how many of its images were measured again.

    sizes: images of each share. A block of other images may round otherwise, and an image that was left out
    moves the blocks after it: those are measured again, so that the figures are those of one process.
    """
    bounds = np.cumsum([0, *sizes])
    ahead = [i for i, size in enumerate(sizes) if size]
    whole = next((place for place, i in enumerate(ahead) if bounds[i] % STEP), len(ahead))
    first_moved = int(bounds[ahead[whole - 1] + 1]) if whole else 0
    if whole < len(ahead):
        first_moved -= first_moved % STEP
    again = len(split) - first_moved
    names = set.intersection(*(set(parts[i].present()) for i in ahead)) if ahead else set()
    joined = {}
    for name in names:
        known = [parts[i].present()[name] for i in ahead[:whole]]
        joined[name] = _joined(known, first_moved, split, name)
    return RowTables(**joined), again


def _joined(known: Sequence[NDArray[Any]], first_moved: int, split: Split, name: str) -> NDArray[Any]:
    """What is known up to the row `first_moved`, and what is measured of the images from there on."""
    before = [joined_rows(known, first_moved)] if known else []
    moved = np.arange(first_moved, len(split))
    if not len(moved) and known:
        return before[0]
    if name != _LARGE:
        return joined_rows([*before, map_blocks(_FILL[name], split, moved)])
    return joined_rows([*before, kept_features(split, moved)])


def kept_features(split: Split, rows: Rows | None = None) -> NDArray[np.float32]:
    """As `hand_made.describe`, but in a file of the cache where they are large: see `kept_in_scratch`."""
    blocks = mapped_blocks(describe_block, split, rows)
    first = next(blocks)
    count = len(split) if rows is None else len(rows)
    return kept_in_scratch(chain([first], blocks), (count, first.shape[1]), first.dtype)
