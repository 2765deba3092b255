"""What a run keeps for itself, and is no file when the run goes on: told in one line, at once."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.workflow.load import load
from assay.workflow.planning.kept_inputs import REASON
from assay.workflow.planning.plan import plan_of_run
from torture.job import tiny_dataset, tiny_split

KEPT = ("applied_decisions.csv", "given_pred_probs.npz", "config.toml")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


KINDS = (_pipe, _device, Path.mkdir)


@pytest.fixture
def unfinished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command of a run in `a` that was stopped before its audit; what it was given is kept there."""
    monkeypatch.chdir(tmp_path)
    data, test = tiny_dataset(), tiny_split("test", 60, 1)
    arrays = {"x_train": data.train.images, "y_train": data.train.labels}
    np.savez("set.npz", **arrays, x_test=test.images, y_test=test.labels)
    train = load("set.npz").train
    decided = f"{bytes(train.digests[0]).hex()},{train.labels[0]},keep"
    Path("decided.csv").write_text(f"digest,label,decision\n{decided}\n")
    np.save("probabilities.npy", np.full((len(train), 3), 1 / 3))
    line = ["run", "set.npz", "--model", "majority", "--checks", "identity", "-q", "--out", "a"]
    line += ["--pred-probs", "probabilities.npy", "--decisions", "decided.csv"]

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("assay.workflow.run_commands.examined", stopped)
        assert exit_code(line) == 130
    return line


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", KEPT)
def test_a_copy_that_is_no_file_is_told(
    unfinished: list[str], name: str, kind: Callable[[Path], None], capfd: pytest.CaptureFixture[str]
) -> None:
    """A folder was a fault of Assay, a pipe was waited for, a device read until memory ended."""
    Path("a", name).unlink()
    kind(Path("a", name))
    capfd.readouterr()
    assert exit_code(unfinished) == 3
    err = capfd.readouterr().err
    assert err.startswith("error[not-a-file]: a/")
    assert err.count("\n") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_reason_that_is_no_file_is_told(unfinished: list[str], kind: Callable[[Path], None]) -> None:
    """Of a recipe that the data were asked for; it stands in the report."""
    assert unfinished
    kind(Path("a", REASON))
    with pytest.raises(AssayError) as caught:
        plan_of_run(Path("a"), None, True, lambda _: None)
    assert caught.value.code == "not-a-file"


@pytest.mark.parametrize("content", [b"[]", b"null", b"\xe9", b"", b"[" * 100_000], ids=lambda c: repr(c[:4]))
def test_a_record_forged_with_its_hash_is_told(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of what a card says: no JSON, or no object of it, was a fault of Assay."""
    monkeypatch.chdir(tmp_path)
    data = tiny_dataset()
    np.savez("set.npz", x_train=data.train.images, y_train=data.train.labels)
    assert exit_code(["audit", "set.npz", "--checks", "identity", "-q", "--out", "a"]) == 0
    manifest = json.loads(Path("a/manifest.json").read_text())
    manifest["files"]["audit.json"] = hashlib.sha256(content).hexdigest()
    Path("a/audit.json").write_bytes(content)
    Path("a/manifest.json").write_text(json.dumps(manifest))
    capfd.readouterr()
    assert exit_code(["cards", "a"]) == 4
    err = capfd.readouterr().err
    assert err.startswith("error[run-damaged]: a/audit.json")
    assert err.count("\n") == 1
