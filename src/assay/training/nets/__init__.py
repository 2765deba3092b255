"""The nets: one file each, every one a function `build(input_shape, class_count, **options)`.

A net takes float32 `(n, height, width, channels)`, normalized, and gives logits `(n, classes)`; the
softmax that turns them into probabilities belongs to the loss and to `predict`. This order of axes lets
a convolution's first layer see them as channels-last without copying.
"""

from collections.abc import Callable, Mapping
from typing import Final

from torch import nn

from assay.training.nets import cnn, finetuned, linear, mlp

#: Name in a recipe -> the function that builds the net.
MODELS: Final[Mapping[str, Callable[..., nn.Module]]] = {
    "linear": linear.build,
    "mlp": mlp.build,
    "cnn": cnn.build,
    "finetuned": finetuned.build,
}
