"""A file of ours is read whole and without torch; any other is refused in one line."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import assay
from assay.core.errors import AssayError
from assay.deployment.export.classifier import onnx_bytes
from assay.deployment.onnx_content import METADATA, SEAL
from assay.deployment.onnx_model import OnnxModel
from assay.training.classifier import Model
from assay.training.model.limits import AnswerRule


@pytest.fixture(scope="module")
def model() -> Model:
    rng = np.random.default_rng(1)
    labels = np.arange(60) % 3
    images = (
        rng.integers(0, 200, (60, 6, 5, 3), np.uint8) + (labels * 20).astype(np.uint8)[:, None, None, None]
    )
    data = assay.load(arrays=(images[:40], labels[:40], images[40:], labels[40:]), classes="b,a,ü")
    found = assay.train(data, "majority")
    rule = AnswerRule(0.1, 0.4, "", 200, 100, 5)
    return replace(found, limits=replace(found.limits, rule=rule, rule_reason=""))


def sealed(file: onnx.ModelProto) -> bytes:
    """As a forger would: with a seal that fits."""
    for entry in [entry for entry in file.metadata_props if entry.key == SEAL]:
        file.metadata_props.remove(entry)
    seal = hashlib.sha256(file.SerializeToString(deterministic=True)).hexdigest()
    file.metadata_props.add(key=SEAL, value=seal)
    return file.SerializeToString(deterministic=True)


def _refusal(content: bytes) -> str:
    with pytest.raises(AssayError) as caught:
        OnnxModel.of(content, "given.onnx")
    text = str(caught.value)
    assert re.fullmatch(r"error\[model-refused\]: given\.onnx: [^\n]+", text)
    assert caught.value.exit_code == 7
    return text


def test_what_a_file_says_of_itself(model: Model, tmp_path: Path) -> None:
    """Classes in order, preprocessing, temperature, rule, gate, fingerprints, version, the run."""
    content = onnx_bytes(model, "ab" * 32)
    (tmp_path / "m.onnx").write_bytes(content)
    file = OnnxModel.read(tmp_path / "m.onnx", threads=1)
    assert file.classes == ("b", "a", "ü")
    assert file.preprocessing == model.preprocessing
    about, gate = file.metadata, model.limits.gate
    assert (about.temperature, about.max_risk, about.threshold) == (model.limits.temperature.value, 0.1, 0.4)
    assert about.gate == (None if gate is None else gate.threshold)
    assert (about.fingerprints, about.recipe) == (dict(model.fingerprints), dict(model.recipe))
    assert (about.version, about.run_sha256) == (assay.__version__, "ab" * 32)
    assert file.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("images", [
    np.zeros((1, 5, 6, 3), np.uint8), np.zeros((6, 5, 3), np.uint8), np.zeros((1, 6, 5, 3), np.float32),
])  # fmt: skip
def test_images_of_another_shape_or_type_are_refused(model: Model, images: Any) -> None:
    with pytest.raises(AssayError, match="shape-mismatch"):
        OnnxModel.of(onnx_bytes(model), "x").run(images)


def _foreign() -> bytes:
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "other",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
    )
    content: bytes = helper.make_model(graph).SerializeToString()
    return content


@pytest.mark.parametrize("content", [
    b"", b"\x00" * 100, b"not onnx", b"PK\x03\x04", b"\x80\x04pickle", b"\x0a" * 10_000, b"{}",
    b"\x3a\x02" * 5_000, _foreign(),
], ids=range(9))  # fmt: skip
def test_somebody_elses_file_is_refused(content: bytes) -> None:
    """Other formats, noise, nesting, and a plain ONNX file."""
    _refusal(content)


def test_a_place_that_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(AssayError, match="file-missing"):
        OnnxModel.read(tmp_path / "none.onnx")
    with pytest.raises(AssayError, match="model-refused"):
        OnnxModel.read(tmp_path)


def _metadata(change: Callable[[dict[str, Any]], None]) -> Callable[[onnx.ModelProto], None]:
    def spoil(file: onnx.ModelProto) -> None:
        entry = next(entry for entry in file.metadata_props if entry.key == METADATA)
        record = json.loads(entry.value)
        change(record)
        entry.value = json.dumps(record)

    return spoil


def _outside(file: onnx.ModelProto) -> None:
    tensor = file.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def _constant_outside(file: onnx.ModelProto) -> None:
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), "c")
    tensor.external_data.add(key="location", value="../x")
    file.graph.node[0].attribute.append(helper.make_attribute("value", tensor))


def _no_outputs(file: onnx.ModelProto) -> None:
    del file.graph.output[:]


def _no_shape(file: onnx.ModelProto) -> None:
    file.graph.output[0].type.Clear()


def _undefined(file: onnx.ModelProto) -> None:
    file.graph.node[-1].input[0] = "nowhere"


def _newer(file: onnx.ModelProto) -> None:
    file.opset_import[0].version = 9_999


def _unknown_field(file: onnx.ModelProto) -> None:
    file.MergeFromString(b"\xf2\x3f\x03abc")


SPOILED: dict[str, Callable[[onnx.ModelProto], None]] = {
    "data outside": _outside,
    "a constant outside, in an attribute": _constant_outside,
    "no outputs": _no_outputs,
    "no shape": _no_shape,
    "an input that nothing makes": _undefined,
    "an unknown opset": _newer,
    "an unknown field": _unknown_field,
    "one class less": _metadata(lambda r: r["classes"].pop()),
    "a class twice": _metadata(lambda r: r.update(classes=["a", "a", "b"])),
    "numbers as classes": _metadata(lambda r: r.update(classes=[1, 2, 3])),
    "classes as one text": _metadata(lambda r: r.update(classes="abc")),
    "another schema": _metadata(lambda r: r.update(schema=2)),
    "no temperature": _metadata(lambda r: r.pop("temperature")),
    "a temperature that is no number": _metadata(lambda r: r.update(temperature="1")),
    "infinite": _metadata(lambda r: r.update(temperature=float("inf"))),
    "a huge number": _metadata(lambda r: r.update(temperature=10**400)),
    "another size": _metadata(lambda r: r["preprocessing"].update(height=7)),
    "a size that is true": _metadata(lambda r: r["preprocessing"].update(height=True)),
    "an unknown rule of resizing": _metadata(lambda r: r["preprocessing"].update(resize="warp")),
    "half a bit": _metadata(lambda r: r["preprocessing"].update(deep={"low": 0, "shift": 0.5})),
    "more bits than there are": _metadata(lambda r: r["preprocessing"].update(deep={"low": 0, "shift": 99})),
    "an unknown key": _metadata(lambda r: r["preprocessing"].update(more=1)),
    "a gate without threshold": _metadata(lambda r: r.update(gate={})),
    "a rule as a list": _metadata(lambda r: r.update(rule=[])),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_forged_file_is_refused_in_one_line(name: str, model: Model) -> None:
    """Even with a seal that fits."""
    content = onnx_bytes(model)
    file = onnx.ModelProto.FromString(content)
    SPOILED[name](file)
    changed = sealed(file)
    assert changed != content
    _refusal(changed)
    untouched = onnx.ModelProto.FromString(content)
    assert sealed(untouched) == content  # the forger's seal is right: it is not that which was refused


def test_a_seal_anywhere_else_is_refused(model: Model) -> None:
    """Twice, first, or empty."""
    file = onnx.ModelProto.FromString(onnx_bytes(model))
    entries = list(file.metadata_props)
    for given in (entries[::-1], [*entries, entries[-1]], entries[:-1]):
        other = onnx.ModelProto.FromString(onnx_bytes(model))
        del other.metadata_props[:]
        other.metadata_props.extend(given)
        _refusal(other.SerializeToString(deterministic=True))
