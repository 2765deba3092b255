"""`model.export(path)`: the same proof as the command's, and no file without it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import assay
from assay.core.errors import AssayError
from assay.data.values import Dataset
from assay.deployment.onnx_model import OnnxModel
from assay.deployment.serving.reference import read_reference, reference_path
from assay.training.classifier import Model


def _dataset(seed: int) -> Dataset:
    rng, labels = np.random.default_rng(seed), np.arange(90) % 3
    images = rng.integers(0, 200, (90, 8, 8, 1), np.uint8)
    images[:, :4] += (labels * 25).astype(np.uint8)[:, None, None, None]
    return assay.load(arrays=(images[:60], labels[:60], images[60:], labels[60:]))


@pytest.fixture(scope="module")
def data() -> Dataset:
    return _dataset(1)


@pytest.fixture(scope="module")
def model(data: Dataset) -> Model:
    return assay.train(data, "nearest-mean")


def _record(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((path.parent / "m.export.json").read_text("utf-8"))["proof"]
    return found


def test_with_data_it_is_proved_on_their_test_split(model: Model, data: Dataset, tmp_path: Path) -> None:
    """And has what a server needs beside it, bound to this file."""
    path = tmp_path / "new" / "m.onnx"
    proof = model.export(path, data)
    assert (proof.images, proof.hostile, proof.holds) == (1030, 1000, True)
    assert _record(path) == proof.as_record()
    file = OnnxModel.read(path)
    images = np.concatenate(list(data.splits["test"].blocks()))
    assert file.predict(images).tolist() == model.predict(images).tolist()
    assert read_reference(reference_path(path), file.sha256, 3, 1).counts.sum() == 60


def test_without_data_the_record_says_what_it_was_proved_on(model: Model, tmp_path: Path) -> None:
    """A path as text, and the same bytes as with data."""
    proof = model.export(str(tmp_path / "m.onnx"))
    assert proof.images == proof.hostile == 1000
    assert _record(tmp_path / "m.onnx") == proof.as_record()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["m.export.json", "m.onnx"]
    model.export(tmp_path / "n.onnx")
    assert (tmp_path / "n.onnx").read_bytes() == (tmp_path / "m.onnx").read_bytes()
    with pytest.raises(AssayError, match="output-exists"):
        model.export(tmp_path / "m.onnx")


def test_a_saved_model_exports_the_same_file(model: Model, tmp_path: Path) -> None:
    """One that was read again, too."""
    model.save(tmp_path / "saved")
    read = assay.load_model(tmp_path / "saved")
    assert isinstance(read, Model)
    read.export(tmp_path / "a.onnx")
    model.export(tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_an_export_that_was_killed_is_made_whole(model: Model, data: Dataset, tmp_path: Path) -> None:
    """After its file, or its record, was written: the same files. Another file under the name stays."""
    path = tmp_path / "m.onnx"
    model.export(path, data)
    wanted = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    for left in (("m.onnx",), ("m.onnx", "m.export.json")):
        for name in wanted.keys() - set(left):
            (tmp_path / name).unlink()
        model.export(path, data)
        assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == wanted
    with pytest.raises(AssayError, match="output-exists"):
        model.export(path, data)
    (tmp_path / "m.reference.safetensors").unlink()
    path.write_bytes(b"somebody's own")
    with pytest.raises(AssayError, match="output-exists"):
        model.export(path, data)
    assert path.read_bytes() == b"somebody's own"
    path.unlink()  # a record alone is nobody's beginning: the file is written before it
    with pytest.raises(AssayError, match="output-exists"):
        model.export(path, data)


def test_no_proof_no_file(
    model: Model, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of other weights, with and without data, and other data than the model's."""
    from assay.deployment.export import write

    other, real = replace(model, weights={k: v[::-1] for k, v in model.weights.items()}), write.onnx_bytes
    with pytest.raises(AssayError, match="data-changed"):
        model.export(tmp_path / "m.onnx", _dataset(2))
    only_train = replace(data, splits={"train": data.splits["train"]})
    with pytest.raises(AssayError, match="no-test-split"):
        model.export(tmp_path / "m.onnx", only_train)
    monkeypatch.setattr(write, "onnx_bytes", lambda *_: real(other))
    for given in (data, None):
        with pytest.raises(AssayError, match="export-differs"):
            model.export(tmp_path / "m.onnx", given)
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_said_first(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before data are read."""
    monkeypatch.setattr("assay.deployment.onnx_model.find_spec", lambda _name: None)
    with pytest.raises(AssayError, match=r"missing-extra.*assay\[export\]"):
        model.export(tmp_path / "m.onnx", tmp_path / "no data here")
