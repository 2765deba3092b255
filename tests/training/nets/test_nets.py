"""Nets: every one takes images of any size and any number of classes, and its table is counted right."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from assay.core.errors import AssayError
from assay.training.closed_forms import CLOSED_FORMS
from assay.training.nets import MODELS, cnn
from assay.training.nets.network import (
    arrays,
    empty_network,
    filled_network,
    floating_state,
    initialized_network,
)
from assay.training.nets.summary import PURPOSES, summarize
from assay.training.recipes import RECIPES, NetRecipe, read_recipe

NETS = [name for name in RECIPES if isinstance(read_recipe(name), NetRecipe)]


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("shape", [(28, 28, 1), (5, 9, 3), (1, 1, 4)])
@pytest.mark.parametrize("classes", [2, 10, 10_000])
def test_every_recipe_builds_for_any_images(name: str, shape: tuple[int, int, int], classes: int) -> None:
    """A net gives one logit per class for images of any size and channels, and counts its own parameters."""
    recipe = read_recipe(name)
    network = initialized_network(recipe, shape, classes, seed=0)
    assert network(torch.zeros(3, *shape)).shape == (3, classes)
    summary = summarize(recipe, shape, classes)
    assert summary.parameters == sum(p.numel() for p in network.parameters())
    assert summary.parameters == sum(row.parameters for row in summary.layers)


@pytest.mark.parametrize("name", NETS)
def test_every_layer_is_explained(name: str) -> None:
    """Each line of the table says what the layer does."""
    assert all(row.purpose for row in summarize(read_recipe(name), (28, 28, 1), 10).layers)


def test_recipes_and_models_belong_together() -> None:
    """Every recipe names a net or a closed form that exists, and none of these is without a recipe."""
    assert {read_recipe(name).model for name in RECIPES} == set(MODELS) | set(CLOSED_FORMS)
    assert not set(MODELS) & set(CLOSED_FORMS)


def test_mlp_has_101770_parameters() -> None:
    """The seed model's table: 100,480 + 1,290 parameters, 397.54 KB, 101,632 multiply-adds."""
    summary = summarize(read_recipe("mlp"), (28, 28, 1), 10)
    table = [(row.kind, row.output_shape, row.parameters) for row in summary.layers]
    assert table == [
        ("Flatten", (None, 784), 0),
        ("Linear", (None, 128), 100_480),
        ("ReLU", (None, 128), 0),
        ("Linear", (None, 10), 1_290),
        ("Softmax", (None, 10), 0),
    ]
    assert (summary.parameters, summary.trainable_parameters, summary.multiply_adds) == (
        101_770,
        101_770,
        101_632,
    )
    for words in ("101,770 (397.54 KB)", "(None, 784)", "Multiply-adds per image: 101,632"):
        assert words in summary.text()


def test_convolutions_are_counted() -> None:
    """A 3 x 3 convolution, 4 to 6 channels in 2 groups, on 5 x 7 places: 5 * 7 * 6 * 2 * 9 multiply-adds."""
    from assay.training.nets.summary import _multiply_adds

    layer = torch.nn.Conv2d(4, 6, 3, padding=1, groups=2)
    assert _multiply_adds(layer, layer(torch.zeros(1, 4, 5, 7))) == 5 * 7 * 6 * 2 * 9
    assert "Conv2d" in PURPOSES


def test_linear_is_one_layer() -> None:
    """Softmax regression has a weight for each pixel and class, and a bias for each class."""
    assert summarize(read_recipe("linear"), (28, 28, 1), 10).parameters == 7_850


