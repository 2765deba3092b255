"""What the heads of the recipes state: accuracy over seeds 0-4 on Fashion-MNIST, all of them, last epoch.

The recipes that take less than a minute each, unless others are named. Longer ones: time_to_accuracy.py.
"""

import statistics
import sys

from assay import evaluate, load, train
from measuring import conditions, write_result

SEEDS = range(5)
QUICK = ("majority", "nearest-mean", "linear", "reference", "mlp")


def main() -> None:
    before, names = conditions(), sys.argv[1:] or QUICK
    data = load("fashion-mnist")
    command = " ".join(["python benchmarks/recipes.py", *sys.argv[1:]])
    write_result("recipes", command, before, {name: _figures(data, name) for name in names})


def _figures(data, name):
    """Trained on 54,000 images. Choices are made by the validation accuracy; the test is read last."""
    models = [train(data, name, seed=seed) for seed in SEEDS]
    accuracies = [evaluate(model, data).accuracy for model in models]
    return {
        "parameters": models[0].layers.parameters,
        "seeds": list(SEEDS),
        "validation_accuracy": [model.scores["val_accuracy"] for model in models],
        "test_accuracy": accuracies,
        "test_mean": statistics.mean(accuracies),
        "test_standard_deviation": statistics.stdev(accuracies),
    }


if __name__ == "__main__":
    main()
