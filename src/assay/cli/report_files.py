"""Where `--junit` and `--sarif` write: not over something else, not over each other, not into the run."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from assay.core.disk_errors import environment_errors
from assay.core.errors import AssayError

#: What stands near the beginning of each kind of report, and so of one that may be replaced.
_MARKS: Final[Mapping[str, bytes]] = {"--junit": b"<testsuite", "--sarif": b"sarif"}

#: Bytes that are looked at.
_BEGINNING: Final = 4096


def need_places(junit: Path | None, sarif: Path | None, run: Path | None) -> None:
    """Refuse, before any work, what would destroy something. run: the folder of the run, where it is known.

    Raises AssayError `bad-value`, and `output-exists` for a file that is there and is no such report.
    """
    named = {option: path for option, path in (("--junit", junit), ("--sarif", sarif)) if path is not None}
    if junit is not None and sarif is not None and _real(junit) == _real(sarif):
        raise AssayError("bad-value", "--sarif", "it is the file of --junit", "Name two files.")
    for option, path in named.items():
        if run is not None and _real(path).is_relative_to(_real(run)):
            what = f"{path} lies in the folder of the run, which would look changed"
            raise AssayError("bad-value", option, what, "Name a file elsewhere.")
        if path.is_dir():
            raise AssayError("output-exists", path, "it is a folder", "Name a file.")
        if _is_something_else(path, _MARKS[option]):
            what = f"a file lies there that is no report of {option}"
            raise AssayError("output-exists", path, what, "Name another file, or remove this one.")


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _is_something_else(path: Path, mark: bytes) -> bool:
    with environment_errors(path):
        if not path.is_file():
            return False  # of a pipe or a device the writing says that no file can be put there
        with path.open("rb") as file:
            beginning = file.read(_BEGINNING)
    return bool(beginning) and mark not in beginning
