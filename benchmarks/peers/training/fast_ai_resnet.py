"""The ResNet of fast.ai's course for Fashion-MNIST (part 2 of 2022, notebook 14, "Going wider") in torch.

    python fast_ai_resnet.py DATA resnet EPOCHS

Six residual blocks of 16 to 512 channels, each but the first halving the map; leaky ReLU minus 0.4; AdamW,
batches of 1,024, one cycle of the learning rate up to 0.01 over *five* epochs, no augmentation. Published
there: 0.932 after five epochs. EPOCHS under five stops that run early, which times its epochs without
paying for all.
"""

import sys
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, leaky_relu

WIDTHS = (16, 32, 64, 128, 256, 512)
PLANNED, BATCH, RATE = 5, 1024, 1e-2
MEAN, DEVIATION = 0.28, 0.35
LEAK, SHIFT = 0.1, 0.4


class Rectifier(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return leaky_relu(x, LEAK) - SHIFT


class Block(nn.Module):
    """Two convolutions beside a shortcut: averaged down where the map is halved, 1 x 1 where it widens."""

    def __init__(self, inside: int, outside: int, side: int, stride: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(inside, outside, side, padding=side // 2, bias=False),
            nn.BatchNorm2d(outside),
            Rectifier(),
            nn.Conv2d(outside, outside, side, stride, side // 2, bias=False),
            nn.BatchNorm2d(outside),
        )
        pool = nn.AvgPool2d(2, ceil_mode=True) if stride == 2 else nn.Identity()
        self.shortcut = nn.Sequential(pool, nn.Conv2d(inside, outside, 1))
        self.act = Rectifier()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.act(self.convolutions(x) + self.shortcut(x))


def net() -> nn.Module:
    blocks = [Block(1, WIDTHS[0], 5, 1)]
    blocks += [Block(a, b, 3, 2) for a, b in pairwise(WIDTHS)]
    model = nn.Sequential(*blocks, nn.Flatten(), nn.Linear(WIDTHS[-1], 10, bias=False), nn.BatchNorm1d(10))
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, a=LEAK)
    return model


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    right = sum(
        int((model(x).argmax(1) == y).sum())
        for x, y in zip(images.split(BATCH), labels.split(BATCH), strict=True)
    )
    return right / len(labels)


def main() -> None:
    with np.load(sys.argv[1]) as d:
        x, xt = ((torch.from_numpy(d[k])[:, None].float() / 255 - MEAN) / DEVIATION for k in ("x", "xt"))
        y, yt = torch.from_numpy(d["y"]), torch.from_numpy(d["yt"])
    model = net()
    # Channels last: torch's quickest layout for convolutions on processors, to the peer's favor.
    model = model.to(memory_format=torch.channels_last)
    x, xt = (images.to(memory_format=torch.channels_last) for images in (x, xt))
    steps = PLANNED * -(-len(x) // BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for _ in range(int(sys.argv[3])):
        model.train()
        for rows in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
            cycle.step()
    print(accuracy(model, xt, yt))


if __name__ == "__main__":
    main()
