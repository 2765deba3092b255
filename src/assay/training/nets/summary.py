"""The model table: what each layer is, gives, holds, costs and does."""

from collections.abc import Callable
from math import prod

import torch
from torch import nn

from assay.core.arrays import Shape
from assay.training.layer_tables import FLOAT_BYTES, PURPOSES
from assay.training.model.values import LayerRow, ModelSummary
from assay.training.nets.ensemble import members
from assay.training.nets.finetuned import KINDS
from assay.training.nets.network import fitting_errors, unfilled_network
from assay.training.recipes import NetRecipe


def summarize(recipe: NetRecipe, input_shape: Shape, class_count: int) -> ModelSummary:
    """The table of the recipe's net for such images, found by sending an empty one through.

    Raises AssayError `bad-value` and `recipe-does-not-fit` (see `unfilled_network`).
    Multiply-adds are those of convolutions and linear layers for one image; all else is small beside them.
    """
    # For real and not on torch's "meta" device: the first product there loads 800 modules, for 2 seconds.
    network = unfilled_network(recipe, input_shape, class_count)
    with fitting_errors(recipe, input_shape):
        rows = [*_rows(network, input_shape, class_count), _softmax_row(class_count)]
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in network.parameters()]
    parameters = sum(size for size, _ in sizes)
    return ModelSummary(
        layers=tuple(rows),
        parameters=parameters,
        trainable_parameters=sum(size for size, trainable in sizes if trainable),
        multiply_adds=sum(row.multiply_adds for row in rows),
        bytes=parameters * FLOAT_BYTES,
    )


def _rows(network: nn.Module, input_shape: Shape, class_count: int) -> list[LayerRow]:
    """The layers of a net; of an ensemble those of its first, and one row for all others."""
    first, *others = members(network)
    rows = _layer_rows(first, input_shape)
    if others:
        parameters = sum(row.parameters for row in rows) * len(others)
        multiply_adds = sum(row.multiply_adds for row in rows) * len(others)
        shape, purpose = (None, class_count), PURPOSES["Ensemble"]
        rows.append(LayerRow("others", "Ensemble", shape, parameters, multiply_adds, purpose))
    return rows


def _layer_rows(network: nn.Module, input_shape: Shape) -> list[LayerRow]:
    """One row per layer without layers inside, in the order in which an image passes them."""
    rows: list[LayerRow] = []
    leaves = [(name, layer) for name, layer in network.named_modules() if not list(layer.children())]
    hooks = [layer.register_forward_hook(_recorder(name, rows)) for name, layer in leaves]
    with torch.no_grad():
        network.eval()(torch.zeros(1, *input_shape))
    for hook in hooks:
        hook.remove()
    return rows


def _recorder(name: str, rows: list[LayerRow]) -> Callable[[nn.Module, object, torch.Tensor], None]:
    def record(layer: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        kind = KINDS.get(type(layer), type(layer).__name__)
        parameters = sum(parameter.numel() for parameter in layer.parameters())
        output = _first_tensor(output)
        shape = (None, *output.shape[1:])
        rows.append(
            LayerRow(name, kind, shape, parameters, _multiply_adds(layer, output), PURPOSES.get(kind, ""))
        )

    return record


def _first_tensor(output: object) -> torch.Tensor:
    """A layer's output; of several, as recurrent layers and attention give, the first."""
    while isinstance(output, list | tuple) and output:
        output = output[0]
    return output if isinstance(output, torch.Tensor) else torch.empty(1, 0)


def _multiply_adds(layer: nn.Module, output: torch.Tensor) -> int:
    if isinstance(layer, nn.Linear):
        return layer.in_features * prod(output.shape[1:])
    if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        return prod(output.shape[1:]) * layer.in_channels // layer.groups * prod(layer.kernel_size)
    return int(getattr(layer, "multiply_adds", 0))


def _softmax_row(class_count: int) -> LayerRow:
    """The last step of every prediction; in training it is part of the loss."""
    return LayerRow("probabilities", "Softmax", (None, class_count), 0, 0, PURPOSES["Softmax"])
