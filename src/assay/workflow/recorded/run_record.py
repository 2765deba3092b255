"""A run folder as it lies on disk: read and held against its manifest. Nothing is written here."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import tomli_w

from assay.core import durable
from assay.core.disk_errors import environment_errors
from assay.core.durable import TEMPORARY
from assay.core.errors import AssayError
from assay.core.text import no_constant, one_line
from assay.workflow.recorded.config import config_problem
from assay.workflow.recorded.manifest import manifest_problem

CONFIG: Final = "config.toml"

MANIFEST: Final = "manifest.json"

LOCK: Final = ".lock"

#: In an unfinished run: the folder in which a relative path of its data begins, as a JSON text.
PLACE: Final = "data_folder.json"

#: In the manifest: the hashes of files that are being added to a finished run, and may be there or not yet.
PENDING: Final = "pending"

#: Among those hashes: the file is being removed.
GONE: Final = ""

#: Where a run of several models has a complete run folder for each.
MODELS: Final = "models"

#: Not in the manifest: itself, the lock, the checkpoints (they verify themselves), and the table that a
#: person fills in after the run.
_NOT_HASHED: Final = (MANIFEST, LOCK, "checkpoints", "decisions.csv")


def is_finished(path: Path) -> bool:
    """Does a finished run lie in `path`?"""
    return (Path(path) / MANIFEST).is_file()


def is_of(path: Path, config: Mapping[str, Any]) -> bool:
    """Whether a run folder is that of a configuration. Raises as `read_config`."""
    return read_config(path) == tomllib.loads(tomli_w.dumps(dict(config)))


def read_config(path: Path) -> dict[str, Any]:
    """The configuration of a run folder. Raises AssayError `not-a-run-folder` or `run-damaged`."""
    file = Path(path) / CONFIG
    if not file.is_file():
        raise AssayError(
            "not-a-run-folder", path, f"there is no {CONFIG} in it", "Give the folder of a run, as runs/..."
        )
    try:
        config = tomllib.loads(file.read_text("utf-8"))
    except (ValueError, RecursionError) as error:  # also an integer of too many digits
        raise AssayError("run-damaged", file, one_line(str(error)), "Repeat the run.") from error
    problem = config_problem(config)
    if problem:
        raise AssayError("run-damaged", file, problem, "Repeat the run; this file was changed.")
    return config


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a finished run. Raises AssayError `not-a-run-folder` or `run-damaged`."""
    file = Path(path) / MANIFEST
    with environment_errors(file):
        there = file.is_file()
    if not there:
        raise AssayError(
            "not-a-run-folder",
            path,
            f"there is no {MANIFEST} in it: no run, or one that has not finished",
            "Give the folder of a finished run; `assay run --out` with the same options continues one.",
        )
    try:
        manifest = json.loads(file.read_text("utf-8"), parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        raise AssayError("run-damaged", file, one_line(str(error)), "Repeat the run.") from error
    problem = manifest_problem(manifest)
    if problem:
        raise AssayError("run-damaged", file, problem, "Repeat the run; this file was changed.")
    return dict(manifest)


def data_fingerprint(path: Path, manifest: Mapping[str, Any]) -> str:
    """The fingerprint of the data that a run used. Raises AssayError `run-damaged` where none is written."""
    data = manifest.get("data")
    found = data.get("fingerprint") if isinstance(data, dict) else None
    if not isinstance(found, str):
        problem = "it has no fingerprint of the data"
        raise AssayError("run-damaged", path / MANIFEST, problem, "Repeat the run; this file was changed.")
    return found


def need_data(path: Path, fingerprint: str) -> None:
    """Raise AssayError `data-changed` where the data of a finished run had another fingerprint."""
    before = data_fingerprint(path, read_manifest(path))
    if before != fingerprint:
        what = f"the data have the fingerprint {fingerprint[:12]} now, the run's had {before[:12]}"
        fix = "Give the data that the run was made with, or start a new run on these."
        raise AssayError("data-changed", path, what, fix)


def need_intact(path: Path, apart_from: tuple[str, ...] = ()) -> dict[str, Any]:
    """The manifest of a finished run whose files are as they were. Raises AssayError `run-damaged` otherwise,
    and those of `read_manifest`. apart_from: beginnings of names that do not matter."""
    manifest = read_manifest(path)
    damaged = [name for name in damaged_files(path, manifest) if not name.startswith(apart_from or "/")]
    if damaged:
        raise AssayError(
            "run-damaged",
            path / damaged[0],
            f"{len(damaged)} of its files differ from the manifest",
            "Repeat the run; its files were changed after it finished.",
        )
    return manifest


def damaged_files(path: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Names of files that are missing from a run folder or differ from their hash in the manifest."""
    pending = manifest.get(PENDING, {})
    return [
        name
        for name, expected in sorted(manifest["files"].items())
        if not has_hash(path / name, expected) and not has_hash(path / name, pending.get(name, expected))
    ]


def unlisted_files(path: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Names of files in a run folder that its manifest does not know, sorted."""
    pending = manifest.get(PENDING, {})
    new = file_hashes(path).items() - pending.items()
    return sorted(name for name, _ in new if name not in manifest["files"])


def has_hash(file: Path, sha: str) -> bool:
    """Whether a file has this SHA-256, in hexadecimal digits; of `GONE`: whether it is not there."""
    if sha == GONE:
        return not file.exists()
    return file.is_file() and durable.file_sha256(file) == sha


def file_hashes(path: Path) -> dict[str, str]:
    """SHA-256 of every file below `path` by its relative name, but for the manifest and checkpoints."""
    files = sorted(p for p in path.rglob("*") if p.is_file())
    names = {file.relative_to(path).as_posix(): file for file in files}
    return {
        name: durable.file_sha256(file)
        for name, file in names.items()
        if _is_hashed(name) and not file.name.startswith(TEMPORARY) and file.name != LOCK
    }


def _is_hashed(name: str) -> bool:
    """Whether a manifest lists a file; in a model's own run folder, for its manifest too."""
    parts = name.split("/")
    if parts[0] == MODELS and len(parts) > 2:
        return parts[2] == MANIFEST or parts[2] not in _NOT_HASHED
    return parts[0] not in _NOT_HASHED


def model_name(recipe: str, seed: int) -> str:
    """What a model is called in a run of several, and so its folder in `models/`."""
    return f"{recipe}-s{seed}"


def model_folders(path: Path) -> list[Path]:
    """The run folders of the models in a run of several, in the order of training; none in a run of one.

    Those that training has not come to are not there yet. Raises AssayError `not-a-run-folder`.
    """
    config = read_config(path)
    seeds = range(config.get("seed", 0), config.get("seed", 0) + config.get("seeds", 1))
    names = [model_name(recipe, seed) for recipe in config.get("recipes", ()) for seed in seeds]
    return [path / MODELS / name for name in names if (path / MODELS / name / CONFIG).is_file()]
