"""Products of a step: right to float32's rounding whoever computes them; the size decides who does."""

import platform
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from assay.training.optim import matrix_products as products

#: Below, at and beyond the size from which on oneDNN is asked: rows, inputs, outputs. With 1 row, and odd.
SHAPES = [(32, 128, 10), (1, 784, 128), (32, 256, 127), (32, 256, 128), (32, 784, 128), (33, 1571, 129)]


def given(shape: tuple[int, int, int]) -> tuple[Tensor, Tensor, Tensor]:
    rows, inputs, outputs = shape
    generator = torch.Generator().manual_seed(rows * inputs)
    of = [(rows, inputs), (outputs, inputs), (outputs,)]
    values, weight, bias = (torch.randn(size, generator=generator) for size in of)
    return values, weight, bias


def is_large(shape: tuple[int, int, int]) -> bool:
    return shape[0] * shape[1] * shape[2] >= products.LARGE


def bound(a: Tensor, b: Tensor) -> Tensor:
    """What float32 sums of so many terms may be off (Higham 2002, section 3.5), whatever their order."""
    return a.double().abs() @ b.double().abs() * (a.shape[1] + 2) * 2.0**-24


@pytest.mark.parametrize("shape", SHAPES)
def test_every_product_is_right(shape: tuple[int, int, int]) -> None:
    """Forward, by the weights and by the inputs, laid out as the backward pass has them."""
    values, weight, bias = given(shape)
    gradient = torch.randn(shape[0], shape[2])
    exact = values.double() @ weight.double().t() + bias.double()
    found = products.linear(values, weight, bias)
    assert found.dtype is torch.float32
    assert ((found - exact).abs() <= bound(values, weight.t()) + 2.0**-24 * exact.abs()).all()
    for a, b in ((gradient.t(), values), (gradient, weight), (values, weight.t())):
        found = products.matmul(a, b)
        assert found.shape == (a.shape[0], b.shape[1])
        assert ((found - a.double() @ b.double()).abs() <= bound(a, b)).all()


@pytest.mark.skipif(not products.has_onednn(), reason="this torch has no oneDNN for matrices")
@pytest.mark.parametrize("shape", SHAPES)
def test_the_size_decides_who_computes(shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[torch.Size] = []
    own: Callable[..., Tensor] = torch.ops.mkldnn._linear_pointwise.default

    def watched() -> Callable[..., Tensor]:
        def ask(a: Tensor, *others: object) -> Tensor:
            asked.append(a.shape)
            return own(a, *others)

        return ask

    monkeypatch.setattr(products, "_onednn", watched)
    monkeypatch.setattr(products, "by_onednn", lambda: True)
    values, weight, bias = given(shape)
    small = products.linear(values, weight, bias), products.matmul(values, weight.t())
    assert asked == [values.shape] * (2 if is_large(shape) else 0)
    if not asked:
        assert torch.equal(small[0], torch.nn.functional.linear(values, weight, bias))
        assert torch.equal(small[1], values @ weight.t())


@pytest.mark.skipif(not products.has_onednn(), reason="this torch has no oneDNN for matrices")
@pytest.mark.parametrize(
    ("vendor", "kind", "asked"),
    [
        ("AuthenticAMD", "x86_64", True),
        ("", "AMD64", True),
        ("GenuineIntel", "x86_64", False),
        ("", "aarch64", False),
    ],
)
def test_intel_keeps_its_own_library(
    vendor: str, kind: str, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On its processors MKL is faster at every size of a step; others than x86-64 were not measured."""
    monkeypatch.setattr(products, "processor_vendor", lambda: vendor)
    monkeypatch.setattr(platform, "machine", lambda: kind)
    assert products.by_onednn.__wrapped__() is asked


@pytest.mark.parametrize("shape", SHAPES)
def test_rounded_products_are_those_of_torch(shape: tuple[int, int, int]) -> None:
    """bfloat16 goes by oneDNN in torch itself."""
    values, weight, bias = (one.bfloat16() for one in given(shape))
    assert torch.equal(
        products.linear(values, weight, bias), torch.nn.functional.linear(values, weight, bias)
    )
    assert torch.equal(products.matmul(values, weight.t()), values @ weight.t())


def test_without_onednn_torch_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "by_onednn", lambda: False)
    values, weight, bias = given(SHAPES[-1])
    assert torch.equal(
        products.linear(values, weight, bias), torch.nn.functional.linear(values, weight, bias)
    )
