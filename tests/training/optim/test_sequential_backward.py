"""Gradients layer by layer: equal to autograd's bit by bit, and to numbers worked out by hand."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from assay.data.splitting.stratified import HoldOut
from assay.data.values import Split
from assay.training.device import mixed_precision
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.loop import state
from assay.training.loop.job import make_job
from assay.training.loop.loader import Batch
from assay.training.loop.state import _train_step
from assay.training.model.own_net import OwnNet
from assay.training.nets import MODELS
from assay.training.nets.network import initialized_network
from assay.training.optim import matrix_products as products
from assay.training.optim.adam import Adam
from assay.training.optim.loss import batch_loss, loss_and_gradient
from assay.training.optim.sequential_backward import Chain, applies_to
from assay.training.recipes import RECIPES, NetRecipe, read_recipe

CLASSES = ("left", "middle", "right")

#: But for the one that is no chain of layers.
NETS = [n for n in RECIPES if isinstance(read_recipe(n), NetRecipe) and n != "finetuned"]
SHAPES = [(28, 28, 1), (9, 7, 3), (45, 31, 1)]


def net_of(name: str, shape: tuple[int, int, int], classes: int = 5) -> tuple[NetRecipe, nn.Module]:
    recipe = read_recipe(name, {"members": 1})
    assert isinstance(recipe, NetRecipe)
    return recipe, initialized_network(recipe, shape, classes, 7).train()


def batch_of(shape: tuple[int, int, int], count: int, classes: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(count)
    labels = torch.randint(0, classes, (count,), generator=generator)
    return torch.randn(count, *shape, generator=generator), labels


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("count", [1, 2, 13])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NETS)
def test_the_same_bits_as_autograd(
    name: str,
    shape: tuple[int, int, int],
    count: int,
    precision: torch.dtype,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Logits, loss, every gradient and the running statistics of batch norm, for each recipe; in mixed
    precision as under torch's autocast. Large products, with kernels of their own: test_matrix_products."""
    monkeypatch.setattr(products, "by_onednn", lambda: False)
    recipe, network = net_of(name, shape)
    twin, (images, labels) = copy.deepcopy(network), batch_of(shape, count)
    with torch.no_grad():
        rounded, backward = Chain(network, precision).forward(images)
        logits = rounded.float()
        loss, gradient = loss_and_gradient(recipe, logits, labels)
        gradients = backward(gradient)
    with mixed_precision(torch.device("cpu"), precision):
        expected = twin(images).float()
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
def test_the_gradient_of_every_loss(changes: dict[str, object]) -> None:
    """Plain, smoothed, weighted and mixed: as autograd has it."""
    recipe = read_recipe("mlp", changes)
    assert isinstance(recipe, NetRecipe)
    logits, labels = torch.randn(6, 4), torch.tensor([0, 3, 1, 1, 2, 0])
    weights = torch.tensor([0.5, 2.0, 1.0, 1.0]) if recipe.class_weights == "balanced" else None
    mixed = torch.rand(6) if recipe.mixup else None
    followed = logits.clone().requires_grad_()
    expected = batch_loss(recipe, followed, labels, weights, mixed)
    loss, gradient = loss_and_gradient(recipe, logits, labels, weights, mixed)
    assert torch.equal(loss, expected)
    assert torch.equal(gradient, torch.autograd.grad(expected, followed)[0])
    assert not loss.requires_grad
    assert not gradient.requires_grad


def test_by_hand() -> None:
    """Two pixels, two hidden units of which one is silent, two classes."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor([[1.0, 2.0], [-1.0, -1.0]]))
        network[1].bias.zero_()
        network[3].weight.copy_(torch.tensor([[3.0, 5.0], [-2.0, 7.0]]))
        network[3].bias.copy_(torch.tensor([0.5, 0.25]))
        logits, backward = Chain(network).forward(torch.tensor([[[[1.0], [2.0]]]]))
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
    monkeypatch.setattr(products, "by_onednn", lambda: False)
    recipe = read_recipe(name, {"epochs": 2, "batch_size": 16, "least_steps": 1})
    by_layers = fit(FitRequest(split, rows, CLASSES, recipe))
    monkeypatch.setattr(state, "applies_to", lambda _: False)
    by_autograd = fit(FitRequest(split, rows, CLASSES, recipe))
    assert by_layers.history == by_autograd.history
    for place, weight in by_layers.weights.items():
        assert np.array_equal(weight, by_autograd.weights[place]), place


def test_every_net_of_ours_is_a_chain() -> None:
    """The fast backward pass is taken by every net of the package but the one that is fine-tuned."""
    assert {read_recipe(name).model for name in NETS} == set(MODELS) - {"finetuned"}
    assert all(applies_to(net_of(name, (28, 28, 1))[1]) for name in NETS)


class Residual(nn.Module):
    """Adds what its layer makes of its inputs to them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, width)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs + torch.relu(self.inner(inputs))


