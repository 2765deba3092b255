"""Figures of images, joined from shares, are to the bit those of one process."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from assay.audits.measures.row_tables import _TABLES_OF, join_rows, measure_rows, wanted_tables
from assay.audits.registry import CHECKS
from assay.data import stored_rows
from assay.data.piece import STEP
from assay.data.stored_rows import kept_in_scratch
from assay.data.values import Split

NAMES = ("features", "stats", "texture", "sizes")


def split_of(images: np.ndarray) -> Split:
    return Split.from_arrays(images, np.zeros(len(images), np.int64), [str(i) for i in range(len(images))])


def rows_of(split: Split, start: int, stop: int) -> Split:
    return split_of(np.concatenate([*split.blocks(np.arange(start, stop)), np.zeros((0, 9, 9, 3), np.uint8)]))


@pytest.fixture(scope="module")
def split() -> Split:
    shape = (2 * STEP + 5, 9, 9, 3)
    return split_of(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))


@pytest.mark.parametrize(
    ("cuts", "again"),
    [
        ((0, 2 * STEP + 5), 0),
        ((0, STEP, 2 * STEP, 2 * STEP + 5), 0),
        ((0, 0, STEP, STEP, 2 * STEP + 5, 2 * STEP + 5), 0),
        ((0, STEP - 1, 2 * STEP + 5), 2 * STEP + 5),  # an image of the first share was left out
        ((0, STEP, 2 * STEP - 3, 2 * STEP + 5), STEP + 5),
        ((0, 3, 2 * STEP + 5), 2 * STEP + 5),
    ],
)
@pytest.mark.parametrize("limit", [0, 1 << 28])
def test_joined_tables_are_those_of_the_whole(
    split: Split,
    cuts: tuple[int, ...],
    again: int,
    limit: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Where images were left out, blocks move: what comes after is measured again, and no more than that.

    Also where features are kept in files, for they do not fit into memory."""
    monkeypatch.setattr(stored_rows, "IN_MEMORY", limit)
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path))
    whole = measure_rows(split, NAMES).present()
    bounds = list(pairwise(cuts))
    parts = [measure_rows(rows_of(split, a, b), NAMES) for a, b in bounds]
    if not limit:
        kept = [kept_in_scratch([p.features], p.features.shape, np.float32) for p in parts]
        parts = [replace(part, features=rows) for part, rows in zip(parts, kept, strict=True)]
    joined, count = join_rows(split, parts, [b - a for a, b in bounds])
    assert count == again
    for name in NAMES:
        assert np.array_equal(np.asarray(joined.present()[name]), whole[name], equal_nan=True), name
    assert isinstance(joined.features, np.ndarray if limit else stored_rows.StoredRows)


def test_tables_are_measured_for_the_checks_that_want_them(split: Split) -> None:
    """Features only where nobody brings them; sizes of files only where files have sizes."""
    assert set(_TABLES_OF) <= set(CHECKS)
    assert wanted_tables(split, ["identity"], own_features=False) == []
    assert wanted_tables(split, ["drift"], own_features=False) == ["features", "stats"]
    assert wanted_tables(split, ["drift"], own_features=True) == ["stats"]
    files = Split(split.images, split.labels, split.ids, split.digests, {"bytes": np.arange(len(split)) + 1})
    assert wanted_tables(files, list(CHECKS), own_features=False) == list(NAMES)
