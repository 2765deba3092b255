"""In which precision a device computes, and what that leaves as it is."""

from typing import Literal

import numpy as np
import pytest
import torch

from assay.data.splitting.stratified import HoldOut
from assay.data.values import Split
from assay.training.device import mixed_precision, precision_on
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.loop.job import make_job
from assay.training.recipes import NetRecipe, read_recipe

CLASSES = ("left", "middle", "right")


@pytest.mark.parametrize(
    ("device", "native", "wanted", "precision"),
    [
        ("cpu", True, "auto", torch.float32),
        ("cpu", True, "float32", torch.float32),
        ("cpu", True, "bfloat16", torch.bfloat16),
        ("cpu", False, "bfloat16", torch.float32),
        ("cuda", False, "auto", torch.bfloat16),
        ("cuda", False, "bfloat16", torch.bfloat16),
        ("cuda", True, "float32", torch.float32),
        ("mps", True, "bfloat16", torch.float32),
    ],
)
def test_precision_on_each_device(
    device: str,
    native: bool,
    wanted: Literal["auto", "bfloat16", "float32"],
    precision: torch.dtype,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native)
    assert precision_on(torch.device(device), wanted) == precision


def test_mixed_precision_rounds_products_alone() -> None:
    one_and_a_bit = torch.tensor([[1 + 2**-10]])
    with mixed_precision(torch.device("cpu"), torch.bfloat16):
        assert (one_and_a_bit @ one_and_a_bit).dtype == torch.bfloat16
        assert (one_and_a_bit + one_and_a_bit).dtype == torch.float32
    with mixed_precision(torch.device("cpu"), torch.float32):
        assert (one_and_a_bit @ one_and_a_bit).item() > 1


def test_a_net_trained_in_bfloat16_is_kept_in_float32(
    split: Split, rows: HoldOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights are float32 and finite, other bits than without, and it learns; the job says what it did."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    recipe = read_recipe("cnn", {"epochs": 3, "batch_size": 16, "reference": 0.0, "precision": "bfloat16"})
    full = read_recipe("cnn", {"epochs": 3, "batch_size": 16, "reference": 0.0, "precision": "float32"})
    assert isinstance(recipe, NetRecipe)
    rounded, exact = (fit(FitRequest(split, rows, CLASSES, r)) for r in (recipe, full))
    assert all(
        weight.dtype == np.float32 and np.isfinite(weight).all() for weight in rounded.weights.values()
    )
    assert any(not np.array_equal(rounded.weights[name], exact.weights[name]) for name in exact.weights)
    for first, *_, last in (rounded.history.records, exact.history.records):
        assert last.train_accuracy > first.train_accuracy
    configurations = [make_job(FitRequest(split, rows, CLASSES, r)).configuration() for r in (recipe, full)]
    assert [c["precision"] for c in configurations] == ["bfloat16", "float32"]
