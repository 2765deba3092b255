"""Seconds of training alone, and of the parts of a step, for each recipe on 54,000 images of Fashion-MNIST.

Wall-clock seconds say what a person waits for; seconds of this process' processor say what the work takes
when other programs want the same cores.
"""

import statistics
import time

from assay import load, train
from assay.learning.recipes import RECIPES
from measuring import conditions, write_result

TIMES = 2


def main():
    before, data = conditions(), load("fashion-mnist")
    train(data, "linear", epochs=1)  # what is loaded at first use is measured elsewhere, by whole processes
    figures = {name: _figures(data, name) for name in RECIPES}
    write_result("train_speed", "python benchmarks/train_speed.py", before, figures)


def _figures(data, name):
    runs = [_seconds(data, name) for _ in range(TIMES)]
    return {
        "wall_seconds": [round(wall, 2) for wall, _ in runs],
        "wall_seconds_median": round(statistics.median(wall for wall, _ in runs), 2),
        "processor_seconds_median": round(statistics.median(processor for _, processor in runs), 2),
    }


def _seconds(data, name):
    wall, processor = time.perf_counter(), time.process_time()
    train(data, name)
    return time.perf_counter() - wall, time.process_time() - processor


if __name__ == "__main__":
    main()
