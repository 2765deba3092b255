"""From images to probabilities."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from assay.data.preprocessing import Preprocessing
from assay.learning.batching import equal_batches, prediction_batch
from assay.learning.machine import choose_threads, memory_errors, threads
from assay.learning.network import filled_network
from assay.learning.recipes import net_recipe
from assay.learning.values import Model


def predict_proba(model: Model, blocks: Iterable[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """A net's probabilities float64 `(n, k)` (see `Model.predict_proba`)."""
    shape, count = model.preprocessing.shape, len(model.classes)
    recipe = net_recipe(model.recipe)
    network = filled_network(recipe, shape, count, model.weights)
    wanted = choose_threads(model.layers.multiply_adds, prediction_batch(model.preprocessing))
    with threads(wanted), memory_errors("Predict fewer images at a time, or on a machine with more memory."):
        cpu, mirrored = torch.device("cpu"), recipe.mirror_averaging
        logits = list(logit_blocks(network, model.preprocessing, blocks, cpu, mirrored))
    return softmax(np.concatenate([np.empty((0, count), np.float32), *logits]))


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities float64 `(n, k)` from logits `(n, k)`, computed in float64 without overflow."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True, initial=-np.inf)
    exponentials = np.exp(shifted)
    probabilities: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities


def logit_blocks(
    network: nn.Module,
    preprocessing: Preprocessing,
    blocks: Iterable[NDArray[np.uint8]],
    device: torch.device,
    mirrored: bool = False,
) -> Iterator[NDArray[np.float32]]:
    """The net's logits, float32 `(b, k)`, for blocks of images uint8 `(b, h, w, c)`. Puts it in eval mode.

    mirrored: the mean of the logits of each image and of its mirror image.
    """
    network.eval()
    for batch, count in equal_batches(blocks, preprocessing):
        inputs = to_tensor(preprocessing.normalize(batch), device)
        with torch.inference_mode():
            logits = network(inputs)
            if mirrored:
                logits = (logits + network(inputs.flip(2))) / 2
            yield logits[:count].cpu().numpy()


def to_tensor(normalized: NDArray[np.float32], device: torch.device) -> torch.Tensor:
    """The array as a tensor in memory of torch's own.

    NumPy aligns memory less strictly, and some matrix kernels round by the alignment of what they are given.
    """
    return torch.from_numpy(normalized).to(device, copy=True)
