"""`--workers`: one run folder; a process that is lost ends all, and the run goes on to the same bits.

Kills at any time, signals and the command under torchrun: `tests/torture/test_training_workers.py`.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.core.errors import AssayError
from assay.core.events import Event, OnEvent, ignore
from assay.workflow.engines import training_workers
from assay.workflow.recorded.run_record import read_config, read_manifest
from assay.workflow.run_commands import resume, run_train

pytestmark = pytest.mark.usefixtures("undrawn")

#: Small, and with batch norm, hard images, an average and a blended reference.
RUN: dict[str, Any] = {
    "model": "cnn",
    "checks": ["identity"],
    "epochs": 3,
    "workers": 2,
    "batch_size": 64,
    "threads": 1,
    "channels": [4, 4],
    "pool_after": [1, 2],
    "hidden": 8,
    "averaging": 0.9,
    "reference_features": 16,
}
SAME = ("model/model.safetensors", "history.csv", "config.toml")


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in SAME}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole training by two workers."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    heard: list[Event] = []
    run_train("fashion-mnist-sample", out=folder, on_event=heard.append, **RUN)
    begun = next(e for e in heard if e.event == "stage-started" and e.stage == "train")
    assert begun.figures["workers"] == 2
    assert [e.figures["epoch"] for e in heard if e.event == "epoch"] == [1, 2, 3]
    return folder


def test_a_run_says_how_many_trained_it(undisturbed: Path) -> None:
    """In its configuration and in its manifest; nothing of the meeting is left."""
    assert read_config(undisturbed)["workers"] == 2
    assert read_manifest(undisturbed)["training"]["workers"] == 2
    assert not [path.name for path in undisturbed.iterdir() if path.name.startswith(".assay-tmp")]
    assert "GLOO_SOCKET_IFNAME" not in os.environ


def killing(helpers: list["subprocess.Popen[str]"]) -> OnEvent:
    """A listener that kills a helper after the first epoch."""

    def hear(event: Event) -> None:
        if event.event == "epoch":
            os.kill(helpers[0].pid, signal.SIGKILL)

    return hear


def test_kill_9_of_a_worker_ends_all_and_the_run_goes_on_to_the_same_bits(
    tmp_path: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says who was killed and which command goes on."""
    begin, helpers = training_workers.begin, list["subprocess.Popen[str]"]()

    def noted(*given: Any) -> "subprocess.Popen[str]":
        helpers.append(begin(*given))
        return helpers[-1]

    monkeypatch.setattr(training_workers, "begin", noted)
    folder = tmp_path / "a run"
    with pytest.raises(AssayError) as caught:
        run_train("fashion-mnist-sample", out=folder, on_event=killing(helpers), **RUN)
    assert str(caught.value) == (
        "error[worker-lost]: worker 1: it was killed (signal 9). "
        f"Go on from the last checkpoint: assay resume '{folder}'"
    )
    assert caught.value.exit_code == 5 and helpers[0].poll() == -signal.SIGKILL
    resume(folder)
    assert files(folder) == files(undisturbed)


