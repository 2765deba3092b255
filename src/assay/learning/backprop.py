"""Gradients of a net, layer by layer: what autograd computes, without its bookkeeping.

Beside the arithmetic of a small net, to record each operation and to walk the record backward costs half as
much again. Our nets are chains of a few kinds of layers, so the chain rule (Rumelhart, Hinton and Williams
1986) can be followed as it stands. Each rule calls the kernels that autograd calls, so the gradients are the
same bits.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn

from assay.learning.models.cnn import BatchNorm

#: The way back through a layer: from the gradient of its output, and whether that of its input is wanted, to
#: the gradient of its input and those of its parameters.
Back = Callable[[Any, bool], tuple[Tensor | None, tuple[Tensor, ...]]]

#: Torch's kernels by the names under which autograd calls them.
_KERNELS: Final[Any] = torch.ops.aten


def forward(network: nn.Module, images: Tensor) -> tuple[Tensor, Callable[[Tensor], list[Tensor]]]:
    """The logits `(n, k)` of a chain of layers in training, and the way back, which can be gone once.

    The way back takes the gradient of the logits and gives those of `network.parameters()`, in that order.
    Call both under `torch.no_grad`. Raises KeyError for a kind of layer that has no rule.
    """
    values, ways = images, list[Back]()
    for layer in network.children():
        if ways or next(layer.parameters(), None) is not None:
            values, back = RULES[type(layer)](layer, values)
            ways.append(back)
        else:  # nobody wants a gradient from below the first layer that learns
            values = layer(values)

    def backward(slope: Tensor) -> list[Tensor]:
        along: Tensor | None = slope
        gradients: list[Tensor] = []
        while ways:
            along, own = ways.pop()(along, bool(ways))
            gradients[:0] = own
        return gradients

    return values, backward


def _flatten(_: nn.Flatten, inputs: Tensor) -> tuple[Tensor, Back]:
    return inputs.flatten(1), lambda slope, wanted: (slope.reshape(inputs.shape) if wanted else None, ())


def _relu(layer: nn.ReLU, inputs: Tensor) -> tuple[Tensor, Back]:
    outputs = torch.relu_(inputs) if layer.inplace else torch.relu(inputs)
    return outputs, lambda slope, _: (_KERNELS.threshold_backward.default(slope, outputs, 0), ())


def _linear(layer: nn.Linear, inputs: Tensor) -> tuple[Tensor, Back]:
    weight, bias = layer.weight, layer.bias

    def back(slope: Tensor, wanted: bool) -> tuple[Tensor | None, tuple[Tensor, ...]]:
        own = torch.mm(slope.t(), inputs)
        below = torch.mm(slope, weight) if wanted else None
        return below, (own,) if bias is None else (own, slope.sum(0))

    return nn.functional.linear(inputs, weight, bias), back


def _convolution(layer: nn.Conv2d, inputs: Tensor) -> tuple[Tensor, Back]:
    weight = layer.weight
    how = {
        "stride": layer.stride,
        "padding": layer.padding,
        "dilation": layer.dilation,
        "groups": layer.groups,
    }
    more: dict[str, Any] = {"bias_sizes": None, "transposed": False, "output_padding": (0, 0), **how}

    def back(slope: Tensor, wanted: bool) -> tuple[Tensor | None, tuple[Tensor, ...]]:
        kernel, mask = _KERNELS.convolution_backward.default, (wanted, True, False)
        below, own, _ = kernel(slope, inputs, weight, output_mask=mask, **more)
        return below, (own,)

    return layer(inputs), back


def _max_pool(layer: nn.MaxPool2d, inputs: Tensor) -> tuple[Tensor, Back]:
    how = {"kernel_size": layer.kernel_size, "stride": layer.stride}
    more: dict[str, Any] = {
        "padding": layer.padding,
        "dilation": layer.dilation,
        "ceil_mode": layer.ceil_mode,
    }
    outputs, places = _KERNELS.max_pool2d_with_indices.default(inputs, **how, **more)

    def back(slope: Tensor, _: bool) -> tuple[Tensor, tuple[()]]:
        kernel = _KERNELS.max_pool2d_with_indices_backward.default
        return kernel(slope, inputs, indices=places, **how, **more), ()

    return outputs, back


def _batch_norm(layer: BatchNorm, inputs: Tensor) -> tuple[Tensor, Back]:
    learning = layer.learns_from(inputs)
    if learning and layer.num_batches_tracked is not None:
        layer.num_batches_tracked.add_(1)
    running = (layer.running_mean, layer.running_var)
    outputs, *statistics = _KERNELS.native_batch_norm.default(
        inputs, layer.weight, layer.bias, *running, learning, layer.momentum, layer.eps
    )

    def back(slope: Tensor, wanted: bool) -> tuple[Tensor | None, tuple[Tensor, ...]]:
        kernel, mask = _KERNELS.native_batch_norm_backward.default, (wanted, True, True)
        below, *own = kernel(slope, inputs, layer.weight, *running, *statistics, learning, layer.eps, mask)
        return below, tuple(own)

    return outputs, back


#: Each kind of layer that a net may have, and its rule.
RULES: Final[Mapping[type[nn.Module], Callable[[Any, Tensor], tuple[Tensor, Back]]]] = {
    nn.Flatten: _flatten,
    nn.Linear: _linear,
    nn.ReLU: _relu,
    nn.Conv2d: _convolution,
    nn.MaxPool2d: _max_pool,
    BatchNorm: _batch_norm,
}
