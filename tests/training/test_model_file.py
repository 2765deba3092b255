"""Model files: what is written reads back, equal models give equal files, and all else is refused."""

import hashlib
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch

from assay.core import durable
from assay.core.errors import AssayError
from assay.data.splitting.stratified import HoldOut
from assay.data.values import Split
from assay.training.classifier import Model
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.model_file import RECORD, WEIGHTS, save_model
from assay.training.recipes import Recipe

CLASSES = ("left", "middle", "right")


@pytest.fixture
def model(split: Split, rows: HoldOut, recipe: Recipe) -> Model:
    return fit(
        FitRequest(split, rows, CLASSES, recipe.model_copy(update={"epochs": 1, "normalizer": "standard"}))
    )


@pytest.fixture
def folder(model: Model, tmp_path: Path) -> Path:
    save_model(model, tmp_path / "model")
    return tmp_path / "model"


def refused(folder: Path, words: str = "") -> None:
    with pytest.raises(AssayError) as caught:
        Model.read(folder)
    assert (caught.value.code, caught.value.exit_code) == ("model-refused", 7)
    assert words in str(caught.value)


def sealed(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the record as one who knows how it is hashed."""
    record = json.loads((folder / RECORD).read_text())
    record.pop("sha256")
    change(record)
    body = {key: value for key, value in record.items() if key != "schema"}
    record["sha256"] = hashlib.sha256(durable.json_text(body).encode()).hexdigest()
    (folder / RECORD).write_text(durable.json_text(record))


def put_weights(folder: Path, content: bytes) -> None:
    """Offer other weights under a record that hashes them rightly."""
    (folder / WEIGHTS).write_bytes(content)
    sealed(folder, lambda record: record.update(weights_sha256=hashlib.sha256(content).hexdigest()))


def crafted(header: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def test_round_trip(model: Model, folder: Path, split: Split) -> None:
    """What was saved reads back equal, and predicts the same bits."""
    again = Model.read(folder)
    for name in (
        "recipe",
        "classes",
        "preprocessing",
        "layers",
        "history",
        "fingerprints",
        "versions",
        "scores",
    ):
        assert getattr(again, name) == getattr(model, name), name
    assert np.array_equal(again.predict_proba(split.images), model.predict_proba(split.images))
    assert Model.read(folder).classes == CLASSES


def test_equal_models_give_equal_files(model: Model, folder: Path, tmp_path: Path) -> None:
    """Saving twice, and saving what was read, gives the same bytes; the weights carry no metadata."""
    Model.read(folder).save(tmp_path / "again")
    for name in (WEIGHTS, RECORD):
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert b"__metadata__" not in (folder / WEIGHTS).read_bytes()[:4096]


def test_an_edited_record_is_refused(folder: Path) -> None:
    """One name in the class list changed by hand is noticed, although the file is still well-formed."""
    text = (folder / RECORD).read_text()
    (folder / RECORD).write_text(text.replace('"left"', '"lost"'))
    refused(folder, "changed after it was written")


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r["classes"].append("more"),
        lambda r: r["classes"].pop(),
        lambda r: r.update(surprise=1),
        lambda r: r["preprocessing"].update(surprise=1),
        lambda r: r["preprocessing"].update(height=0),
        lambda r: r["preprocessing"].update(height=10**12),
        lambda r: r["preprocessing"].update(height="4"),
        lambda r: r["preprocessing"].update(deviation=[0.0]),
        lambda r: r["preprocessing"].update(mean=[0.1, 0.2]),
        lambda r: r["layers"].update(parameters=5),
        lambda r: r["layers"]["layers"].pop(),
        lambda r: r["recipe"].update(model="__import__('os')"),
        lambda r: r["recipe"].update(epochs=-1),
        lambda r: r["recipe"]["options"].update(hidden=10**15),
        lambda r: r["recipe"]["options"].update(hidden=1_000_000),
        lambda r: r["history"][0].update(surprise=1),
        lambda r: r.pop("classes"),
        lambda r: r.update(schema=2),
        lambda r: r.update(weights_sha256="0" * 64),
    ],
)
def test_a_forged_record_is_refused(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Unknown keys, impossible sizes, other layers or classes: refused even where the hash was made anew."""
    Model.read(folder)
    sealed(folder, change)
    refused(folder)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        '{"schema": 1, "schema": 1}',
        "[" * 100_000,
        '{"a": NaN}',
        "\ud800",
        "\x80\x04K\x01.",
    ],
)
def test_a_record_that_is_none_is_refused(folder: Path, text: str) -> None:
    """Empty, other JSON, cut, nested without end, a key twice, not UTF-8: refused in one line."""
    (folder / RECORD).write_bytes(text.encode("utf-8", "surrogatepass"))
    refused(folder)


