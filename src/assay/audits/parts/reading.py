"""Parts of an audit read from disk, every byte verified first."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.pixel_sums import Measurements
from assay.audits.measures.row_tables import RowTables
from assay.audits.parts.fitting import need_described, need_fitting, need_share, need_told, need_whole
from assay.audits.parts.measured import Part, Pretrained
from assay.audits.parts.records import (
    IMAGES,
    RECORD,
    TABLES,
    damaged,
    need_one_audit,
    need_plain,
    read_record,
)
from assay.core import durable
from assay.core.durable import TEMPORARY
from assay.core.errors import AssayError
from assay.core.tensor_file import read_tensors, tensor_place
from assay.data.checked_images import ClosedFilePixels, Pixels
from assay.data.piece import STEP, Piece, Shard, Whole
from assay.data.stored_rows import hashed_rows
from assay.data.values import Column, DeepScale, LeftOut, Split

#: The array of a split that is not read whole: 2 to 3 KB an image.
FEATURES: Final = "rows.features"


@dataclass(frozen=True, eq=False)
class Stored:
    """A part as it was read: where it lies, the settings of its audit, and per split where its images are."""

    folder: Path
    part: Part
    settings: Mapping[str, Any]
    images: Mapping[str, Pixels]


def read_part(folder: Path) -> Stored:
    """A part, every byte of it verified first.

    Raises AssayError `part-damaged` where a byte is not as it was written.
    """
    content = read_record(folder)
    for name in (IMAGES, TABLES):
        need_plain(folder, name)
    try:
        return _stored(folder, content)
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:  # sealed, but by no shard of ours
        raise damaged(folder, "it does not hold what a part holds") from error


def _stored(folder: Path, content: Mapping[str, Any]) -> Stored:
    _verify_images(folder, content)
    arrays = _read_tables(folder, content)
    need_whole(content)
    whole, classes = _whole(content["whole"]), tuple(content["whole"]["classes"])
    splits, sums, tables, images = {}, {}, {}, {}
    described: dict[str, NDArray[Any]] = {}
    for name in whole.counts:
        record = content["splits"][name]
        own = {key: arrays[f"{name}.{key}"] for key in record["arrays"]}
        place, shape = tensor_place(folder / IMAGES, name)
        need_told(record, shape, whole)
        images[name] = ClosedFilePixels(folder / IMAGES, shape, place)
        splits[name] = _split(record, own, images[name])
        sums[name] = Measurements(*(own[f"sums.{key}"] for key in Measurements.__dataclass_fields__))
        tables[name] = RowTables(**{k[5:]: values for k, values in own.items() if k.startswith("rows.")})
        need_fitting(splits[name], sums[name], tables[name], len(classes))
        if content["pretrained"] is not None:
            described[name] = need_described(own["pretrained"], len(splits[name]))
        if splits[name].fingerprint(classes) != record["fingerprint"]:
            raise damaged(folder, f"the rows of {name} are not those that were written")
    piece = Piece(
        whole,
        Shard(**content["shard"]),
        splits,
        tuple(LeftOut(**item) for item in content["left_out"]),
        content["converted"],
        content["deep"],
        None if content["levels"] is None else tuple(content["levels"]),
        content["location"],
    )
    need_share(piece)
    known = None if content["pretrained"] is None else Pretrained(content["pretrained"], described)
    return Stored(folder, Part(piece, sums, tables, known), content["settings"], images)


def _verify_images(folder: Path, content: Mapping[str, Any]) -> None:
    expected = content["files"][IMAGES]
    try:
        found = durable.file_sha256(folder / IMAGES)
    except OSError as error:
        raise damaged(folder, f"{IMAGES} cannot be read ({error.strerror})") from error
    if found != expected["sha256"]:
        raise damaged(folder, f"{IMAGES} is not as it was written")


def _read_tables(folder: Path, content: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The arrays by name, all of them verified; features stay in the file, to be read by block."""
    leave = [f"{name}.{FEATURES}" for name in content["splits"]]
    changed = damaged(folder, f"{TABLES} is not as it was written")
    try:
        found = read_tensors(folder / TABLES, leave, STEP)
    except OSError as error:
        raise damaged(folder, f"{TABLES} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError, struct.error, RecursionError) as error:
        raise changed from error
    if found.sha256 != content["files"][TABLES]["sha256"]:
        raise changed
    if any(len(a.shape) != 2 for a in found.left.values()):
        raise damaged(folder, f"{TABLES} holds features that are no table")
    left = {
        name: hashed_rows(folder / TABLES, a.offset, (a.shape[0], a.shape[1]), a.dtype, a.digests, STEP)
        for name, a in found.left.items()
    }
    return {**found.arrays, **left}


def _whole(record: Mapping[str, Any]) -> Whole:
    return Whole(
        **{
            **record,
            "classes": tuple(record["classes"]),
            "counts": dict(record["counts"]),
            "shape": tuple(record["shape"]),
            "notes": tuple(record["notes"]),
            "left_out": tuple(LeftOut(**item) for item in record["left_out"]),
        }
    )


class _ImagesPlaceholder:
    """Shape and length in place of the images of a stored split, which are read by way of the whole set."""

    dtype, ndim = np.dtype(np.uint8), 4

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def __len__(self) -> int:
        return self.shape[0]


def _split(record: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], images: Pixels) -> Split:
    columns: dict[str, Column] = {
        name: arrays[f"column.{number}"] if values is None else tuple(values)
        for number, (name, values) in enumerate(record["columns"])
    }
    return Split(
        _ImagesPlaceholder(images.shape),  # type: ignore[arg-type]  # a length and a shape are all that is asked of it
        arrays["labels"],
        tuple(record["ids"]),
        arrays["digests"],
        columns,
        record["resize"],
        arrays.get("original_stats"),
        arrays.get("together"),
        None if record["deep"] is None else DeepScale(**record["deep"]),
        arrays.get("places"),
    )


