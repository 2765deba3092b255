"""Checkpoints: two files each, committed by the second, the newest two kept.

`step-N.safetensors` holds the tensors, `step-N.json` the position, the history, the configuration and the
hash of the tensors; N counts all steps so far. The JSON file is written last and hashes itself too.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from assay.core import durable
from assay.core.errors import AssayError
from assay.core.events import OnEvent, warn
from assay.data.formats.safe_open import open_file

_KEPT: Final = 2

#: What a file that is not as it was written makes its reader raise.
_DAMAGE: Final = (AssayError, OSError, ValueError, KeyError, TypeError, RecursionError, SafetensorError)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """One saved state. record: JSON types; tensors: arrays by name."""

    record: Mapping[str, Any]
    tensors: Mapping[str, NDArray[Any]]


def save_checkpoint(folder: Path, step: int, checkpoint: Checkpoint) -> None:
    """Write a checkpoint durably, then remove all but the newest two. Raises AssayError (see `durable`)."""
    durable.make_directory(folder)
    weights = safetensors.numpy.save(dict(checkpoint.tensors))
    record = {**checkpoint.record, "tensors_sha256": hashlib.sha256(weights).hexdigest()}
    durable.write_bytes(_weights_path(folder, step), weights)
    durable.write_json(
        _record_path(folder, step), {"schema": 1, "record": record, "sha256": _checksum(record)}
    )
    _remove_older(folder)


def newest_checkpoint(folder: Path, on_event: OnEvent) -> Checkpoint | None:
    """The newest checkpoint that is whole, or None. A damaged one is named in a warning and passed over."""
    for step in reversed(_steps(folder)):
        try:
            return _read(folder, step)
        except _DAMAGE as error:
            what = error.what if isinstance(error, AssayError) else error
            name = _record_path(folder, step).name
            warn(
                on_event,
                "train",
                f"checkpoint {name} is damaged ({what}); the one before is used",
                checkpoint=name,
            )
    return None


def _read(folder: Path, step: int) -> Checkpoint:
    whole = json.loads(_content(_record_path(folder, step)).decode("utf-8"))
    record = whole["record"]
    if whole.get("schema") != 1 or whole["sha256"] != _checksum(record):
        raise ValueError("its record does not match its hash")
    weights = _content(_weights_path(folder, step))
    if hashlib.sha256(weights).hexdigest() != record["tensors_sha256"]:
        raise ValueError("its tensors do not match their hash")
    return Checkpoint(record, safetensors.numpy.load(weights))


def _content(path: Path) -> bytes:
    """The bytes of a regular file; a pipe is not waited for. Raises as `open_file`."""
    with open_file(path) as file:
        return file.read()


def _checksum(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(durable.json_text(record).encode()).hexdigest()


def _steps(folder: Path) -> list[int]:
    """The steps of all committed checkpoints, rising."""
    found = (path.stem.removeprefix("step-") for path in folder.glob("step-*.json"))
    return sorted(int(step) for step in found if step.isdecimal())


def _remove_older(folder: Path) -> None:
    kept = {f"step-{step:010d}" for step in _steps(folder)[-_KEPT:]}
    # Records first: tensors without a record are no checkpoint, a record without tensors a damaged one.
    for pattern in ("step-*.json", "step-*.safetensors"):
        for path in folder.glob(pattern):
            if path.stem not in kept:
                durable.remove(path)


def _record_path(folder: Path, step: int) -> Path:
    return folder / f"step-{step:010d}.json"


def _weights_path(folder: Path, step: int) -> Path:
    return folder / f"step-{step:010d}.safetensors"
