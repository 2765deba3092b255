"""A model whose weights are computed at once has no epochs: nothing that is told may speak of any."""

from pathlib import Path

import pytest

from assay.cli.main import exit_code


@pytest.mark.parametrize(("model", "at_once"), [("nearest-mean", True), ("linear", False)])
def test_what_is_told_of_the_training(
    model: str, at_once: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """On the screen, in the report and in the card; of a net trained for one epoch the epoch is."""
    run, epochs = tmp_path / "r", [] if at_once else ["--epochs", "1"]
    quick = ["--checks", "identity", "--out", str(run), "--model", model]
    assert exit_code(["run", "fashion-mnist-sample", *quick, *epochs]) == 0
    out = capfd.readouterr().out
    assert ("  fitted at once  loss " in out) == at_once
    assert ("epoch   1/1  loss " in out) != at_once
    page = (run / "report.html").read_text("utf-8")
    assert ("The weights were computed at once" in page) == at_once
    assert ("each image judged by a fit without it" in page) == at_once
    assert ("After each batch, every weight is changed" in page) != at_once
    assert ("How to read two curves" in page) != at_once
    assert (run / "figures" / "curves.png").exists() != at_once
    assert exit_code(["cards", str(run)]) == 0
    card = (run / "model_card.md").read_text("utf-8")
    assert ("Seed 0, fitted at once. " in card) == at_once
    assert ("Seed 0, 1 epoch. " in card) != at_once
