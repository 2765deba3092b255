"""Seconds of training alone for each recipe on 54,000 images of Fashion-MNIST.

The recipes that take less than a minute each, unless others are named. Wall-clock seconds say what a person
waits for; seconds of this process' processor say what the work takes when other programs want the same cores.
"""

import statistics
import sys
import time

from assay import load, train
from measuring import conditions, write_result

TIMES = 2
QUICK = ("majority", "nearest-mean", "linear", "reference", "mlp")


def main():
    before, data, names = conditions(), load("fashion-mnist"), sys.argv[1:] or QUICK
    train(data, "linear", epochs=1)  # what is loaded at first use is measured elsewhere, by whole processes
    figures = {name: _figures(data, name) for name in names}
    command = " ".join(["python benchmarks/train_speed.py", *sys.argv[1:]])
    write_result("train_speed", command, before, figures)


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
