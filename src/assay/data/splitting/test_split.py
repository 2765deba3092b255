"""Taking a test split out of train, where the source has none."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.core import durable
from assay.core.errors import AssayError
from assay.data.checked_images import file_images
from assay.data.listing.names import ordered_splits
from assay.data.source_order import DRAWN, with_places
from assay.data.splitting.groups import FindPairs, with_near_copies
from assay.data.splitting.stratified import hold_out
from assay.data.values import Column, Dataset, Split, images_of


def checked_fraction(fraction: float | None) -> None:
    """Raise AssayError `bad-value` when the share of a test split is outside (0, 1)."""
    if fraction is not None and not 0 < fraction < 1:
        raise AssayError(
            "bad-value", "--test-fraction", f"{fraction} is not in (0, 1)", "Give a share such as 0.2."
        )


def with_test_split(
    dataset: Dataset,
    fraction: float,
    seed: int,
    near_pairs: FindPairs | None = None,
    scratch: Path | None = None,
) -> Dataset:
    """The data set with a share of train as its test split.

    Stratified; exact copies, images of one group and, where `near_pairs` finds them, near copies stay on one
    side (see `hold_out`). The rule is recorded in the notes, the order of before in `Split.places`. scratch:
    where to keep the pixels; None: in memory. Raises AssayError `bad-value` when the share is outside (0, 1).
    """
    checked_fraction(fraction)
    dataset = with_places(dataset)
    train, near = with_near_copies(dataset.train, near_pairs, fraction)
    found = hold_out(train, fraction, seed)
    taken = {"train": found.train, "test": found.validation}
    splits = {**dataset.splits, **{k: _selected(train, rows, k, scratch) for k, rows in taken.items()}}
    groups = ", groups" if "group" in train.columns else ""
    rule = f"test: {fraction:g}{DRAWN}{seed}, stratified; copies{groups}{near}"
    in_order = {name: splits[name] for name in ordered_splits(splits)}
    return replace(dataset, splits=in_order, notes=(*dataset.notes, rule), fingerprints={})


def _selected(split: Split, rows: NDArray[np.int64], name: str, scratch: Path | None) -> Split:
    return Split(
        images_of(split, rows) if scratch is None else _written(split, rows, scratch / f"{name}.selected"),
        split.labels[rows],
        tuple(split.ids[row] for row in rows),
        split.digests[rows],
        _columns(split.columns, rows),
        split.resize,
        None if split.original_stats is None else split.original_stats[rows],
        None if split.together is None else split.together[rows],
        split.deep,
        None if split.places is None else split.places[rows],
    )


def _written(split: Split, rows: NDArray[np.int64], path: Path) -> NDArray[np.uint8]:
    """The images of some rows, in a file: they may be more than memory holds."""
    with durable.open_scratch(path, len(rows) * int(np.prod(split.shape))) as file:
        for block in split.blocks(rows):
            file.write(np.ascontiguousarray(block).data)
    return file_images(path, (len(rows), *split.shape), split.digests[rows])


def _columns(columns: Mapping[str, Column], rows: Sequence[int] | NDArray[np.int64]) -> dict[str, Column]:
    return {
        name: values[rows] if isinstance(values, np.ndarray) else tuple(values[row] for row in rows)
        for name, values in columns.items()
    }
