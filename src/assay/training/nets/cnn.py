"""Convolutional net: a pyramid of 3 x 3 convolutions, for images of any size and channels.

Two choices make it fast on processors. The pixels of each small square become channels first (Shi et al.
2016, read backwards), because a convolution of one channel over a large map leaves most of a core idle. And
the last layer weighs every place of a small map, which costs a fraction of another convolution.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.functional import batch_norm, pad

from assay.training.layer_tables import convolutions


def build(
    input_shape: tuple[int, int, int],
    class_count: int,
    *,
    channels: Sequence[int],
    pool_after: Sequence[int],
    hidden: int,
    unshuffle: int = 2,
    batch_norm_momentum: float = 0.1,
) -> nn.Module:
    """Convolutions of `channels`, each with batch norm and ReLU; then `hidden` units, one output per class.

    unshuffle: side of the squares whose pixels become channels. pool_after: the convolutions, from 1, after
    which the map is halved; a side of 1 stays. A first map of more than 20 pixels a side (an image of more
    than 20 times `unshuffle`) gets one more convolution of the first width, halved, in front for each
    doubling. batch_norm_momentum: weight of the newest batch in the running statistics.
    Raises ValueError where `pool_after` names a convolution that does not exist.
    """
    if not channels or not set(pool_after) <= set(range(1, len(channels) + 1)):
        raise ValueError(f"pool_after {list(pool_after)} does not fit {len(channels)} convolutions")
    height, width, depth = (-(-input_shape[0] // unshuffle), -(-input_shape[1] // unshuffle), input_shape[2])
    layers: OrderedDict[str, nn.Module] = OrderedDict(unshuffle=Unshuffle(unshuffle))
    depth *= unshuffle**2
    for number, (out, pooled) in enumerate(
        convolutions((height, width), tuple(channels), tuple(pool_after)), 1
    ):
        layers[f"conv{number}"] = nn.Conv2d(depth, out, 3, padding=1, bias=False)
        if pooled:
            step = (min(2, height), min(2, width))
            layers[f"pool{number}"] = nn.MaxPool2d(step)
            height, width = height // step[0], width // step[1]
        layers[f"norm{number}"] = BatchNorm(out, momentum=batch_norm_momentum)
        layers[f"relu{number}"] = nn.ReLU(inplace=True)
        depth = out
    layers["flatten"] = nn.Flatten()
    layers["hidden"] = nn.Linear(depth * height * width, hidden, bias=False)
    layers["norm"] = BatchNorm(hidden, momentum=batch_norm_momentum)
    layers["relu"] = nn.ReLU(inplace=True)
    layers["output"] = nn.Linear(hidden, class_count)
    return nn.Sequential(layers)


class Unshuffle(nn.Module):
    """`(n, h, w, c)` to `(n, c * f * f, h / f, w / f)`; zeros fill up squares that the image only begins.

    The result lies in memory channels last, as the convolutions want it, without another copy.
    """

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """float32 `(n, h, w, c)` in, `(n, c * f * f, ceil(h / f), ceil(w / f))` out."""
        f, (height, width) = self.factor, images.shape[1:3]
        if height % f or width % f:
            images = pad(images, (0, 0, 0, -width % f, 0, -height % f))
        n, height, width, depth = images.shape
        squares = images.reshape(n, height // f, f, width // f, f, depth).transpose(2, 3)
        return squares.reshape(n, height // f, width // f, f * f * depth).permute(0, 3, 1, 2)


class BatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch normalization (Ioffe and Szegedy 2015) of maps or rows.

    A single value per channel (the last image of an epoch left alone) has no deviation: it is normalized by
    the running statistics, as in prediction.
    """

    def _check_input_dim(self, inputs: torch.Tensor) -> None:
        """Any number of axes."""

    def learns_from(self, inputs: torch.Tensor) -> bool:
        """Are the inputs normalized by their own statistics, which then enter the running ones?"""
        return self.training and inputs.numel() != self.num_features

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Channels are axis 1; the shape stays."""
        if self.training and not self.learns_from(inputs):
            return batch_norm(
                inputs, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        return super().forward(inputs)
