"""A whole classifier as the bytes of one ONNX file: pixels in, judged probabilities out."""

import hashlib
import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from assay.core import durable
from assay.core.errors import AssayError
from assay.core.version import __version__
from assay.deployment.export.backbone import add_pretrained
from assay.deployment.export.closed_forms import CLOSED_FORMS
from assay.deployment.export.graph import OPSET, Graph
from assay.deployment.export.hand_made import add_described, add_distances
from assay.deployment.export.nets import add_net
from assay.deployment.onnx_content import INPUT, METADATA, OUTPUTS, SEAL
from assay.training.inference.blend import of_reference, share_of
from assay.training.model.limits import OodGate
from assay.training.model.values import ModelData
from assay.training.recipes import OWN, NetRecipe, validated

#: Version of the file format that holds the operators of `OPSET`.
_IR_VERSION: Final = 9

#: The smallest probability whose logarithm is taken, as in `assay.training.inference.blend.pooled`.
_SMALLEST: Final = float(np.finfo(np.float64).tiny)


def onnx_bytes(model: ModelData, run_digest: str = "") -> bytes:
    """The file's content; equal models give equal bytes.

    run_digest: SHA-256 of `model.json` of the run that the model comes from, where it comes from one.
    Raises AssayError `recipe-does-not-fit` for a kind of layer that has no rule.
    """
    from onnx import TensorProto, helper

    graph, shape = Graph(), model.preprocessing.shape
    probabilities, distances = _answers(graph, model)
    results: dict[str, tuple[str, int, list[str | int | None]]] = {
        "probabilities": (
            graph.cast(probabilities, np.float32),
            TensorProto.FLOAT,
            ["n", len(model.classes)],
        ),
        "label": (graph.add("ArgMax", probabilities, axis=1, keepdims=0), TensorProto.INT64, ["n"]),
        "answered": (_answered(graph, model, probabilities, distances), TensorProto.BOOL, ["n"]),
        "ood_score": (distances, TensorProto.FLOAT, ["n"]),
    }
    for name, (source, _, _) in results.items():
        graph.nodes.append(helper.make_node("Identity", [source], [name], name))
    ordered = [(name, results[name]) for name in OUTPUTS]
    whole = helper.make_graph(
        graph.nodes,
        "assay",
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["n", *shape])],
        [helper.make_tensor_value_info(name, kind, sizes) for name, (_, kind, sizes) in ordered],
        graph.constants,
    )
    file = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR_VERSION)
    file.producer_name, file.producer_version = "assay", __version__
    record = durable.json_text(metadata(model, run_digest))
    helper.set_model_props(file, {METADATA: record})
    seal = hashlib.sha256(file.SerializeToString(deterministic=True)).hexdigest()
    helper.set_model_props(file, {METADATA: record, SEAL: seal})
    content: bytes = file.SerializeToString(deterministic=True)
    return content


def metadata(model: ModelData, run_digest: str) -> Mapping[str, Any]:
    """What a user of the file must know beside its graph, as JSON types."""
    rule, gate = model.limits.rule, model.limits.gate
    return {
        "schema": 1,
        "assay": __version__,
        "classes": list(model.classes),
        "preprocessing": model.preprocessing.as_record(),
        "recipe": dict(model.recipe),
        "fingerprints": dict(model.fingerprints),
        "temperature": model.limits.temperature.value,
        "rule": None if rule is None else {"max_risk": rule.max_risk, "threshold": rule.threshold},
        "gate": None if gate is None else {"threshold": gate.threshold},
        "run_sha256": run_digest,
    }


def _answers(graph: Graph, model: ModelData) -> tuple[str, str]:
    """Probabilities float64 `(n, k)`, tempered, and distances float32 `(n,)`; NaN without a gate."""
    recipe, shape = validated(model.recipe), model.preprocessing.shape
    if recipe.model == OWN:
        what = "it is a net of your own, and what its forward computes stands in no table"
        fix = "Export the trained net by torch: torch.onnx.export(model.to_torch(), ...)."
        raise AssayError("recipe-does-not-fit", recipe.name, what, fix)
    scaled = graph.add("Mul", graph.cast(INPUT, np.float32), graph.number(1 / 255))
    normalized = _normalized(graph, model, scaled)
    if isinstance(recipe, NetRecipe):
        logits, seen = add_net(graph, model, recipe, normalized)
        found = graph.softmax(graph.cast(logits, np.float64))
        share = share_of(recipe, len(model.classes))
        if share:
            other = CLOSED_FORMS["reference"](graph, of_reference(model.weights), scaled, shape)
            found = _pooled(graph, found, other, share)
    elif recipe.model == "pretrained":
        found, seen = add_pretrained(graph, model.weights, INPUT, shape)
    else:
        found = CLOSED_FORMS[recipe.model](graph, model.weights, scaled, shape)
        seen = graph.reshape(normalized, math.prod(shape))
    distances = _distances(graph, model.limits.gate, seen, scaled, shape)
    return _tempered(graph, found, model.limits.temperature.value), distances


def _normalized(graph: Graph, model: ModelData, scaled: str) -> str:
    preprocessing = model.preprocessing
    if preprocessing.normalizer == "minmax":
        return scaled
    centered = graph.add("Sub", scaled, graph.constant(np.asarray(preprocessing.mean, np.float32)))
    return graph.add("Div", centered, graph.constant(np.asarray(preprocessing.deviation, np.float32)))


def _pooled(graph: Graph, net: str, other: str, share: float) -> str:
    """`assay.training.inference.blend.pooled`."""
    logs = []
    for name, weight in ((net, 1 - share), (other, share)):
        bounded = graph.add("Max", name, graph.number(_SMALLEST, np.float64))
        logs.append(graph.add("Mul", graph.add("Log", bounded), graph.number(weight, np.float64)))
    return graph.softmax(graph.add("Add", *logs))


def _tempered(graph: Graph, found: str, temperature: float) -> str:
    """`assay.estimators.temperature_scaling.tempered`."""
    if temperature == 1:
        return found
    relative = graph.add("Div", found, graph.reduced("ReduceMax", found, 1))
    raised = graph.add("Pow", relative, graph.number(1 / temperature, np.float64))
    return graph.add("Div", raised, graph.reduced("ReduceSum", raised, 1))


def _distances(
    graph: Graph, gate: OodGate | None, seen: str, scaled: str, shape: tuple[int, int, int]
) -> str:
    if gate is None:
        any_value = graph.reduced("ReduceMax", graph.reshape(scaled, math.prod(shape)), 1, keep=False)
        return graph.add("Mul", any_value, graph.number(np.nan))
    flat = add_distances(graph, gate.space, graph.reshape(seen, len(gate.space.mean)))
    if gate.look is None:
        return flat
    look = add_distances(graph, gate.look, add_described(graph, scaled, shape))
    return graph.add("Max", flat, look)


def _answered(graph: Graph, model: ModelData, probabilities: str, distances: str) -> str:
    """`Limits.answered`; without a rule every picture is answered."""
    rule, gate = model.limits.rule, model.limits.gate
    confidence = graph.reduced("ReduceMax", probabilities, 1, keep=False)
    # No confidence is below 0, and none reaches 2.
    threshold = -1.0 if rule is None else 2.0 if rule.threshold is None else rule.threshold
    sure = graph.add("GreaterOrEqual", confidence, graph.number(threshold, np.float64))
    if rule is None or gate is None:
        return sure
    # The library compares a float32 distance with the threshold as float32 (NumPy 2's scalar rule).
    return graph.add("And", sure, graph.add("LessOrEqual", distances, graph.number(gate.threshold)))