def test_a_key_twice_is_refused(folder: Path) -> None:
    """A key that occurs twice says two things; neither is believed."""
    text = (folder / RECORD).read_text()
    (folder / RECORD).write_text(text.replace('"schema": 1', '"schema": 1,\n "schema": 1'))
    refused(folder, "a key occurs twice")


class _Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.canary),))


def test_files_that_can_run_code_are_refused(folder: Path, tmp_path: Path) -> None:
    """A pickle, a torch archive, TorchScript-like zip, HDF5, or such behind a header: never run."""
    canary = tmp_path / "canary"
    bomb = pickle.dumps(_Bomb(canary))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("archive/data.pkl", bomb)
    saved = io.BytesIO()
    torch.save({"weight": torch.zeros(3)}, saved)
    good = (folder / WEIGHTS).read_bytes()
    polyglots = [good + archive.getvalue(), bomb + good, crafted(b"{}", bomb)]
    for content in (
        bomb,
        archive.getvalue(),
        saved.getvalue(),
        b"\x89HDF\r\n\x1a\n" + bytes(2048),
        *polyglots,
    ):
        put_weights(folder, content)
        refused(folder)
        (folder / WEIGHTS).write_bytes(content)
        refused(folder)
    assert not canary.exists()
    pickle.loads(bomb)
    assert canary.exists()


def _header(weights: dict[str, np.ndarray]) -> tuple[dict[str, Any], bytes]:
    content = safetensors.numpy.save(weights)
    size = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8 : 8 + size]), content[8 + size :]


def _overlap(header: dict[str, Any]) -> None:
    header["output.weight"]["data_offsets"][0] -= 4


def _hole(header: dict[str, Any]) -> None:
    header["output.weight"]["data_offsets"] = [o + 16 for o in header["output.weight"]["data_offsets"]]


def _beyond(header: dict[str, Any]) -> None:
    header["output.weight"]["data_offsets"][1] += 1 << 40


def _negative(header: dict[str, Any]) -> None:
    header["hidden.bias"]["data_offsets"][0] = -4


def _other_type(header: dict[str, Any]) -> None:
    header["hidden.bias"]["dtype"] = "I32"


def _metadata(header: dict[str, Any]) -> None:
    header["__metadata__"] = {"format": "pt"}


