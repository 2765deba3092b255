"""A data set read by several processes: one share of it, and the whole from all of its pieces."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from assay.core.arrays import Bytes
from assay.core.errors import AssayError
from assay.data.checked_images import some_images
from assay.data.decoding.sixteen_bits import Levels, note_on, scale_for
from assay.data.listing.advice.near_names import notes_on_near_names
from assay.data.listing.names import notes_on_classes
from assay.data.load import read, readable_source
from assay.data.piece import Piece, Shard, Whole, listed_digest
from assay.data.request import Request
from assay.data.sources.image_dataset import images_by_class, notes_on, resizing_notes, shared_groups, summed
from assay.data.splitting.name_groups import part_with_name_groups, spelled_alike
from assay.data.values import Column, Dataset, Split


def read_shard(request: Request, shard: Shard, scratch: Path) -> Piece:
    """One share of the set that a request asks for. scratch: a folder that outlives the piece.

    Of image files in folders, tables and Parquet only the share is decoded; all else is read whole, by way of
    the cache, and cut. Errors as of `load.read`, and `bad-value` where a test split was to be drawn.
    """
    if request.test_fraction is not None:
        what = "a test split is drawn from the whole set, which no shard sees"
        fix = "Draw it first: assay convert DATA OUT --test-fraction F, then audit OUT in shards."
        raise AssayError("bad-value", "--test-fraction", what, fix)
    source = readable_source(request)
    if source.read_shard is None:
        return _cut(read(request), shard)
    piece = source.read_shard(request, shard, scratch)
    if request.group_pattern is None:
        return piece
    return replace(piece, splits=part_with_name_groups(piece.splits, request.group_pattern))


def _cut(dataset: Dataset, shard: Shard) -> Piece:
    """One share of a set that was read whole."""
    named = {
        name: (split.ids, [dataset.classes[label] for label in split.labels])
        for name, split in dataset.splits.items()
    }
    return Piece(
        whole=Whole(
            name=dataset.name,
            source=dataset.source,
            classes=dataset.classes,
            shape=dataset.shape,
            counts={name: len(split) for name, split in dataset.splits.items()},
            listed=f"{dataset.fingerprint}{listed_digest(named)}",
            notes=dataset.notes,
            left_out=dataset.left_out,
        ),
        shard=shard,
        splits={name: _rows_of(split, shard.rows(len(split))) for name, split in dataset.splits.items()},
        location=dataset.location,
    )


def _rows_of(split: Split, rows: range) -> Split:
    own = slice(rows.start, rows.stop)
    digests = split.digests[own]
    return replace(
        split,
        images=some_images(split.images, rows, digests),
        labels=split.labels[own],
        ids=split.ids[own],
        digests=digests,
        columns={name: values[own] for name, values in split.columns.items()},
        original_stats=None if split.original_stats is None else split.original_stats[own],
        together=None if split.together is None else split.together[own],
        places=None if split.places is None else split.places[own],
    )


def join(pieces: Sequence[Piece], splits: dict[str, Split]) -> Dataset:
    """The whole set: as it would have been read by one process.

    pieces: all of them, in order. splits: theirs, joined by `join_splits`; those without any image are no
    splits.
    """
    whole = pieces[0].whole
    splits = {name: split for name, split in splits.items() if len(split)}
    splits, spellings = spelled_alike(splits)
    own = [item for name in whole.counts for p in pieces for item in p.left_out if item.split == name]
    left_out, notes = (*whole.left_out, *own), whole.notes
    if whole.form is not None:
        levels = next((Levels(*p.levels) for p in pieces if p.levels is not None), None)
        deep = sum(piece.deep for piece in pieces)
        if levels is not None:
            splits = {name: replace(split, deep=scale_for(levels)) for name, split in splits.items()}
        notes = (
            *notes_on(
                whole.form,
                whole.notes,
                whole.shape,
                whole.resize,
                summed(piece.converted for piece in pieces),
                left_out,
            ),
            *resizing_notes(splits, whole.resize),
            *([] if levels is None else [note_on(deep, levels, scale_for(levels))]),
            *notes_on_classes(whole.classes),
            *notes_on_near_names(images_by_class(splits, whole.classes)),
            *spellings,
            *shared_groups(splits),
        )
    return Dataset(
        whole.name, whole.classes, splits, whole.source, pieces[0].location, notes, left_out=left_out
    )


def join_splits(parts: Sequence[Split], images: Bytes) -> Split:
    """One split from its shares, in order. images: of all of them."""
    first = parts[0]
    stats = [part.original_stats for part in parts if part.original_stats is not None]
    together = [part.together for part in parts if part.together is not None]
    places = [part.places for part in parts if part.places is not None]
    return Split(
        images,
        np.concatenate([part.labels for part in parts]),
        tuple(one for part in parts for one in part.ids),
        np.concatenate([part.digests for part in parts]),
        {name: _joined(part.columns[name] for part in parts) for name in first.columns},
        first.resize,
        np.concatenate(stats) if stats else None,
        np.concatenate(together) if together else None,
        first.deep,
        np.concatenate(places) if places else None,
    )


def _joined(columns: Iterable[Column]) -> Column:
    found = list(columns)
    if all(isinstance(column, np.ndarray) for column in found):
        return np.concatenate(found)
    return tuple(str(value) for column in found for value in column)
