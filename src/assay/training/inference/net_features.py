"""Penultimate-layer features: the inputs of a net's last linear layer."""

from collections.abc import Callable, Iterable, Iterator
from threading import local

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from assay.core.arrays import Shape
from assay.training.device import memory_errors
from assay.training.inference.blend import of_net
from assay.training.inference.net import over_batches
from assay.training.model.values import ModelData
from assay.training.nets.finetuned import largest_batch
from assay.training.nets.network import filled_network
from assay.training.recipes import NetRecipe


def last_inputs(
    model: ModelData, recipe: NetRecipe, blocks: Iterable[NDArray[np.uint8]]
) -> tuple[str, Iterator[NDArray[np.float32]]] | None:
    """The name of the net's last linear layer, and what it is given: float32 `(b, f)` for each batch.

    None where the net has none: one of the user's own may end otherwise.
    """
    shape, count = model.preprocessing.shape, len(model.classes)
    network = filled_network(recipe, shape, count, of_net(model.weights))
    name = _last_linear(network, shape, own=model.own_net is not None)
    return None if name is None else (name, _inputs(model, network, network.get_submodule(name), blocks))


def _last_linear(network: nn.Module, shape: Shape, *, own: bool) -> str | None:
    found = network.named_modules()
    layers: dict[str, nn.Linear] = {name: layer for name, layer in found if isinstance(layer, nn.Linear)}
    if not own:
        return [*layers][-1]
    # A user's net need not ask its layers in the order in which it names them, nor each once and on rows.
    asked = list[str]()
    rows = dict[str, bool]()

    def note(name: str, given: torch.Tensor) -> None:
        rows[name] = name not in asked and given.ndim == 2
        asked.append(name)

    hooks = [layer.register_forward_pre_hook(_noting(note, name)) for name, layer in layers.items()]
    with torch.inference_mode():
        network(torch.zeros(1, *shape))
    for hook in hooks:
        hook.remove()
    plain = [name for name in asked if name and rows[name] and _is_plain(layers[name])]
    return plain[-1] if plain else None


def _noting(note: Callable[[str, torch.Tensor], None], name: str) -> Callable[..., None]:
    return lambda _, given: note(name, given[0])


def _is_plain(layer: nn.Linear) -> bool:
    """Whether its weight stands in the model under its own name, one row per output."""
    weight: torch.Tensor = layer.state_dict().get("weight", torch.empty(0))
    return tuple(weight.shape[1:]) == (layer.in_features,)


def _inputs(
    model: ModelData, network: nn.Module, layer: nn.Module, blocks: Iterable[NDArray[np.uint8]]
) -> Iterator[NDArray[np.float32]]:
    seen = local()  # batches are computed on several threads

    def inputs_of(images: torch.Tensor) -> torch.Tensor:
        network(images)
        found: torch.Tensor = seen.inputs
        return found.reshape(len(images), -1)

    hook = layer.register_forward_pre_hook(lambda _, inputs: setattr(seen, "inputs", inputs[0]))
    try:
        with memory_errors("Judge fewer images, or on a machine with more memory."):
            # A user's net may keep values on itself: it is asked by one thread.
            at_a_time = 1 if model.own_net else None
            cpu, largest = torch.device("cpu"), largest_batch(network)
            yield from over_batches(inputs_of, model.preprocessing, blocks, cpu, at_a_time, largest)
    finally:
        hook.remove()
