"""What the heads of the recipes state: accuracy over seeds 0-4 on Fashion-MNIST, all of them, last epoch."""

import statistics

from assay import evaluate, load, train
from assay.learning.recipes import RECIPES
from measuring import conditions, write_result

SEEDS = range(5)


def main() -> None:
    before = conditions()
    data = load("fashion-mnist")
    write_result(
        "recipes", "python benchmarks/recipes.py", before, {name: _figures(data, name) for name in RECIPES}
    )


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
