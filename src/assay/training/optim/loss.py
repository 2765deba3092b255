"""Training loss: cross-entropy, with what a recipe adds to it."""

from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, one_hot

from assay.training.recipes import NetRecipe

_KERNELS: Final[Any] = torch.ops.aten

#: What torch's kernels call the mean over the images, and a label that none of them has.
_MEAN: Final = 1
_IGNORED: Final = -100


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


def loss_and_gradient(
    recipe: NetRecipe,
    logits: torch.Tensor,
    labels: torch.Tensor,
    weights: torch.Tensor | None = None,
    mixed: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """`batch_loss`, and its gradient by the logits `(b, k)`, outside of autograd.

    The plain loss calls the kernels that autograd calls: beside a small net its recording would cost time.
    """
    if weights is None and mixed is None and not recipe.label_smoothing:
        chances = torch.log_softmax(logits, 1)
        loss, count = _KERNELS.nll_loss_forward.default(chances, labels, None, _MEAN, _IGNORED)
        one = torch.ones_like(loss)
        gradient = _KERNELS.nll_loss_backward.default(one, chances, labels, None, _MEAN, _IGNORED, count)
        return loss, _KERNELS._log_softmax_backward_data.default(gradient, chances, 1, logits.dtype)
    with torch.enable_grad():
        followed = logits.detach().requires_grad_()
        loss = batch_loss(recipe, followed, labels, weights, mixed)
    return loss.detach(), torch.autograd.grad(loss, followed)[0]


@torch.no_grad()
def losses_of_images(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The plain cross-entropy of each image, float32 `(b,)`."""
    return cross_entropy(logits, labels, reduction="none").float()
