"""Make the sample of Fashion-MNIST that ships with Assay: the first images of each class, in source order.

    python scripts/make_sample.py

Writes four gzip IDX files into src/assay/data/sample and prints the SHA-256 of their decoded content,
which src/assay/data/sources/sample.py pins. The same release gives the same content every time.
"""

import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.core import durable
from assay.data.sources.fashion_mnist import PAIRS
from assay.data.sources.sample import FOLDER
from assay.workflow.load import load

#: Images of each class: 2,500 images in all, under 1.5 MB.
PER_CLASS = {"train": 200, "test": 50}

_UNSIGNED_BYTE = 0x08


def main(folder: Path = FOLDER) -> dict[str, str]:
    """Write the sample; the SHA-256 of each file's decoded content by file name."""
    data = load("fashion-mnist")
    digests = {}
    for split_name, (images_name, labels_name) in PAIRS.items():
        split = data.splits[split_name]
        rows = first_rows(split.labels, PER_CLASS[split_name])
        digests[images_name] = write_idx(folder / images_name, split.images[rows, :, :, 0])
        digests[labels_name] = write_idx(folder / labels_name, split.labels[rows].astype(np.uint8))
    return digests


def first_rows(labels: NDArray[np.int64], per_class: int) -> NDArray[np.int64]:
    """The first `per_class` rows of every class, sorted."""
    chosen = [np.flatnonzero(labels == label)[:per_class] for label in np.unique(labels)]
    return np.sort(np.concatenate(chosen))


def write_idx(path: Path, values: NDArray[np.uint8]) -> str:
    """Write an IDX file, gzipped; the SHA-256 of its decoded content."""
    header = bytes([0, 0, _UNSIGNED_BYTE, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    content = header + values.tobytes()
    durable.write_bytes(path, gzip.compress(content, 9, mtime=0))
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    for name, sha256 in main().items():
        print(f'    "{name}": "{sha256}",')
