"""A file of ours is read whole and without torch; any other is refused in one line."""

import hashlib
import json
import os
import re
import subprocess
import sys
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
from assay.deployment.onnx_content import METADATA, SEAL, Metadata, checked_metadata
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


ASK = """
import os, sys
import numpy as np
from assay.deployment.onnx_model import OnnxModel
assert not any(name.partition(".")[0] == "onnxruntime" for name in sys.modules)
OnnxModel.read(sys.argv[1], threads=1).predict(np.zeros((1, 6, 5, 3), np.uint8))
print(os.environ["ORT_DISABLE_TELEMETRY"])
"""


def test_the_runtime_tells_nobody_and_keeps_nothing(model: Model, tmp_path: Path) -> None:
    """Its published builds would write events below the cache folder of the user, and send them."""
    (tmp_path / "m.onnx").write_bytes(onnx_bytes(model))
    (tmp_path / "home").mkdir()
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_"))}
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(tmp_path / "m.onnx")],
        env={**own, "HOME": str(tmp_path / "home")}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
    assert list((tmp_path / "home").iterdir()) == []


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


def _harmed(content: bytes, at: int) -> tuple[bytes, bytes, bytes]:
    """One bit changed, the byte gone, and a byte more."""
    flipped = bytes([content[at] ^ 1])
    return (
        content[:at] + flipped + content[at + 1 :],
        content[:at] + content[at + 1 :],
        content[:at] + flipped + content[at:],
    )


def _read_or_refused(content: bytes) -> Metadata | None:
    """What the file says of itself; None where it is refused, which is in one line."""
    try:
        return checked_metadata(content, "given.onnx")
    except AssayError as error:
        assert (error.code, error.exit_code) == ("model-refused", 7)
        assert "\n" not in str(error)
        return None


def test_every_byte_of_a_file(model: Model) -> None:
    """Harmed in three ways by somebody who does not put the seal right: always refused."""
    small = replace(model, limits=replace(model.limits, gate=None))
    content = onnx_bytes(small)
    assert _read_or_refused(content) is not None
    for at in range(len(content)):
        assert [_read_or_refused(harmed) for harmed in _harmed(content, at)] == [None] * 3, at


def test_every_byte_of_the_metadata_with_a_seal_that_fits(model: Model) -> None:
    """By a forger: refused, or another name or note in a file that is whole, whose images and classes are
    those of its graph; never a traceback, never another number of classes or another size."""
    small = replace(model, limits=replace(model.limits, gate=None))
    file = onnx.ModelProto.FromString(onnx_bytes(small))
    entry = next(entry for entry in file.metadata_props if entry.key == METADATA)
    record, accepted, tried = entry.value.encode(), 0, 0
    for at in range(len(record)):
        for harmed in _harmed(record, at):
            tried += 1
            try:
                entry.value = harmed.decode()
            except ValueError:
                continue  # protobuf's own texts are UTF-8: such a file cannot be made with a seal that fits
            found = _read_or_refused(sealed(file))
            if found is None:
                continue
            accepted += 1
            assert found.preprocessing.shape == model.preprocessing.shape, harmed[at : at + 20]
            assert len(found.classes) == len(set(found.classes)) == 3
            assert all(isinstance(name, str) for name in found.classes)
            said = json.loads(harmed)
            assert (list(found.classes), found.temperature) == (said["classes"], said["temperature"])
    assert tried > 1000
    assert 0 < accepted < tried / 2


def test_a_seal_anywhere_else_is_refused(model: Model) -> None:
    """Twice, first, or empty."""
    file = onnx.ModelProto.FromString(onnx_bytes(model))
    entries = list(file.metadata_props)
    for given in (entries[::-1], [*entries, entries[-1]], entries[:-1]):
        other = onnx.ModelProto.FromString(onnx_bytes(model))
        del other.metadata_props[:]
        other.metadata_props.extend(given)
        _refusal(other.SerializeToString(deterministic=True))


def _image_value(file: onnx.ModelProto) -> str:
    """A value float32 `(n, h, w, c)` of the graph."""
    return next(str(node.output[0]) for node in file.graph.node if node.op_type == "Cast")


def _adds(*nodes: Any, **constants: np.ndarray) -> Callable[[onnx.ModelProto], None]:
    """Puts operators at the end of the graph; `image` stands for the images as numbers."""

    def spoil(file: onnx.ModelProto) -> None:
        image = _image_value(file)
        for name, array in constants.items():
            file.graph.initializer.append(numpy_helper.from_array(array, name))
        for node in nodes:
            made = helper.make_node(*node[:3], **(node[3] if len(node) > 3 else {}))
            made.input[:] = [image if name == "image" else name for name in made.input]
            file.graph.node.append(made)

    return spoil


