"""The two nets in torch, for every peer that is built on it."""

import numpy as np
import torch
from task import CHANNELS, CLASSES, JOB, UNITS
from torch import nn


def net() -> nn.Module:
    """The job's net: float32 `(n, 1, 28, 28)` in, logits `(n, 10)` out."""
    return mlp() if JOB == "mlp" else cnn()


def mlp() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, UNITS), nn.ReLU(), nn.Linear(UNITS, CLASSES))


def cnn() -> nn.Module:
    first, second = CHANNELS
    return nn.Sequential(
        nn.Conv2d(1, first, 3, padding=1, bias=False),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(first),
        nn.ReLU(),
        nn.Conv2d(first, second, 3, padding=1, bias=False),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(second),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(second * 7 * 7, UNITS, bias=False),
        nn.BatchNorm1d(UNITS),
        nn.ReLU(),
        nn.Linear(UNITS, CLASSES),
    )


@torch.no_grad()
def predicted(model: nn.Module, images: torch.Tensor) -> np.ndarray:
    """The class of each image, int64 `(n,)`."""
    model.eval()
    return torch.cat([model(some).argmax(1) for some in images.split(1000)]).numpy()
