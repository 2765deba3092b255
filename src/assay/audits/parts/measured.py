"""`Part`: a share of the images with all that is measured of each, and of all of them in sums."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from assay.audits.measures.pixel_sums import Measurements, measure, merge
from assay.audits.measures.row_tables import (
    ON_REFERENCE,
    RowTables,
    join_rows,
    measure_rows,
    wanted_tables,
)
from assay.core.arrays import Bytes, Float32s
from assay.core.events import OnEvent, ignore, warn
from assay.data.checked_images import Pixels, joined_images
from assay.data.piece import Piece
from assay.data.shards import join, join_splits
from assay.data.values import Dataset
from assay.features import pretrained
from assay.features.choice import asked_for
from assay.features.feature_cache import Kept


@dataclass(frozen=True, eq=False)
class Pretrained:
    """Features of a pretrained net. key: as of `features_key`; rows: per split float32 `(n, d)`."""

    key: str
    rows: Mapping[str, Float32s]


@dataclass(frozen=True, eq=False)
class Part:
    """A piece of the data, and per split its integer sums and the figures of each image.

    pretrained: where the audit of the whole may ask for them.
    """

    piece: Piece
    measurements: Mapping[str, Measurements]
    tables: Mapping[str, RowTables]
    pretrained: Pretrained | None = None


@dataclass(frozen=True, eq=False)
class Merged:
    """The whole set, and per split what was measured of it: what the checks are given.

    pretrained: features of a pretrained net, of the images whose shards computed them.
    """

    dataset: Dataset
    measurements: Mapping[str, Measurements]
    tables: Mapping[str, RowTables]
    pretrained: Kept | None = None


def measure_part(
    piece: Piece,
    checks: Collection[str],
    own_features: bool = False,
    on_event: OnEvent = ignore,
    backbone: str | None = None,
) -> Part:
    """Measure what can be measured without the other pieces, for some checks.

    own_features: the user brings features, which are then not computed. backbone: that the user named.
    """
    classes = len(piece.whole.classes)
    sums = {name: measure(split, classes, on_event=on_event) for name, split in piece.splits.items()}
    tables = {
        name: measure_rows(split, wanted_tables(split, checks, own_features))
        for name, split in piece.splits.items()
    }
    asked = not own_features and not ON_REFERENCE.isdisjoint(checks)
    return Part(piece, sums, tables, _pretrained(piece, backbone) if asked else None)


def _pretrained(piece: Piece, named: str | None) -> Pretrained | None:
    """What the whole audit may ask of its images: whether it takes it turns out when all are known."""
    images = sum(piece.whole.counts.values())
    backbone = asked_for(piece.whole.shape, images, named) if len(piece.whole.classes) > 1 else None
    if backbone is None:
        return None
    rows = {name: pretrained.describe(split, name=backbone) for name, split in piece.splits.items()}
    return Pretrained(pretrained.features_key(backbone), rows)


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
    return Merged(dataset, sums, tables, _joined_pretrained(parts))


def _joined_pretrained(parts: Sequence[Part]) -> Kept | None:
    """The features of all parts by the digests of the images; of one net and torch: the first part's."""
    found = [
        (part.pretrained, part.piece.splits[name].digests, rows)
        for part in parts
        if part.pretrained is not None
        for name, rows in part.pretrained.rows.items()
    ]
    if not found:
        return None
    key, width = found[0][0].key, found[0][2].shape[1]
    same = [(digests, rows) for own, digests, rows in found if (own.key, rows.shape[1]) == (key, width)]
    return Kept(key, *(np.concatenate(arrays) for arrays in zip(*same, strict=True)))


def _joined(places: Sequence[Pixels], pieces: Sequence[Piece], name: str) -> Bytes:
    digests = np.concatenate([piece.splits[name].digests for piece in pieces])
    return joined_images(places, pieces[0].whole.shape, digests)