class Branches(nn.Module):
    """Two layers side by side; a third is never used."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(inputs, outputs), nn.Linear(inputs, outputs)
        self.unused = nn.Linear(inputs, outputs)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        rows = images.flatten(1)
        return self.left(rows) * torch.sigmoid(self.right(rows))


class Scaled(nn.Sequential):
    """A chain by its class, and no chain by what it computes."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return 3 * super().forward(images)


def twice() -> nn.Module:
    shared = nn.Linear(12, 12)
    return nn.Sequential(nn.Flatten(), shared, nn.ReLU(), shared, nn.Linear(12, 3))


def tied() -> nn.Module:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, 12), nn.Linear(12, 3))
    network[3].weight = network[1].weight
    return network


def hooked() -> nn.Module:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    network[1].register_forward_hook(lambda _, __, outputs: 2 * outputs)
    return network


def patched() -> nn.Module:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, 3))
    network[2].forward = torch.tanh  # type: ignore[method-assign]
    return network


def frozen() -> nn.Module:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 12), nn.Linear(12, 3))
    network[1].weight.requires_grad_(False)
    return network


#: Plain chains as people write them, of torch's own layers, for images 6 x 6 x 2 and three classes.
OWN_CHAINS = {
    "rows": lambda: nn.Sequential(nn.Flatten(), nn.Linear(72, 8), nn.ReLU(), nn.Linear(8, 3)),
    "biases": lambda: nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 3, bias=False)
    ),
    "strides": lambda: nn.Sequential(
        nn.Conv2d(2, 4, 3, 2, 1), nn.ReLU(inplace=True), nn.Conv2d(4, 6, 2, groups=2, dilation=2),
        nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(6, 3),
    ),
    "batch norm": lambda: nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(4), nn.ReLU(inplace=True),
        nn.Flatten(), nn.Linear(36, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3),
    ),
    "changed in place first": lambda: nn.Sequential(
        nn.ReLU(inplace=True), nn.Conv2d(2, 4, 6), nn.Flatten(), nn.Linear(4, 3)
    ),
}  # fmt: skip


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("count", [2, 13])
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("name", OWN_CHAINS)
def test_a_chain_of_the_users_too(
    name: str, last: bool, count: int, precision: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of torch's own layers, however maps lie: the bits of autograd; and the images stay."""
    monkeypatch.setattr(products, "by_onednn", lambda: False)
    torch.manual_seed(0)
    own = OwnNet(OWN_CHAINS[name](), "Sequential", last)
    network, twin = own.copy().train(), own.copy().train()
    images, labels = batch_of((6, 6, 2), count, 3)
    given = images.clone()
    assert applies_to(network)
    with torch.no_grad():
        chain = Chain(network, precision)
        logits, backward = chain.forward(images)
        gradients = backward(loss_and_gradient(read_recipe("mlp"), logits.float(), labels)[1])
    with mixed_precision(torch.device("cpu"), precision):
        expected = twin(images).float()
    assert torch.equal(logits.float(), expected)
    wanted = torch.autograd.grad(nn.functional.cross_entropy(expected, labels), list(twin.parameters()))
    assert all(map(torch.equal, gradients, wanted))
    assert len(gradients) == len(wanted) and not chain.may_draw
    assert all(map(torch.equal, network.state_dict().values(), twin.state_dict().values()))
    assert torch.equal(images, given)


def test_a_chain_with_what_draws_in_front_may_draw() -> None:
    """Dropout of the pixels stands before the first weights, and is done as torch does it."""
    network = nn.Sequential(nn.Dropout(0.5), nn.Flatten(), nn.Linear(72, 3))
    assert applies_to(network) and Chain(network).may_draw


@pytest.mark.parametrize("norm", [nn.BatchNorm1d(4), nn.BatchNorm2d(4)])
def test_a_single_row_is_refused_as_torch_refuses_it(norm: nn.Module) -> None:
    """Torch's batch norm learns nothing from one value of a channel."""
    flat = isinstance(norm, nn.BatchNorm1d)
    layers = (nn.Flatten(), nn.Linear(9, 4), norm) if flat else (nn.Conv2d(1, 4, 3), norm, nn.Flatten())
    network = nn.Sequential(*layers, nn.Linear(4, 3)).train()
    told = []
    for asked in (network, Chain(network).forward):
        with pytest.raises(ValueError, match="more than 1 value per channel") as refused:
            asked(torch.zeros(1, 1, 3, 3))
        told.append(str(refused.value))
    assert told[0] == told[1]


#: Nets that are no plain chain of known layers, for images 2 x 2 x 3 and three classes.
OTHER_NETS = {
    "residual": lambda: nn.Sequential(nn.Flatten(), Residual(12), nn.Linear(12, 3)),
    "branches": lambda: Branches(12, 3),
    "GELU": lambda: nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.GELU(), nn.Linear(8, 3)),
    "dropout": lambda: nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.Dropout(0.0), nn.Linear(8, 3)),
    "a subclass": lambda: Scaled(nn.Flatten(), nn.Linear(12, 3)),
    "a layer twice": twice,
    "a hook": hooked,
    "another forward pass": patched,
    "frozen weights": frozen,
    "one weight in two layers": tied,
    "padding by a word": lambda: nn.Sequential(
        nn.Conv2d(2, 4, 2, padding="valid"), nn.Flatten(), nn.Linear(8, 3)
    ),
    "a linear layer on maps": lambda: nn.Sequential(nn.Linear(3, 3), nn.Flatten(), nn.Linear(12, 3)),
}


