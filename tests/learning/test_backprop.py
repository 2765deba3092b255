"""Gradients layer by layer: equal to autograd's bit by bit, and to numbers worked out by hand."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from assay.data.hold_out import HoldOut
from assay.data.values import Split
from assay.learning import backprop
from assay.learning.fitting import fit
from assay.learning.learner import Learner
from assay.learning.loss import batch_loss, loss_and_slope
from assay.learning.models import MODELS
from assay.learning.network import initialized_network
from assay.learning.recipes import RECIPES, NetRecipe, read_recipe

CLASSES = ("left", "middle", "right")

NETS = [name for name in RECIPES if isinstance(read_recipe(name), NetRecipe)]
SHAPES = [(28, 28, 1), (9, 7, 3), (45, 31, 1)]


def net_of(name: str, shape: tuple[int, int, int], classes: int = 5) -> tuple[NetRecipe, nn.Module]:
    recipe = read_recipe(name, {"members": 1})
    assert isinstance(recipe, NetRecipe)
    return recipe, initialized_network(recipe, shape, classes, 7).train()


def batch_of(shape: tuple[int, int, int], count: int, classes: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(count)
    labels = torch.randint(0, classes, (count,), generator=generator)
    return torch.randn(count, *shape, generator=generator), labels


@pytest.mark.parametrize("count", [1, 2, 13])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NETS)
def test_the_same_bits_as_autograd(name: str, shape: tuple[int, int, int], count: int) -> None:
    """Logits, loss, every gradient and the running statistics of batch norm, for each recipe."""
    recipe, network = net_of(name, shape)
    twin, (images, labels) = copy.deepcopy(network), batch_of(shape, count)
    with torch.no_grad():
        logits, backward = backprop.forward(network, images)
        loss, slope = loss_and_slope(recipe, logits, labels)
        gradients = backward(slope)
    expected = twin(images)
    own_loss = batch_loss(recipe, expected, labels)
    assert torch.equal(logits, expected)
    assert torch.equal(loss, own_loss)
    own = torch.autograd.grad(own_loss, list(twin.parameters()))
    for found, wanted, (parameter, _) in zip(gradients, own, network.named_parameters(), strict=True):
        assert torch.equal(found, wanted), parameter
    for (place, found), wanted in zip(network.state_dict().items(), twin.state_dict().values(), strict=True):
        assert torch.equal(found, wanted), place


@pytest.mark.parametrize(
    "changes", [{}, {"label_smoothing": 0.1}, {"class_weights": "balanced"}, {"mixup": 0.2}]
)
def test_the_slope_of_every_loss(changes: dict[str, object]) -> None:
    """Plain, smoothed, weighted and mixed: as autograd has it."""
    recipe = read_recipe("mlp", changes)
    assert isinstance(recipe, NetRecipe)
    logits, labels = torch.randn(6, 4), torch.tensor([0, 3, 1, 1, 2, 0])
    weights = torch.tensor([0.5, 2.0, 1.0, 1.0]) if recipe.class_weights == "balanced" else None
    mixed = torch.rand(6) if recipe.mixup else None
    followed = logits.clone().requires_grad_()
    expected = batch_loss(recipe, followed, labels, weights, mixed)
    loss, slope = loss_and_slope(recipe, logits, labels, weights, mixed)
    assert torch.equal(loss, expected)
    assert torch.equal(slope, torch.autograd.grad(expected, followed)[0])
    assert not loss.requires_grad
    assert not slope.requires_grad


def test_by_hand() -> None:
    """Two pixels, two hidden units of which one is silent, two classes."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor([[1.0, 2.0], [-1.0, -1.0]]))
        network[1].bias.zero_()
        network[3].weight.copy_(torch.tensor([[3.0, 5.0], [-2.0, 7.0]]))
        network[3].bias.copy_(torch.tensor([0.5, 0.25]))
        logits, backward = backprop.forward(network, torch.tensor([[[[1.0], [2.0]]]]))
        hidden, hidden_bias, output, output_bias = backward(torch.tensor([[1.0, -0.5]]))
    assert logits.tolist() == [[15.5, -9.75]]  # hidden units 1 + 4 and 0
    assert output.tolist() == [[5, 0], [-2.5, 0]]
    assert output_bias.tolist() == [1, -0.5]
    assert hidden.tolist() == [[4, 8], [0, 0]]  # 3 * 1 - 2 * -0.5 = 4 comes back to the unit that spoke
    assert hidden_bias.tolist() == [4, 0]


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_both_ways_to_learn_are_one(
    split: Split, rows: HoldOut, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A graphics card goes by autograd: on the same machine that ends in the same weights, bit by bit."""
    recipe = read_recipe(name, {"epochs": 2, "batch_size": 16, "least_steps": 1})
    by_layers = fit(split, rows, CLASSES, recipe)
    monkeypatch.setattr(Learner, "_by_layers", Learner._by_autograd)
    by_autograd = fit(split, rows, CLASSES, recipe)
    assert by_layers.history == by_autograd.history
    for place, weight in by_layers.weights.items():
        assert np.array_equal(weight, by_autograd.weights[place]), place


def test_every_layer_of_every_net_has_a_rule() -> None:
    """Nets are chains, and each kind of layer is known: a new one would be told of here first."""
    assert {read_recipe(name).model for name in NETS} == set(MODELS)
    for name in NETS:
        layers = list(net_of(name, (28, 28, 1))[1].children())
        learning = next(place for place, layer in enumerate(layers) if list(layer.parameters()))
        assert {type(layer) for layer in layers[learning:]} <= set(backprop.RULES)
        assert not any(list(layer.children()) for layer in layers)


def test_a_layer_without_a_rule_is_refused() -> None:
    """No gradient is guessed."""
    with pytest.raises(KeyError), torch.no_grad():
        backprop.forward(nn.Sequential(nn.Linear(2, 2), nn.GELU()), torch.zeros(1, 2))
