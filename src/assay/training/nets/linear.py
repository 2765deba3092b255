"""Softmax regression: one weight per pixel and class."""

from collections import OrderedDict
from math import prod

from torch import nn


def build(input_shape: tuple[int, int, int], class_count: int) -> nn.Module:
    """Flatten, then one linear layer: (pixels + 1) x classes parameters."""
    return nn.Sequential(OrderedDict(flatten=nn.Flatten(), output=nn.Linear(prod(input_shape), class_count)))