@pytest.mark.parametrize("name", OTHER_NETS)
def test_other_nets_go_by_autograd(
    split: Split, rows: HoldOut, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step of a net that is no chain takes the gradients that autograd gives, each for its own weight."""
    torch.manual_seed(0)
    network, recipe = OTHER_NETS[name](), read_recipe("mlp", {"learning_rate": 0.01})
    assert isinstance(recipe, NetRecipe)
    assert not applies_to(network)
    job = make_job(FitRequest(split, rows, CLASSES, recipe, device="cpu"))
    step = _train_step(network, job)
    taken: list[torch.Tensor] = []

    def take(_: Adam, gradients: list[torch.Tensor], __: float) -> None:
        taken.extend(gradients)

    monkeypatch.setattr(Adam, "step", take)
    images, labels = batch_of((2, 2, 3), 6, 3)
    loss, _ = step.step(job, Batch(images, labels, np.arange(6), None), 0.01)
    weights = {name: weight for name, weight in network.named_parameters() if weight.requires_grad}
    expected_loss = nn.functional.cross_entropy(network(images), labels)
    network.zero_grad()
    expected_loss.backward()
    assert loss.item() == pytest.approx(expected_loss.item())
    assert len(taken) == len(weights)
    for found, (place, weight) in zip(taken, weights.items(), strict=True):
        wanted = torch.zeros_like(weight) if weight.grad is None else weight.grad
        assert torch.allclose(found, wanted, atol=1e-7), place


@pytest.mark.parametrize("name", ["residual", "GELU"])
def test_a_net_that_is_no_chain_learns(
    split: Split, rows: HoldOut, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the whole loop: what failed or went wrong in silence before reaches what a chain reaches."""
    size = int(np.prod(split.shape))
    nets = {
        "residual": lambda: nn.Sequential(nn.Flatten(), Residual(size), nn.Linear(size, 3)),
        "GELU": lambda: nn.Sequential(nn.Flatten(), nn.Linear(size, 8), nn.GELU(), nn.Linear(8, 3)),
    }
    monkeypatch.setitem(MODELS, "mlp", lambda *_, **__: nets[name]())
    model = fit(
        FitRequest(
            split, rows, CLASSES, read_recipe("mlp", {"epochs": 8, "batch_size": 16, "learning_rate": 0.01})
        )
    )
    answers = model.predict_proba(split.images[rows.train]).argmax(1)
    last = model.history.records[-1]
    assert (answers == split.labels[rows.train]).mean() == pytest.approx(last.train_accuracy, abs=0.15)
    assert last.train_accuracy > 0.9


def test_a_layer_without_a_rule_is_refused() -> None:
    """No gradient is guessed."""
    with pytest.raises(KeyError):
        Chain(nn.Sequential(nn.Linear(2, 2), nn.GELU()))
