"""Training beside what people use: the same job, each peer a whole process in its own environment.

    python benchmarks/training_peers.py [--environments FOLDER] [--rounds N] [--minutes M]

Three jobs on Fashion-MNIST, 60,000 images to train on and 10,000 to test, described in `peers/training/`:
`mlp`, the first tutorial's net for 10 epochs; `cnn`, a plain net of two convolutions; `resnet`, the recipe of
fast.ai's course that reaches 0.93, of which one epoch of five is run.

Seconds are those of the whole process, imports and reading included, from its start to its test accuracy,
which stands beside them to show that each one learns. All data are on this machine's disk: Assay's in its
cache, verified at each load; the others read plain arrays. Every peer is left to choose its threads. The
peers take turns: each round runs all of them once. The result file is written after each process, and what is
there already is not done again: a run may be stopped and begun again (--minutes stops it between processes).
Environments are made with pip where FOLDER does not hold them yet (5 GB).
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from assay.workflow.load import load
from measuring import RESULTS, conditions, write_result

NAME, COMMAND = "training_peers", "python benchmarks/training_peers.py --rounds {rounds}"
SCRIPTS = Path(__file__).parent / "peers" / "training"

#: What pip installs for each environment; exact versions of what is compared, torch in its build for
#: processors, as everywhere in this project. Assay runs in the environment of this script.
ENVIRONMENTS = {
    "torch": ["torch==2.13.0", "numpy"],
    "lightning": ["lightning==2.6.6", "torch==2.13.0"],
    "skorch": ["skorch==1.4.0", "torch==2.13.0"],
    "scikit-learn": ["scikit-learn==1.9.1"],
    "jax": ["jax==0.10.2", "keras==3.15.1"],
    "tensorflow": ["tensorflow-cpu==2.21.0", "keras==3.15.1"],
}

#: Packages whose versions are kept with the result.
COMPARED = ("torch", "lightning", "skorch", "scikit-learn", "jax", "keras", "tensorflow-cpu", "numpy")

#: Job -> epochs.
EPOCHS = {"mlp": 10, "cnn": 1, "resnet": 1}


@dataclass(frozen=True)
class Peer:
    """One row of a table. environment: None for Assay's own. words: after DATA, JOB and EPOCHS."""

    environment: str | None
    script: str
    jobs: tuple[str, ...] = ("mlp", "cnn")
    words: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()


PEERS = {
    "Assay": Peer(None, "with_assay.py"),
    "JAX, an expert's program": Peer("jax", "with_jax.py"),
    "Keras 3 on JAX": Peer("jax", "with_keras.py", variables=(("KERAS_BACKEND", "jax"),)),
    "Keras 3 on TensorFlow": Peer(
        "tensorflow", "with_keras.py", variables=(("KERAS_BACKEND", "tensorflow"),)
    ),
    "plain torch loop": Peer("torch", "with_torch.py"),
    "torch loop without DataLoader": Peer("torch", "with_torch.py", jobs=("mlp",), words=("slices",)),
    "Lightning": Peer("lightning", "with_lightning.py"),
    "skorch": Peer("skorch", "with_skorch.py"),
    "scikit-learn MLPClassifier": Peer("scikit-learn", "with_scikit_learn.py", jobs=("mlp",)),
    "fast.ai's ResNet in torch": Peer("torch", "fast_ai_resnet.py", jobs=("resnet",)),
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument(
        "--environments", type=Path, default=platformdirs.user_cache_path("assay-benchmarks")
    )
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--minutes", type=float, default=float("inf"), help="begin no process after these")
    options.add_argument("--jobs", nargs="+", choices=EPOCHS, default=list(EPOCHS))
    asked = options.parse_args()
    before, ends = conditions(), time.monotonic() + 60 * asked.minutes
    before["environments"] = {name: made(name, asked.environments) for name in ENVIRONMENTS}
    with tempfile.TemporaryDirectory() as folder:
        data = written_data(Path(folder))
        for job, name in missing(asked.jobs, asked.rounds):
            if time.monotonic() > ends:
                break
            found = so_far()
            runs = found[job]["peers"].setdefault(name, {"runs": []})["runs"]
            runs.append(run(PEERS[name], job, data, asked.environments) | {"commit": before["commit"]})
            found[job]["peers"][name] |= summary(runs)
            write_result(NAME, COMMAND.format(rounds=asked.rounds), before, found)


def made(name: str, folder: Path) -> dict[str, str]:
    """The versions in an environment, which is made where it is not there yet."""
    python = python_of(name, folder)
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / name], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *ENVIRONMENTS[name]], check=True)
    listed = subprocess.run([python, "-m", "pip", "list", "--format=json"], check=True, capture_output=True)
    return {p["name"]: p["version"] for p in json.loads(listed.stdout) if p["name"] in COMPARED}


def python_of(environment: str | None, folder: Path) -> Path:
    return folder / environment / "bin" / "python" if environment else Path(sys.executable)


def written_data(folder: Path) -> Path:
    """The arrays that the peers read, as `peers/training/task.py` describes them."""
    data = load("fashion-mnist", offline=True)
    train, test = data.train, data.splits["test"]
    x, xt = (np.concatenate(list(split.blocks()))[..., 0] for split in (train, test))
    np.savez(folder / "data.npz", x=x, y=train.labels, xt=xt, yt=test.labels)
    return folder / "data.npz"


def missing(jobs: list[str], rounds: int) -> Iterator[tuple[str, str]]:
    """Job and peer of each process that the result file lacks, round by round."""
    for job in jobs:
        for number in range(rounds):
            for name, peer in PEERS.items():
                done = so_far()[job]["peers"].get(name, {"runs": []})["runs"]
                if job in peer.jobs and len(done) <= number:
                    yield job, name


def so_far() -> dict[str, Any]:
    path = RESULTS / f"{NAME}.json"
    found = json.loads(path.read_text("utf-8"))["figures"] if path.exists() else {}
    return {job: found.get(job, {"epochs": epochs, "peers": {}}) for job, epochs in EPOCHS.items()}


def run(peer: Peer, job: str, data: Path, environments: Path) -> dict[str, Any]:
    """One process: its wall-clock seconds, its processor seconds, and the accuracy that it printed."""
    python, load_before = python_of(peer.environment, environments), round(os.getloadavg()[0], 2)
    command = [python, "-W", "ignore", SCRIPTS / peer.script, data, job, str(EPOCHS[job]), *peer.words]
    variables = os.environ | dict(peer.variables)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=variables)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": round(seconds, 2),
        "processor_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "test_accuracy": round(float(done.stdout.split()[-1]), 4),
        "load_before": load_before,
    }


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        f"median_{key}": statistics.median(run[key] for run in runs)
        for key in ("seconds", "processor_seconds", "test_accuracy")
    }


if __name__ == "__main__":
    main()
