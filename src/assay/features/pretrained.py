"""Features of a pretrained net: one vector per picture, whatever the picture's size."""

import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float32s
from assay.core.machine import thread_count
from assay.data.digests import image_digests
from assay.data.values import Split
from assay.features import backbones, efficientnet, fused_convolution
from assay.features.backbones import BACKBONES, DEFAULT, Backbone, read_tensors
from assay.features.efficientnet import layers
from assay.features.feature_cache import Kept
from assay.features.fused_convolution import OnePass

if TYPE_CHECKING:
    import torch

#: Pictures read at a time; each is computed alone, so that its features do not depend on its company.
_READ: Final = 64

#: No side of the net's input is shorter, however narrow the picture: the net halves it five times.
_SHORTEST: Final = 32

_LARGEST_FACTOR: Final = 4.0

Weights = Mapping[str, NDArray[np.float32]]

#: What `describe` had at hand last in this process, by `features_key`: a model that is fitted to it describes
#: the same pictures again when it is calibrated, evaluated and explained.
_AT_HAND: Final[dict[str, Kept]] = {}


def folded_weights(name: str = DEFAULT) -> Weights:
    """The weights of a backbone as it is computed. Raises AssayError as `backbones.read_tensors`."""
    return _folded(BACKBONES[name])


@lru_cache(maxsize=2)
def _folded(backbone: Backbone) -> Weights:
    return efficientnet.folded(read_tensors(backbone.name), backbone.name)


def describe(
    split: Split, rows: NDArray[np.int64] | None = None, name: str = DEFAULT, elsewhere: Kept | None = None
) -> Float32s:
    """The features of the images of `rows` (all when None): float32 `(n, dimension)`, in that order.

    Those of images that were described before come from the cache, or from `elsewhere` where the same net and
    torch made them (see `features_key`). Raises AssayError as `backbones.missing` and `read_tensors`.
    """
    problem = backbones.missing(name)
    if problem is not None:
        raise problem
    backbone = BACKBONES[name]
    wanted = np.arange(len(split)) if rows is None else rows
    kept = Kept.read(features_key(name), backbone.dimension).joined(elsewhere)
    unknown = wanted[~kept.known(split.digests[wanted])]
    if len(unknown):
        # An image that is there twice is described once.
        _, first = np.unique(split.digests[unknown], axis=0, return_index=True)
        unknown = unknown[np.sort(first)]
        found = list(described(folded_weights(name), split, unknown, name))
        kept = kept.added(split.digests[unknown], np.concatenate(found))
        kept.save()
    _AT_HAND[features_key(name)] = kept
    return kept.features(split.digests[wanted])


def features_key(name: str = DEFAULT) -> str:
    """What tells features apart that are not to be mixed: another text for other weights, another size, other
    layers looked at, and another torch, whose kernels may round differently."""
    backbone = BACKBONES[name]
    looked_at = tuple(layer.name for layer in layers(backbone.name) if layer.seen)
    seen = f"{backbone.safetensors_sha256} {backbone.side} {looked_at} {_LARGEST_FACTOR} root alone"
    seen += f" torch {version('torch')} one pass, smoothed only where made smaller"
    return f"{backbone.name}-{hashlib.sha256(seen.encode()).hexdigest()[:16]}"


def described(
    weights: Weights, split: Split, rows: NDArray[np.int64], name: str = DEFAULT
) -> Iterator[Float32s]:
    """The features of each block of images."""
    for block in split.blocks(rows, _READ):
        yield _computed(weights, block, name)


def describe_block(weights: Weights, images: NDArray[np.uint8], name: str = DEFAULT) -> Float32s:
    """The features of images uint8 `(n, h, w, c)` by folded weights: float32 `(n, dimension)`.

    Of pictures that `describe` had at hand they are not computed again where the weights are the same.
    """
    kept = _AT_HAND.get(features_key(name)) if _AT_HAND else None
    if kept is None or not _are_published(weights, name):
        return _computed(weights, images, name)
    digests = image_digests(images)
    known = kept.known(digests)
    found = np.empty((len(images), BACKBONES[name].dimension), np.float32)
    found[known] = kept.features(digests[known])
    found[~known] = _computed(weights, images[~known], name)
    return found


def _are_published(weights: Weights, name: str) -> bool:
    """Are these the weights of the backbone as it was published?"""
    published = folded_weights(name)
    return all(
        weights[part] is array or np.array_equal(weights[part], array) for part, array in published.items()
    )


def _computed(weights: Weights, images: NDArray[np.uint8], name: str) -> Float32s:
    """The features of images, each computed alone on one thread, so that it gets the same bits everywhere."""
    import torch

    tensors, backbone = _tensors(weights, name), BACKBONES[name]
    convolve = OnePass(tensors) if fused_convolution.available() else efficientnet.one_by_one(tensors)

    def alone(row: int) -> Float32s:
        return _features(convolve, images[row : row + 1], backbone)

    with ThreadPoolExecutor(thread_count(), "assay-features", torch.set_num_threads, (1,)) as pool:
        parts = list(pool.map(alone, range(len(images))))
    return np.concatenate([np.zeros((0, backbone.dimension), np.float32), *parts])


def _tensors(weights: Weights, name: str = DEFAULT) -> "dict[str, torch.Tensor]":
    """The weights as torch computes fastest with them; hardly any is copied."""
    import torch

    tensors = {part: torch.from_numpy(weights[part]) for part in efficientnet.weight_shapes(layers(name))}
    last = torch.channels_last
    return {n: t.contiguous(memory_format=last) if t.ndim == 4 else t for n, t in tensors.items()}


def _features(convolve: efficientnet.Convolve, images: NDArray[np.uint8], backbone: Backbone) -> Float32s:
    import torch

    with torch.inference_mode():
        given = torch.from_numpy(images.astype(np.float32)).permute(0, 3, 1, 2)
        size = input_size(images.shape[1], images.shape[2], backbone.side)
        given = brought_to(given, size)
        if given.shape[1] != 3:  # no picture as we know them: what it shows in gray
            given = given.mean(1, keepdim=True).expand(-1, 3, -1, -1)
        normalized = (given / 255).sub_(backbone.mean).div_(backbone.deviation)
        found: Float32s = efficientnet.forward(convolve, normalized, backbone.name).numpy()
    return found


def brought_to(images: "torch.Tensor", size: tuple[int, int]) -> "torch.Tensor":
    """Images float32 `(n, c, h, w)` in the net's size, interpolated bilinearly.

    Smoothed where they are made smaller; where they become larger there is nothing to smooth, and not to ask
    for it takes a third of the time.
    """
    from torch.nn.functional import interpolate

    height, width = images.shape[2:]
    if (height, width) == size:
        return images
    smaller = size[0] < height or size[1] < width
    return interpolate(images, size, mode="bilinear", antialias=smaller)


def input_size(height: int, width: int, side: int) -> tuple[int, int]:
    """Height and width of the net's input: the longer side is `side`, the other as the picture wants it.

    Nothing is put around the picture, so that no frame is described. No picture is enlarged more than
    fourfold, which would show nothing new, but for sides that would be under 32 pixels.
    """
    factor = min(side / max(height, width), _LARGEST_FACTOR)
    high, wide = (max(_SHORTEST, round(pixels * factor)) for pixels in (height, width))
    return high, wide
