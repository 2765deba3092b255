"""Sets as TensorFlow Datasets prepares them, written independently of the reader under test."""

import io
import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from assay.data.formats.tfrecord import masked_crc32c

_KINDS = {
    "image": "image_feature.Image",
    "label": "class_label_feature.ClassLabel",
    "weight": "scalar.Scalar",
}


def _varint(number: int) -> bytes:
    out = b""
    number &= (1 << 64) - 1
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def example(features, packed=True) -> bytes:
    """A tf.train.Example, written independently of the reader under test."""
    entries = b""
    for name, value in features.items():
        if isinstance(value, bytes):
            feature = _field(1, _field(1, value))
        elif isinstance(value, float):
            feature = _field(2, _field(1, struct.pack("<f", value)))
        else:
            feature = _field(3, _field(1, _varint(value)) if packed else b"\x08" + _varint(value))
        entries += _field(1, _field(1, name.encode()) + _field(2, feature))
    return _field(1, entries)


def tfrecord(records) -> bytes:
    out = b""
    for record in records:
        length = struct.pack("<Q", len(record))
        out += (
            length
            + struct.pack("<I", masked_crc32c(length))
            + record
            + struct.pack("<I", masked_crc32c(record))
        )
    return out


def prepared_set(
    folder: Path,
    parts: Mapping[str, tuple[np.ndarray, Sequence[int]]],
    names: Iterable[str],
    form: str = "tfrecord",
    shards: int = 2,
) -> Path:
    """A folder as version 4.9 prepares it. parts: by split, uint8 images `(n, h, w)` and their labels."""
    folder.mkdir(parents=True)
    splits = []
    for split, (images, labels) in parts.items():
        records = [
            example({"image": _png(image), "label": int(label), "weight": 0.5}, packed=i % 2 > 0)
            for i, (image, label) in enumerate(zip(images, labels, strict=True))
        ]
        size = len(records) // shards
        for shard in range(shards):
            path = folder / f"tiny-{split}.{form}-{shard:05d}-of-{shards:05d}"
            _write_records(path, records[shard * size : (shard + 1) * size], form)
        splits.append({"name": split, "shardLengths": [str(size)] * shards})
    features = {
        name: {"pythonClassName": f"tensorflow_datasets.core.features.{kind}"}
        for name, kind in _KINDS.items()
    }
    info = {"name": "tiny", "fileFormat": form, "splits": splits}
    (folder / "dataset_info.json").write_text(json.dumps(info))
    (folder / "features.json").write_text(json.dumps({"featuresDict": {"features": features}}))
    if names:
        (folder / "label.labels.txt").write_text("".join(f"{name}\n" for name in names))
    return folder


def _write_records(path: Path, records: Sequence[bytes], form: str) -> None:
    if form == "tfrecord":
        path.write_bytes(tfrecord(records))
        return
    from array_record.python.array_record_module import ArrayRecordWriter

    writer = ArrayRecordWriter(str(path), "group_size:1")
    for record in records:
        writer.write(record)
    writer.close()


def _png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()
