"""Whether parsed JSON is a manifest: it may come from anywhere, and its file names are opened."""

import os
from typing import Annotated, Final

from pydantic import BaseModel, Field

from assay.core.text import one_line
from assay.workflow.recorded.problem import STRICT, problem_of

#: Bytes: longer ones cannot be asked for without an error of the system.
_LONGEST_NAME: Final = 255
_LONGEST_PATH: Final = 2048

_Seconds = Annotated[float, Field(ge=0)]


class _Training(BaseModel):
    model_config = STRICT

    seconds: _Seconds | None = None
    resumed: bool = True


class _Model(BaseModel):
    model_config = STRICT

    folder: str
    seconds: _Seconds | None = None


class _Facts(BaseModel):
    """What a manifest tells beside the files, as far as anything is made of it."""

    model_config = STRICT

    ended: str = ""
    resumed: bool = False
    versions: dict[str, str] = {}
    training: _Training = _Training()
    models: dict[str, _Model] = {}


def manifest_problem(manifest: object) -> str:
    """Why parsed JSON is no manifest; empty if it is one. Its file names are opened, so none may lead out."""
    if not isinstance(manifest, dict):
        return f"a JSON object was expected, not {type(manifest).__name__}"
    files = manifest.get("files")
    if not isinstance(files, dict):
        return 'its "files" is not a JSON object of names and hashes'
    pending = manifest.get("pending", {})
    if not isinstance(pending, dict):
        return 'its "pending" is not a JSON object of names and hashes'
    for name, expected in (*files.items(), *pending.items()):
        parts = name.split("/")
        if "\0" in name or not _is_text(name) or any(part in ("", ".", "..") for part in parts):
            return f"{one_line(ascii(name))} is not the name of a file in the run folder"
        if max(map(len, map(os.fsencode, parts))) > _LONGEST_NAME or len(os.fsencode(name)) > _LONGEST_PATH:
            return f"the name of a file is too long: {one_line(ascii(name[:60]))}..."
        if not isinstance(expected, str):
            return f"the hash of {one_line(ascii(name))} is not text"
    return problem_of(_Facts, manifest)


def _is_text(name: str) -> bool:
    """Half of a surrogate pair, which JSON can write, is no text."""
    return not any("\ud800" <= character <= "\udfff" for character in name)
