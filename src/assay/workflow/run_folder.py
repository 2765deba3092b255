"""The run folder: claimed by one process, filled, and committed by its manifest, which is written last."""

import errno
import hashlib
import os
import re
import sys
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
from assay.core.durable import TEMPORARY
from assay.core.errors import AssayError, interruption_behind
from assay.core.machine import library_versions, machine_facts
from assay.core.text import in_unicode
from assay.core.version import code_version
from assay.data.formats.safe_open import holds
from assay.workflow.recorded.run_record import (
    CONFIG,
    GONE,
    LOCK,
    MANIFEST,
    PENDING,
    PLACE,
    file_hashes,
    has_hash,
    is_of,
    need_intact,
    read_manifest,
)

#: The rooms whose code decides what a run comes to.
_ROOMS: Final = ("core", "data", "estimators", "features", "duplicates", "training", "evaluation", "audits")

#: Where run folders lie that nobody named.
RUNS: Final = "runs"

#: What a run's gates came to, and its cards: of one state of the run, so gone when it is finished anew.
GATES: Final = "gates.json"
DATA_CARD: Final = "data_card.md"
MODEL_CARD: Final = "model_card.md"
CROISSANT: Final = "croissant.json"

#: Beginnings of the names of what a new report of a finished run writes or removes before its manifest, and
#: of what a new judgment does: where one was stopped between, they are not those of the manifest.
REPORTED: Final = ("report.", "figures/", GATES, DATA_CARD, MODEL_CARD, CROISSANT)
JUDGED: Final = (*REPORTED, "evaluation.json", "predictions.csv", "comparison.json", "differences.csv")


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
        durable.remove(self.path / PLACE)  # from here on the manifest tells it
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
                "code": code_version(_ROOMS),
                **self.facts,
                "files": file_hashes(self.path),
            },
        )


def default_folder(*names: str) -> Path:
    """`runs/<UTC time>-<data>-<recipe>`, or after other names: one that is not taken yet."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    plain = (re.sub(r"[^A-Za-z0-9._-]+", "-", part).strip("-.")[:60] for part in names)
    name = "-".join([stamp, *(part or "unnamed" for part in plain)])
    path, number = Path(RUNS) / name, 2
    while path.exists():
        path, number = Path(RUNS) / f"{name}-{number}", number + 1
    return path


def made_otherwise(path: Path) -> list[str]:
    """What is not as it was when a finished run was made, as `numpy: 2.3 there, 2.4 now`.

    Versions, code and machine, as far as its manifest tells them: early versions kept no hash of the code.
    """
    before = read_manifest(path)
    now = {"versions": library_versions(), "machine": machine_facts(), "code": code_version(_ROOMS)}
    then = {key: before[key] for key in now if key in before}
    changed = _differences(_flat(then), _flat({key: now[key] for key in then}))
    return ["the code of Assay" if one.startswith("code:") else one.partition(".")[2] for one in changed]


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
        finally:
            interrupted = interruption_behind(sys.exception())
            if interrupted is not None:
                interrupted.folder = path


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
    own = {name for name in names if name == LOCK or name.startswith(TEMPORARY)}
    if names - own and CONFIG not in names:
        raise AssayError(
            "run-folder-not-empty",
            path,
            f"it holds other files ({min(names - own)}) and no run",
            "Give an empty or new folder with --out.",
        )


def need_writable(out: str | Path | None) -> None:
    """Raise AssayError `not-writable` where a folder or file cannot be made; asked before any work.

    out: as given to a command; None: `runs/`. Nothing is written.
    """
    path = Path(out if out is not None else RUNS)
    with environment_errors(path):
        place = next(one for one in (path.absolute(), *path.absolute().parents) if one.is_dir())
        if not os.access(place, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))


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


def need_same_version(path: Path, config: Mapping[str, Any]) -> None:
    """Raise AssayError `config-changed` where this version would write other settings than a run began with.

    config: as read from the run's own folder.
    """
    if not is_of(path, config):
        difference = _difference(path / CONFIG, config)
        what = f"another version of Assay began this run, or its settings were edited ({difference})"
        raise AssayError("config-changed", path, what, "Begin it anew, in another folder.")


def _difference(file: Path, config: Mapping[str, Any]) -> str:
    try:
        before = _flat(tomllib.loads(file.read_text("utf-8")))
    except (ValueError, RecursionError):  # also an integer of too many digits, lists too deep
        return f"{CONFIG} is damaged"
    return ", ".join(_differences(before, _flat(config))[:5])


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """`epochs: 3 there, 4 now`, by name."""
    changed = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    return [f"{key}: {before.get(key)} there, {now.get(key)} now" for key in changed]


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


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
    done = {name: sha for name, sha in pending.items() if has_hash(path / name, sha)}
    rest = {key: value for key, value in manifest.items() if key != PENDING}
    return {
        **rest,
        "files": {name: sha for name, sha in {**manifest["files"], **done}.items() if sha != GONE},
    }


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
