"""Reading an exported file and asking it. The file is taken as hostile; nothing here needs torch.

All that could reach outside the file or run foreign code is refused before a session is made: data in other
files, operators that Assay never writes, functions and graphs inside graphs.
"""

import hashlib
import json
import math
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core import durable
from assay.core.errors import AssayError
from assay.data.preprocessing import Preprocessing

INPUT: Final = "images"
OUTPUTS: Final = ("probabilities", "label", "answered", "ood_score")

#: Keys of the file's metadata: what it is, and the hash of the file without this entry.
METADATA: Final = "assay"
SEAL: Final = "assay.sha256"

#: Every operator that an export may hold.
OPERATORS: Final = frozenset(
    "Add And ArgMax BatchNormalization Cast Concat Conv Cos Div Exp GreaterOrEqual Identity LessOrEqual Log "
    "LogSoftmax MatMul Max MaxPool Mean Mul Neg Pad Pow ReduceMax ReduceMean ReduceMin ReduceSum Relu "
    "Reshape Sin Slice Sqrt Sub Transpose Unsqueeze".split()
)

_LARGEST_FILE: Final = 1 << 30
_MOST_NODES: Final = 100_000


def require_extra(extra: str) -> None:
    """Raise AssayError `missing-extra` where a library for ONNX files is not installed."""
    for name in ("onnx", "onnxruntime"):
        if find_spec(name) is None:
            what = "ONNX files need it and it is not installed"
            raise AssayError("missing-extra", name, what, f'pip install "assay[{extra}]"')


@dataclass(frozen=True, eq=False)
class OnnxModel:
    """An exported classifier, ready to be asked. gate: the distance beyond which a picture is strange."""

    classes: tuple[str, ...]
    preprocessing: Preprocessing
    metadata: dict[str, Any]
    sha256: str
    session: Any

    @classmethod
    def read(cls, path: str | Path) -> "OnnxModel":
        """The file's classifier. Raises AssayError `model-refused`, `missing-extra`."""
        path = Path(path)
        if not path.is_file():
            raise _refused(path, "there is no such file")
        with durable.environment_errors(path):
            if path.stat().st_size > _LARGEST_FILE:
                raise _refused(path, f"over {_LARGEST_FILE:,} bytes")
            content = path.read_bytes()
        return cls.of(content, str(path))

    @classmethod
    def of(cls, content: bytes, where: str) -> "OnnxModel":
        """The classifier of a file's content; `where` names it in errors, which are those of `read`."""
        require_extra("export")
        metadata = checked_metadata(content, where)
        return cls(
            classes=tuple(metadata["classes"]),
            preprocessing=Preprocessing.from_record(metadata["preprocessing"]),
            metadata=metadata,
            sha256=hashlib.sha256(content).hexdigest(),
            session=_session(content, where),
        )

    def run(self, images: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """The outputs by name for images uint8 `(n, h, w, c)`. Raises AssayError `shape-mismatch`."""
        shape = self.preprocessing.shape
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != shape:
            given = f"{images.dtype} of shape {images.shape} given"
            what = f"{given}, uint8 (n, {', '.join(map(str, shape))}) wanted"
            raise AssayError("shape-mismatch", "images", what, "Give images as the model was trained on.")
        answers = self.session.run(list(OUTPUTS), {INPUT: np.ascontiguousarray(images)})
        return dict(zip(OUTPUTS, answers, strict=True))


def _refused(where: object, reason: str) -> AssayError:
    return AssayError("model-refused", where, reason, "Give a file that `assay export` wrote, unchanged.")


def checked_metadata(content: bytes, where: str) -> dict[str, Any]:
    """The metadata of a file that Assay wrote. Raises AssayError `model-refused`; makes no session."""
    import onnx
    from google.protobuf.message import DecodeError

    file = onnx.ModelProto()
    try:
        file.ParseFromString(content)
    except (DecodeError, ValueError) as error:
        raise _refused(where, "it is no ONNX file, or a damaged one") from error
    _check_graph(file, where)
    _check_seal(file, content, where)
    return _metadata(file, where)


def _check_graph(file: Any, where: str) -> None:
    graph = file.graph
    if len(graph.node) > _MOST_NODES:
        raise _refused(where, f"{len(graph.node):,} operators")
    if file.functions or file.training_info or graph.sparse_initializer:
        raise _refused(where, "it holds functions or other parts that Assay never writes")
    for node in graph.node:
        if node.domain or node.op_type not in OPERATORS:
            raise _refused(
                where, f"operator {node.domain or 'onnx'}:{node.op_type} is none that Assay writes"
            )
        if any(a.HasField("t") or a.HasField("g") or a.tensors or a.graphs for a in node.attribute):
            raise _refused(where, f"operator {node.op_type} holds a tensor or graph of its own")
    for tensor in graph.initializer:
        _check_tensor(tensor, where)


def _check_tensor(tensor: Any, where: str) -> None:
    from onnx import TensorProto, helper

    if tensor.data_location != TensorProto.DEFAULT or tensor.external_data:
        raise _refused(where, "its data lie in another file")
    if tensor.data_type not in (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64):
        raise _refused(where, "it holds numbers of a type that Assay never writes")
    size = helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize * math.prod(tensor.dims)
    if min(tensor.dims, default=0) < 0 or size != len(tensor.raw_data):
        raise _refused(where, f"constant {tensor.name!r} has not the size that it names")


def _check_seal(file: Any, content: bytes, where: str) -> None:
    seals = [entry for entry in file.metadata_props if entry.key == SEAL]
    if len(seals) != 1:
        raise _refused(where, "Assay did not write it")
    if file.SerializeToString(deterministic=True) != content:
        raise _refused(where, "it holds bytes that Assay never writes")
    file.metadata_props.remove(seals[0])
    if hashlib.sha256(file.SerializeToString(deterministic=True)).hexdigest() != seals[0].value:
        raise _refused(where, "it was changed after it was written (its hash differs)")


def _metadata(file: Any, where: str) -> dict[str, Any]:
    texts = [entry.value for entry in file.metadata_props if entry.key == METADATA]
    try:
        record = json.loads(texts[0])
        shape = Preprocessing.from_record(record["preprocessing"]).shape
        classes = record["classes"]
        plain = record["schema"] == 1 and all(isinstance(name, str) for name in classes)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise _refused(where, "its metadata are not as Assay writes them") from error
    sizes = [d.dim_value for d in file.graph.input[0].type.tensor_type.shape.dim] if file.graph.input else []
    names = tuple(output.name for output in file.graph.output)
    if not plain or sizes[1:] != list(shape) or names != OUTPUTS or len(file.graph.input) != 1:
        raise _refused(where, "its inputs and outputs are not as its metadata say")
    found: dict[str, Any] = record
    return found


def _session(content: bytes, where: str) -> Any:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    refusals = (
        state.Fail,
        state.InvalidArgument,
        state.InvalidGraph,
        state.InvalidProtobuf,
        state.NotImplemented,
    )
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except (*refusals, state.RuntimeException) as error:
        raise _refused(where, "the runtime cannot load its graph") from error
