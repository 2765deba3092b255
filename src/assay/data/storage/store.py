"""A `Dataset` as a folder of raw arrays that later runs read, and of a manifest that proves them.

The manifest is written last and holds the SHA-256 of every file and of itself; reading hashes the whole
content, so one changed bit anywhere is noticed. What was hashed is what is used: every file is read once,
into memory, and of images too many for that each is compared with its digest again at every read.
No pickle: names are JSON, arrays are plain `.npy`.
"""

import hashlib
import io
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core import durable
from assay.core.arrays import Bytes
from assay.data.checked_images import IN_MEMORY, file_images
from assay.data.formats.npy import array_in, header_of
from assay.data.values import Column, Dataset, DeepScale, LeftOut, Split

_MANIFEST: Final = "manifest.json"

#: Raised whenever what is stored changes its form: entries of another version are made again.
_SCHEMA: Final = 2


class DamagedError(Exception):
    """A stored data set whose content is not what was stored; says which file."""


def save(dataset: Dataset, folder: Path) -> None:
    """Store a data set under `folder`, whole or not at all.

    A folder that is there already stays as it is. Raises AssayError as `durable.create` does.
    """
    with durable.create_directory(folder, stored_bytes(dataset)) as temporary:
        files: dict[str, dict[str, Any]] = {}
        splits = [_save_split(temporary, name, split, files) for name, split in dataset.splits.items()]
        content = {
            "schema": _SCHEMA,
            "name": dataset.name,
            "classes": list(dataset.classes),
            "source": dataset.source,
            "notes": list(dataset.notes),
            "fingerprints": dict(dataset.fingerprints),
            "left_out": [asdict(item) for item in dataset.left_out],
            "splits": splits,
            "files": files,
        }
        durable.write_text(temporary / _MANIFEST, _manifest_text(content))


def stored_bytes(dataset: Dataset) -> int:
    """About how many bytes `save` writes: pixels, and 100 bytes an image for all the rest."""
    return sum(split.images.nbytes + 100 * len(split) for split in dataset.splits.values())


def _manifest_text(content: Mapping[str, Any]) -> str:
    # ASCII only: ids may hold what UTF-8 cannot (names that were not UTF-8), JSON escapes can.
    sha256 = hashlib.sha256(_ascii_json(content).encode()).hexdigest()
    return _ascii_json({"content": content, "sha256": sha256})


def _ascii_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)


def _save_split(folder: Path, name: str, split: Split, files: dict[str, dict[str, Any]]) -> dict[str, Any]:
    images = f"{name}-images.npy"
    files[images] = _write(folder / images, _npy_parts(split.images.shape, split.blocks()))
    original_stats = None
    if split.original_stats is not None:
        original_stats = _save_column(folder, f"{name}-looks", split.original_stats, files)
    together = None
    if split.together is not None:
        together = _save_column(folder, f"{name}-together", split.together, files)
    places = None if split.places is None else _save_column(folder, f"{name}-places", split.places, files)
    columns = [
        [column, _save_column(folder, f"{name}-column-{number}", values, files)]
        for number, (column, values) in enumerate(split.columns.items())
    ]
    return {
        "name": name,
        "resize": split.resize,
        "deep": None if split.deep is None else asdict(split.deep),
        "images": images,
        "labels": _save_column(folder, f"{name}-labels", split.labels, files),
        "digests": _save_column(folder, f"{name}-digests", split.digests, files),
        "ids": _save_column(folder, f"{name}-ids", tuple(split.ids), files),
        "columns": columns,
        "looks": original_stats,
        "together": together,
        "places": places,
    }


def _save_column(folder: Path, stem: str, values: Column, files: dict[str, dict[str, Any]]) -> str:
    if isinstance(values, np.ndarray):
        name, parts = f"{stem}.npy", _npy_parts(values.shape, [values], values.dtype)
    else:
        name, parts = f"{stem}.json", [_ascii_json(list(values)).encode()]
    files[name] = _write(folder / name, parts)
    return name


def _npy_parts(
    shape: Sequence[int], blocks: Iterable[NDArray[Any]], dtype: np.dtype[Any] | None = None
) -> Iterable[bytes | memoryview]:
    """The content of an `.npy` file (version 1.0), piece by piece."""
    head = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(dtype or np.dtype(np.uint8))
    np.lib.format.write_array_header_1_0(
        head, {"descr": descr, "fortran_order": False, "shape": tuple(shape)}
    )
    yield head.getvalue()
    for block in blocks:
        if block.size:
            yield np.ascontiguousarray(block).data.cast("B")


