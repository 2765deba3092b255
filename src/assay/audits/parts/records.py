"""What `part.json` says of a part, and whether several parts are of one audit."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeGuard

from assay.core.errors import AssayError
from assay.core.version import __version__, code_version

#: The file of a part that is read first, and its two files of arrays.
RECORD: Final = "part.json"
IMAGES: Final = "images.safetensors"
TABLES: Final = "tables.safetensors"

SCHEMA: Final = 1

#: Bytes of `part.json`: about ten million images of one shard.
LONGEST: Final = 1 << 30

#: Rooms whose code decides what a part holds.
_ROOMS: Final = ("core", "data", "features", "audits/measures", "audits/parts")

#: What all pieces of a set have in common, in words.
_OF_ONE_SET: Final = {
    "name": "the name of the data (see --name)",
    "source": "the kind of the data",
    "classes": "the list of classes",
    "counts": "the number of images",
    "listed": "the list of images and labels",
    "shape": "the working size",
    "resize": "how images are resized",
    "form": "the layout of the data",
    "notes": "what was found on reading",
    "left_out": "what was left out",
}

#: What a record holds, by type.
_SHAPE: Final = {
    "schema": int,
    "made_by": dict,
    "shard": dict,
    "whole": dict,
    "location": str,
    "left_out": list,
    "converted": dict,
    "deep": int,
    "settings": dict,
    "splits": dict,
    "files": dict,
}


def made_by() -> dict[str, str]:
    """What decides the numbers in a part: the version of Assay and of its code, and of two libraries."""
    libraries = {name: version(name) for name in ("numpy", "pillow")}
    return {"assay": __version__, "code": code_version(_ROOMS), **libraries}


def as_json(value: Any) -> str:
    """JSON that is the same for equal values, in ASCII."""
    return json.dumps(value, sort_keys=True, allow_nan=False)


def seal(content: Mapping[str, Any]) -> str:
    """SHA-256 of a record, as hexadecimal digits: a changed one does not fit it."""
    return hashlib.sha256(as_json(content).encode()).hexdigest()


def read_record(folder: Path) -> dict[str, Any]:
    """The content of `part.json`. Raises AssayError `part-damaged` where it is not as it was written."""
    need_plain(folder, RECORD)
    try:
        if (folder / RECORD).stat().st_size > LONGEST:
            raise damaged(folder, f"{RECORD} has more than {LONGEST:,} bytes")
        record = json.loads((folder / RECORD).read_text("utf-8"))
        content = record["content"]
        if record["sha256"] != seal(content) or not _is_record(content):
            raise ValueError(RECORD)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged(folder, f"{RECORD} cannot be read or was changed") from error
    return content


def _is_record(content: Any) -> TypeGuard[dict[str, Any]]:
    """Whether this has the shape of a record of this version, or says that it is of another one."""
    if not isinstance(content, dict) or not isinstance(content.get("schema"), int):
        return False
    if content["schema"] != SCHEMA:
        return isinstance(content.get("made_by"), dict)
    return (
        all(isinstance(content.get(key), kind) for key, kind in _SHAPE.items())
        and "levels" in content
        and isinstance(content.get("pretrained", 0), str | None)
        and content["shard"].keys() == {"number", "count"}
        and set(_OF_ONE_SET) <= content["whole"].keys()
        and set(content["files"]) == {IMAGES, TABLES}
    )


def need_plain(folder: Path, name: str) -> None:
    """Raise AssayError `part-damaged` where a part's file is missing, or a pipe or device that never ends."""
    if not (folder / name).is_file():
        raise damaged(folder, f"{name} cannot be read: it is missing, or no plain file")


def damaged(folder: Path, what: str) -> AssayError:
    """The error for a part that is not as it was written."""
    fix = "Remove this folder and run its shard again."
    return AssayError("part-damaged", folder, what, fix)


def need_one_audit(records: Mapping[Path, Mapping[str, Any]]) -> None:
    """Raise AssayError `part-version` or `part-foreign` for one that is not of the first one's audit."""
    _need_version(records)
    first = next(iter(records))
    for folder, record in records.items():
        if difference := foreign(records[first], record):
            what = f"it is not of the same audit as {first.name}: {difference} differs"
            fix = "Keep the parts of each audit in a folder of their own."
            raise AssayError("part-foreign", folder, what, fix)


def foreign(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """In words the first thing that tells two records as parts of different audits; empty where none does."""
    for key, words in _OF_ONE_SET.items():
        if one["whole"][key] != other["whole"][key]:
            return words
    settings = [
        {key: value for key, value in record["settings"].items() if key != "data"} for record in (one, other)
    ]
    changed = sorted(
        key for key in settings[0].keys() | settings[1].keys() if settings[0].get(key) != settings[1].get(key)
    )
    if changed:
        return f"the setting {changed[0]}"
    if one["shard"]["count"] != other["shard"]["count"]:
        return f"the number of shards ({one['shard']['count']} and {other['shard']['count']})"
    if None not in (one["levels"], other["levels"]) and one["levels"] != other["levels"]:
        return "the range of the values of 16 bits"
    return ""


def _need_version(records: Mapping[Path, Mapping[str, Any]]) -> None:
    own = made_by()
    for folder, record in records.items():
        theirs = record["made_by"] if record["schema"] == SCHEMA else {"assay": "another form of parts"}
        if theirs != own:
            named = next(key for key in (*own, *theirs) if theirs.get(key) != own.get(key))
            told = f"{named} {str(theirs.get(named))[:12]}, here it is {str(own.get(named))[:12]}"
            what = f"it was made by another version ({told})"
            fix = "Make and merge all parts with one version of Assay and its libraries."
            raise AssayError("part-version", folder, what, fix)