def test_a_net_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images that cannot go through a net are refused before training, with exit 2."""

    def build(input_shape: tuple[int, int, int], class_count: int) -> torch.nn.Module:
        return torch.nn.Sequential(
            torch.nn.MaxPool2d(64), torch.nn.Flatten(), torch.nn.Linear(1, class_count)
        )

    monkeypatch.setitem(MODELS, "linear", build)
    with pytest.raises(AssayError) as caught:
        summarize(read_recipe("linear"), (8, 8, 1), 2)
    assert (caught.value.code, caught.value.exit_code) == ("recipe-does-not-fit", 2)


def test_layers_that_do_not_go_together_are_refused() -> None:
    """Halving after a convolution that is not there: exit 2, before training."""
    with pytest.raises(AssayError) as caught:
        summarize(read_recipe("cnn", {"pool_after": [9]}), (28, 28, 1), 10)
    assert (caught.value.code, caught.value.exit_code) == ("recipe-does-not-fit", 2)


def test_weights_are_drawn_from_the_seed_alone() -> None:
    """Initial weights: equal for equal seeds, others for others; torch's own generator is left alone."""
    recipe = read_recipe("mlp")
    before = torch.random.get_rng_state()
    first, again, other = (arrays(initialized_network(recipe, (6, 6, 1), 3, seed)) for seed in (1, 1, 2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["hidden.weight"], other["hidden.weight"])


def test_weights_are_glorot_uniform() -> None:
    """Weights lie within sqrt(6 / (in + out)) and fill that range evenly; biases are zero."""
    weights = arrays(initialized_network(read_recipe("mlp"), (28, 28, 1), 10, seed=3))
    limit = np.sqrt(6 / (784 + 128))
    hidden = weights["hidden.weight"]
    assert 0.999 * limit < np.abs(hidden).max() <= limit
    assert abs(hidden.std() - limit / np.sqrt(3)) < 0.01 * limit
    assert not weights["hidden.bias"].any()


def test_filled_is_what_was_read() -> None:
    """A net filled with arrays gives the same arrays back, and the same outputs."""
    recipe = read_recipe("mlp")
    network = initialized_network(recipe, (6, 6, 1), 3, seed=0)
    copy = filled_network(recipe, (6, 6, 1), 3, arrays(network))
    images = torch.rand(5, 6, 6, 1)
    assert torch.equal(network(images), copy(images))
    assert floating_state(empty_network(recipe, (6, 6, 1), 3)).keys() == arrays(network).keys()


def test_cnn_by_hand() -> None:
    """Fashion-MNIST through the net of `cnn`: every map, parameter and multiply-add worked out on paper."""
    options = {"channels": (32, 32, 64, 96), "pool_after": (2, 3), "hidden": 128}
    recipe = read_recipe("cnn", {f"options.{key}": value for key, value in options.items()})
    rows = {row.name: row for row in summarize(recipe, (28, 28, 1), 10).layers}
    shapes = {"unshuffle": (4, 14, 14), "conv1": (32, 14, 14), "pool2": (32, 7, 7), "conv3": (64, 7, 7)}
    shapes |= {"pool3": (64, 3, 3), "conv4": (96, 3, 3), "flatten": (864,), "hidden": (128,), "output": (10,)}
    assert {name: rows[name].output_shape[1:] for name in shapes} == shapes
    assert rows["conv1"].parameters == 4 * 32 * 9
    assert rows["conv3"].multiply_adds == 7 * 7 * 32 * 64 * 9
    assert rows["norm4"].parameters == 2 * 96
    assert rows["hidden"].parameters == 864 * 128


def test_unshuffle_by_hand() -> None:
    """Each 2 x 2 square of a 3 x 4 image becomes four channels; the missing last row counts as zeros."""
    image = torch.arange(12.0).reshape(1, 3, 4, 1)
    found = cnn.Unshuffle(2)(image)
    assert found.shape == (1, 4, 2, 2)
    assert found[0, :, 0, 0].tolist() == [0, 1, 4, 5]
    assert found[0, :, 0, 1].tolist() == [2, 3, 6, 7]
    assert found[0, :, 1, 0].tolist() == [8, 9, 0, 0]
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_unshuffle_is_that_of_torch() -> None:
    """For one channel it gives what `torch.nn.functional.pixel_unshuffle` gives."""
    images = torch.rand(3, 6, 8, 1)
    oracle = torch.nn.functional.pixel_unshuffle(images.permute(0, 3, 1, 2), 2)
    assert torch.equal(cnn.Unshuffle(2)(images), oracle)


@pytest.mark.parametrize("side", [1, 2, 3, 14, 28, 32, 40, 41, 64, 97, 224])
def test_large_images_get_further_stages(side: int) -> None:
    """Whatever the size, the map before the last layers has 1 to 5 pixels a side, and from 28 on 2 to 5."""
    rows = {row.name: row for row in summarize(read_recipe("cnn"), (side, side, 3), 2).layers}
    last = [row for row in rows.values() if row.kind == "BatchNorm" and len(row.output_shape) == 4][-1]
    assert last.output_shape[2] == last.output_shape[3]
    assert (2 if side >= 28 else 1) <= last.output_shape[2] <= 5


def test_one_long_row_of_pixels() -> None:
    """An image of 1 x 10,000 goes through: its single row is never halved."""
    assert summarize(read_recipe("cnn"), (1, 10_000, 1), 2).layers[-1].output_shape == (None, 2)


def test_pooling_that_names_no_convolution_is_refused() -> None:
    """`pool_after` beyond the last convolution: exit 2 before training."""
    with pytest.raises(AssayError, match="pool_after") as caught:
        summarize(read_recipe("cnn", {"pool_after": "[9]"}), (28, 28, 1), 10)
    assert (caught.value.code, caught.value.exit_code) == ("recipe-does-not-fit", 2)


def test_batch_norm_is_that_of_torch_but_for_one_value() -> None:
    """The same as torch's own, running statistics included; one value per channel, which torch refuses, is
    normalized by the running statistics."""
    mine, theirs = cnn.BatchNorm(4, momentum=0.4), torch.nn.BatchNorm2d(4, momentum=0.4)
    images = torch.rand(3, 4, 2, 2)
    assert torch.equal(mine(images), theirs(images))
    assert torch.equal(mine.running_var, theirs.running_var)
    alone = torch.rand(1, 4, 1, 1)
    assert torch.equal(mine(alone), theirs.eval()(alone))
    assert torch.equal(mine.running_mean, theirs.running_mean)


def test_dirac_passes_channels_on() -> None:
    """With `dirac`, a convolution's first filters copy its input channels; the rest stay Glorot uniform."""
    recipe = read_recipe("cnn", {"initialization": "dirac", "members": 1})
    weight = initialized_network(recipe, (28, 28, 1), 10, seed=0).conv1.weight
    images = torch.rand(2, 4, 14, 14)
    copied = torch.nn.functional.conv2d(images, weight, padding=1)[:, :4]
    assert torch.equal(copied, images)
    limit = (6 / (9 * (4 + 32))) ** 0.5
    assert 0.9 * limit < weight[4:].abs().max() <= limit


def test_a_model_learns_and_predicts_without_symbolic_shapes() -> None:
    """Torch's modules for them take half a second to load, which every training and prediction would pay."""
    program = (
        "import sys, assay; model = assay.train('fashion-mnist-sample', 'cnn', offline=True, epochs=1, "
        "least_steps=0); print('sympy' in sys.modules, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"]
