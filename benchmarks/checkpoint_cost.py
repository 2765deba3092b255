"""What a checkpoint costs, as a share of an epoch of a small convolutional net (54,000 images)."""

import statistics
import tempfile
import time
from pathlib import Path

import torch
from torch import nn

from assay import load
from assay.data.hold_out import hold_out
from assay.learning import train as loop
from assay.learning.job import make_job
from assay.learning.keeper import Keeper
from assay.learning.machine import threads
from assay.learning.models import MODELS
from assay.learning.recipes import Recipe
from assay.learning.state import first_state
from measuring import conditions, write_result

STEPS, SAVES = 60, 11


def conv(input_shape, class_count):
    """Two convolutions and a linear layer: about 2 million multiply-adds, 0.1 million parameters."""
    height, width, channels = input_shape

    class ChannelsFirst(nn.Module):
        def forward(self, images):
            return images.permute(0, 3, 1, 2)

    return nn.Sequential(
        ChannelsFirst(),
        nn.Conv2d(channels, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * (height // 4) * (width // 4), class_count),
    )


def main():
    MODELS["conv"] = conv
    recipe = Recipe(name="conv", model="conv", epochs=1, batch_size=128, learning_rate=0.001)
    before, data = conditions(), load("fashion-mnist")
    job = make_job(
        data.train,
        hold_out(data.train, 0.1, 0),
        data.classes,
        recipe,
        0,
        "cpu",
        1,  # one thread: steady whatever else the machine does; two at most halve the epoch
        data.fingerprints,
        lambda _: None,
    )
    with tempfile.TemporaryDirectory() as folder, threads(job.threads):
        keeper, state = Keeper(job, Path(folder), None, loop.never), first_state(job)
        step = statistics.median(_step_seconds(job, state, keeper))
        save = statistics.median(_save_seconds(state, keeper))
    epoch = step * job.steps_per_epoch
    figures = {
        "parameters": job.layers.parameters,
        "multiply_adds": job.layers.multiply_adds,
        "threads": job.threads,
        "step_seconds_median": step,
        "epoch_seconds": epoch,
        "checkpoint_seconds_median": save,
        "share_of_epoch": save / epoch,
    }
    write_result("checkpoint_cost", "python benchmarks/checkpoint_cost.py", before, figures)


def _step_seconds(job, state, keeper):
    torch.set_flush_denormal(True)
    for number, (images, labels) in enumerate(loop.batches(job, 1)):
        started = time.perf_counter()
        loop._take_step(job, state, keeper, images, labels)
        state.step += 1
        if number >= 10:
            yield time.perf_counter() - started
        if number >= STEPS:
            return


def _save_seconds(state, keeper):
    for _ in range(SAVES):
        started = time.perf_counter()
        keeper.save(state)
        yield time.perf_counter() - started
        state.step += 1


if __name__ == "__main__":
    main()
