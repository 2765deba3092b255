"""What is known of a net without torch is what torch says of it."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import assay
from assay.training.layer_tables import net_summary, net_weight_shapes
from assay.training.nets.network import empty_network, floating_state
from assay.training.nets.summary import summarize
from assay.training.recipes import RECIPES, NetRecipe, read_recipe, validated

NETS = [name for name in RECIPES if isinstance(read_recipe(name), NetRecipe)]
SIDES = st.integers(1, 90)


def _same(recipe: NetRecipe, shape: tuple[int, int, int], classes: int) -> None:
    network = empty_network(recipe, shape, classes)
    wanted = {name: tuple(tensor.shape) for name, tensor in floating_state(network).items()}
    assert net_weight_shapes(recipe, shape, classes) == wanted
    assert net_summary(recipe, shape, classes) == summarize(recipe, shape, classes)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("shape", [(28, 28, 1), (1, 1, 3), (97, 13, 3)])
def test_every_recipe_has_a_table(name: str, shape: tuple[int, int, int]) -> None:
    recipe = read_recipe(name)
    assert isinstance(recipe, NetRecipe)
    _same(recipe, shape, 7)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(SIDES, SIDES, st.sampled_from([1, 3])),
    classes=st.integers(2, 30),
    members=st.integers(1, 3),
    factor=st.integers(1, 4),
    channels=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    pooled=st.integers(0, 15),
    hidden=st.integers(1, 9),
)
def test_any_pyramid(
    shape: tuple[int, int, int],
    classes: int,
    members: int,
    factor: int,
    channels: list[int],
    pooled: int,
    hidden: int,
) -> None:
    """Whatever its options: as torch has it."""
    pool_after = [n for n in range(1, len(channels) + 1) if pooled >> n & 1] or [1]
    options = {"unshuffle": factor, "channels": channels, "pool_after": pool_after, "hidden": hidden}
    recipe = read_recipe("cnn", {**options, "members": members})
    assert isinstance(recipe, NetRecipe)
    _same(recipe, shape, classes)


@pytest.mark.parametrize(
    "options", [{"pool_after": [9]}, {"hidden": 0.5}, {"channels": 3}, {"unshuffle": [2]}], ids=str
)
def test_what_does_not_fit_is_left_to_the_net(options: dict[str, object]) -> None:
    """Building it says what is wrong, also with options of another kind, as a model's file may have."""
    record = read_recipe("cnn").as_record()
    recipe = validated({**record, "options": {**record["options"], **options}})
    assert isinstance(recipe, NetRecipe)
    assert net_summary(recipe, (28, 28, 1), 10) is None
    with pytest.raises(assay.AssayError, match="recipe-does-not-fit"):
        summarize(recipe, (28, 28, 1), 10)


PROBE = """
import sys
from assay.training.classifier import Model
model = Model.read(sys.argv[1])
print("torch" in sys.modules, model.layers.parameters)
"""


def test_a_saved_net_is_read_without_torch(tmp_path: Path) -> None:
    model = assay.train(
        "fashion-mnist-sample", "cnn", epochs=1, least_steps=1, reference_features=16, threads=1
    )
    model.save(tmp_path)
    found = subprocess.run(
        [sys.executable, "-c", PROBE, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["False", str(model.layers.parameters)]
