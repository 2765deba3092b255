"""Paths as people type them."""

from pathlib import Path

from assay.core.errors import AssayError


def expanded(path: str | Path, where: str) -> Path:
    """The path with `~` and `~user` put in. where: what to call it in an error.

    Raises AssayError `bad-value` where there is no such user, or none has a home.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        what = f"{Path(path).parts[0]} is nobody's home folder"
        raise AssayError("bad-value", where, what, "Give the path in full.") from error
