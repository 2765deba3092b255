"""The inputs of a net's last linear layer."""

from collections.abc import Iterable, Iterator
from threading import local

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from assay.training.device import memory_errors
from assay.training.inference.blend import of_net
from assay.training.inference.net import over_batches
from assay.training.model.values import ModelData
from assay.training.nets.network import filled_network
from assay.training.recipes import net_recipe


def last_inputs(
    model: ModelData, blocks: Iterable[NDArray[np.uint8]]
) -> tuple[str, Iterator[NDArray[np.float32]]]:
    """The name of the net's last linear layer, and what it is given: float32 `(b, f)` for each batch."""
    shape, count = model.preprocessing.shape, len(model.classes)
    network = filled_network(net_recipe(model.recipe), shape, count, of_net(model.weights))
    name = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear)][-1]
    return name, _inputs(model, network, network.get_submodule(name), blocks)


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
            yield from over_batches(inputs_of, model.preprocessing, blocks, torch.device("cpu"))
    finally:
        hook.remove()
