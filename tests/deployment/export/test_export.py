"""An export gives the answers of its model, or there is no file; what Assay did not write is refused."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import assay
from assay.core.errors import AssayError
from assay.data.values import Dataset
from assay.deployment.export.classifier import onnx_bytes
from assay.deployment.export.proof import prove
from assay.deployment.export.write import export_model, record_of
from assay.deployment.onnx_content import SEAL
from assay.deployment.onnx_model import OnnxModel
from assay.training.classifier import Model
from assay.training.model.limits import AnswerRule

pytestmark = pytest.mark.usefixtures("undrawn")


def _dataset(height: int, width: int, channels: int, count: int = 60) -> Dataset:
    rng = np.random.default_rng(1)
    labels = np.arange(count) % 3
    images = rng.integers(0, 200, (count, height, width, channels), np.uint8)
    images[:, : height // 2] += (labels * 25).astype(np.uint8)[:, None, None, None]
    return assay.load(arrays=(images[:40], labels[:40], images[40:], labels[40:]))


def _ruled(model: Model) -> Model:
    rule = AnswerRule(0.1, 0.4, "", 200, 100, 5)
    return replace(model, limits=replace(model.limits, rule=rule, rule_reason=""))


SMALL = {"epochs": 1, "least_steps": 1, "threads": 1}
CASES = {
    "majority": ((8, 9, 1), "majority", {}),
    "nearest-mean": ((8, 9, 3), "nearest-mean", {}),
    "linear": ((9, 7, 3), "linear", SMALL),
    "reference, large and colored": ((40, 35, 3), "reference", {}),
    "reference of one line": ((1, 12, 1), "reference", {}),
    "ensemble": ((8, 8, 1), "mlp", {**SMALL, "members": 2}),
    "odd sides, mirrored": ((11, 13, 3), "cnn-small", {**SMALL, "mirror_averaging": True}),
    "blend": ((8, 8, 1), "mlp", {**SMALL, "reference": 0.4, "reference_features": 16}),
    "standard": ((8, 8, 3), "mlp", {**SMALL, "normalizer": "standard"}),
}


@pytest.fixture(scope="module")
def linear() -> tuple[Model, Dataset]:
    data = _dataset(8, 8, 1)
    return assay.train(data, "linear", **SMALL), data


@pytest.mark.parametrize("name", CASES)
def test_every_kind_answers_as_its_model(name: str) -> None:
    """Class, probabilities, distance and decision, on test images and hostile ones; equal bytes twice."""
    shape, recipe, settings = CASES[name]
    data = _dataset(*shape)
    model = _ruled(assay.train(data, recipe, **settings))
    content = onnx_bytes(model)
    assert content == onnx_bytes(model)
    file = OnnxModel.of(content, name)
    proof = prove(model, file, data.splits["test"].blocks())
    assert proof.images == 1020
    assert proof.holds, proof
    assert file.classes == model.classes
    none = file.run(np.zeros((0, *shape), np.uint8))
    assert [(one.dtype.name, one.shape) for one in none] == [
        ("float32", (0, 3)), ("int64", (0,)), ("bool", (0,)), ("float32", (0,)),
    ]  # fmt: skip


def test_each_array_is_in_the_file_once() -> None:
    """A net that answers for the mirror image too takes its weights twice and holds them once."""
    model = assay.train(_dataset(11, 13, 3), "cnn-small", **SMALL, mirror_averaging=True)
    constants = onnx.load_from_string(onnx_bytes(model)).graph.initializer
    contents = [(one.data_type, tuple(one.dims), one.raw_data) for one in constants]
    assert all(content for *_, content in contents)
    assert len(contents) == len(set(contents))


def test_the_proof_can_fail(tmp_path: Path, linear: tuple[Model, Dataset]) -> None:
    """A file of other weights is found out, and nothing is written."""
    model, data = linear
    other = replace(model, weights={key: -value for key, value in model.weights.items()})
    proof = prove(model, OnnxModel.of(onnx_bytes(other), "other"), data.splits["test"].blocks())
    assert proof.other_labels > 0
    with pytest.raises(AssayError, match="export-differs"):
        proof.demand("other")
    path = tmp_path / "model.onnx"
    assert export_model(model, path, data.splits["test"].blocks()).holds
    record = json.loads(record_of(path).read_text("utf-8"))
    assert record["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(AssayError, match="output-exists"):
        export_model(model, path, data.splits["test"].blocks())


def test_no_proof_no_file(
    tmp_path: Path, linear: tuple[Model, Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the answers differ neither file appears."""
    model, data = linear
    other = replace(model, weights={key: -value for key, value in model.weights.items()})
    monkeypatch.setattr("assay.deployment.export.write.onnx_bytes", lambda *_: onnx_bytes(other))
    with pytest.raises(AssayError, match="export-differs"):
        export_model(model, tmp_path / "model.onnx", data.splits["test"].blocks())
    assert list(tmp_path.iterdir()) == []


