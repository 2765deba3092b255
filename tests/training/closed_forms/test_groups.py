"""The calibration of a closed form leaves whole groups out, and copies with their originals."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from assay.core.arrays import Rows
from assay.data.values import Split, numbered_ids
from assay.training.closed_forms import kernel_ridge
from assay.training.recipes import read_recipe

GROUPS, EACH = 40, 8


def coins(seed: int) -> tuple[Split, Rows]:
    """Eight noisy pictures of each of 40 patterns, labelled by a coin: nothing can be learned."""
    random = np.random.default_rng(seed)
    groups = np.repeat(np.arange(GROUPS), EACH)
    patterns = random.integers(40, 216, (GROUPS, 12, 12, 1))
    images = (patterns[groups] + random.normal(0, 6, (len(groups), 12, 12, 1))).clip(0, 255).astype(np.uint8)
    labels = random.permutation(np.arange(GROUPS) % 2)[groups].astype(np.int64)
    order = random.permutation(len(groups))
    split = Split.from_arrays(images[order], labels[order], numbered_ids("train", len(groups)))
    return split, groups[order]


def known(how: str) -> Split:
    """The split, which knows its groups in one of three ways, or in none."""
    split, groups = coins(0)
    if how == "column":
        return replace(split, columns={**split.columns, "group": groups.astype(str)})
    if how == "near copies":
        return replace(split, together=groups)
    if how == "exact copies":
        first = np.unique(groups, return_index=True)[1][groups]
        return Split.from_arrays(split.images[first], split.labels, split.ids)
    return split


def in_steps(split: Split) -> Mapping[str, np.ndarray]:
    options = {**read_recipe("reference").options, "fourier_features": 120}
    rows = np.arange(len(split))
    return kernel_ridge.fit_in_steps(split, rows, 2, 0, options, lambda: None)


def at_once(split: Split) -> Mapping[str, np.ndarray]:
    options = {**read_recipe("reference").options, "fourier_features": 120}
    return kernel_ridge.fit(split, np.arange(len(split)), 2, 0, options).weights


@pytest.mark.parametrize("fit", [in_steps, at_once])
@pytest.mark.parametrize("how", ["column", "near copies", "exact copies"])
def test_a_coin_for_each_group_gives_no_confidence(fit: object, how: str) -> None:
    """Other patterns are answered by half and half, not with the certainty of a picture known by heart.

    `in_steps` fits the reference that answers beside a net.
    """
    assert callable(fit)
    strangers = coins(1)[0].images
    found = kernel_ridge.probabilities(fit(known(how)), strangers).max(axis=1)
    assert found.mean() < 0.65


def test_what_no_group_tells_is_taken_for_knowledge() -> None:
    """The test above can fail: without groups the same pictures give certainty."""
    strangers = coins(1)[0].images
    assert kernel_ridge.probabilities(in_steps(known("nothing")), strangers).max(axis=1).mean() > 0.7


@pytest.mark.parametrize("size", [1, 3, 700, 30_000])
def test_groups_are_taken_whole(size: int) -> None:
    """Of many images some are left out, with their whole groups, and not many more than are asked for."""
    groups = np.random.default_rng(0).permutation(np.arange(60_000) // size)
    rows = kernel_ridge._whole_groups(groups)
    assert np.array_equal(rows, np.flatnonzero(np.isin(groups, groups[rows])))
    assert 0 < len(rows) <= max(2 * 8_192, size)


def test_single_images_are_spread_as_before() -> None:
    """Without groups the rows are those evenly spread: none is further from the next than two steps."""
    rows = kernel_ridge._whole_groups(np.arange(60_000))
    assert len(rows) == 8_192
    assert np.diff(rows).max() <= 2 * 60_000 / 8_192 + 1
