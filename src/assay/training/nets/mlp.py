"""Multilayer perceptron with one hidden layer."""

from collections import OrderedDict
from math import prod

from torch import nn


def build(input_shape: tuple[int, int, int], class_count: int, *, hidden: int) -> nn.Module:
    """Flatten, `hidden` units with ReLU, one output per class."""
    return nn.Sequential(
        OrderedDict(
            flatten=nn.Flatten(),
            hidden=nn.Linear(prod(input_shape), hidden),
            relu=nn.ReLU(),
            output=nn.Linear(hidden, class_count),
        )
    )
