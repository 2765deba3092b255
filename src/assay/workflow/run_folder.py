"""The run folder: claimed by one process, filled, and committed by its manifest, which is written last."""

import hashlib
import json
import os
import re
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import tomli_w

from assay.core import durable
from assay.core.disk_errors import environment_errors
from assay.core.errors import AssayError, Interrupted
from assay.core.machine import library_versions, machine_facts
from assay.core.text import in_unicode, no_constant, one_line
from assay.data.formats.safe_open import holds
from assay.workflow.recorded.config import config_problem
from assay.workflow.recorded.manifest import manifest_problem

CONFIG: Final = "config.toml"
MANIFEST: Final = "manifest.json"

LOCK: Final = ".lock"

#: In the manifest: the hashes of files that are being added to a finished run, and may be there or not yet.
PENDING: Final = "pending"

#: Among those hashes: the file is being removed.
GONE: Final = ""

#: Where a run of several models has a complete run folder for each.
MODELS: Final = "models"

#: What a run's gates came to, and its cards: of one state of the run, so gone when it is finished anew.
GATES: Final = "gates.json"
DATA_CARD: Final = "data_card.md"
MODEL_CARD: Final = "model_card.md"
CROISSANT: Final = "croissant.json"

#: Beginnings of the names of what a new report of a finished run writes or removes before its manifest, and
#: of what a new judgment does: where one was stopped between, they are not those of the manifest.
REPORTED: Final = ("report.", "figures/", GATES, DATA_CARD, MODEL_CARD, CROISSANT)
JUDGED: Final = (*REPORTED, "evaluation.json", "predictions.csv", "comparison.json", "differences.csv")

#: Not in the manifest: itself, the lock, the checkpoints (they verify themselves), and the table that a
#: person fills in after the run.
_NOT_HASHED: Final = (MANIFEST, LOCK, "checkpoints", "decisions.csv")


@dataclass
class RunFolder:
    """A claimed run folder. `facts`: what only the manifest may tell (seconds, paths, the machine).

    same_state: something is added to the run and nothing judged again, so that gates and cards still hold.
    """

    path: Path
    resumed: bool = False
    same_state: bool = False
    facts: dict[str, Any] = field(default_factory=dict)
    _started: datetime = field(default_factory=lambda: datetime.now(UTC))
    _started_tick: float = field(default_factory=time.monotonic)

    def announce(self, files: Mapping[str, str]) -> None:
        """Name files of a finished run that are about to change, with the hash that they will have (`GONE`).

        Stopped anywhere before `finish`, the run is then whole with the old ones, the new ones, or both.
        """
        manifest = _settled(self.path, read_manifest(self.path))
        durable.write_json(self.path / MANIFEST, {**manifest, PENDING: dict(files)})

    def finish(self) -> None:
        """Commit the run: hash every file and write the manifest, last of all."""
        for name in () if self.same_state else (GATES, DATA_CARD, MODEL_CARD, CROISSANT):
            durable.remove(self.path / name)  # what was judged and told before was another state of the run
        ended = datetime.now(UTC)
        durable.write_json(
            self.path / MANIFEST,
            {
                "schema": 1,
                "status": "finished",
                "started": self._started.isoformat(timespec="seconds"),
                "ended": ended.isoformat(timespec="seconds"),
                "seconds": round(time.monotonic() - self._started_tick, 3),  # the clock may have been set
                "resumed": self.resumed,
                "machine": machine_facts(),
                "versions": library_versions(),
                **self.facts,
                "files": file_hashes(self.path),
            },
        )


