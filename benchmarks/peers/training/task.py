"""What every peer's script shares: which job it does, the data, and how its answer is given. NumPy alone.

A script runs in its own environment as `python SCRIPT DATA JOB EPOCHS`. DATA is an `.npz` with `x`, `xt`
(uint8 `(n, 28, 28)`) and `y`, `yt` (int64 `(n,)`). JOB is `mlp` or `cnn`:

mlp: Flatten, 128 units with ReLU, one output per class; batches of 32.
cnn: twice a 3 x 3 convolution without bias (of 32, then 64), halved by the largest, batch norm, ReLU;
    then 128 units without bias, batch norm, ReLU, one output per class; batches of 128.

In both pixels are divided by 255, Adam has a learning rate of 0.001, and each epoch shows all images in
an order of its own. All else is the peer's default.
"""

import sys

import numpy as np

JOB, EPOCHS = sys.argv[2], int(sys.argv[3])
BATCH = {"mlp": 32, "cnn": 128}[JOB]
CHANNELS, UNITS, CLASSES = (32, 64), 128, 10
RATE = 0.001


def data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images float32 `(n, 28, 28)` in [0, 1] and labels int64 `(n,)`, of train and of test."""
    with np.load(sys.argv[1]) as arrays:
        x, xt = (arrays[name].astype(np.float32) / 255 for name in ("x", "xt"))
        return x, arrays["y"], xt, arrays["yt"]


def answer(predicted: np.ndarray, labels: np.ndarray) -> None:
    """Print the test accuracy as the last line, where the benchmark looks for it."""
    print(float((np.asarray(predicted) == labels).mean()))
