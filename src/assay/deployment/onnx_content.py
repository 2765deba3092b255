"""The content of an exported file, taken as hostile: what it must be before a session is made of it.

All that could reach outside the file, run foreign code or fill the memory is refused: data in other files,
operators that Assay never writes, functions and graphs inside graphs, sizes out of proportion. Nothing here
needs torch.
"""

import hashlib
import json
import math
from dataclasses import dataclass, replace
from typing import Any, Final

from assay.core.errors import AssayError
from assay.data.preprocessing import Preprocessing
from assay.deployment.onnx_sizes import values_of_an_image

INPUT: Final = "images"
OUTPUTS: Final = ("probabilities", "label", "answered", "ood_score")

#: Keys of the file's metadata: what it is, and the hash of the file without this entry.
METADATA: Final = "assay"
SEAL: Final = "assay.sha256"

#: Every operator that an export may hold.
OPERATORS: Final = frozenset(
    "Add And ArgMax BatchNormalization Cast Clip Concat Conv Cos Div Exp GreaterOrEqual Identity LessOrEqual "
    "Log LogSoftmax MatMul Max MaxPool Mean Mul Neg Pad Pow ReduceMax ReduceMean ReduceMin ReduceSum Relu "
    "Reshape Sin Slice Sqrt Sub Transpose Unsqueeze".split()
)

#: The seal is the last that is written: tag and length of the entry, of its key and of its value.
_SEAL_ENTRY: Final = b"\x72\x50\x0a\x0c" + SEAL.encode() + b"\x12\x40"
_DIGEST: Final = 64

_MOST_NODES: Final = 20_000
_LARGEST_IMAGE: Final = 1 << 26


@dataclass(frozen=True)
class Metadata:
    """What a file says about itself.

    classes: in the order of the probabilities. temperature: already in the probabilities. max_risk and
    threshold: of the rule that `answered` follows; max_risk is None without a rule, and a rule without a
    threshold never answers. gate: the `ood_score` beyond which an image is unlike the training images; None
    without a gate. run_sha256: of `model/model.json` in the run; empty where the model came from none.
    values: that all its operators give for one image; found out, not said.
    """

    classes: tuple[str, ...]
    preprocessing: Preprocessing
    temperature: float
    max_risk: float | None
    threshold: float | None
    gate: float | None
    recipe: dict[str, Any]
    fingerprints: dict[str, str]
    version: str
    run_sha256: str
    values: int = 0


def refused(where: object, reason: str) -> AssayError:
    """`model-refused`, with what to do."""
    return AssayError("model-refused", where, reason, "Give a file that `assay export` wrote, unchanged.")


def checked_metadata(content: bytes, where: str) -> Metadata:
    """The metadata of a file that Assay wrote. Raises AssayError `model-refused`; makes no session."""
    import onnx
    from google.protobuf.message import DecodeError

    file = onnx.ModelProto()
    try:
        file.ParseFromString(content)
    except (DecodeError, ValueError, RecursionError) as error:
        raise refused(where, "it is no ONNX file, or a damaged one") from error
    _check_graph(file, where)
    _check_seal(file, content, where)
    found = _metadata(file, where)
    try:
        return replace(found, values=values_of_an_image(file, math.prod(found.preprocessing.shape)))
    except ValueError as error:
        raise refused(where, str(error)) from error


def _check_graph(file: Any, where: str) -> None:
    graph = file.graph
    if len(graph.node) > _MOST_NODES:
        raise refused(where, f"{len(graph.node):,} operators")
    if file.functions or file.training_info or graph.sparse_initializer or graph.quantization_annotation:
        raise refused(where, "it holds functions or other parts that Assay never writes")
    for node in graph.node:
        if node.domain or node.op_type not in OPERATORS:
            raise refused(where, f"operator {node.domain or 'onnx'}:{node.op_type} is none that Assay writes")
        if any(
            a.HasField("t") or a.HasField("g") or a.HasField("sparse_tensor") or a.tensors or a.graphs
            for a in node.attribute
        ):
            raise refused(where, f"operator {node.op_type} holds a tensor or graph of its own")
    for tensor in graph.initializer:
        _check_tensor(tensor, where)