def test_a_helper_that_fails_is_told_as_it_told_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before training begins, too: nobody waits for it."""
    begin = training_workers.begin

    def elsewhere(command: list[str], environment: dict[str, str]) -> object:
        return begin([*command[:-1], str(tmp_path / "nothing")], environment)

    monkeypatch.setattr(training_workers, "begin", elsewhere)
    with pytest.raises(AssayError, match=r"worker 1: .*nothing: there is no") as caught:
        assay.run("fashion-mnist-sample", model="mlp", checks=["identity"], workers=2, out=tmp_path / "run")
    assert caught.value.code == "unknown-data"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"workers": 0}, "--workers: 0"),
        ({"workers": -1}, "--workers: -1"),
        ({"workers": 1.5}, "--workers: 1.5"),
        ({"workers": 2000}, "--workers: 2000"),
        ({"workers": 40, "batch_size": 32}, "40 workers share batches of 32 images"),
        ({"workers": 2, "model": "majority"}, "majority is fitted at once"),
        ({"workers": 2, "model": "mlp,reference"}, "reference is fitted at once"),
    ],
)
def test_numbers_that_cannot_be(tmp_path: Path, settings: dict[str, object], said: str) -> None:
    """One line, before any work."""
    with pytest.raises(AssayError, match=said) as caught:
        assay.run("fashion-mnist-sample", out=tmp_path / "run", **{"model": "mlp", **settings})  # type: ignore[arg-type]
    assert caught.value.code == "bad-value" and not (tmp_path / "run").exists()


def test_data_and_nets_that_helpers_cannot_have(tmp_path: Path) -> None:
    """In the memory of a program: only torchrun starts it more than once."""
    data = assay.load("fashion-mnist-sample")
    with pytest.raises(AssayError, match="in the memory of this program"):
        assay.run(data, model="mlp", workers=2, out=tmp_path / "run")
    with pytest.raises(AssayError, match=r"assay\.train keeps none"):
        assay.train("fashion-mnist-sample", "mlp", workers=2, epochs=1)


def test_one_worker_is_none() -> None:
    """The same bits as without the option."""
    one, none = (
        assay.train("fashion-mnist-sample", "linear", epochs=1, workers=workers) for workers in (1, None)
    )
    assert all((one.weights[name] == none.weights[name]).all() for name in none.weights)


@pytest.fixture
def of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    """What torchrun tells the second of three processes."""
    for name, value in {"RANK": 1, "WORLD_SIZE": 3, "MASTER_ADDR": "localhost", "MASTER_PORT": 1}.items():
        monkeypatch.setenv(name, str(value))


@pytest.mark.usefixtures("of_three")
def test_another_number_than_torchrun_started(undisturbed: Path, tmp_path: Path) -> None:
    """Refused, where it is asked for and where a run is taken up."""
    with pytest.raises(AssayError, match="2 are wanted, and 3 processes were started"):
        assay.run("fashion-mnist-sample", model="mlp", workers=2, out=tmp_path / "run")
    with pytest.raises(AssayError, match="begun with 2 workers, and 3 processes") as caught:
        resume(undisturbed)
    assert caught.value.code == "config-changed"


@pytest.mark.usefixtures("of_three")
def test_only_the_first_writes_a_run_folder(tmp_path: Path) -> None:
    """A program under torchrun is told to use the command; several models are refused."""
    with pytest.raises(AssayError, match="only worker 0 writes"):
        assay.run("fashion-mnist-sample", model="mlp", out=tmp_path / "run")
    with pytest.raises(AssayError, match="train one model"):
        assay.run("fashion-mnist-sample", model="mlp,linear", out=tmp_path / "run")


def test_a_run_of_two_is_not_taken_up_by_three(tmp_path: Path, undisturbed: Path) -> None:
    """The same command with another number says what differs."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.toml").write_bytes((undisturbed / "config.toml").read_bytes())
    with pytest.raises(AssayError, match="workers: 2 there, 3 now") as caught:
        run_train("fashion-mnist-sample", out=folder, on_event=ignore, **{**RUN, "workers": 3})
    assert caught.value.code == "config-changed"


TRAINS_TOGETHER = """
import hashlib, sys
import assay
from torch import nn
data = assay.load("fashion-mnist-sample")
net = nn.Sequential(nn.Flatten(), nn.Linear(784, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 10))
model = assay.train(data, net, epochs=1, batch_size=50)
digest = hashlib.sha256(b"".join(model.weights[name].tobytes() for name in sorted(model.weights)))
open(sys.argv[1] + "/" + digest.hexdigest() + "-" + __import__("os").environ["RANK"], "x")
"""


def test_a_program_under_torchrun_trains_a_net_of_its_own(tmp_path: Path) -> None:
    """Every process is returned the same model."""
    program = tmp_path / "program.py"
    program.write_text(TRAINS_TOGETHER)
    launched = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    done = subprocess.run(
        [*launched, str(program), str(tmp_path)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    digests = sorted(path.name.split("-") for path in tmp_path.iterdir() if path != program)
    assert [rank for _, rank in digests] == ["0", "1"] and digests[0][0] == digests[1][0]
