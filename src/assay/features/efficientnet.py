"""EfficientNet-Lite (Tan and Le 2019; without squeeze-and-excitation, with ReLU6) as a list of layers.

Batch norms are folded into the convolutions before them, so that a layer is one convolution, perhaps ReLU6,
perhaps a sum with what entered its block. What the layers are, and the folding, need NumPy alone; `forward`
computes them with torch, channels last.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, prod
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

#: Blocks of a stage, kernel, stride of its first block, expansion, channels out; of the smallest net.
_STAGES: Final = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM: Final = 32
_HEAD: Final = 1280

#: Channels of larger nets are multiples of this.
_MULTIPLE: Final = 8

#: The smallest net, for which the layers that describe a picture were chosen.
SMALLEST: Final = "efficientnet-lite0"

#: How many times as many channels, and as many blocks, a net has as the smallest one.
SIZES: Final[Mapping[str, tuple[float, float]]] = {SMALLEST: (1.0, 1.0), "efficientnet-lite2": (1.1, 1.2)}

#: Keeps the root's slope finite where a map is zero everywhere.
LEAST: Final = 1e-6

#: Of the batch norms that were folded.
_EPSILON: Final = 1e-3


@dataclass(frozen=True)
class Convolution:
    """A folded layer. source, norm: its names in the published net. relu: is ReLU6 applied to what it gives?

    begins: does a block with a sum begin here, so that its input is kept? ends: is that sum taken here?
    seen: do its maps describe the picture? The last layer knows the classes of ImageNet best, those before it
    what other sets are told by. Chosen on 643 drawings of a clip art package and 372 stamps by leave-one-out
    accuracy: .645 and .874, and .628 and .833 of the last layer alone.
    """

    name: str
    source: str
    norm: str
    inputs: int
    outputs: int
    kernel: int = 1
    stride: int = 1
    depthwise: bool = False
    relu: bool = True
    begins: bool = False
    ends: bool = False
    seen: bool = False

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of its weights: outputs, inputs of a group, kernel, kernel."""
        return self.outputs, 1 if self.depthwise else self.inputs, self.kernel, self.kernel


#: Computes a layer of maps (channels last).
Convolve = Callable[["torch.Tensor", Convolution], "torch.Tensor"]


@lru_cache(maxsize=len(SIZES))
def layers(net: str = SMALLEST) -> tuple[Convolution, ...]:
    """All layers of a net of `SIZES`, in order."""
    return tuple(_layers(*_stages(net)))


def _stages(net: str) -> tuple[list[tuple[int, int, int, int, int]], int]:
    """As `_STAGES`, and the number of blocks below the last one of the last stage but one."""
    width, depth = SIZES[net]
    stages = []
    for place, (count, kernel, stride, expansion, out) in enumerate(_STAGES):
        ends = place in (0, len(_STAGES) - 1)  # the same in every net, as the stem and the head are
        blocks = count if ends else ceil(count * depth)
        stages.append((blocks, kernel, stride, expansion, _rounded(out * width)))
    return stages, sum(blocks for blocks, *_ in stages[:-1]) - 2


