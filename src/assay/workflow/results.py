"""What a run has found, filled in by its stages. Loads no matplotlib."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from assay.data.decisions import Decided
from assay.data.splitting.stratified import HoldOut
from assay.data.values import PURPOSES, Dataset
from assay.evaluation.values import Evaluation
from assay.reports.values import Results
from assay.training.classifier import Model


def with_model(results: Results, model: Model, held: HoldOut, decided: Decided) -> Results:
    """With what training gave. decided: what follows for these data from the decisions of a person."""
    return replace(
        results,
        partition=partition(results.dataset, held, decided),
        preprocessing=model.preprocessing,
        layers=model.layers,
        history=replace(model.history, validation_images=model.limits.temperature.images or None),
        recipe=model.recipe,
    )


def with_score(results: Results, score: Evaluation | None) -> Results:
    """With the score on the test images; of a model trained elsewhere its name is all that is known."""
    if score is None:
        return results
    recipe = results.recipe if results.layers else {"name": score.model["recipe"]}
    return replace(results, evaluation=score, recipe=recipe)


def with_settings(results: Results, config: Mapping[str, Any], reason: str = "") -> Results:
    """With what was asked for, why the data chose or changed the recipe, and the shell line that repeats
    the run from its own configuration."""
    command = f"assay {config.get('command', 'run')} --config config.toml --out ANOTHER_FOLDER"
    seed = config.get("seed") if results.layers else None
    return replace(results, config=config, seed=seed, commands=(command,), reason=reason)


def partition(dataset: Dataset, held: HoldOut, decided: Decided) -> list[dict[str, Any]]:
    """The partition as used: `train` without what was held out for validation."""
    labels, k = decided.labelled("train", dataset.train).labels, len(dataset.classes)
    used = [
        {
            "split": name,
            "count": len(part),
            "per_class": np.bincount(labels[part], minlength=k).tolist(),
            "purpose": PURPOSES[name],
        }
        for name, part in (("train", held.train), ("validation", held.validation))
        if len(part)
    ]
    return used + [row for row in dataset.partition_table() if row["split"] != "train"]
