"""From images to probabilities."""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from assay.core.errors import AssayError
from assay.data.preprocessing import Preprocessing
from assay.learning.machine import choose_threads, memory_errors, threads
from assay.learning.network import filled_network
from assay.learning.recipes import Recipe
from assay.learning.values import Model

_LARGEST_BATCH: Final = 128
_BATCH_VALUES: Final = 1 << 20


def predict_proba(
    model: Model, images: NDArray[np.uint8] | Iterable[NDArray[np.uint8]]
) -> NDArray[np.float64]:
    """Probability of each class for each image: float64 `(n, k)`, each row summing to 1.

    images: uint8 `(n, h, w, c)` of the model's input shape, or blocks of such images. The net always computes
    batches of one size, the last one filled up, so that an image's row does not depend on its company.
    Raises AssayError `shape-mismatch` for images of another shape or type, `out-of-memory`.
    """
    blocks = [images] if isinstance(images, np.ndarray) else images
    shape, count = model.preprocessing.shape, len(model.classes)
    network = filled_network(Recipe(**model.recipe), shape, count, model.weights)
    wanted = choose_threads(model.layers.multiply_adds, prediction_batch(model.preprocessing))
    with threads(wanted), memory_errors("Predict fewer images at a time, or on a machine with more memory."):
        logits = list(logit_blocks(network, model.preprocessing, blocks, torch.device("cpu")))
    return softmax(np.concatenate([np.empty((0, count), np.float32), *logits]))


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities float64 `(n, k)` from logits `(n, k)`, computed in float64 without overflow."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True, initial=-np.inf)
    exponentials = np.exp(shifted)
    probabilities: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities


def prediction_batch(preprocessing: Preprocessing) -> int:
    """How many images the net computes at a time: fewer of large ones, always the same for one shape."""
    height, width, channels = preprocessing.shape
    return max(1, min(_LARGEST_BATCH, _BATCH_VALUES // (height * width * channels)))


def logit_blocks(
    network: nn.Module,
    preprocessing: Preprocessing,
    blocks: Iterable[NDArray[np.uint8]],
    device: torch.device,
) -> Iterator[NDArray[np.float32]]:
    """The net's logits, float32 `(b, k)`, for blocks of images uint8 `(b, h, w, c)`. Puts it in eval mode."""
    size = prediction_batch(preprocessing)
    network.eval()
    for block in blocks:
        _check_images(block, preprocessing)
        for start in range(0, len(block), size):
            batch = block[start : start + size]
            inputs = to_tensor(preprocessing.normalize(_filled_up(batch, size)), device)
            with torch.inference_mode():
                yield network(inputs)[: len(batch)].cpu().numpy()


def to_tensor(normalized: NDArray[np.float32], device: torch.device) -> torch.Tensor:
    """The array as a tensor in memory of torch's own.

    NumPy aligns memory less strictly, and some matrix kernels round by the alignment of what they are given.
    """
    return torch.from_numpy(normalized).to(device, copy=True)


def _filled_up(batch: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    if len(batch) == size:
        return batch
    filled = np.zeros((size, *batch.shape[1:]), np.uint8)
    filled[: len(batch)] = batch
    return filled


def _check_images(images: NDArray[np.uint8], preprocessing: Preprocessing) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != preprocessing.shape:
        wanted = " x ".join(map(str, preprocessing.shape))
        raise AssayError(
            "shape-mismatch",
            "images",
            f"{images.dtype} of shape {images.shape} given, uint8 (n, height, width, channels) wanted",
            f"Give images of {wanted}, as the model was trained on.",
        )
