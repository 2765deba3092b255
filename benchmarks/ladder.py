"""A ladder of models on the same splits of Fashion-MNIST: what each step up brings, and what it costs.

    python benchmarks/ladder.py                      # the recipes below
    python benchmarks/ladder.py linear,mlp,cnn --out runs/ladder

One `assay run --model ...` with 54,000 images to train on; accuracies are those of the test split, read once
per model, seconds those of training and choosing on validation, both as the run's own files have them.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from measuring import conditions, seconds_of, write_result

RECIPES = "majority,nearest-mean,linear,reference,mlp,cnn"
CHECKS = "identity,label-balance,pixel-range,class-similarity"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("recipes", nargs="?", default=RECIPES)
    parser.add_argument("--out", type=Path, help="where the run stays")
    asked, before = parser.parse_args(), conditions()
    run = asked.out or Path(tempfile.mkdtemp()) / "run"
    options = ("--model", asked.recipes, "--checks", CHECKS, "--out", run)
    seconds_of([sys.executable, "-m", "assay", "run", *options])
    comparison = json.loads((run / "comparison.json").read_text("utf-8"))
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    figures = {
        model["recipe"]: {
            **{key: model[key] for key in ("n", "accuracy", "accuracy_ci95")},
            **{key: model[key] for key in ("parameters", "multiply_adds", "bytes")},
            "training_seconds": manifest["models"][model["name"]]["seconds"],
        }
        for model in comparison["runs"]
    }
    write_result("ladder", f"python benchmarks/ladder.py {asked.recipes}", before, figures)


if __name__ == "__main__":
    main()
