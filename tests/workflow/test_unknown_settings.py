"""A name that nothing takes is refused with the nearest one, by every function and command."""

from pathlib import Path

import pytest

import assay
from assay.cli.main import exit_code
from assay.core.errors import AssayError
from torture.job import tiny_dataset


@pytest.mark.parametrize("function", [assay.audit, assay.train, assay.run])
@pytest.mark.parametrize(
    ("name", "near"), [("thorugh", "thorough"), ("cheks", "checks"), ("pred_prob", None), ("sed", "seed")]
)
def test_a_misspelled_setting(function, name: str, near: str | None, tmp_path: Path, monkeypatch) -> None:
    """No keyword is swallowed: neither by the audit, nor by what also takes a recipe's settings."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssayError, match=f"unknown-setting.*{name}") as caught:
        function(tiny_dataset(), **{name: True})
    assert near is None or f"Did you mean {near}?" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["epochs", "hidden", "learning_rate"])
def test_an_audit_takes_no_setting_of_a_recipe(name: str) -> None:
    """It trains nothing, so such a wish would be ignored."""
    with pytest.raises(AssayError, match=f"unknown-setting.*{name}.*an audit has no such setting"):
        assay.audit(tiny_dataset(), **{name: 5})


def _epochs(tmp_path: Path, config: str, *options: str) -> int:
    (tmp_path / "settings.toml").write_text(config)
    out = tmp_path / "run"
    checks = ("--checks", "identity", "--out", str(out), "-q")
    line = ["train", "fashion-mnist-sample", "--config", str(tmp_path / "settings.toml"), *options, *checks]
    assert exit_code(line) == 0
    return len((out / "history.csv").read_text().splitlines()) - 1


def test_a_nameless_recipe_table_counts_for_any_model(tmp_path: Path) -> None:
    """`[recipe] epochs = 2` is a wish for whatever is trained: it was dropped where --model was given."""
    assert _epochs(tmp_path, "[recipe]\nepochs = 2\n", "--model", "linear") == 2


def test_a_nameless_recipe_table_beside_a_model(tmp_path: Path) -> None:
    """The file's own model may be replaced; the wishes stay."""
    assert _epochs(tmp_path, 'model = "mlp"\n[recipe]\nepochs = 2\n', "--model", "linear") == 2


def test_the_recipe_of_another_model_does_not_count(tmp_path: Path) -> None:
    """A run's whole recipe belongs to its name."""
    config = 'model = "mlp"\n[recipe]\nname = "mlp"\nmodel = "mlp"\nepochs = 2\n'
    assert _epochs(tmp_path, config, "--model", "linear", "--epochs", "3") == 3
