"""Where outputs go: nothing of the user's is replaced by something else, and no finished run is changed."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import assay
from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.workflow.run_commands import run_evaluate
from torture.job import tiny_dataset, tiny_split

pytestmark = pytest.mark.usefixtures("undrawn")

QUICK = ("--model", "majority", "--checks", "identity", "-q")
GATE = ("--fail-on", "identity>9")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data, and a finished run of it."""
    place = tmp_path_factory.mktemp("made")
    data, test = tiny_dataset(), tiny_split("test", 30, 1)
    arrays = {"x_train": data.train.images, "y_train": data.train.labels}
    np.savez(place / "set.npz", **arrays, x_test=test.images, y_test=test.labels)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert exit_code(["run", "set.npz", *QUICK, "--out", "r"]) == 0
    return place


@pytest.fixture
def place(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def _refused(line: list[str], code: str, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    assert exit_code(line) == 2
    err = capfd.readouterr().err
    assert err.startswith(f"error[{code}]: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (["run", "set.npz", *QUICK, *GATE, "--junit", "x", "--sarif", "./x"], "bad-value"),
        (["run", "set.npz", *QUICK, "--out", "n", "--junit", "n/manifest.json"], "bad-value"),
        (["run", "set.npz", *QUICK, "--out", "n", "--sarif", "n/../n/s.json"], "bad-value"),
        (["audit", "set.npz", "--checks", "identity", "-q", "--junit", "set.npz"], "output-exists"),
        (["train", "set.npz", *QUICK, "--sarif", "set.npz"], "output-exists"),
        (["evaluate", "r", "-q", "--junit", "r/new.xml"], "bad-value"),
        (["run", "set.npz", *QUICK, "--out", "r/models/x"], "bad-value"),
        (["compare", "r", "b", "--out", "r/both"], "bad-value"),
        (["review", "r", "--out", "r/new.csv"], "bad-value"),
        (["convert", "set.npz", "r/converted"], "bad-value"),
        (["audit", "r", "-q", "--out", "n"], "unknown-data"),
        (["audit", "set.npz", "-q", "--junit", "."], "output-exists"),
        (["export", "r", "-q", "--out", "."], "output-exists"),
        (["export", "r", "-q", "--out", "/"], "output-exists"),
        (["export", "r", "-q", "--out", "b/x.onnx"], "bad-value"),
        (["run", "r", *QUICK, "--out", "n"], "unknown-data"),
    ],
)
def test_what_would_destroy_or_change_something_is_refused(
    line: list[str], code: str, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """JUnit in place of the data or the manifest; new files in a finished run; a run as data."""
    before = (place / "set.npz").read_bytes()
    shutil.copytree("r", "b")
    _refused(line, code, capfd)
    assert (place / "set.npz").read_bytes() == before
    assert [exit_code(["verify", run, "-q"]) for run in ("r", "b")] == [0, 0]
    assert not (place / "n").exists()


def test_what_belongs_there_is_written(place: Path) -> None:
    """A report replaces one of its kind, or an empty file; the run's own decisions lie in it."""
    Path("empty.json").touch()
    for out in ("n", "m"):
        reports = ["--junit", "j.xml", "--sarif", "empty.json"]
        assert exit_code(["run", "set.npz", *QUICK, *GATE, *reports, "--out", out]) == 0
    assert exit_code(["review", "n", "--out", "n/decisions.csv"]) == 0
    assert exit_code(["verify", "n", "-q"]) == 0
    assert place.joinpath("empty.json").read_text().startswith("{")


@pytest.mark.parametrize("risk", [2, 0, 1, -1, float("nan"), float("inf"), "x", True])
def test_a_risk_that_is_no_share_is_told(
    risk: object, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of `evaluate`: it was a fault of Assay."""
    with pytest.raises(AssayError) as caught:
        run_evaluate(place / "r", max_risk=risk)  # type: ignore[arg-type]
    assert caught.value.code == "bad-value"
    if isinstance(risk, float):
        _refused(["evaluate", "r", "-q", "--max-risk", str(risk)], "bad-value", capfd)
    assert exit_code(["verify", "r", "-q"]) == 0


@pytest.mark.parametrize("runs", [(None,), (5, "r"), ("r", b"r")])
def test_what_is_no_run_is_told(runs: tuple[object, ...], place: Path) -> None:
    """Of `assay.compare`: an AttributeError came out."""
    assert place
    with pytest.raises(AssayError, match="neither a folder nor a run"):
        assay.compare(*runs)  # type: ignore[arg-type]
