"""A convolution with its ReLU6 in one pass over the maps, its weights laid out for the processor once.

torch computes the two one after the other, and a convolution of one pixel, of a single picture on a single
thread, by copying. oneDNN does both at once; torch's compiler calls it through the operators used here,
which are not part of its promised interface: they are taken only where they are as they were known.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from assay.features.efficientnet import Convolution, padded

if TYPE_CHECKING:
    import torch

#: The operators and what they are given, as of torch 2.6 to 2.13.
_ARGUMENTS: Final = {
    "_convolution_pointwise": "X W B padding stride dilation groups attr scalars algorithm",
    "_reorder_convolution_weight": "self padding stride dilation groups input_size",
}


@lru_cache(maxsize=1)
def available() -> bool:
    """Does this torch have oneDNN, and the operators as they are known here?"""
    import torch

    here = bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
    return here and all(
        hasattr(torch.ops.mkldnn, name) and _arguments(name) == known.split()
        for name, known in _ARGUMENTS.items()
    )


def _arguments(operator: str) -> list[str]:
    import torch

    schema = getattr(torch.ops.mkldnn, operator).default._schema
    return [argument.name for argument in schema.arguments]


class OnePass:
    """Computes layers of a net whose folded weights are given, on the processor, without gradients."""

    def __init__(self, weights: "Mapping[str, torch.Tensor]") -> None:
        self._weights = weights
        self._laid_out: dict[tuple[str, tuple[int, ...]], torch.Tensor] = {}

    def __call__(self, maps: "torch.Tensor", layer: Convolution) -> "torch.Tensor":
        """What a layer gives; maps: channels last, one picture or several."""
        import torch
        from torch.nn.functional import pad

        widened = layer.stride == 2 and not (maps.shape[2] % 2 or maps.shape[3] % 2)
        maps, padding = (maps, layer.kernel // 2) if widened else padded(maps, layer)
        groups = layer.inputs if layer.depthwise else 1
        places = (padding, padding), (layer.stride, layer.stride), (1, 1), groups
        key = layer.name, tuple(maps.shape)
        weight = self._laid_out.get(key)
        if weight is None:
            own = self._weights[f"{layer.name}.weight"]
            if widened:  # zeros before: as many as `padded` puts after, without a copy of the maps
                own = pad(own, (1, 0, 1, 0)).contiguous(memory_format=torch.channels_last)
            weight = torch.ops.mkldnn._reorder_convolution_weight(own, *places, list(maps.shape))
            self._laid_out[key] = weight
        after = ("hardtanh", [0.0, 6.0]) if layer.relu else ("none", [])
        bias = self._weights[f"{layer.name}.bias"]
        found: torch.Tensor = torch.ops.mkldnn._convolution_pointwise(maps, weight, bias, *places, *after, "")
        return found