def _rounded(channels: float) -> int:
    """The nearest multiple, but never less than nine tenths."""
    near = max(_MULTIPLE, int(channels + _MULTIPLE / 2) // _MULTIPLE * _MULTIPLE)
    return near + _MULTIPLE if near < 0.9 * channels else near


def _layers(stages: Sequence[tuple[int, int, int, int, int]], seen: int) -> Iterator[Convolution]:
    """seen: a block whose maps between its two halves describe the picture, beside those of the last."""
    yield Convolution("stem", "_conv_stem", "_bn0", 3, _STEM, 3, 2)
    channels, number, last = _STEM, 0, sum(count for count, *_ in stages) - 1
    for count, kernel, stride, expansion, out in stages:
        for repeat in range(count):
            name, source, wide = f"block{number}", f"_blocks.{number}", channels * expansion
            summed = repeat > 0  # then neither size nor channels change
            if expansion > 1:
                expand = f"{source}._expand_conv", f"{source}._bn0"
                yield Convolution(f"{name}.expand", *expand, channels, wide, begins=summed)
            yield Convolution(
                f"{name}.depthwise",
                f"{source}._depthwise_conv",
                f"{source}._bn1",
                wide,
                wide,
                kernel,
                1 if repeat else stride,
                depthwise=True,
                seen=number in (seen, last),
            )
            project = f"{source}._project_conv", f"{source}._bn2"
            yield Convolution(f"{name}.project", *project, wide, out, relu=False, ends=summed)
            channels, number = out, number + 1
    yield Convolution("head", "_conv_head", "_bn1", channels, _HEAD, seen=True)


def dimension(net: str = SMALLEST) -> int:
    """How many numbers describe a picture."""
    return sum(layer.outputs for layer in layers(net) if layer.seen)


def net_of(names: Iterable[str]) -> str:
    """Which net has folded weights of these names. Raises ValueError for those of none."""
    found = set(names)
    for net in SIZES:
        if found == set(weight_shapes(layers(net))):
            return net
    raise ValueError("these are the weights of no net that is known")


def divided(first_block: int) -> tuple[tuple[Convolution, ...], tuple[Convolution, ...]]:
    """The layers of the smallest net below a block, counted from 0, and those from it on.

    Raises ValueError for a block that does not exist, that does not begin by an expansion (the first), or
    below which lies a layer that is seen: such a layer's means would not come from the blocks above.
    """
    names = [layer.name for layer in layers()]
    first, seen = f"block{first_block}.expand", next(n for n, layer in enumerate(layers()) if layer.seen)
    if first not in names or names.index(first) > seen:
        last = int(names[seen].partition(".")[0].removeprefix("block"))
        raise ValueError(f"the lowest block that learns is one of 1 to {last}, not {first_block}")
    return layers()[: names.index(first)], layers()[names.index(first) :]


def multiply_adds(some: Sequence[Convolution], height: int, width: int) -> tuple[int, int, int]:
    """Those of some layers in a row for maps of this size, and the size of the maps that they give."""
    total = 0
    for layer in some:
        height, width = -(-height // layer.stride), -(-width // layer.stride)
        total += prod(layer.shape) * height * width
    return total, height, width


def weight_shapes(some: Sequence[Convolution]) -> dict[str, tuple[int, ...]]:
    """The names and shapes of the folded weights of some layers."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in some:
        shapes |= {f"{layer.name}.weight": layer.shape, f"{layer.name}.bias": (layer.outputs,)}
    return shapes


def folded(tensors: Mapping[str, NDArray[np.float32]], net: str = SMALLEST) -> dict[str, NDArray[np.float32]]:
    """The published tensors, every batch norm folded into its convolution: float32, as `weight_shapes`."""
    weights = {}
    for layer in layers(net):
        norm = {
            part: tensors[f"{layer.norm}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        }
        scale = norm["weight"] / np.sqrt(norm["running_var"] + _EPSILON)
        weights[f"{layer.name}.weight"] = tensors[f"{layer.source}.weight"] * scale[:, None, None, None]
        weights[f"{layer.name}.bias"] = norm["bias"] - norm["running_mean"] * scale
    return {name: np.ascontiguousarray(array, np.float32) for name, array in weights.items()}


def forward(convolve: Convolve, images: "torch.Tensor", net: str = SMALLEST) -> "torch.Tensor":
    """Features float32 `(n, dimension(net))` of normalized images `(n, 3, h, w)`."""
    import torch

    return described(convolve, images.contiguous(memory_format=torch.channels_last), layers(net))[1]


def one_by_one(weights: Mapping[str, "torch.Tensor"]) -> Convolve:
    """The layers by torch's own functions, which have gradients; see `assay.features.fused_convolution`."""
    import torch
    from torch.nn.functional import conv2d

    def convolve(maps: "torch.Tensor", layer: Convolution) -> "torch.Tensor":
        maps, padding = padded(maps, layer)
        weight, bias = weights[f"{layer.name}.weight"], weights[f"{layer.name}.bias"]
        groups = layer.inputs if layer.depthwise else 1
        maps = conv2d(maps, weight, bias, stride=layer.stride, padding=padding, groups=groups)
        if layer.relu:
            maps = maps.clamp(0, 6) if torch.is_grad_enabled() else maps.clamp_(0, 6)
        return maps

    return convolve


def described(
    convolve: Convolve, maps: "torch.Tensor", some: Sequence[Convolution]
) -> tuple["torch.Tensor", "torch.Tensor"]:
    """The maps after some layers in a row, and what is seen in them, side by side.

    Of each such layer the root of its maps' mean over all places: roots bring the few large means, which a
    linear classifier would mostly look at, nearer to the others. maps: channels last, of the layer before.
    """
    import torch

    kept, seen = maps, [maps.new_zeros((len(maps), 0))]
    for layer in some:
        kept = maps if layer.begins else kept
        maps = convolve(maps, layer)
        if layer.ends:
            maps = maps + kept
        if layer.seen:
            seen.append((maps.mean((2, 3)) + LEAST).sqrt())
    return maps, torch.cat(seen, 1)


def padded(maps: "torch.Tensor", layer: Convolution) -> tuple["torch.Tensor", int]:
    """The maps with the zeros that TensorFlow's `SAME` puts around them, more of them right and below; and
    how many the convolution itself shall add on every side."""
    from torch.nn.functional import pad

    if layer.stride == 1:
        return maps, layer.kernel // 2
    down, right = (
        max((-(-size // layer.stride) - 1) * layer.stride + layer.kernel - size, 0) for size in maps.shape[2:]
    )
    return pad(maps, (right // 2, right - right // 2, down // 2, down - down // 2)), 0