def _whole(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def _column(length: int) -> np.ndarray:
    return np.zeros((length, 1), np.float32)


HUGE: dict[str, Callable[[onnx.ModelProto], None]] = {
    "a pad": _adds(("Pad", ["image", "p"], ["x"]), p=_whole(0, 0, 0, 0, 0, 1 << 30, 0, 0)),
    "a pad of images": _adds(("Pad", ["image", "p"], ["x"]), p=_whole(0, 0, 0, 0, 1 << 20, 0, 0, 0)),
    "constants crossed": _adds(
        ("Transpose", ["a"], ["b"], {"perm": [1, 0]}), ("Add", ["a", "b"], ["x"]), a=_column(60_000)
    ),
    "an outer product": _adds(
        ("Transpose", ["a"], ["b"], {"perm": [1, 0]}), ("MatMul", ["a", "b"], ["x"]), a=_column(60_000)
    ),
    "pixels crossed": _adds(
        ("Reshape", ["image", "r"], ["a"]), ("Reshape", ["image", "s"], ["b"]), ("Mul", ["a", "b"], ["c"]),
        ("Reshape", ["c", "t"], ["d"]), ("Reshape", ["c", "u"], ["e"]), ("Mul", ["d", "e"], ["x"]),
        ("Neg", ["x"], ["y"]),
        r=_whole(0, 90, 1), s=_whole(0, 1, 90), t=_whole(0, 8100, 1), u=_whole(0, 1, 8100),
    ),
    "a row doubled": _adds(
        *(("Concat", [f"c{i}" if i else "image"] * 2, [f"c{i + 1}"], {"axis": 1}) for i in range(30))
    ),
    "images doubled": _adds(("Concat", ["image", "image"], ["x"], {"axis": 0})),
    "images crossed": _adds(
        ("Transpose", ["image"], ["b"], {"perm": [1, 0, 2, 3]}), ("Concat", ["b", "b"], ["x"], {"axis": 0})
    ),
    "many that are large": _adds(
        *(("Pad", ["image", "p"], [f"x{i}"]) for i in range(40)), p=_whole(0, 0, 0, 0, 0, 200_000, 0, 0)
    ),
    "a convolution's pads": _adds(
        ("Conv", ["image", "w"], ["x"], {"pads": [1 << 20, 1 << 10, 1 << 20, 1 << 10]}),
        w=np.zeros((1, 6, 1, 1), np.float32),
    ),
    "a shape that is computed": _adds(
        ("Cast", ["image"], ["i"], {"to": TensorProto.INT64}), ("Reshape", ["i", "m"], ["f"]),
        ("ReduceMax", ["f", "z"], ["g"], {"keepdims": 0}), ("Reshape", ["image", "g"], ["x"]),
        m=_whole(-1), z=_whole(0),
    ),
    "a shape doubled": _adds(
        *(("Concat", [f"c{i}"] * 2, [f"c{i + 1}"], {"axis": 0}) for i in range(40)), c0=_whole(*range(16))
    ),
    "an axis added, and again": _adds(
        *(("Unsqueeze", [f"c{i}" if i else "image", "o"], [f"c{i + 1}"]) for i in range(15_000)), o=_whole(1)
    ),
    "many axes at once": _adds(("Unsqueeze", ["image", "o"], ["x"]), o=_whole(*range(9))),
    "a constant of many axes": _adds(
        *(("Neg", [f"c{i}"], [f"c{i + 1}"]) for i in range(500)), c0=np.zeros((1,) * 60, np.float32)
    ),
    "a long shape": _adds(("Reshape", ["image", "s"], ["x"]), s=_whole(0, *[1] * 100_000, 90)),
    "sizes that do not fit": _adds(("MatMul", ["image", "a"], ["x"]), a=_column(7)),
    "a name twice": _adds(("Neg", ["image"], ["x"]), ("Relu", ["image"], ["x"])),
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
def test_a_graph_that_would_fill_the_memory_is_refused_before_any_session(
    name: str, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of operators that ours have too, sealed; and nobody runs it to find out."""
    file = onnx.ModelProto.FromString(onnx_bytes(model))
    HUGE[name](file)
    made: list[object] = []
    monkeypatch.setattr("assay.deployment.onnx_model._session", lambda *given: made.append(given))
    _refusal(sealed(file))
    assert made == []


def test_a_graph_with_more_than_ours_may_still_be_small(model: Model) -> None:
    """The same forger with modest wishes is not refused: it is the size that was."""
    file = onnx.ModelProto.FromString(onnx_bytes(model))
    _adds(("Pad", ["image", "p"], ["x"]), p=_whole(0, 0, 0, 0, 0, 5, 0, 0))(file)
    before = OnnxModel.of(onnx_bytes(model), "a").metadata.values
    assert OnnxModel.of(sealed(file), "b").metadata.values == before + 11 * 5 * 3


def test_sizes_by_hand() -> None:
    """Of one image of 2 x 3 pixels: flat (6), times a matrix (4), a maximum (1)."""
    from assay.deployment.onnx_sizes import values_of_an_image

    nodes = [
        helper.make_node("Reshape", ["images", "s"], ["f"]), helper.make_node("MatMul", ["f", "m"], ["p"]),
        helper.make_node("ReduceMax", ["p", "o"], ["y"], keepdims=0),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 2, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])],
        [numpy_helper.from_array(array, name) for name, array in (
            ("s", _whole(0, 6)), ("m", np.zeros((6, 4), np.float32)), ("o", _whole(1)))],
    )  # fmt: skip
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    assert values_of_an_image(file, 6) == 6 + 4 + 1