@pytest.mark.parametrize("change", [_overlap, _hole, _beyond, _negative, _other_type, _metadata])
def test_a_hostile_header_is_refused(
    model: Model, folder: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    """Overlapping tensors, holes, offsets out of the file, other types, metadata: refused."""
    header, data = _header(dict(model.weights))
    change(header)
    put_weights(folder, crafted(json.dumps(header).encode(), data + bytes(16 * (change is _hole))))
    refused(folder, "model.safetensors")


def test_a_header_that_lies_is_refused(model: Model, folder: Path) -> None:
    """A name twice, and a header larger than the file."""
    header, data = _header(dict(model.weights))
    twice = json.dumps(header)[:-1] + f', "hidden.bias": {json.dumps(header["hidden.bias"])}}}'
    put_weights(folder, crafted(twice.encode(), data))
    refused(folder, "a key occurs twice")
    put_weights(folder, struct.pack("<Q", 1 << 62) + json.dumps(header).encode() + data)
    refused(folder, "not a plain safetensors file")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(model: Model, folder: Path, value: float) -> None:
    """One weight that is no number makes every answer meaningless."""
    weights = {name: weight.copy() for name, weight in model.weights.items()}
    weights["output.bias"][1] = value
    put_weights(folder, safetensors.numpy.save(weights))
    refused(folder, "output.bias")


@pytest.mark.parametrize("kind", ["shape", "missing", "extra", "half"])
def test_other_weights_are_refused(model: Model, folder: Path, kind: str) -> None:
    """Weights of another shape, name or precision than the recipe's net has."""
    weights: dict[str, Any] = {name: weight.copy() for name, weight in model.weights.items()}
    if kind == "shape":
        weights["output.weight"] = weights["output.weight"].T.copy()
    elif kind == "missing":
        del weights["output.bias"]
    elif kind == "extra":
        weights["more"] = np.zeros(1, np.float32)
    else:
        weights = {name: weight.astype(np.float16) for name, weight in weights.items()}
    put_weights(folder, safetensors.numpy.save(weights))
    refused(folder)


def test_files_that_are_no_files_are_refused(folder: Path) -> None:
    """A missing file, a folder, a pipe that nobody writes to: refused at once, without waiting."""
    (folder / WEIGHTS).unlink()
    refused(folder, "no such file")
    os.mkfifo(folder / WEIGHTS)
    refused(folder, "no such file")
    refused(folder / "nowhere", "no such file")


def test_a_file_too_large_is_not_read(folder: Path) -> None:
    """A file of a terabyte (sparse) is refused by its size."""
    with (folder / WEIGHTS).open("r+b") as file:
        file.truncate(1 << 40)
    refused(folder, "at most")


def test_hash_seeds_and_locales_change_nothing(tmp_path: Path) -> None:
    """Training and saving in new processes with another hash seed, locale, time zone, folder, and with a
    pipe for a terminal gives the same files."""
    code = (
        "import sys, runpy, types\n"
        "t = types.SimpleNamespace(**runpy.run_path(sys.argv[1]))\n"
        "from assay.training.fit import fit; from assay.training.fit_request import FitRequest\n"
        "from assay.training.recipes import read_recipe\n"
        "from assay.data.splitting.stratified import hold_out; split = t.tiny_split()\n"
        "recipe = read_recipe('mlp', {'epochs': 2, 'hidden': 8, 'normalizer': 'standard'})\n"
        "fit(FitRequest(split, hold_out(split, .2, 0), t.CLASSES, recipe, seed=1)).save(sys.argv[2])\n"
    )
    settings = [
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
        {"PYTHONHASHSEED": "77", "TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8", "COLUMNS": "20"},
    ]
    files = []
    for number, extra in enumerate(settings):
        out, place = tmp_path / str(number), tmp_path / f"place-{number}"
        place.mkdir()
        tiny = str(Path(__file__).with_name("conftest.py"))
        arguments = [sys.executable, "-c", code, tiny, str(out)]
        subprocess.run(arguments, env={**os.environ, **extra}, cwd=place, check=True, capture_output=True)
        files.append([(out / name).read_bytes() for name in (WEIGHTS, RECORD)])
    assert files[0] == files[1]


def test_the_record_names_no_place_or_time(model: Model, folder: Path) -> None:
    """Seconds, dates and paths have no place in a file that equal inputs must make equal."""
    keys = json.loads((folder / RECORD).read_text()).keys()
    assert not keys & {"seconds", "date", "path", "host", "created"}
    assert replace(model) is not model


def _harmed(content: bytes, at: int) -> list[bytes]:
    """The content with the byte at a place changed in its lowest bit, made another digit, or taken out."""
    byte = content[at]
    other = ord("7") if byte != ord("7") else ord("3")
    return [content[:at] + bytes(new) + content[at + 1 :] for new in ([byte ^ 1], [other], [])]


def _same_or_refused(folder: Path, model: Model, where: str) -> str:
    """What became of a harmed folder: refused in one line, or read as the very same model."""
    try:
        found = Model.read(folder)
    except AssayError as error:
        assert (error.code, error.exit_code) == ("model-refused", 7), where
        return "refused"
    assert found.classes == model.classes, where
    assert found.recipe == model.recipe, where
    assert found.weights.keys() == model.weights.keys(), where
    assert all(found.weights[k].tobytes() == model.weights[k].tobytes() for k in model.weights), where
    return "same"


@pytest.mark.parametrize("knows_the_hash", [False, True])
def test_every_byte_of_a_weights_header(model: Model, folder: Path, knows_the_hash: bool) -> None:
    """Each place of the header harmed in three ways, and a sample of the tensors, by one who knows how it is
    hashed or does not: refused, or the same bits; never a traceback, never another model."""
    content = (folder / WEIGHTS).read_bytes()
    record = (folder / RECORD).read_bytes()
    header = 8 + struct.unpack("<Q", content[:8])[0]
    outcomes = []
    for at in range(header):
        for harmed in _harmed(content, at):
            (folder / RECORD).write_bytes(record)
            if knows_the_hash:
                put_weights(folder, harmed)
            else:
                (folder / WEIGHTS).write_bytes(harmed)
            outcomes.append(_same_or_refused(folder, model, f"place {at}: {harmed[at : at + 20]!r}"))
    assert knows_the_hash or "same" not in outcomes
    assert outcomes.count("refused") > header
    (folder / RECORD).write_bytes(record)
    for at in range(header, len(content), max(1, (len(content) - header) // 50)):
        for harmed in _harmed(content, at):
            (folder / WEIGHTS).write_bytes(harmed)
            assert _same_or_refused(folder, model, f"tensors, place {at}") == "refused" or harmed == content


def test_every_byte_of_a_model_record(model: Model, folder: Path) -> None:
    """Each place of the record harmed in three ways: refused, or the same model (a space more or less)."""
    content = (folder / RECORD).read_bytes()
    outcomes = []
    for at in range(len(content)):
        for harmed in _harmed(content, at):
            (folder / RECORD).write_bytes(harmed)
            outcomes.append(_same_or_refused(folder, model, f"place {at}: {content[at : at + 20]!r}"))
    assert outcomes.count("refused") > len(content)
