"""`OwnNet`: a torch net that the user brought. Nothing here loads torch."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, Union

if TYPE_CHECKING:
    import torch
    from torch import nn

#: A net of the user's own, or a function of (channels, height, width) and the number of classes.
GivenNet: TypeAlias = Union["nn.Module", Callable[[tuple[int, int, int], int], "nn.Module"]]


@dataclass(frozen=True, eq=False)
class OwnNet:
    """A net that Assay did not build, and cannot build again: the net itself is kept, as it was given.

    template: float32, on the CPU; never trained or asked, only copied. name: of its class.
    """

    template: "nn.Module"
    name: str

    def bare(self) -> "nn.Module":
        """A copy as the user knows it: it takes float32 `(n, channels, height, width)`."""
        return copy.deepcopy(self.template)

    def copy(self) -> "nn.Module":
        """A copy that takes images as all nets here do: float32 `(n, height, width, channels)`.

        A hook and no net around it, so that its weights keep the names that the user knows.
        """
        network = self.bare()
        network.register_forward_pre_hook(_ChannelsFirst(self), prepend=True)
        return network


@dataclass(frozen=True, eq=False)
class _ChannelsFirst:
    """Brings images into torch's order of axes and of memory: `view` refuses other memory.

    A copy, for `contiguous` leaves gray images, which lie right either way, with strides that make a
    convolution answer channels last.
    """

    own: OwnNet

    def __call__(self, _: "nn.Module", given: "tuple[torch.Tensor, ...]") -> "tuple[torch.Tensor]":
        import torch

        return (given[0].permute(0, 3, 1, 2).clone(memory_format=torch.contiguous_format),)

    def __deepcopy__(self, _: dict[int, object]) -> "_ChannelsFirst":
        return self


def own_net_of(network: "nn.Module") -> OwnNet | None:
    """The user's net that this is a copy of, made by `OwnNet.copy`; None for a net of Assay's."""
    hooks = network._forward_pre_hooks.values()
    return next((hook.own for hook in hooks if isinstance(hook, _ChannelsFirst)), None)
