"""Initial weights of nets that do not start at random: pretrained ones, or a warm start."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from assay.training.closed_forms import pretrained
from assay.training.layer_tables import parameter_name
from assay.training.loop.job import Job
from assay.training.nets.finetuned import FineTuned
from assay.training.nets.network import empty_network


def first_weights(job: Job) -> Mapping[str, NDArray[np.float32]]:
    """The weights that replace random ones, by name: of a pretrained net, and of the model to begin from.

    Raises AssayError `missing-extra` or `hash-mismatch` where a pretrained net is not at hand.
    """
    given = dict(job.start.weights) if job.start else {}
    return (_pretrained(job) if job.recipe.model == "finetuned" else {}) | given


def _pretrained(job: Job) -> dict[str, NDArray[np.float32]]:
    """The published net, and the classifier of the recipe `pretrained` as its last layer: so the net begins
    with the answers of that recipe, and its blocks need not make good for random ones."""
    fitted = pretrained.fit(job.split, job.rows.train, len(job.classes), job.seed, {})
    weight, bias = pretrained.as_logits(fitted.weights)
    ours = {f"scale.{part}": fitted.weights[f"scale.{part}"] for part in ("mean", "deviation")}
    ours |= {"output.weight": weight, "output.bias": bias}
    recipe, shape, count = job.recipe, job.split.shape, len(job.classes)
    network = empty_network(recipe.model_copy(update={"members": 1}), shape, count)
    assert isinstance(network, FineTuned)
    for part in ("frozen", "trained"):
        of_part = dict(getattr(network, part).named_parameters())
        ours |= {f"{part}.{name}": array for name, array in _net(fitted.weights) if name in of_part}
    if recipe.members == 1:
        return ours
    return {f"{number}.{name}": array for number in range(recipe.members) for name, array in ours.items()}


def _net(weights: Mapping[str, NDArray[np.float32]]) -> list[tuple[str, NDArray[np.float32]]]:
    """The weights of the pretrained net in a model of its recipe, by their names as parameters."""
    own = ((name, array) for name, array in weights.items() if name.startswith(pretrained.NET))
    return [(parameter_name(name.removeprefix(pretrained.NET)), array) for name, array in own]
