"""Test accuracy of the default run over seeds 0-4: all of them, last epoch, nothing chosen."""

import json
import statistics
import sys
import tempfile
from pathlib import Path

from measuring import conditions, seconds_of, write_result

SEEDS = range(5)


def main() -> None:
    before = conditions()
    with tempfile.TemporaryDirectory() as folder:
        accuracies = [_accuracy(Path(folder) / str(seed), seed) for seed in SEEDS]
    figures = {
        "recipe": "mlp",
        "parameters": 101_770,
        "seeds": list(SEEDS),
        "test_accuracy": accuracies,
        "mean": round(statistics.mean(accuracies), 5),
        "standard_deviation": round(statistics.stdev(accuracies), 5),
        "lowest": min(accuracies),
    }
    write_result("seed_accuracy", "python benchmarks/seed_accuracy.py", before, figures)


def _accuracy(out: Path, seed: int) -> float:
    seconds_of([sys.executable, "-m", "assay", "run", "--seed", seed, "--out", out])
    scores = json.loads((out / "evaluation.json").read_text("utf-8"))
    assert scores["model"]["parameters"] == 101_770
    return float(scores["test"]["accuracy"])


if __name__ == "__main__":
    main()
