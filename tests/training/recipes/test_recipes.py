"""Recipes: every one can be read, changed, written and read back; wrong words are refused helpfully."""

import subprocess
import sys

import pytest

from assay.core.errors import AssayError
from assay.training.recipes import RECIPES, read_recipe, validated


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_reads_back(name: str) -> None:
    """A recipe's file says its own name, and its record makes the same recipe."""
    recipe = read_recipe(name)
    assert recipe.name == name
    assert validated(recipe.as_record()) == recipe
    assert read_recipe(name, recipe.as_record()) == recipe


def test_mlp_is_the_seed_model() -> None:
    """The recipe mlp is Adam, 10 epochs, batch 32, learning rate 0.001, pixels by 255."""
    recipe = read_recipe("mlp")
    assert (recipe.epochs, recipe.batch_size, recipe.learning_rate) == (10, 32, 0.001)
    assert (recipe.normalizer, recipe.options["hidden"]) == ("minmax", 128)


def test_overrides_in_every_form() -> None:
    """Settings come as values or as text, options alone, dotted or in a table; None changes nothing."""
    plain = read_recipe("mlp", {"epochs": 3, "hidden": 5, "batch_size": None})
    text = read_recipe("mlp", {"epochs": "3", "options.hidden": "5"})
    table = read_recipe("mlp", {"epochs": 3, "options": {"hidden": 5}})
    assert plain == text == table
    assert (plain.epochs, plain.options["hidden"], plain.batch_size) == (3, 5, 32)
    assert read_recipe("mlp", {"normalizer": "standard"}).normalizer == "standard"
    assert read_recipe("mlp", {"learning_rate": "1e-2"}).learning_rate == 0.01
    assert read_recipe("mlp", {"learning_rate": "1"}).learning_rate == 1.0


@pytest.mark.parametrize(
    ("name", "overrides", "code", "words"),
    [
        ("mpl", {}, "unknown-recipe", "Did you mean mlp? There are: majority, nearest-mean, linear"),
        ("mlp", {"epoch": 3}, "unknown-setting", "Did you mean epochs?"),
        ("majority", {"epochs": 3}, "unknown-setting", "majority has no such setting"),
        ("reference", {"fourier_features": 0}, "bad-value", "options.fourier_features"),
        ("linear", {"hidden": 3}, "unknown-setting", "linear has no such setting"),
        ("mlp", {"name": "other"}, "unknown-setting", "name"),
        ("mlp", {"epochs": 0}, "bad-value", "epochs"),
        ("mlp", {"epochs": "2.5"}, "bad-value", "epochs"),
        ("mlp", {"epochs": True}, "bad-value", "epochs"),
        ("mlp", {"batch_size": "many"}, "bad-value", "batch_size"),
        ("mlp", {"batch_size": "5\nseed = 3"}, "bad-value", "batch_size"),
        ("mlp", {"learning_rate": "nan"}, "bad-value", "learning_rate"),
        ("mlp", {"learning_rate": -1.0}, "bad-value", "learning_rate"),
        ("mlp", {"beta1": 1.0}, "bad-value", "beta1"),
        ("mlp", {"hidden": 0}, "bad-value", "options.hidden"),
        ("mlp", {"normalizer": "zscore"}, "bad-value", "normalizer"),
        ("mlp", {"hidden": -1}, "bad-value", "greater than or equal to 1"),
        ("mlp", {"hidden": "abc"}, "bad-value", "it should be a whole number. Give one, such as 128"),
        ("mlp", {"hidden": "0.5"}, "bad-value", "it should be a whole number"),
        (
            "cnn",
            {"channels": []},
            "bad-value",
            "options.channels: [] is refused: Tuple should have at least 1",
        ),
        (
            "cnn",
            {"channels": "3"},
            "bad-value",
            "a list of whole numbers. Give one, such as [32, 32, 64, 96]",
        ),
        ("cnn", {"channels": [32, -1]}, "bad-value", "options.channels: -1 is refused"),
        ("cnn", {"batch_norm_momentum": 7}, "bad-value", "less than or equal to 1"),
        ("cnn", {"batch_norm_momentum": "[1]"}, "bad-value", "it should be a number"),
        ("pretrained", {"backbone": "resnet"}, "bad-value", "efficientnet-lite0"),
        ("pretrained", {"backbone": 3}, "bad-value", "it should be a name"),
    ],
)
def test_wrong_words_are_refused(name: str, overrides: dict[str, object], code: str, words: str) -> None:
    """An unknown name or a value out of range is refused with exit 2, and the error says what exists."""
    with pytest.raises(AssayError) as caught:
        read_recipe(name, overrides)
    assert (caught.value.code, caught.value.exit_code) == (code, 2)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("module", "loads"),
    [
        ("assay.training.recipes", False),
        ("assay.training.requirements", False),
        ("assay.training.model.values", False),
        ("assay.training.inference.any_model", False),
        ("assay.training.loop.train", True),
    ],
)
def test_recipes_need_no_torch(module: str, loads: bool) -> None:
    """Recipes, values and the question whether torch is there load no torch; the training loop does."""
    code = f"import sys, {module}; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == str(loads)