def read_parts(parts: Path) -> list[Stored]:
    """All parts of one audit, in order, each verified.

    Raises AssayError: `parts-missing`, `part-twice`, `part-foreign`, `part-version`, `part-damaged`. All that
    `part.json` tells is compared before any array is read.
    """
    records = {folder: read_record(folder) for folder in _folders(parts)}
    if not records:
        fix = f"Make some: assay audit DATA --shard 1/8 --out {quote(str(parts))}, and so on to 8/8."
        raise AssayError("parts-missing", parts, "there is no part of an audit", fix)
    need_one_audit(records)
    _need_all(parts, {folder: _shard(folder, record) for folder, record in records.items()})
    order = sorted(records, key=lambda folder: int(records[folder]["shard"]["number"]))
    return [read_part(folder) for folder in order]


def _shard(folder: Path, record: Mapping[str, Any]) -> Shard:
    try:
        return Shard(**record["shard"])
    except (TypeError, ValueError) as error:
        raise damaged(folder, f"{RECORD} names no shard") from error


def _folders(parts: Path) -> list[Path]:
    """The folders that are parts, or claim to be by their name; not what a process is writing."""
    try:
        found = sorted(path for path in parts.iterdir() if path.is_dir())
    except OSError as error:
        fix = "Give the folder that the shards were written to with --out."
        raise AssayError("parts-missing", parts, f"no folder to read ({error.strerror})", fix) from error
    found = [path for path in found if not path.name.startswith(TEMPORARY)]
    return [path for path in found if (path / RECORD).exists() or path.name.startswith("shard-")]


def _need_all(parts: Path, shards: Mapping[Path, Shard]) -> None:
    seen: dict[Shard, Path] = {}
    for folder, shard in shards.items():
        if shard in seen:
            what = f"it is shard {shard}, and so is {seen[shard].name}: its images would count twice"
            raise AssayError("part-twice", folder, what, "Remove one of the two.")
        seen[shard] = folder
    # All say the same, as `need_one_audit` has seen.
    count = next(iter(seen)).count
    missing = sorted({Shard(number, count) for number in range(1, count + 1)} - set(seen))
    if missing:
        named = ", ".join(map(str, missing[:_NAMED])) + (", ..." if len(missing) > _NAMED else "")
        fix = f"Run them: assay audit DATA --shard {missing[0]} --out {quote(str(parts))}."
        raise AssayError("parts-missing", parts, f"{len(missing)} of {count} shards: {named}", fix)


#: Missing shards that an error names.
_NAMED: Final = 10