def _check_tensor(tensor: Any, where: str) -> None:
    from onnx import TensorProto, helper

    if tensor.data_location != TensorProto.DEFAULT or tensor.external_data:
        raise refused(where, "its data lie in another file")
    if tensor.data_type not in (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64):
        raise refused(where, "it holds numbers of a type that Assay never writes")
    size = helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize * math.prod(tensor.dims)
    if min(tensor.dims, default=0) < 0 or size != len(tensor.raw_data):
        raise refused(where, f"constant {tensor.name!r} has not the size that it names")


def _check_seal(file: Any, content: bytes, where: str) -> None:
    if SEAL not in {entry.key for entry in file.metadata_props}:
        raise refused(where, "Assay did not write it")
    end = len(content) - _DIGEST
    start = end - len(_SEAL_ENTRY)
    written = memoryview(content)
    if written[max(start, 0) : max(end, 0)] != _SEAL_ENTRY:
        raise refused(where, "it holds bytes that Assay never writes")
    if hashlib.sha256(written[:start]).hexdigest().encode() != written[end:]:
        raise refused(where, "it was changed after it was written (its hash differs)")
    file.DiscardUnknownFields()
    if file.SerializeToString(deterministic=True) != content:
        raise refused(where, "it holds bytes that Assay never writes")


def _metadata(file: Any, where: str) -> Metadata:
    texts = [entry.value for entry in file.metadata_props if entry.key == METADATA]
    try:
        found = _read(json.loads(texts[0]))
    except (
        ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError,
    ) as error:  # fmt: skip
        raise refused(where, "its metadata are not as Assay writes them") from error
    shape, count = found.preprocessing.shape, len(found.classes)
    given = [[d.dim_value for d in value.type.tensor_type.shape.dim] for value in file.graph.input]
    names = tuple(output.name for output in file.graph.output)
    last = [d.dim_value for d in file.graph.output[0].type.tensor_type.shape.dim][1:] if names else []
    if given != [[0, *shape]] or names != OUTPUTS or last != [count]:
        raise refused(where, "its inputs and outputs are not as its metadata say")
    return found


def _read(record: dict[str, Any]) -> Metadata:
    """The value of the metadata's JSON. Raises ValueError and its kin for what Assay never writes."""
    classes, rule, gate = record["classes"], record["rule"], record["gate"]
    texts = [*classes, record["assay"], record["run_sha256"], *record["fingerprints"].values()]
    if record["schema"] != 1 or not all(isinstance(text, str) for text in texts):
        raise ValueError("schema")
    if not isinstance(classes, list) or not classes or len(set(classes)) != len(classes):
        raise ValueError("classes")
    return Metadata(
        classes=tuple(classes),
        preprocessing=_preprocessing(record["preprocessing"]),
        temperature=_number(record["temperature"]),
        max_risk=None if rule is None else _number(rule["max_risk"]),
        threshold=None if rule is None or rule["threshold"] is None else _number(rule["threshold"]),
        gate=None if gate is None else _number(gate["threshold"]),
        recipe=dict(record["recipe"]),
        fingerprints=dict(record["fingerprints"]),
        version=record["assay"],
        run_sha256=record["run_sha256"],
    )


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("number")
    return float(value)


def _preprocessing(record: dict[str, Any]) -> Preprocessing:
    found = Preprocessing.from_record(record)
    sizes = found.shape
    if any(isinstance(size, bool) or not isinstance(size, int) or size < 1 for size in sizes):
        raise ValueError("shape")
    if math.prod(sizes) > _LARGEST_IMAGE or found.channels not in (1, 3):
        raise ValueError("shape")
    wanted = found.channels if found.normalizer == "standard" else 0
    if found.normalizer not in ("minmax", "standard") or found.resize not in ("fit", "crop", "stretch"):
        raise ValueError("normalizer")
    if [len(found.mean), len(found.deviation)] != [wanted, wanted]:
        raise ValueError("normalizer")
    [_number(value) for value in (*found.mean, *found.deviation)]
    if found.deep and not (type(found.deep.low) is type(found.deep.shift) is int):
        raise ValueError("deep")
    return found