def _write(path: Path, parts: Iterable[bytes | memoryview]) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with durable.create(path) as file:
        for part in parts:
            file.write(part)
            digest.update(part)
            size += len(part)
    return {"bytes": size, "sha256": digest.hexdigest()}


def read(folder: Path) -> Dataset | None:
    """The data set stored under `folder`, its images in memory or, where they are many, in their file.

    None where there is none.

    Every file is hashed before it is used. Raises `DamagedError` when anything is not as it was stored.
    """
    try:
        content = _read_manifest(folder)
        if content is None:
            return None
        found = _verified(folder, content["files"], {record["images"] for record in content["splits"]})
        splits = {record["name"]: _read_split(folder, record, found) for record in content["splits"]}
    except OSError as error:
        raise DamagedError(f"{folder.name}: {error.strerror or error}") from error
    return Dataset(
        content["name"],
        tuple(content["classes"]),
        splits,
        content["source"],
        str(folder),
        tuple(content["notes"]),
        content["fingerprints"],
        tuple(LeftOut(**item) for item in content["left_out"]),
    )


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    if not folder.exists():
        return None
    text = (folder / _MANIFEST).read_bytes()
    try:
        content: dict[str, Any] = json.loads(text)["content"]
        intact = text == _manifest_text(content).encode()
    except (ValueError, KeyError, TypeError, RecursionError):
        intact = False
    if not intact or content["schema"] != _SCHEMA:
        raise DamagedError(f"{folder.name}/{_MANIFEST} is not as it was written")
    return content


#: Content of a file by its name; None for images that stay in theirs.
_Contents = Mapping[str, Bytes | None]


def _verified(folder: Path, files: Mapping[str, Mapping[str, Any]], images: Collection[str]) -> _Contents:
    """The content of every file as it was hashed; `images` may be too large to be held in memory."""

    def read_one(name: str) -> Bytes | None:
        size = files[name]["bytes"]
        content = None if name in images and size > IN_MEMORY else _content(folder / name, size)
        found = (
            durable.file_sha256(folder / name)
            if content is None
            else hashlib.sha256(content.data).hexdigest()
        )
        if found != files[name]["sha256"]:
            raise DamagedError(f"{folder.name}/{name} is not as it was written")
        return content

    # Two threads: hashing releases the interpreter, and the files of one set differ in size.
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(files, pool.map(read_one, files), strict=True))


def _content(path: Path, size: int) -> Bytes:
    """The bytes of a file that should have `size` of them; read-only."""
    content = np.empty(size, np.uint8)
    with path.open("rb", buffering=0) as file:
        done = 0
        while count := file.readinto(content.data[done:]):
            done += count
        if done < size or file.read(1):
            raise DamagedError(f"{path.parent.name}/{path.name} is not as it was written")
    content.flags.writeable = False
    return content


def _read_split(folder: Path, record: Mapping[str, Any], found: _Contents) -> Split:
    columns = {name: _column(file, found) for name, file in record["columns"]}
    ids = _column(record["ids"], found)
    labels, digests = (_array(record[key], found) for key in ("labels", "digests"))
    original_stats, together, places = (
        _array(record[key], found) if record.get(key) else None for key in ("looks", "together", "places")
    )
    if found[record["images"]] is not None:
        images = _array(record["images"], found)
    else:
        with (folder / record["images"]).open("rb") as file:
            shape, _, _ = header_of(file)
            images = file_images(folder / record["images"], shape, digests, file.tell())
    resize = record.get("resize", "fit")
    deep = DeepScale(**record["deep"]) if record.get("deep") else None
    return Split(images, labels, ids, digests, columns, resize, original_stats, together, deep, places)  # type: ignore[arg-type]  # ids are text


def _column(name: str, found: _Contents) -> Column:
    if name.endswith(".json"):
        return tuple(json.loads(bytes(_needed(name, found))))
    return _array(name, found)


def _array(name: str, found: _Contents) -> NDArray[Any]:
    return array_in(_needed(name, found))


def _needed(name: str, found: _Contents) -> Bytes:
    content = found[name]
    assert content is not None  # images alone stay in their file
    return content
