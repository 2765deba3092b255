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

    template: float32, on the CPU; never trained or asked, only copied. name: of its class. channels_last:
    whether on a processor its images, and so its maps, lie in memory channels last, which convolutions there
    compute faster.
    """

    template: "nn.Module"
    name: str
    channels_last: bool = False

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

    def arranged(self, images: "torch.Tensor") -> "torch.Tensor":
        """A copy of the images `(n, height, width, channels)` in torch's order of axes.

        It lies in memory in that order too, unless the net takes maps channels last. Always a copy: a net may
        change what it is given, and `contiguous` leaves gray images, which lie right either way, with strides
        that make a convolution answer channels last.
        """
        import torch

        last = self.channels_last and images.device.type == "cpu"
        order = torch.channels_last if last else torch.contiguous_format
        return images.permute(0, 3, 1, 2).clone(memory_format=order)


@dataclass(frozen=True, eq=False)
class _ChannelsFirst:
    """A hook that arranges images before the net sees them."""

    own: OwnNet

    def __call__(self, _: "nn.Module", given: "tuple[torch.Tensor, ...]") -> "tuple[torch.Tensor]":
        return (self.own.arranged(given[0]),)

    def __deepcopy__(self, _: dict[int, object]) -> "_ChannelsFirst":
        return self


def own_net_of(network: "nn.Module") -> OwnNet | None:
    """The user's net that this is a copy of, made by `OwnNet.copy`; None for a net of Assay's."""
    hooks = network._forward_pre_hooks.values()
    return next((hook.own for hook in hooks if isinstance(hook, _ChannelsFirst)), None)
