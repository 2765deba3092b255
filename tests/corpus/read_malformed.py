"""Read every file of the malformed corpus in one process; tell what came of each, and the memory it took.

python tests/corpus/read_malformed.py FOLDER    -> JSON lines: file, code, exit_code, text, growth (kB)
"""

import json
import resource
import shutil
import sys
from pathlib import Path

import array_record.python.array_record_module  # noqa: F401  # as pyarrow
import numpy as np
import pyarrow.parquet  # noqa: F401  # part of the idle process that growth is measured from
from prepared import prepared_set

from assay.core.errors import AssayError
from assay.data.decoding.image import read_image
from assay.workflow.load import load

LABELS = b"\0\0\x08\x01\0\0\0\x14" + bytes(i % 4 for i in range(20))


def read(path: Path) -> None:
    """Read one file in the way that its folder says."""
    kind, own = path.parent.name, path.parent / f"{path.name}.d"
    if kind in ("images", "others"):
        read_image(path)
        return
    if kind in ("idx", "npy"):
        own.mkdir()
        name = {"idx": "train-images-idx3-ubyte", "npy": "images.npy"}[kind]
        shutil.copy(path, own / (name + (".gz" if path.suffix == ".gz" else "")))
        (own / "train-labels-idx1-ubyte").write_bytes(LABELS) if kind == "idx" else np.save(
            own / "labels.npy", np.arange(20) % 4
        )
        load(own)
        return
    if kind == "tfds":
        load(_prepared(path, own))
        return
    if kind == "hub":
        (own / "data").mkdir(parents=True)
        shutil.copy(path, own / "data" / path.name.partition("-")[2])
        load(f"hf:{own}")
        return
    load(path)


def _prepared(path: Path, own: Path) -> Path:
    """A prepared set with this file in the place of its own."""
    name = path.name.partition("-")[2]
    form = "array_record" if name.endswith(".array_record") else "tfrecord"
    images = np.random.default_rng(0).integers(0, 256, (4, 24, 20), np.uint8)
    prepared_set(own, {"train": (images, [0, 1, 0, 1])}, ("one", "two"), form, shards=1)
    shard = own / f"tiny-train.{form}-00000-of-00001"
    shutil.copy(path, shard if name.startswith("train.") else own / name)
    return own


def main() -> None:
    """Read all of them."""
    load("fashion-mnist-sample")
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for path in sorted(p for p in Path(sys.argv[1]).glob("*/*") if p.is_file()):
        found = {"file": str(path), "code": "", "exit_code": 0, "text": "accepted"}
        try:
            read(path)
        except AssayError as error:
            found |= {"code": error.code, "exit_code": error.exit_code, "text": str(error)}
        found["growth"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle
        print(json.dumps(found), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
