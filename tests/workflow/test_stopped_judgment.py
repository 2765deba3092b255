"""A finished run that is judged or reported again and stopped before its manifest: the command goes on."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from assay.cli.main import exit_code
from assay.core import durable
from assay.core.durable import TEMPORARY
from assay.core.files import Files
from assay.workflow.recorded.run_record import file_hashes, need_intact, read_manifest
from assay.workflow.run_folder import JUDGED, RunFolder
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


def test_another_rule_stopped_at_every_change_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--max-risk` changes the model: stopped after that, before the manifest, the run was called damaged.

    And an export of the model as it was stayed: `verify` called the run changed, `serve` refused it.
    """
    monkeypatch.setattr("assay.workflow.run_files.write_report", _short_report)
    assert exit_code(["run", "set.npz", "--model", "nearest-mean", *QUICK, "--out", "a"]) == 0
    assert exit_code(["export", "a", "-q"]) == 0
    shutil.copytree("a", "kept")
    number, ended = 0, False
    while not ended:
        shutil.rmtree("a")
        shutil.copytree("kept", "a")
        ended = _stop_at_change(monkeypatch, ["evaluate", "a", "--max-risk", "0.2", "-q"], number)
        need_intact(Path("a"), JUDGED)
        if number % 5 == 0 or ended:
            assert exit_code(["evaluate", "a", "--max-risk", "0.2", "-q"]) == 0
            assert exit_code(["verify", "a", "-q"]) == 0
            _is_whole(Path("a"))
            assert not Path("a/export/model.onnx").exists()
        number += 1
    assert number > 10
    assert exit_code(["export", "a", "-q"]) == 0
    assert exit_code(["verify", "a", "-q"]) == 0


def _short_report(folder: Path, _: object) -> None:
    """In place of figures, which take nearly all of the time."""
    durable.write_text(folder / "report.html", "a report")


def _stop_at_change(monkeypatch: pytest.MonkeyPatch, line: list[str], number: int) -> bool:
    """Run a command that is stopped before its change of that number; whether it came to its end before."""
    changes = []

    class Stopping(Files):
        def rename(self, source: Path, target: Path) -> None:
            self._count()
            super().rename(source, target)

        def unlink(self, path: Path) -> None:
            if not path.name.startswith(TEMPORARY):
                self._count()
            super().unlink(path)

        def _count(self) -> None:
            changes.append(1)
            if len(changes) == number + 1:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(durable, "files", Stopping())
        code = exit_code(line)
    assert code in (0, 130)
    return code == 0
