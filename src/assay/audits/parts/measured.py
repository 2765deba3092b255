"""`Part`: a share of the images with all that is measured of each, and of all of them in sums."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from assay.audits.measures.pixel_sums import Measurements, measure, merge
from assay.audits.measures.row_tables import RowTables, join_rows, measure_rows, wanted_tables
from assay.core.arrays import Bytes
from assay.core.events import OnEvent, ignore, warn
from assay.data.checked_images import Pixels, joined_images
from assay.data.piece import Piece
from assay.data.shards import join, join_splits
from assay.data.values import Dataset


@dataclass(frozen=True, eq=False)
class Part:
    """A piece of the data, and per split its integer sums and the figures of each image."""

    piece: Piece
    measurements: Mapping[str, Measurements]
    tables: Mapping[str, RowTables]


@dataclass(frozen=True, eq=False)
class Merged:
    """The whole set, and per split what was measured of it: what the checks are given."""

    dataset: Dataset
    measurements: Mapping[str, Measurements]
    tables: Mapping[str, RowTables]


def measure_part(
    piece: Piece, checks: Collection[str], own_features: bool = False, on_event: OnEvent = ignore
) -> Part:
    """Measure what can be measured without the other pieces, for some checks.

    own_features: the user brings features, which are then not computed.
    """
    classes = len(piece.whole.classes)
    sums = {name: measure(split, classes, on_event=on_event) for name, split in piece.splits.items()}
    tables = {
        name: measure_rows(split, wanted_tables(split, checks, own_features))
        for name, split in piece.splits.items()
    }
    return Part(piece, sums, tables)


def merge_parts(
    parts: Sequence[Part], images: Mapping[str, Sequence[Pixels]], on_event: OnEvent = ignore
) -> Merged:
    """The whole from all of its parts, in order: sums are added, figures of images put one after the other.

    images: per split, where the images of each part lie.
    """
    pieces = [part.piece for part in parts]
    splits = {}
    for name in pieces[0].whole.counts:
        own = [piece.splits[name] for piece in pieces]
        splits[name] = join_splits(own, _joined(images[name], pieces, name))
    dataset = join(pieces, splits)
    sums = {name: reduce(merge, (part.measurements[name] for part in parts)) for name in dataset.splits}
    tables, again = {}, 0
    for name, split in dataset.splits.items():
        sizes = [len(piece.splits[name]) for piece in pieces]
        tables[name], count = join_rows(split, [part.tables[name] for part in parts], sizes)
        again += count
    if again:
        what = f"images were left out, so the figures of the {again:,} after them are measured again"
        warn(on_event, "audit", what)
    return Merged(dataset, sums, tables)


def _joined(places: Sequence[Pixels], pieces: Sequence[Piece], name: str) -> Bytes:
    digests = np.concatenate([piece.splits[name].digests for piece in pieces])
    return joined_images(places, pieces[0].whole.shape, digests)
