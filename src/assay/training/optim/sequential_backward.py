"""Gradients of a net, layer by layer: what autograd computes, without its bookkeeping.

Beside the arithmetic of a small net, autograd's recording costs half as much again. A net that is an
`nn.Sequential` of a few kinds of layers needs no record: the chain rule (Rumelhart, Hinton and Williams 1986)
is applied from the last layer to the first. Each rule calls the kernels that autograd calls, so the gradients
are the same bits, but for large matrix products in float32, which have kernels of their own (`products`).
`applies_to` says which nets these are; all others go by autograd.

In bfloat16 it is mixed precision as torch's autocast has it (Micikevicius et al. 2018): convolutions and
matrix products take their inputs and weights rounded, maps between layers stay rounded, and weights, their
gradients and the sums of batch norm are float32.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from assay.training.model.own_net import own_net_of
from assay.training.nets.cnn import BatchNorm
from assay.training.optim import matrix_products as products

#: The backward pass of a layer: from the gradient of its output, and whether that of its input is wanted, to
#: the gradient of its input and those of its parameters.
Back = Callable[[Any, bool], tuple[Tensor | None, tuple[Tensor, ...]]]

#: Torch's kernels by the names under which autograd calls them.
_KERNELS: Final[Any] = torch.ops.aten


def applies_to(network: nn.Module) -> bool:
    """Whether the net is a plain chain: an `nn.Sequential` itself, no subclass, whose layers all have a rule.

    Layers before the first with weights need none: no gradient is wanted there. A layer is looked up by its
    exact class and must be free of hooks, since both may compute something else. Not a chain is also one with
    a layer or a weight that stands in it twice, with frozen weights, or with a linear layer on anything but
    rows. A net of the user's own may be one: the hook that arranges its images is ours.
    """
    if type(network) is not nn.Sequential or _has_hooks(network, own_net_of(network) is not None):
        return False
    layers = list(network)
    weights = [weight for layer in layers for weight in layer.parameters()]
    if len({*map(id, layers)}) < len(layers) or len({*map(id, weights)}) < len(weights):
        return False
    if not all(map(_has_rule, layers[_first_that_learns(layers) :])):
        return False
    kinds = [type(layer) for layer in layers]
    return nn.Linear not in kinds or nn.Flatten in kinds[: kinds.index(nn.Linear)]


def _has_rule(layer: nn.Module) -> bool:
    learned = all(parameter.requires_grad for parameter in layer.parameters())
    fits = _FITS.get(type(layer))
    return type(layer) in RULES and learned and not _has_hooks(layer) and (fits is None or fits(layer))


def _has_hooks(layer: nn.Module, ours: int = 0) -> bool:
    """Whether there are hooks, or a forward pass of the layer's own; `ours`: how many of the hooks before the
    forward pass do not count."""
    others = len(layer._forward_pre_hooks) > ours or "forward" in vars(layer)
    return others or any((layer._forward_hooks, layer._backward_hooks, layer._backward_pre_hooks))


class Chain:
    """The layers of a net that `applies_to` accepts, each with its rule: looked up once, for all steps.

    precision: float32 or bfloat16, that of the products and of the logits. may_draw: whether a layer before
    the first with weights may draw random numbers; those with a rule draw none.
    """

    def __init__(self, network: nn.Module, precision: torch.dtype = torch.float32) -> None:
        layers = list(network.children())
        first = _first_that_learns(layers)
        own = own_net_of(network)
        self._before: list[Callable[[Tensor], Tensor]] = [own.arranged] if own else []
        self._before += layers[:first]
        self._precision = precision
        self.may_draw = not all(map(_has_rule, layers[:first]))
        self._rules = [(RULES[type(layer)], layer) for layer in layers[first:]]

    def forward(self, images: Tensor) -> tuple[Tensor, Callable[[Tensor], list[Tensor]]]:
        """The logits `(n, k)` in training, and the backward pass, which can be called once.

        The backward pass takes the gradient of the logits and gives those of `network.parameters()`, in that
        order and float32. Call both under `torch.no_grad`.
        """
        values, passes = images, list[Back]()
        for layer in self._before:  # no gradient is wanted from there
            values = layer(values)
        for rule, layer in self._rules:
            values, back = rule(layer, values, self._precision)
            passes.append(back)

        def backward(grad_output: Tensor) -> list[Tensor]:
            grad: Tensor | None = grad_output
            gradients: list[Tensor] = []
            while passes:
                grad, grad_params = passes.pop()(grad, bool(passes))
                gradients[:0] = grad_params
            return gradients

        return values, backward


def _first_that_learns(layers: Sequence[nn.Module]) -> int:
    return next((place for place, layer in enumerate(layers) if any(True for _ in layer.parameters())), 0)


def _to(values: Tensor, precision: torch.dtype) -> Tensor:
    """The values in a precision. To ask torch to change nothing takes as long as to add up a small tensor."""
    return values if values.dtype is precision else values.to(precision)


def _flatten(_: nn.Flatten, inputs: Tensor, __: torch.dtype) -> tuple[Tensor, Back]:
    return inputs.flatten(1), lambda grad_output, wanted: (
        grad_output.reshape(inputs.shape) if wanted else None,
        (),
    )


def _relu(layer: nn.ReLU, inputs: Tensor, _: torch.dtype) -> tuple[Tensor, Back]:
    outputs = torch.relu_(inputs) if layer.inplace else torch.relu(inputs)

    def back(grad_output: Tensor, wanted: bool) -> tuple[Tensor, tuple[()]]:  # noqa: ARG001  always wanted
        return _KERNELS.threshold_backward.default(grad_output, outputs, 0), ()

    return outputs, back


def _linear(layer: nn.Linear, inputs: Tensor, precision: torch.dtype) -> tuple[Tensor, Back]:
    inputs, weight = _to(inputs, precision), _to(layer.weight, precision)
    own: Tensor | None = layer.bias
    bias = None if own is None else _to(own, precision)

    def back(grad_output: Tensor, wanted: bool) -> tuple[Tensor | None, tuple[Tensor, ...]]:
        grad_output = _to(grad_output, precision)
        grad_params = _to(products.matmul(grad_output.t(), inputs), torch.float32)
        grad_input = products.matmul(grad_output, weight) if wanted else None
        if bias is None:
            return grad_input, (grad_params,)
        return grad_input, (grad_params, _to(grad_output.sum(0), torch.float32))

    return products.linear(inputs, weight, bias), back


def _convolution(layer: nn.Conv2d, inputs: Tensor, precision: torch.dtype) -> tuple[Tensor, Back]:
    inputs, weight = _to(inputs, precision), _to(layer.weight, precision)
    how: dict[str, Any] = {
        "stride": layer.stride,
        "padding": layer.padding,
        "dilation": layer.dilation,
        "groups": layer.groups,
    }
    own: Tensor | None = layer.bias
    bias, sizes = (None, None) if own is None else (_to(own, precision), list(own.shape))
    more = {"bias_sizes": sizes, "transposed": False, "output_padding": (0, 0), **how}

    def back(grad_output: Tensor, wanted: bool) -> tuple[Tensor | None, tuple[Tensor, ...]]:
        kernel, mask = _KERNELS.convolution_backward.default, (wanted, True, bias is not None)
        grad_input, *grad_params = kernel(grad_output, inputs, weight, output_mask=mask, **more)
        return grad_input, tuple(_to(grad, torch.float32) for grad in grad_params if grad is not None)

    return nn.functional.conv2d(inputs, weight, bias, **how), back


def _max_pool(layer: nn.MaxPool2d, inputs: Tensor, _: torch.dtype) -> tuple[Tensor, Back]:
    how = {"kernel_size": layer.kernel_size, "stride": layer.stride}
    more: dict[str, Any] = {
        "padding": layer.padding,
        "dilation": layer.dilation,
        "ceil_mode": layer.ceil_mode,
    }
    outputs, places = _KERNELS.max_pool2d_with_indices.default(inputs, **how, **more)

    def back(grad_output: Tensor, wanted: bool) -> tuple[Tensor, tuple[()]]:  # noqa: ARG001  always wanted
        kernel = _KERNELS.max_pool2d_with_indices_backward.default
        return kernel(grad_output, inputs, indices=places, **how, **more), ()

    return outputs, back


def _batch_norm(layer: Any, inputs: Tensor, _: torch.dtype) -> tuple[Tensor, Back]:
    learning = layer.learns_from(inputs) if isinstance(layer, BatchNorm) else True
    if learning and inputs.numel() == layer.num_features:  # torch's own layer refuses it in these words
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {inputs.shape}"
        )
    if learning and layer.num_batches_tracked is not None:
        layer.num_batches_tracked.add_(1)
    running = (layer.running_mean, layer.running_var)
    outputs, *statistics = _KERNELS.native_batch_norm.default(
        inputs, layer.weight, layer.bias, *running, learning, layer.momentum, layer.eps
    )

    def back(grad_output: Tensor, wanted: bool) -> tuple[Tensor | None, tuple[Tensor, ...]]:
        kernel, mask = _KERNELS.native_batch_norm_backward.default, (wanted, True, True)
        grad_input, *grad_params = kernel(
            grad_output, inputs, layer.weight, *running, *statistics, learning, layer.eps, mask
        )
        return grad_input, tuple(grad_params)

    return outputs, back


#: Each kind of layer that a net may have, and its rule.
RULES: Final[Mapping[type[nn.Module], Callable[[Any, Tensor, torch.dtype], tuple[Tensor, Back]]]] = {
    nn.Flatten: _flatten,
    nn.Linear: _linear,
    nn.ReLU: _relu,
    nn.Conv2d: _convolution,
    nn.MaxPool2d: _max_pool,
    BatchNorm: _batch_norm,
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
}


def _fits_batch_norm(layer: Any) -> bool:
    return layer.affine and layer.track_running_stats and layer.momentum is not None


#: What of a layer its rule does not cover sends the whole net to autograd.
_FITS: Final[Mapping[type[nn.Module], Callable[[Any], bool]]] = {
    nn.Flatten: lambda layer: (layer.start_dim, layer.end_dim) == (1, -1),
    nn.Conv2d: lambda layer: layer.padding_mode == "zeros" and not isinstance(layer.padding, str),
    nn.MaxPool2d: lambda layer: not layer.return_indices,
    BatchNorm: _fits_batch_norm,
    nn.BatchNorm1d: _fits_batch_norm,
    nn.BatchNorm2d: _fits_batch_norm,
}
