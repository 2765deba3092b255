"""`--workers`: one run folder, one voice; a process that is lost ends all, and the run goes on to the same bits."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import assay
from assay.core.errors import AssayError
from assay.workflow.engines import training_workers
from assay.workflow.run_commands import resume
from assay.workflow.run_folder import read_config, read_manifest

#: Small, and with batch norm, hard images, an average and a blended reference.
RUN = [
    *("fashion-mnist-sample", "--model", "cnn", "--checks", "identity", "--epochs", "3", "--workers", "2"),
    *("--set", "channels=[4,4]", "--set", "pool_after=[1,2]", "--set", "hidden=8", "--set", "averaging=0.9"),
    *("--set", "reference_features=16", "--batch-size", "64", "--checkpoint-every", "0"),
]
SAME = ("model/model.safetensors", "history.csv", "evaluation.json", "predictions.csv", "config.toml")


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "assay", *map(str, arguments)]


def start(*arguments: object, **more: str) -> "subprocess.Popen[str]":
    variables = {**os.environ, "OMP_NUM_THREADS": "1", **more}
    pipe = subprocess.PIPE
    return subprocess.Popen(command(*arguments), stdout=pipe, stderr=pipe, text=True, env=variables)


def finished(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    output, told = process.communicate(timeout=300)
    return process.returncode, output, told


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in SAME}


def helpers_of(process: int) -> list[int]:
    """The workers that a process started, on Linux."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = entry.read_text("utf-8", "replace").rpartition(")")[2].split()[:2]
            line = (entry.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(parent) == process and state != "Z" and b"resume" in line:
            found.append(int(entry.parent.name))
    return found


def wait_until(seen: object, process: "subprocess.Popen[str]") -> None:
    assert callable(seen)
    limit = time.monotonic() + 240
    while not seen():
        assert process.poll() is None and time.monotonic() < limit
        time.sleep(0.01)


def gone(process: int) -> bool:
    return (
        not Path(f"/proc/{process}").exists()
        or b"resume" not in Path(f"/proc/{process}/cmdline").read_bytes()
    )


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run of two workers."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    code, output, told = finished(start("run", *RUN, "--out", folder))
    assert (code, told) == (0, ""), told
    assert output.count("epoch   1/3") == 1 and "2 workers share each batch" in output
    return folder


@pytest.fixture
def killed() -> Iterator[list["subprocess.Popen[str]"]]:
    """Processes that are ended with the test."""
    running: list[subprocess.Popen[str]] = []
    yield running
    for process in running:
        process.kill()


def test_a_run_says_how_many_trained_it(undisturbed: Path) -> None:
    """In its configuration and in its manifest; nothing of the meeting is left."""
    assert read_config(undisturbed)["workers"] == 2
    assert read_manifest(undisturbed)["training"]["workers"] == 2
    assert not [path.name for path in undisturbed.iterdir() if path.name.startswith(".assay-tmp")]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("victim", ["helper", "first"])
def test_kill_9_of_one_ends_all_and_the_run_goes_on_to_the_same_bits(
    tmp_path: Path, undisturbed: Path, killed: list["subprocess.Popen[str]"], victim: str
) -> None:
    """In the middle of an epoch. What is left of the others is one line with the command that goes on."""
    folder = tmp_path / "a run"
    process = start("run", *RUN, "--out", folder)
    killed.append(process)
    wait_until(lambda: any((folder / "checkpoints").glob("step-*3.json")), process)
    helper = helpers_of(process.pid)[0]
    os.kill(helper if victim == "helper" else process.pid, signal.SIGKILL)
    code, _, told = finished(process)
    limit = time.monotonic() + 30
    while not gone(helper) and time.monotonic() < limit:
        time.sleep(0.01)
    assert gone(helper)
    if victim == "helper":
        assert code == 5
        assert told == (
            "error[worker-lost]: worker 1: it was killed (signal 9). "
            f"Go on from the last checkpoint: assay resume '{folder}'\n"
        )
    code, _, told = finished(start("resume", folder))
    assert (code, told) == (0, "")
    assert files(folder) == files(undisturbed)


def test_sigterm_of_the_first_saves_the_work(
    tmp_path: Path, undisturbed: Path, killed: list["subprocess.Popen[str]"]
) -> None:
    """As with one process."""
    folder = tmp_path / "run"
    process = start("run", *RUN, "--out", folder)
    killed.append(process)
    wait_until(lambda: any((folder / "checkpoints").glob("step-*.json")), process)
    process.terminate()
    code, _, told = finished(process)
    assert (code, told) == (143, f"interrupted; the work is saved. Continue with: assay resume {folder}\n")
    assert finished(start("resume", folder))[0] == 0
    assert files(folder) == files(undisturbed)


def test_torchrun_starts_them_as_well(tmp_path: Path, undisturbed: Path) -> None:
    """Each runs the command; the first writes and tells; the bits are those of `--workers`."""
    folder = tmp_path / "run"
    arguments = ["--nproc-per-node", "2", "--master-port", "0", "--standalone", "-m", "assay", "run"]
    launched = [sys.executable, "-m", "torch.distributed.run", *arguments, *RUN, "--out", str(folder)]
    done = subprocess.run(launched, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch   1/3") == 1
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


def test_one_worker_is_none(tmp_path: Path) -> None:
    """The same bits as without the option."""
    options = {"model": "mlp", "epochs": 1, "checks": ["identity"]}
    runs = [assay.run("fashion-mnist-sample", out=tmp_path / str(n), workers=n, **options) for n in (None, 1)]  # type: ignore[arg-type]
    assert (runs[0].path / SAME[0]).read_bytes() == (runs[1].path / SAME[0]).read_bytes()


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


def test_a_run_of_two_is_not_taken_up_by_one(tmp_path: Path, undisturbed: Path) -> None:
    """`assay run --out` on an unfinished run says what differs."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.toml").write_bytes((undisturbed / "config.toml").read_bytes())
    code, _, told = finished(start("run", *RUN, "--workers", "3", "--out", folder))
    assert code == 4 and "workers: 2 there, 3 now" in told


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
    assert np.char.count(done.stdout, "recipe own-Sequential") == 1
