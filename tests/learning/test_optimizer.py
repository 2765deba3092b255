"""Adam: one step by hand, and many against torch's own class."""

import pytest
import torch

from assay.learning.optimizer import Adam
from assay.learning.recipes import read_recipe


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
