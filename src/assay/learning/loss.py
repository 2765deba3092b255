"""What training makes small: cross-entropy, with what a recipe adds to it."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, one_hot

from assay.learning.recipes import NetRecipe


def class_weights(
    recipe: NetRecipe, labels: NDArray[np.int64], class_count: int, device: torch.device
) -> torch.Tensor | None:
    """float32 `(k,)`: what an image of each class counts; None where all count alike.

    `balanced`: n / (k * images of the class), over the k classes that there are, so that each class counts as
    much as any other and the mean over the images is 1 (King and Zeng 2001).
    """
    if recipe.class_weights == "equal":
        return None
    counts = np.bincount(labels, minlength=class_count)
    weights = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return torch.from_numpy((weights * (counts > 0)).astype(np.float32)).to(device)


def batch_loss(
    recipe: NetRecipe,
    logits: torch.Tensor,
    labels: torch.Tensor,
    weights: torch.Tensor | None = None,
    mixed: torch.Tensor | None = None,
) -> torch.Tensor:
    """The mean loss of a batch, a tensor without axes. logits: `(b, k)`; labels: int64 `(b,)`.

    Label smoothing spreads its share over all classes (Szegedy et al. 2016). mixed: `(b,)`, the share of each
    image itself; the rest of its label is that of its partner (see `augment.change`).
    """
    targets = labels
    if mixed is not None:
        hot = one_hot(labels, logits.shape[1]).to(logits.dtype)
        targets = torch.lerp(hot.flip(0), hot, mixed[:, None])
    return cross_entropy(logits, targets, weights, label_smoothing=recipe.label_smoothing)


@torch.no_grad()
def losses_of_images(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The plain cross-entropy of each image, float32 `(b,)`."""
    return cross_entropy(logits, labels, reduction="none").float()
