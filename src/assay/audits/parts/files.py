"""A part on disk: a folder with two safetensors files and `part.json`, which holds their hashes.

The folder appears whole or not at all, so a process that is killed leaves no half of a part.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
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
    LONGEST,
    RECORD,
    SCHEMA,
    TABLES,
    as_json,
    damaged,
    made_by,
    need_one_audit,
    need_plain,
    read_record,
    seal,
)
from assay.core import durable
from assay.core.errors import AssayError
from assay.core.tensor_file import Tensor, can_hold, read_tensors, tensor_place, write_tensors
from assay.data.checked_images import ClosedFilePixels, Pixels
from assay.data.piece import STEP, Piece, Shard, Whole
from assay.data.stored_rows import hashed_rows
from assay.data.values import Column, DeepScale, LeftOut, Split

#: The array of a split that is not read whole: 2 to 3 KB an image.
FEATURES: Final = "rows.features"

#: Bytes that the hashes of a record take beside it.
_HASHES: Final = 4096


@dataclass(frozen=True, eq=False)
class Stored:
    """A part as it was read: where it lies, the settings of its audit, and per split where its images are."""

    folder: Path
    part: Part
    settings: Mapping[str, Any]
    images: Mapping[str, Pixels]


def part_folder(parts: Path, shard: Shard) -> Path:
    """Where a shard's part lies among the others."""
    return parts / f"shard-{shard.number:0{len(str(shard.count))}d}-of-{shard.count}"


def write_part(folder: Path, part: Part, settings: Mapping[str, Any]) -> bool:
    """Write a part as a folder that appears whole. settings: JSON types, of the audit.

    A part that is there already stays, and False is returned. Raises AssayError `part-foreign` or
    `part-version` where it is of another audit, `part-damaged`, and as `durable.create_directory`.
    """
    arrays: dict[str, Tensor] = {}
    splits = part.piece.splits
    content = {
        "schema": SCHEMA,
        "made_by": made_by(),
        "shard": asdict(part.piece.shard),
        # A list, for the order of the splits counts and the keys of JSON are sorted.
        "whole": {**asdict(part.piece.whole), "counts": list(part.piece.whole.counts.items())},
        "location": part.piece.location,
        "left_out": [asdict(item) for item in part.piece.left_out],
        "converted": dict(part.piece.converted),
        "deep": part.piece.deep,
        "levels": part.piece.levels,
        "settings": dict(settings),
        "pretrained": None if part.pretrained is None else part.pretrained.key,
        "splits": {name: _split_record(name, part, arrays) for name in splits},
    }
    if folder.exists():
        _need_equal(folder, json.loads(as_json(content)))
        return False
    if len(as_json(content)) > LONGEST - _HASHES:
        what = f"what {RECORD} must hold of this share has more than {LONGEST:,} bytes"
        raise AssayError("bad-value", "--shard", what, "Use more shards.")
    images = {name: Tensor(np.dtype(np.uint8), s.images.shape, s.blocks()) for name, s in splits.items()}
    with durable.create_directory(folder, sum(tensor.bytes for tensor in images.values())) as temporary:
        files = {
            IMAGES: write_tensors(temporary / IMAGES, images),
            TABLES: write_tensors(temporary / TABLES, arrays),
        }
        content["files"] = {name: {"bytes": size, "sha256": sha} for name, (size, sha) in files.items()}
        # ASCII alone: ids may hold what UTF-8 cannot, and JSON's escapes can.
        durable.write_text(temporary / RECORD, as_json({"content": content, "sha256": seal(content)}))
    return True


def _need_equal(folder: Path, made: Mapping[str, Any]) -> None:
    """Raise AssayError where the part that lies in `folder` is not the one that was made now."""
    found = read_record(folder)
    need_one_audit({folder: found, folder.with_name("the part made now"): made})
    prints = [{name: s["fingerprint"] for name, s in record["splits"].items()} for record in (found, made)]
    if prints[0] != prints[1] or found["shard"] != made["shard"]:
        fix = "Remove it, and run all shards again: the data were changed."
        raise AssayError("part-foreign", folder, "its images are not those that the data have now", fix)


def _split_record(name: str, part: Part, arrays: dict[str, Tensor]) -> dict[str, Any]:
    """What JSON holds of a split; its arrays are put into `arrays`."""
    split, sums = part.piece.splits[name], part.measurements[name]
    stored: dict[str, NDArray[Any]] = {"labels": split.labels, "digests": split.digests}
    stored |= {f"sums.{key}": values for key, values in vars(sums).items() if isinstance(values, np.ndarray)}
    stored |= {f"rows.{key}": values for key, values in part.tables[name].present().items()}
    if part.pretrained is not None:
        stored["pretrained"] = part.pretrained.rows[name]
    for key in ("original_stats", "together", "places"):
        if (values := getattr(split, key)) is not None:
            stored[key] = values
    columns: list[Any] = []
    for number, (column, values) in enumerate(split.columns.items()):
        if isinstance(values, np.ndarray) and can_hold(values.dtype):
            stored[f"column.{number}"] = values
            columns.append([column, None])
        else:
            columns.append([column, [str(value) for value in values]])
    arrays |= {f"{name}.{key}": Tensor.of(np.ascontiguousarray(values)) for key, values in stored.items()}
    return {
        "ids": list(split.ids),
        "columns": columns,
        "resize": split.resize,
        "deep": None if split.deep is None else asdict(split.deep),
        "fingerprint": split.fingerprint(part.piece.whole.classes),
        "arrays": sorted(stored),
    }


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


class _Elsewhere:
    """The images of a stored split: they are read by way of the whole set."""

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
        _Elsewhere(images.shape),  # type: ignore[arg-type]  # a length and a shape are all that is asked of it
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
    found = [path for path in found if not path.name.startswith(durable.TEMPORARY)]
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
