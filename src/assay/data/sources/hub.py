"""Data sets of the Hugging Face hub, `hf:owner/name`: Parquet files or plain images, never code."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from assay.core import durable
from assay.core.cache_folder import cache_folder
from assay.core.errors import AssayError
from assay.core.user_path import expanded
from assay.data.request import OF_FOLDERS, OF_IMAGES, OF_TABLES, Request, refuse_unused
from assay.data.sources import folder, parquet_files
from assay.data.sources.folder_listing import SUFFIXES
from assay.data.values import Dataset

PREFIX: Final = "hf:"

_NAME: Final = re.compile(r"[\w.-]+/[\w.-]+")

#: What is fetched of a repository: images, tables of labels and Parquet files; no code.
_WANTED: Final = (
    "*.parquet",
    "metadata.csv",
    "metadata.jsonl",
    "*.md",
    *(f"*{end}" for end in SUFFIXES),
)

#: The options of a request that this source reads.
TAKES: Final = OF_FOLDERS | OF_IMAGES | OF_TABLES


def matches(request: Request) -> bool:
    """Whether the hub was asked for."""
    return request.data is not None and request.data.startswith(PREFIX)


def read(request: Request) -> Dataset:
    """The data set of a repository, or of a folder that is laid out like one (`hf:./folder`).

    Raises AssayError `missing-extra`, `data-unavailable`, `remote-code-refused` where only a script could
    read it, and those of the Parquet and folder sources.
    """
    name = str(request.data).removeprefix(PREFIX)
    local = expanded(name, "the data")
    place = local if local.is_dir() else _fetch(name, request.offline)
    inner = replace(request, path=place, name=request.name or place.absolute().name)
    try:
        source = parquet_files if parquet_files.matches(inner) else folder
        refuse_unused(inner, source.TAKES, source.__name__.rpartition(".")[2].replace("_", " "))
        found: Dataset = source.read(inner)
        return replace(found, source="hf")
    except AssayError as error:
        if error.code == "too-few-images" and (scripts := sorted(place.glob("*.py"))):
            raise _wants_code(name, scripts[0]) from error
        raise


def _wants_code(name: str, script: Path) -> AssayError:
    return AssayError(
        "remote-code-refused",
        f"{PREFIX}{name}",
        f"only its own script {script.name} could read it, and code of a data set is never run",
        "Look for a version in Parquet: the hub keeps one of most sets in the branch refs/convert/parquet.",
    )


def _fetch(name: str, offline: bool) -> Path:
    if not _NAME.fullmatch(name) or ".." in name:
        raise AssayError(
            "unknown-data", f"{PREFIX}{name}", "this is no owner/name, and no folder", "Check the name."
        )
    hub = _need_hub()
    target = cache_folder() / "hub" / name.replace("/", "--")
    durable.make_directory(target)
    try:
        hub.snapshot_download(
            name,
            repo_type="dataset",
            local_dir=target,
            allow_patterns=list(_WANTED),
            local_files_only=offline,
        )
    except (OSError, ValueError) as error:  # the hub's own errors are kinds of these
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise AssayError(
            "data-unavailable",
            f"{PREFIX}{name}",
            f"the hub did not give it ({reason})",
            f"Check the name and the network, or put the repository's files into {target}",
        ) from error
    return target


def _need_hub() -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise AssayError(
            "missing-extra", "hf", "huggingface_hub is not installed", 'Install it: pip install "assay[hf]"'
        ) from error
    return huggingface_hub
