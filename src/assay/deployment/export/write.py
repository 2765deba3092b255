"""Writing an export: the file and its record, both or neither, and only with a proof."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core import durable
from assay.core.errors import AssayError
from assay.deployment.export.classifier import metadata, onnx_bytes
from assay.deployment.export.proof import Proof, prove
from assay.deployment.onnx_model import OnnxModel, require_extra
from assay.training.classifier import Model

#: The record's name begins as the file's does: `model.onnx` has `model.export.json`.
RECORD: Final = ".export.json"


def export_model(
    model: Model, path: Path, blocks: Iterable[NDArray[np.uint8]], run_digest: str = ""
) -> Proof:
    """Write `path`, and its record beside it, once its answers are those of the model.

    blocks: the images of the test split, uint8 `(b, h, w, c)`. Raises AssayError `export-differs`,
    `output-exists`, `missing-extra`, `recipe-does-not-fit`; nothing is written then.
    """
    require_extra("export")
    record_path = record_of(path)
    for taken in (path, record_path):
        if taken.exists():
            raise AssayError("output-exists", taken, "it exists already", "Choose another --out.")
    content = onnx_bytes(model, run_digest)
    proof = prove(model, OnnxModel.of(content, str(path)), blocks)
    proof.demand(path)
    durable.make_directory(path.parent)
    durable.write_bytes(path, content)
    durable.write_json(record_path, _record(content, proof, metadata(model, run_digest)))
    return proof


def record_of(path: Path) -> Path:
    """Where the record of an exported file is."""
    return path.with_name(path.stem + RECORD)


def _record(content: bytes, proof: Proof, about: Mapping[str, Any]) -> dict[str, Any]:
    """about: the file's own metadata, for programs that cannot read them there, as in a browser."""
    from importlib.metadata import version

    libraries = ("assay", "numpy", "onnx", "onnxruntime")
    return {
        "schema": 1,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "metadata": dict(about),
        "proof": proof.as_record(),
        "versions": {name: version(name) for name in libraries},
    }