def _sealed(file: onnx.ModelProto) -> bytes:
    """As a forger would: with a seal that fits."""
    for entry in [entry for entry in file.metadata_props if entry.key == SEAL]:
        file.metadata_props.remove(entry)
    seal = hashlib.sha256(file.SerializeToString(deterministic=True)).hexdigest()
    file.metadata_props.add(key=SEAL, value=seal)
    return file.SerializeToString(deterministic=True)


def _outside(file: onnx.ModelProto) -> None:
    tensor = file.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")


def _custom(file: onnx.ModelProto) -> None:
    file.graph.node[0].domain = "evil"


def _huge(file: onnx.ModelProto) -> None:
    file.graph.initializer[0].dims[:] = [1 << 40]


def _loop(file: onnx.ModelProto) -> None:
    file.graph.node.append(helper.make_node("Loop", [], ["x"]))


def _function(file: onnx.ModelProto) -> None:
    file.functions.add(name="f", domain="f")


def _classes(file: onnx.ModelProto) -> None:
    file.metadata_props[0].value = "[]"


@pytest.mark.parametrize("spoil", [_outside, _custom, _huge, _loop, _function, _classes])
def test_a_forged_file_is_refused_before_any_session(
    spoil: object, linear: tuple[Model, Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even with a seal that fits."""
    file = onnx.ModelProto.FromString(onnx_bytes(linear[0]))
    spoil(file)  # type: ignore[operator]
    made: list[object] = []
    monkeypatch.setattr("assay.deployment.onnx_model._session", lambda *given: made.append(given))
    with pytest.raises(AssayError, match="model-refused"):
        OnnxModel.of(_sealed(file), "forged")
    assert made == []


def test_any_changed_byte_is_noticed(linear: tuple[Model, Dataset]) -> None:
    """A few hundred places spread over the file, and a file cut short or made longer."""
    content = onnx_bytes(linear[0])
    places = np.linspace(0, len(content) - 1, 60).astype(int)
    changed = [content[:p] + bytes([content[p] ^ 1]) + content[p + 1 :] for p in places]
    for one in (*changed, b"", b"PK\x03\x04", content[:-1], content + content[-9:], content * 2):
        with pytest.raises(AssayError, match="model-refused"):
            OnnxModel.of(one, "changed")


PROBE = """
import sys
from assay.deployment.onnx_model import OnnxModel
import numpy as np
OnnxModel.read(sys.argv[1]).run(np.zeros((2, 8, 8, 1), np.uint8))
if sys.argv[2] == "train": import assay.training.loop.train
sys.exit(7 if "torch" in sys.modules else 0)
"""


def test_asking_a_file_loads_no_torch(tmp_path: Path, linear: tuple[Model, Dataset]) -> None:
    """And the probe says so where torch is loaded."""
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_bytes(linear[0]))
    codes = [
        subprocess.run([sys.executable, "-c", PROBE, str(path), how], check=False).returncode
        for how in ("ask", "train")
    ]
    assert codes == [0, 7]


def test_a_run_is_exported_and_verified(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """`run`, `export`, `verify`; then a changed export is found."""
    from assay.cli.main import exit_code

    run = tmp_path / "run"
    train = ["run", "fashion-mnist-sample", "--model", "nearest-mean", "--checks", "identity", "-q"]
    assert exit_code([*train, "--out", str(run)]) == 0
    assert exit_code(["export", str(run)]) == 0
    assert "1,500 of 1,500" in capfd.readouterr().out
    assert exit_code(["export", str(run)]) == 2
    assert exit_code(["verify", str(run)]) == 0
    assert "same      export, proved again" in capfd.readouterr().out
    path = run / "export" / "model.onnx"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert exit_code(["verify", str(run)]) == 4
    assert "DIFFERENT export, proved again" in capfd.readouterr().out


def test_there_is_one_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It may be named; another is refused before the run is looked for."""
    from assay.cli.main import exit_code

    for kind, code, error in (("tflite", 2, "bad-value"), ("onnx", 2, "not-a-run-folder")):
        assert exit_code(["export", str(tmp_path / "no run"), "--format", kind]) == code
        assert error in capsys.readouterr().err
