"""The inputs of a net's last linear layer."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from assay.learning.batching import prediction_batch
from assay.learning.machine import choose_threads, memory_errors, threads
from assay.learning.network import filled_network
from assay.learning.predict import logit_blocks
from assay.learning.recipes import net_recipe
from assay.learning.values import Model


def last_inputs(
    model: Model, blocks: Iterable[NDArray[np.uint8]]
) -> tuple[str, Iterator[NDArray[np.float32]]]:
    """The name of the net's last linear layer, and what it is given: float32 `(b, f)` for each batch."""
    shape, count = model.preprocessing.shape, len(model.classes)
    network = filled_network(net_recipe(model.recipe), shape, count, model.weights)
    name = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear)][-1]
    return name, _inputs(model, network, network.get_submodule(name), blocks)


def _inputs(
    model: Model, network: nn.Module, layer: nn.Module, blocks: Iterable[NDArray[np.uint8]]
) -> Iterator[NDArray[np.float32]]:
    seen: list[torch.Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    wanted = choose_threads(model.layers.multiply_adds, prediction_batch(model.preprocessing))
    try:
        with threads(wanted), memory_errors("Judge fewer images, or on a machine with more memory."):
            for logits in logit_blocks(network, model.preprocessing, blocks, torch.device("cpu")):
                # The last batch of a block is filled up with empty images: only as many as were answered.
                # The first call counts, where a net is asked more than once of one batch.
                yield seen[0][: len(logits)].reshape(len(logits), -1).numpy()
                seen.clear()
    finally:
        hook.remove()
