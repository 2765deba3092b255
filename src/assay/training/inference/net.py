"""Forward passes of a net in evaluation mode: logits and probabilities of blocks of images."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from assay.core.machine import thread_count
from assay.data.preprocessing import Preprocessing
from assay.estimators.softmax import softmax
from assay.training.device import memory_errors, side_by_side
from assay.training.inference.batching import equal_batches
from assay.training.inference.blend import of_net
from assay.training.model.values import ModelData
from assay.training.nets.finetuned import largest_batch
from assay.training.nets.network import filled_network, for_threads
from assay.training.nets.own_net import errors_of_own
from assay.training.recipes import net_recipe


def predict_proba(model: ModelData, blocks: Iterable[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """The probabilities of a model's net, float64 `(n, k)` (see `Model.predict_proba`)."""
    return softmax(logits_of(model, blocks))


def logits_of(model: ModelData, blocks: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """The logits of a model's net, float32 `(n, k)`."""
    shape, count = model.preprocessing.shape, len(model.classes)
    recipe = net_recipe(model.recipe, model.own_net)
    network = filled_network(recipe, shape, count, of_net(model.weights))
    with memory_errors("Predict fewer images at a time, or on a machine with more memory."):
        cpu, mirrored = torch.device("cpu"), recipe.mirror_averaging
        logits = list(logit_blocks(network, model.preprocessing, blocks, cpu, mirrored))
    return np.concatenate([np.empty((0, count), np.float32), *logits])


def logit_blocks(
    network: nn.Module,
    preprocessing: Preprocessing,
    blocks: Iterable[NDArray[np.uint8]],
    device: torch.device,
    mirrored: bool = False,
    at_a_time: int | None = None,
) -> Iterator[NDArray[np.float32]]:
    """The net's logits, float32 `(b, k)`, for blocks of images uint8 `(b, h, w, c)`. Puts it in eval mode.

    mirrored: the mean of the logits of each image and of its mirror image. at_a_time: batches computed side
    by side, each by one thread, so that the answers do not depend on it; None takes what there is.
    """

    def answer(inputs: torch.Tensor) -> torch.Tensor:
        doing = f"a batch of {len(inputs):,} images does not go through it in evaluation mode"
        with errors_of_own(network, doing, "Correct the net."):
            logits: torch.Tensor = mine()(inputs)
            return (logits + mine()(inputs.flip(2))) / 2 if mirrored else logits

    mine = for_threads(network.eval())
    yield from over_batches(answer, preprocessing, blocks, device, at_a_time, largest_batch(network))


def over_batches(
    work: Callable[[torch.Tensor], torch.Tensor],
    preprocessing: Preprocessing,
    blocks: Iterable[NDArray[np.uint8]],
    device: torch.device,
    at_a_time: int | None = None,
    largest: int | None = None,
) -> Iterator[NDArray[np.float32]]:
    """What `work` makes of the images, normalized, in equal batches: float32, a row per image of the batch.

    Arguments as in `logit_blocks` and `equal_batches`. On a graphics card one batch comes after the other.
    """

    def one(batch: tuple[NDArray[np.uint8], int]) -> NDArray[np.float32]:
        images, count = batch
        with torch.inference_mode():
            answers = work(to_tensor(preprocessing.normalize(images), device))
            found: NDArray[np.float32] = answers[:count].cpu().numpy()
        return found

    count = (at_a_time or thread_count()) if device.type == "cpu" else 1
    with side_by_side(count) as for_each:
        yield from for_each(one, equal_batches(blocks, preprocessing, largest))


def to_tensor(normalized: NDArray[np.float32], device: torch.device) -> torch.Tensor:
    """The array as a tensor in memory of torch's own.

    NumPy aligns memory less strictly, and some matrix kernels round by the alignment of what they are given.
    """
    return torch.from_numpy(normalized).to(device, copy=True)
