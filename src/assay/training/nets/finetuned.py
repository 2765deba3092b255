"""Fine-tuning: a pretrained net with frozen lower blocks, trained upper blocks and a linear layer.

The batch norms of the published net are folded into its convolutions (`assay.features.efficientnet`), so
their statistics stay as they are. What lies below the trained blocks never changes: its maps are computed
once for each training image (`below`), and a step learns from these (`above`).
"""

from collections.abc import Sequence
from typing import Final

import torch
from torch import nn

from assay.core.arrays import Shape
from assay.features import efficientnet
from assay.features.backbones import BACKBONES, DEFAULT
from assay.features.pretrained import brought_to, input_size
from assay.training.layer_tables import FROZEN, TRAINED, parameter_name
from assay.training.nets.ensemble import members

_BACKBONE: Final = BACKBONES[DEFAULT]

#: Pictures predicted at a time: their maps stay near the processor's cache.
_BATCH: Final = 4


def build(input_shape: Shape, class_count: int, *, first_block: int) -> nn.Module:
    """The net for images of `input_shape`, all weights zero: it begins from the published ones.

    first_block: the lowest block that learns, counted from 0; all above it learn too.
    """
    return FineTuned(input_shape, class_count, *efficientnet.divided(first_block))


def largest_batch(network: nn.Module) -> int | None:
    """How many images such a net is given at a time, as it enlarges small ones; None for any other net."""
    return _BATCH if isinstance(members(network)[0], FineTuned) else None


class FineTuned(nn.Module):
    """lower: the layers that stay; upper: those that learn."""

    def __init__(
        self,
        input_shape: Shape,
        class_count: int,
        lower: Sequence[efficientnet.Convolution],
        upper: Sequence[efficientnet.Convolution],
    ) -> None:
        super().__init__()
        self._size = input_size(*input_shape[:2], _BACKBONE.side)
        self.frozen = _Frozen(lower, trained=False)
        self.trained = _Trained(upper, trained=True)
        self.scale = _Scale(_BACKBONE.dimension)
        self.output = nn.Linear(_BACKBONE.dimension, class_count)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits `(n, k)` of images float32 `(n, h, w, c)` in [0, 1]."""
        return self.above(self.below(images))

    def below(self, images: torch.Tensor) -> torch.Tensor:
        """The output of the frozen blocks: maps float32 `(n, h, w, channels)`, without gradient."""
        with torch.no_grad():
            given = brought_to(images.permute(0, 3, 1, 2), self._size)
            if given.shape[1] != 3:  # no picture as we know them: what it shows in gray
                given = given.mean(1, keepdim=True).expand(-1, 3, -1, -1)
            normalized = (given - _BACKBONE.mean) / _BACKBONE.deviation
            maps: torch.Tensor = self.frozen(normalized.contiguous(memory_format=torch.channels_last))
        return maps.permute(0, 2, 3, 1)

    def above(self, maps: torch.Tensor) -> torch.Tensor:
        """Logits `(n, k)` of what `below` gave."""
        logits: torch.Tensor = self.output(self.scale(self.trained(maps.permute(0, 3, 1, 2))))
        return logits


class _Blocks(nn.Module):
    """Some layers of the net in a row, as one. trained: do their weights learn?"""

    #: Of the images last seen, for one of them.
    multiply_adds = 0

    def __init__(self, layers: Sequence[efficientnet.Convolution], *, trained: bool) -> None:
        super().__init__()
        self._layers = tuple(layers)
        for name, shape in efficientnet.weight_shapes(layers).items():
            self.register_parameter(
                parameter_name(name), nn.Parameter(torch.zeros(shape), requires_grad=trained)
            )

    def _described(self, maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.multiply_adds = efficientnet.multiply_adds(self._layers, maps.shape[2], maps.shape[3])[0]
        own = dict(self.named_parameters())
        names = efficientnet.weight_shapes(self._layers)
        convolve = efficientnet.one_by_one({n: own[parameter_name(n)] for n in names})
        return efficientnet.described(convolve, maps, self._layers)


class _Frozen(_Blocks):
    """Maps to maps, channels last."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return self._described(maps)[0]


class _Trained(_Blocks):
    """From maps to features, float32 `(n, d)`."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return self._described(maps)[1]


class _Scale(nn.Module):
    """Every feature brought to the scale that it had on the training images before any learning."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(width), requires_grad=False)
        self.deviation = nn.Parameter(torch.zeros(width), requires_grad=False)

    @property
    def multiply_adds(self) -> int:
        """One division a feature."""
        return len(self.mean)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return (features - self.mean) / self.deviation


#: Kind of layer in the model table -> what computes it.
KINDS: Final = {_Frozen: FROZEN, _Trained: TRAINED, _Scale: "Standardize"}
