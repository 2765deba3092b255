"""Parquet files with images inside: one, or a folder of them as on the Hugging Face hub."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from assay.data.image_set import read_image_set
from assay.data.listing import Listing
from assay.data.naming import natural_key
from assay.data.parquet import left_out_files, list_parquet
from assay.data.request import Request
from assay.data.values import Dataset


def matches(request: Request) -> bool:
    """Whether the path is a Parquet file, or a folder that holds some, at most two folders deep."""
    return request.path is not None and bool(_files(request.path))


def read(request: Request) -> Dataset:
    """The data set in the files; see `list_parquet` for the rules."""
    assert request.path is not None  # `matches` said so
    return read_image_set(request, listing(request), "parquet", request.path)


def listing(request: Request) -> Listing:
    """What the files hold, before any image is decoded."""
    path = request.path
    assert path is not None  # `matches` said so
    files = _files(path)
    found = list_parquet(request, path, files)
    return replace(found, left_out=left_out_files(path, files)) if path.is_dir() else found


def _files(path: Path) -> Sequence[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".parquet" else []
    found = {
        file for depth in ("", "*/", "*/*/") for file in path.glob(f"{depth}*.parquet") if file.is_file()
    }
    hidden = {file for file in found if any(part.startswith(".") for part in file.relative_to(path).parts)}
    links = {file for file in found if file.is_symlink() and not _inside(file, path)}
    return sorted(found - hidden - links, key=lambda file: natural_key(file.as_posix()))


def _inside(file: Path, root: Path) -> bool:
    # The hub's own cache consists of links to a folder beside; anything further away is not followed.
    return file.resolve().is_relative_to(root.resolve().parent.parent)
