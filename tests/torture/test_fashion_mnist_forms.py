"""The 70,000 images of Fashion-MNIST in every form: one and the same data set."""

import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from assay.audits.registry import audit_dataset, measure_all
from assay.core.errors import AssayError
from assay.data.convert import convert
from assay.workflow.load import load

pytestmark = [pytest.mark.torture, pytest.mark.real_data]


@pytest.fixture(scope="module")
def reference():
    try:
        return load("fashion-mnist", offline=True)
    except AssayError as error:
        pytest.skip(f"Fashion-MNIST is not on this machine ({error.code})")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("forms")


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


def idx(dataset, folder: Path) -> Path:
    folder.mkdir()
    for name, prefix in (("train", "train"), ("test", "t10k")):
        split = dataset.splits[name]
        for kind, values in (
            ("images-idx3", split.images[..., 0]),
            ("labels-idx1", split.labels.astype(np.uint8)),
        ):
            sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
            header = bytes([0, 0, 8, values.ndim]) + sizes
            (folder / f"{prefix}-{kind}-ubyte").write_bytes(header + values.tobytes())
    return folder


#: Checks that take seconds, and see pixels, labels and digests.
CHECKS = ("exact-duplicates", "leakage", "label-balance", "pixel-range", "class-similarity")


def findings(dataset):
    """What the audit found: verdicts, counts, statistics, and the digests of the flagged images."""
    found = audit_dataset(dataset, measure_all(dataset), CHECKS)
    verdicts = [(f.check, f.verdict, f.count) for f in found.findings]
    return verdicts, found.statistics, sorted((i.check, i.digest) for i in found.issues)


def test_every_form_is_the_same_set(reference, place, monkeypatch):
    """IDX, folder of PNG, NPZ, Parquet, archive: one fingerprint, and the same findings."""
    monkeypatch.setenv("ASSAY_CACHE", str(place / "cache"))
    folder = convert(reference, place / "png")
    paths = [
        idx(reference, place / "idx"),
        folder,
        convert(reference, place / "set.npz"),
        convert(reference, place / "set.parquet"),
        zipped(folder, place / "set.zip"),
    ]
    expected = findings(reference)
    for path in paths:
        found = load(path, classes=reference.classes)
        assert found.fingerprints == reference.fingerprints
        assert {d.tobytes() for d in found.train.digests} == {d.tobytes() for d in reference.train.digests}
        assert findings(found) == expected


ROOT = Path(__file__).resolve().parent.parent.parent
PREPARE = Path(__file__).with_name("prepare_fashion_mnist.py")

#: tensorflow-datasets 4.9 does not name all that it imports.
NEEDED = ("tensorflow", "tensorflow-datasets", "array_record", "importlib_resources")


@pytest.fixture(scope="module")
def other_python(place):
    """A Python with Assay and TensorFlow, in an environment of its own."""
    environment = place / "environment"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", ROOT, *NEEDED],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"TensorFlow cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    return python


def compressed(folder: Path) -> Path:
    """The files of an IDX folder as they are published, but for the compression."""
    for path in list(folder.iterdir()):
        (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), compresslevel=1))
    return folder


def test_prepared_by_tensorflow_datasets(reference, place, other_python, monkeypatch):
    """`tfds:fashion_mnist`, downloaded (the files are there already) and prepared by TensorFlow Datasets, is
    the same set; and so is the prepared folder, read again without TensorFlow, with the same findings."""
    monkeypatch.setenv("ASSAY_CACHE", str(place / "cache-tfds"))
    data = place / "tfds"
    done = subprocess.run(
        [other_python, PREPARE, compressed(idx(reference, place / "downloads"))],
        env={**os.environ, "TFDS_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["fingerprints"] == dict(reference.fingerprints)
    assert tuple(found["classes"]) == reference.classes
    (prepared,) = (data / "fashion_mnist").iterdir()
    again = load(prepared)
    assert "tensorflow" not in sys.modules
    assert again.fingerprints == reference.fingerprints
    assert findings(again) == findings(reference)