def default_folder(*names: str) -> Path:
    """`runs/<UTC time>-<data>-<recipe>`, or after other names: one that is not taken yet."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    plain = (re.sub(r"[^A-Za-z0-9._-]+", "-", part).strip("-.")[:60] for part in names)
    name = "-".join([stamp, *(part or "unnamed" for part in plain)])
    path, number = Path("runs") / name, 2
    while path.exists():
        path, number = Path("runs") / f"{name}-{number}", number + 1
    return path


@contextmanager
def claim(path: Path, config: Mapping[str, Any]) -> Iterator[RunFolder]:
    """Hold a run folder for this process until the block ends.

    Created if missing, used if empty. An unfinished run of the same configuration is taken up again
    (`resumed`). An `Interrupted` that passes is told the folder. Raises AssayError: `run-folder-finished`,
    `run-folder-not-empty`, `config-changed`, `run-folder-in-use`.
    """
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise AssayError("run-folder-not-empty", path, "it is a file, not a folder", "Give another --out.")
    refuse_foreign(path)
    durable.make_directory(path)
    with durable.lock(path / LOCK):
        _sweep(path)
        resumed = _take_up(path, config)
        try:
            yield RunFolder(path, resumed)
        except Interrupted as interrupted:
            interrupted.folder = path
            raise


def _sweep(path: Path) -> None:
    """Remove what killed processes left anywhere in a run folder. Call it holding its lock."""
    for folder in (path, *(p for p in path.rglob("*") if p.is_dir() and not p.is_symlink())):
        durable.remove_leftovers(folder)


def refuse_foreign(path: Path) -> None:
    """Leave a folder of something else, or a finished run, alone. Nothing is written.

    Raises AssayError `run-folder-finished` or `run-folder-not-empty`, `bad-value` in a finished run,
    `not-writable` or `disk-error` where nothing can be seen there.
    """
    refuse_inside(path)
    with environment_errors(path):
        finished = (path / MANIFEST).exists()
        names = {p.name for p in path.iterdir()} if path.is_dir() else set()
    if finished:
        raise AssayError(
            "run-folder-finished",
            path,
            "a finished run lies there",
            "Give another folder with --out, or remove this one first.",
        )
    own = {name for name in names if name == LOCK or name.startswith(durable.TEMPORARY)}
    if names - own and CONFIG not in names:
        raise AssayError(
            "run-folder-not-empty",
            path,
            f"it holds other files ({min(names - own)}) and no run",
            "Give an empty or new folder with --out.",
        )


def refuse_inside(path: Path) -> None:
    """Raise AssayError `bad-value` for a place in a finished run: with a new file it would look changed."""
    parents = () if "\0" in str(path) else Path(os.path.realpath(path)).parents
    run = next((p for p in parents if all(os.path.isfile(p / n) for n in (MANIFEST, CONFIG))), None)  # noqa: PTH113
    if run is not None:
        what = f"it lies in the finished run {run}, which would look changed"
        raise AssayError("bad-value", path, what, "Name a place elsewhere.")


def _take_up(path: Path, config: Mapping[str, Any]) -> bool:
    """True when the folder holds an unfinished run of this configuration; else the run begins here."""
    refuse_foreign(path)
    text = tomli_w.dumps(dict(config))
    if in_unicode(text) != text:
        what = "a path or name among the settings is no UTF-8, and config.toml could not be read again"
        raise AssayError("bad-value", path / CONFIG, what, "Rename it, or give it by a link of another name.")
    file = path / CONFIG
    if not file.exists():
        durable.write_text(file, text)
        return False
    if not holds(file, durable.utf_8(text)):
        raise AssayError(
            "config-changed",
            path,
            f"an unfinished run with another configuration lies there ({_difference(file, config)})",
            "Repeat that run's options to continue it, or give another folder with --out.",
        )
    return True


def _difference(file: Path, config: Mapping[str, Any]) -> str:
    try:
        before = _flat(tomllib.loads(file.read_text("utf-8")))
    except (ValueError, RecursionError):  # also an integer of too many digits, lists too deep
        return f"{CONFIG} is damaged"
    now = _flat(config)
    changed = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    return ", ".join(f"{key}: {before.get(key)} there, {now.get(key)} now" for key in changed[:5])


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def is_of(path: Path, config: Mapping[str, Any]) -> bool:
    """Whether a run folder is that of a configuration. Raises as `read_config`."""
    return read_config(path) == tomllib.loads(tomli_w.dumps(dict(config)))


def is_finished(path: Path) -> bool:
    """Does a finished run lie in `path`?"""
    return (Path(path) / MANIFEST).is_file()


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


def add_file(path: Path, name: str, content: Any, facts: Mapping[str, Any]) -> None:
    """Add a file to a finished run: text as it is, all else as JSON. It and `facts` join the manifest,
    whose other facts stay.

    The manifest names the file as pending before it is written: stopped anywhere, the run is still whole.
    """
    text = content if isinstance(content, str) else durable.json_text(content)
    sha = hashlib.sha256(durable.utf_8(text)).hexdigest()
    with durable.lock(path / LOCK):
        durable.remove_leftovers(path)  # of an earlier process that was killed here
        manifest = _settled(path, read_manifest(path))
        durable.write_json(path / MANIFEST, {**manifest, PENDING: {name: sha}})
        durable.write_text(path / name, text)
        durable.write_json(path / MANIFEST, {**manifest, **facts, "files": {**manifest["files"], name: sha}})


def _settled(path: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest without what was pending: a file that is there as it was meant to be is one of the run."""
    pending = manifest.get(PENDING, {})
    done = {name: sha for name, sha in pending.items() if _has_hash(path / name, sha)}
    rest = {key: value for key, value in manifest.items() if key != PENDING}
    return {
        **rest,
        "files": {name: sha for name, sha in {**manifest["files"], **done}.items() if sha != GONE},
    }


def _has_hash(file: Path, sha: str) -> bool:
    if sha == GONE:
        return not file.exists()
    return file.is_file() and durable.file_sha256(file) == sha


def damaged_files(path: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Names of files that are missing from a run folder or differ from their hash in the manifest."""
    pending = manifest.get(PENDING, {})
    return [
        name
        for name, expected in sorted(manifest["files"].items())
        if not _has_hash(path / name, expected) and not _has_hash(path / name, pending.get(name, expected))
    ]


def unlisted_files(path: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Names of files in a run folder that its manifest does not know, sorted."""
    pending = manifest.get(PENDING, {})
    new = file_hashes(path).items() - pending.items()
    return sorted(name for name, _ in new if name not in manifest["files"])


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


@contextmanager
def reopen(path: Path, apart_from: tuple[str, ...] = (), *, same_state: bool = False) -> Iterator[RunFolder]:
    """Hold a finished run folder to add to it; its manifest is written anew when `finish` is called.

    same_state: as in `RunFolder`. Other arguments and errors as in `need_intact`.
    """
    manifest = need_intact(path, apart_from)
    told_again = ("data", "parts", "training", "commands", *(("gates", "cards") if same_state else ()))
    kept = {k: v for k, v in manifest.items() if k in told_again}
    with durable.lock(path / LOCK):
        _sweep(path)  # of an earlier report or export that was killed
        yield RunFolder(path, bool(manifest.get("resumed")), same_state, facts=kept)


def file_hashes(path: Path) -> dict[str, str]:
    """SHA-256 of every file below `path` by its relative name, but for the manifest and checkpoints."""
    files = sorted(p for p in path.rglob("*") if p.is_file())
    names = {file.relative_to(path).as_posix(): file for file in files}
    return {
        name: durable.file_sha256(file)
        for name, file in names.items()
        if _is_hashed(name) and not file.name.startswith(durable.TEMPORARY) and file.name != LOCK
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
