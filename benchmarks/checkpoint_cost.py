"""What a checkpoint costs, as a share of an epoch, while a recipe trains on Fashion-MNIST (54,000 images).

python benchmarks/checkpoint_cost.py [--recipe NAME] [--epochs N] [--threads N]
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from assay import load
from assay.data.splitting.stratified import hold_out
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.loop.checkpoint_saver import CheckpointSaver
from assay.training.recipes import read_recipe
from measuring import conditions, write_result


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--recipe", default="cnn")
    arguments.add_argument("--epochs", type=int, default=2, help="each ends with a checkpoint")
    arguments.add_argument("--threads", type=int, help="unasked: as training chooses them")
    given = arguments.parse_args()
    before, data = conditions(), load("fashion-mnist")
    saves = timed_saves()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        model = fit(
            FitRequest(
                data.train,
                hold_out(data.train, 0.1, 0),
                data.classes,
                read_recipe(given.recipe, {"epochs": given.epochs}),
                threads=given.threads,
                checkpoints=Path(folder),
            )
        )
    epoch = (time.perf_counter() - started - sum(saves)) / given.epochs
    figures = {
        "recipe": given.recipe,
        "parameters": model.layers.parameters,
        "epochs": given.epochs,
        "threads": given.threads,
        "epoch_seconds": epoch,
        "checkpoint_seconds": {"median": statistics.median(saves), "all": saves},
        "checkpoints": len(saves),
        "share_of_epoch": sum(saves) / given.epochs / epoch,
    }
    command = f"python benchmarks/checkpoint_cost.py --recipe {given.recipe} --epochs {given.epochs}"
    write_result("checkpoint_cost", command, before, figures)


def timed_saves() -> list[float]:
    """The seconds of every checkpoint that is saved from now on."""
    seconds, save = [], CheckpointSaver.save

    def timed(keeper, state):
        started = time.perf_counter()
        save(keeper, state)
        seconds.append(time.perf_counter() - started)

    CheckpointSaver.save = timed
    return seconds


if __name__ == "__main__":
    main()
