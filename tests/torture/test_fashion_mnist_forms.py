"""The 70,000 images of Fashion-MNIST in every form: one and the same data set."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from assay.audits.audit import audit_dataset, measure_all
from assay.core.errors import AssayError
from assay.data.convert import convert
from assay.data.load import load

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
