"""Adam: one step by hand, and many against torch's own class."""

import pytest
import torch

from assay.training.optim.adam import Adam
from assay.training.recipes import read_recipe


def test_two_steps_by_hand() -> None:
    """Algorithm 1 of Kingma and Ba with gradients 2 and -1, worked out on paper."""
    weight = torch.tensor([1.0])
    recipe = read_recipe("linear", {"epsilon": 0.5, "beta1": 0.5, "beta2": 0.75})
    adam = Adam([weight], recipe)
    adam.step([torch.tensor([2.0])], 0.1)
    # m = 1, v = 1; corrected: 1 / 0.5 = 2 and 1 / 0.25 = 4; step 0.1 * 2 / (2 + 0.5) = 0.08
    assert weight.item() == pytest.approx(0.92, abs=1e-7)
    adam.step([torch.tensor([-1.0])], 0.1)
    # m = 0.5 - 0.5 = 0: no move, whatever v
    assert weight.item() == pytest.approx(0.92, abs=1e-7)


def test_the_same_as_torch() -> None:
    """Fifty steps give bit for bit what `torch.optim.Adam(fused=True)` gives."""
    start = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
    mine, theirs = start.clone(), torch.nn.Parameter(start.clone())
    adam = Adam([mine], read_recipe("mlp"))
    oracle = torch.optim.Adam([theirs], lr=0.001, eps=1e-7, fused=True)
    for step in range(50):
        gradient = torch.randn(7, 3, generator=torch.Generator().manual_seed(step))
        adam.step([gradient], 0.001)
        theirs.grad = gradient
        oracle.step()
    assert torch.equal(mine, theirs.detach())
    assert not torch.equal(mine, start)


def test_decoupled_weight_decay_is_that_of_torch() -> None:
    """With weight decay a matrix moves as under `torch.optim.AdamW`, a bias as under Adam; gradients may lie
    in memory in another order than the weights."""
    recipe = read_recipe("mlp", {"weight_decay": 0.3})
    starts = [torch.rand(4, 3, 2, 2, generator=torch.Generator().manual_seed(0)), torch.rand(4)]
    mine = [start.clone() for start in starts]
    theirs = [torch.nn.Parameter(start.clone()) for start in starts]
    groups = [{"params": theirs[:1], "weight_decay": 0.3}, {"params": theirs[1:], "weight_decay": 0.0}]
    turned = [starts[0].to(memory_format=torch.channels_last, copy=True), starts[1].clone()]
    turned_adam = Adam(turned, recipe)
    adam, oracle = Adam(mine, recipe), torch.optim.AdamW(groups, lr=0.01, eps=1e-7, fused=True)
    for step in range(20):
        gradients = [torch.randn(w.shape, generator=torch.Generator().manual_seed(step)) for w in mine]
        for weight, gradient in zip(theirs, gradients, strict=True):
            weight.grad = gradient.clone()
        oracle.step()
        adam.step([gradients[0].to(memory_format=torch.channels_last), gradients[1]], 0.01)
        turned_adam.step(gradients, 0.01)
    assert all(torch.equal(a, b.detach()) for a, b in zip(mine, theirs, strict=True))
    assert torch.equal(mine[0], turned[0])
