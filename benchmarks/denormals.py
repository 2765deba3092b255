"""What numbers below 1e-38 cost: the recipe `mlp` with and without taking them as zero.

Pixels that are almost always zero give gradients that are almost always zero; Adam's averages of them
shrink at each step until they are denormal, which many processors compute more slowly. Epochs of both kinds
alternate.
"""

import statistics
from contextlib import nullcontext
from unittest.mock import patch

import torch

from assay import load, train
from measuring import conditions, write_result

TIMES, EPOCHS = 2, 3


def main() -> None:
    before, data = conditions(), load("fashion-mnist")
    train(data, "mlp", epochs=1)
    runs = [(_epoch_seconds(data, flushing=True), _epoch_seconds(data, flushing=False)) for _ in range(TIMES)]
    flushed, kept = (statistics.median(s for run in runs for s in run[kind]) for kind in (0, 1))
    figures = {
        "recipe": "mlp",
        "epoch_seconds_flushed": [run[0] for run in runs],
        "epoch_seconds_kept": [run[1] for run in runs],
        "median_flushed": flushed,
        "median_kept": kept,
        "ratio": round(kept / flushed, 2),
    }
    write_result("denormals", "python benchmarks/denormals.py", before, figures)


def _epoch_seconds(data, *, flushing: bool) -> list[float]:
    """Seconds of each epoch of one run."""
    seconds: list[float] = []

    def hear(event):
        if event.event == "epoch":
            seconds.append(round(event.figures["seconds"], 2))

    # The training thread asks for the mode; here it is not given.
    with nullcontext() if flushing else patch.object(torch, "set_flush_denormal", lambda _: False):
        train(data, "mlp", epochs=EPOCHS, on_event=hear)
    return seconds


if __name__ == "__main__":
    main()
