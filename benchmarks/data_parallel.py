"""What several processes bring in training, against one process with one thread and with two.

    python benchmarks/data_parallel.py [--images 20000] [--epochs 2] [--seeds 3] [--data NAME] [--work DIR]

The net of the recipe `cnn` alone (`reference=0`, every image in each epoch), on the first images of the
training split, judged on the whole test split. The three ways take turns within each seed, so that what else
the machine does meets all of them. `epochs` are the seconds of the epochs alone, `training` those from the
start of the helpers on, `processor` those of the whole command, helpers included. Runs that lie in DIR are
not repeated: stop and start it again as you like.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np

import assay
from assay.core import durable
from measuring import conditions, write_result

#: Workers and threads of each.
WAYS: Final = {"1 worker, 1 thread": (1, 1), "1 worker, 2 threads": (1, 2), "2 workers, 1 thread": (2, 1)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--work", type=Path, default=Path("runs/data-parallel"))
    asked = parser.parse_args()
    before = conditions()
    durable.make_directory(asked.work)
    data = _subset(asked.data, asked.images, asked.work)
    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for seed in range(asked.seeds):
        for way in list(WAYS)[:: 1 if seed % 2 == 0 else -1]:
            runs[way].append(_run(data, asked.work, asked.epochs, seed, way))
    figures = {"images": asked.images, "epochs": asked.epochs}
    figures |= {way: _summary(found) for way, found in runs.items()}
    figures["two workers, epochs, by seed"] = {
        f"of {way}": [
            round(own["epochs"] / other["epochs"], 3)
            for own, other in zip(runs["2 workers, 1 thread"], runs[way], strict=True)
        ]
        for way in list(WAYS)[:2]
    }
    command = f"python benchmarks/data_parallel.py --images {asked.images} --epochs {asked.epochs}"
    write_result("data_parallel", f"{command} --seeds {asked.seeds}", before, figures)


def _subset(name: str, images: int, work: Path) -> Path:
    """The first images of the training split, and the whole test split, as one file."""
    path = work / f"first-{images}.npz"
    if not path.exists():
        data = assay.load(name)
        train, test = data.train, data.splits["test"]
        x_train = np.concatenate(list(train.blocks(np.arange(images))))[..., 0]
        x_test = np.concatenate(list(test.blocks()))[..., 0]
        arrays = {
            "x_train": x_train,
            "y_train": train.labels[:images],
            "x_test": x_test,
            "y_test": test.labels,
        }
        np.savez(path, **arrays)
    return path


def _run(data: Path, work: Path, epochs: int, seed: int, way: str) -> dict[str, Any]:
    workers, threads = WAYS[way]
    kept = work / f"{data.stem}-e{epochs}-s{seed}-w{workers}-t{threads}.json"
    if kept.exists():
        return dict(json.loads(kept.read_text("utf-8")))
    folder = kept.with_suffix("")
    command = [sys.executable, "-m", "assay", "run", str(data), "--model", "cnn", "--set", "reference=0"]
    command += ["--set", "selection=1", "--epochs", str(epochs), "--validation", "0", "--checks", "identity"]
    command += ["--seed", str(seed), "--threads", str(threads), "--workers", str(workers), "--json"]
    load = round(os.getloadavg()[0], 1)
    with subprocess.Popen([*command, "--out", str(folder)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        events = [json.loads(line) for line in process.stdout]
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.returncode
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    found = {
        "epochs": round(sum(e["seconds"] for e in events if e["event"] == "epoch"), 2),
        "training": manifest["training"]["seconds"],
        "processor": round(used.ru_utime + used.ru_stime, 2),
        "accuracy": json.loads((folder / "evaluation.json").read_text("utf-8"))["test"]["accuracy"],
        "load": load,
    }
    durable.write_json(kept, found)
    print(way, seed, found, flush=True)
    return found


def _summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    summed: dict[str, Any] = {key: [run[key] for run in runs] for key in runs[0]}
    return {**summed, "median": {key: statistics.median(values) for key, values in summed.items()}}


if __name__ == "__main__":
    main()
