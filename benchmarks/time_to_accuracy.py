"""How long a whole process takes from its start to a final test accuracy, and which accuracy that is.

    python benchmarks/time_to_accuracy.py cnn --seeds 5

Each seed is a process of its own: it loads Fashion-MNIST from the cache, trains on all 60,000 training images
to the last step, and reads the test split once, at the end. No seed is left out and no epoch is chosen.
The result file is written after each seed; what is there already is not done again. A process that was
interrupted goes on from its checkpoint, and its seconds are added up. Where only accuracies are asked for,
each run may be held to a core (`taskset`): `cores` tells how many it had.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from assay import evaluate, load
from assay.data.splitting.stratified import hold_out
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.recipes import read_recipe
from measuring import RESULTS, conditions, write_result

NAME = "time_to_accuracy"
COMMAND = "python benchmarks/time_to_accuracy.py {recipe} --seeds {n}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("recipe", nargs="?", default="cnn")
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0 .. n - 1")
    parser.add_argument("--checkpoints", type=Path, help="where a long run keeps its state")
    parser.add_argument("--only", type=int, help="what each process does: this seed, in this process")
    asked = parser.parse_args()
    if asked.only is not None:
        _work(asked.recipe, asked.only, asked.checkpoints)
        return
    before = conditions()
    for seed in range(asked.seeds):
        if any(run["seed"] == seed for run in _runs_of(asked.recipe, _so_far())):
            continue
        run = _run(asked.recipe, seed, asked.checkpoints, before)
        found = _so_far()  # read again: another recipe's run may have ended meanwhile
        runs = [*_runs_of(asked.recipe, found), run]
        found[asked.recipe] = {"runs": runs, **_summary(runs)}
        command = COMMAND.format(recipe=asked.recipe, n=asked.seeds)
        write_result(NAME, command, before, found)


def _work(recipe: str, seed: int, place: Path | None) -> None:
    """Train on all training images and read the test split. The last line printed is the result."""
    data = load("fashion-mnist")
    rows, chosen = hold_out(data.train, 0, 0), read_recipe(recipe)
    request = FitRequest(data.train, rows, data.classes, chosen, seed=seed, fingerprints=data.fingerprints)
    model = fit(replace(request, checkpoints=place, checkpoint_minutes=5))
    print(evaluate(model, data).accuracy, model.layers.parameters, model.layers.multiply_adds)


def _runs_of(recipe: str, found: dict) -> list[dict]:
    return found.get(recipe, {}).get("runs", [])


def _so_far() -> dict:
    path = RESULTS / f"{NAME}.json"
    return json.loads(path.read_text("utf-8"))["figures"] if path.exists() else {}


def _run(recipe: str, seed: int, checkpoints: Path | None, before: dict) -> dict:
    """One process. Seconds of parts that were interrupted lie beside the checkpoints."""
    place = checkpoints / f"{recipe}-s{seed}" if checkpoints else None
    earlier = Path(f"{place}.seconds") if place else Path(tempfile.mkdtemp()) / "seconds"
    spent = float(earlier.read_text("utf-8")) if earlier.exists() else 0.0
    started, load_before = time.perf_counter(), os.getloadavg()[0]
    try:
        done = subprocess.run(
            [
                sys.executable,
                __file__,
                recipe,
                "--only",
                str(seed),
                *(["--checkpoints", place] if place else []),
            ],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    finally:
        spent += time.perf_counter() - started
        earlier.parent.mkdir(parents=True, exist_ok=True)
        earlier.write_text(str(spent), encoding="utf-8")
    accuracy, parameters, multiply_adds = done.stdout.splitlines()[-1].split()
    return {
        "seed": seed,
        "seconds": round(spent, 1),
        "test_accuracy": float(accuracy),
        "parameters": int(parameters),
        "multiply_adds": int(multiply_adds),
        "commit": before["commit"],
        "date": before["date"],
        "load_before": round(load_before, 2),
        "cores": len(os.sched_getaffinity(0)),
    }


def _summary(runs: list[dict]) -> dict:
    """Means over all seeds; the standard deviation is that of the seeds, with n - 1."""
    accuracies = [run["test_accuracy"] for run in runs]
    return {
        "n": len(runs),
        "test_mean": statistics.mean(accuracies),
        "test_standard_deviation": statistics.stdev(accuracies) if len(runs) > 1 else None,
        "seconds_mean": round(statistics.mean(run["seconds"] for run in runs), 1),
        "seconds_longest": max(run["seconds"] for run in runs),
    }


if __name__ == "__main__":
    main()
