"""Writing an export: the file and its record, both or neither, and only with a proof."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core import durable
from assay.core.errors import AssayError
from assay.core.version import __version__
from assay.deployment.export.classifier import metadata, onnx_bytes
from assay.deployment.export.proof import Proof, prove
from assay.deployment.onnx_model import OnnxModel, require_extra
from assay.training.classifier import Model

#: The record's name begins as the file's does: `model.onnx` has `model.export.json`.
RECORD: Final = ".export.json"


def export_model(
    model: Model,
    path: Path,
    blocks: Iterable[NDArray[np.uint8]],
    run_digest: str = "",
    *,
    unfinished: bool = False,
) -> Proof:
    """Write `path`, and its record beside it, once its answers are those of the model.

    blocks: the images of the test split, uint8 `(b, h, w, c)`. unfinished: more was to be written after the
    record, and is not there, so a process that was killed may have left both. A file that lies there without
    what comes after it is made whole where it holds these very bytes. Raises AssayError `export-differs`,
    `output-exists`, `missing-extra`, `recipe-does-not-fit`; nothing is written then.
    """
    require_extra("export")
    refuse_folder(path)
    record_path = record_of(path)
    if record_path.exists() and not (unfinished and path.is_file()):
        raise _taken(path if path.exists() else record_path)
    if path.exists() and not path.is_file():
        raise _taken(path)
    content = onnx_bytes(model, run_digest)
    if path.exists() and path.read_bytes() != content:
        raise _taken(path)
    proof = prove(model, OnnxModel.of(content, str(path)), blocks)
    proof.demand(path)
    durable.make_directory(path.parent)
    durable.write_bytes(path, content)
    durable.write_json(record_path, _record(content, proof, metadata(model, run_digest)))
    return proof


def refuse_folder(path: Path) -> None:
    """Raise AssayError `output-exists` for a folder: `.` and `/` have no name to put a record beside."""
    if path.is_dir():
        raise _taken(path)


def _taken(path: Path) -> AssayError:
    return AssayError("output-exists", path, "it exists already", "Choose another --out.")


def record_of(path: Path) -> Path:
    """Where the record of an exported file is."""
    return path.with_name(path.stem + RECORD)


def _record(content: bytes, proof: Proof, about: Mapping[str, Any]) -> dict[str, Any]:
    """about: the file's own metadata, for programs that cannot read them there, as in a browser."""
    from importlib.metadata import version

    libraries = ("numpy", "onnx", "onnxruntime")
    return {
        "schema": 1,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "metadata": dict(about),
        "proof": proof.as_record(),
        "versions": {"assay": __version__} | {name: version(name) for name in libraries},
    }
