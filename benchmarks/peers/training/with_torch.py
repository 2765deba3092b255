"""A torch loop as tutorials write it: TensorDataset, DataLoader, zero_grad, backward, step.

    python with_torch.py DATA JOB EPOCHS [slices]

slices: batches are slices of one tensor by a permutation, without a DataLoader, as careful people write it.
"""

import sys

import torch
from nets import net, predicted
from task import BATCH, EPOCHS, RATE, answer, data
from torch.utils.data import DataLoader, TensorDataset


def batches(images: torch.Tensor, labels: torch.Tensor):
    """An epoch's batches, in a new order."""
    if sys.argv[4:] == ["slices"]:
        return ((images[rows], labels[rows]) for rows in torch.randperm(len(images)).split(BATCH))
    return DataLoader(TensorDataset(images, labels), batch_size=BATCH, shuffle=True)


def main() -> None:
    x, y, xt, yt = (torch.from_numpy(array) for array in data())
    model, criterion = net(), torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    for _ in range(EPOCHS):
        for images, labels in batches(x.unsqueeze(1), y):
            optimizer.zero_grad()
            criterion(model(images), labels).backward()
            optimizer.step()
    answer(predicted(model, xt.unsqueeze(1)), yt.numpy())


if __name__ == "__main__":
    main()
