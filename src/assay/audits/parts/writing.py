"""Parts of an audit written to disk: a folder each, with two safetensors files and `part.json`, which holds
their hashes.

The folder appears whole or not at all, so a process that is killed leaves no half of a part.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.parts.measured import Part
from assay.audits.parts.records import (
    IMAGES,
    LONGEST,
    RECORD,
    SCHEMA,
    TABLES,
    as_json,
    made_by,
    need_one_audit,
    read_record,
    seal,
)
from assay.core import durable
from assay.core.errors import AssayError
from assay.core.tensor_file import Tensor, can_hold, write_tensors
from assay.data.piece import Shard

#: Bytes that the hashes of a record take beside it.
_HASHES: Final = 4096


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
