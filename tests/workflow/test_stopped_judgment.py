"""A finished run that is judged or reported again and stopped before its manifest: the command goes on."""

import json
from pathlib import Path

import numpy as np
import pytest

from assay.cli.main import exit_code
from assay.workflow.run_folder import RunFolder, file_hashes, read_manifest
from torture.job import tiny_dataset, tiny_split

QUICK = ("--checks", "identity", "-q")


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data, test = tiny_dataset(), tiny_split("test", 60, 1)
    arrays = {"x_train": data.train.images, "y_train": data.train.labels}
    np.savez("set.npz", **arrays, x_test=test.images, y_test=test.labels)


def _stop_at(monkeypatch: pytest.MonkeyPatch, line: list[str], name: str, number: int) -> None:
    """Run a command that is stopped when the run folder is finished for the `number`-th time: before the
    manifest, or after what is removed before it."""
    finish, calls = RunFolder.finish, []

    def stopped(folder: RunFolder) -> None:
        calls.append(folder.path)
        if len(calls) == number:
            if name == "removed":
                for gone in ("gates.json", "data_card.md", "model_card.md", "croissant.json"):
                    (folder.path / gone).unlink(missing_ok=True)
            raise KeyboardInterrupt
        finish(folder)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "finish", stopped)
        assert exit_code(line) == 130


def _is_whole(run: Path) -> None:
    assert file_hashes(run) == read_manifest(run)["files"]


@pytest.mark.parametrize("where", ["written", "removed"])
def test_an_evaluation_that_was_stopped_goes_on(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its report was new and its manifest old: it was called damaged, for good."""
    assert exit_code(["train", "set.npz", "--model", "majority", *QUICK, "--out", "a"]) == 0
    assert exit_code(["cards", "a"]) == 0
    _stop_at(monkeypatch, ["evaluate", "a", "-q"], where, 1)
    assert exit_code(["evaluate", "a", "-q"]) == 0
    assert json.loads(Path("a/evaluation.json").read_text())["test"]["n"] == 60
    _is_whole(Path("a"))


def test_a_report_that_was_stopped_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gates and cards are removed before the manifest is written: it was called damaged, for good."""
    gate = ["--fail-on", "identity>9"]
    assert exit_code(["run", "set.npz", "--model", "majority", *QUICK, "--out", "a", *gate]) == 0
    assert exit_code(["cards", "a"]) == 0
    _stop_at(monkeypatch, ["report", "a", "-q"], "removed", 1)
    assert exit_code(["report", "a", "-q"]) == 0
    _is_whole(Path("a"))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_several_models_whose_judgment_was_stopped_go_on(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After one model of two, after both, before the comparison."""
    models = ["--model", "majority,nearest-mean"]
    assert exit_code(["train", "set.npz", *models, *QUICK, "--out", "a"]) == 0
    _stop_at(monkeypatch, ["evaluate", "a", "-q"], "written", number)
    assert exit_code(["evaluate", "a", "-q"]) == 0
    _is_whole(Path("a"))


def test_a_changed_model_is_still_refused(capfd: pytest.CaptureFixture[str]) -> None:
    """What a judgment does not write must be as it was."""
    assert exit_code(["train", "set.npz", "--model", "nearest-mean", *QUICK, "--out", "a"]) == 0
    Path("a/history.csv").write_text("other")
    assert exit_code(["evaluate", "a", "-q"]) == 4
    assert "run-damaged" in capfd.readouterr().err
