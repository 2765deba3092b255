"""The model's two files: `model.safetensors` holds the weights, `model.json` all else. Never pickle.

What is read is taken as hostile: nothing in it is run, nothing is allocated that its size does not pay for,
and anything that Assay would not have written is refused.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError

from assay.core import durable
from assay.core.disk_errors import environment_errors
from assay.core.errors import AssayError
from assay.data.preprocessing import Preprocessing
from assay.features.hand_made import describe_block
from assay.training.inference.any_model import summarize, weight_shapes
from assay.training.inference.features import PIXELS
from assay.training.model.limits import unknown_limits
from assay.training.model.limits_file import LimitsRecord, arrays_of_limits, record_of_limits
from assay.training.model.own_net import GivenNet
from assay.training.model.values import EpochRecord, History, ModelData, ModelSummary
from assay.training.own_net_file import Probe, check_probe, net_for_file, probe
from assay.training.recipes import OWN, NetRecipe, OwnNetRecipe, Recipe, recipe_with

WEIGHTS: Final = "model.safetensors"
RECORD: Final = "model.json"

_LARGEST_RECORD: Final = 64 << 20
_LARGEST_HEADER: Final = 1 << 20
#: Values of one input image.
_LARGEST_IMAGE: Final = 1 << 26

#: How files of other kinds begin, for a message that helps.
_OTHER_KINDS: Final = {
    b"PK": "a zip archive, such as a torch or Keras file",
    b"\x80": "a pickle",
    b"\x89HDF": "an HDF5 file",
}


class _Record(BaseModel):
    """The keys of `model.json` beside `schema` and its own hash; no other is accepted, at any depth."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    recipe: NetRecipe | Recipe
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    layers: ModelSummary
    history: tuple[EpochRecord, ...]
    fingerprints: dict[str, str]
    versions: dict[str, str]
    scores: dict[str, float | None]
    limits: LimitsRecord | None = None  # models saved before there were limits have none
    weights_sha256: str
    probe: Probe | None = None  # of a net of the user's own: what it answered when it was saved


def save_model(model: ModelData, folder: Path) -> None:
    """Write the two files into `folder`, the record last; equal models give equal files.

    Raises AssayError (see `durable.create`).
    """
    durable.make_directory(folder)
    for name, content in saved_files(model).items():
        durable.write_bytes(folder / name, content)


def saved_files(model: ModelData) -> dict[str, bytes]:
    """What `save_model` writes, by name, in that order."""
    weights = weights_file(model)
    record = {
        "recipe": dict(model.recipe),
        "classes": list(model.classes),
        "preprocessing": model.preprocessing.as_record(),
        "layers": model.layers.as_record(),
        "history": model.history.as_record(),
        "fingerprints": dict(model.fingerprints),
        "versions": dict(model.versions),
        "scores": dict(model.scores),
        "limits": record_of_limits(model.limits),
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        **({"probe": probe(model)} if model.own_net else {}),
    }
    text = durable.json_text({"schema": 1, **record, "sha256": _checksum(record)})
    return {WEIGHTS: weights, RECORD: durable.utf_8(text)}


def weights_file(model: ModelData) -> bytes:
    """The content of `model.safetensors`: the weights, and what the model's limits need."""
    arrays = {**model.weights, **arrays_of_limits(model.limits)}
    # Without metadata: safetensors writes its keys in random order.
    return safetensors.numpy.save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def read_model_data(folder: Path, net_given: GivenNet | None = None) -> ModelData:
    """The model that `save_model` wrote. Raises AssayError `model-refused` for anything else.

    net_given: the net, or what builds it, of a model whose net is the user's own; `net-needed` without it.
    """
    record = _read_record(Path(folder) / RECORD)
    _check_preprocessing(record, Path(folder) / RECORD)
    shape, classes = record.preprocessing.shape, len(record.classes)
    net = net_for_file(net_given, record.recipe, shape, classes, Path(folder) / RECORD)
    recipe = record.recipe if net is None else recipe_with(record.recipe.as_record(), net)
    if net is not None:
        _check_layers(record, recipe, Path(folder) / RECORD)
    arrays = _read_weights(Path(folder) / WEIGHTS, record, recipe)
    _check_layers(record, recipe, Path(folder) / RECORD)
    own = record.limits.shapes() if record.limits else {}
    model = ModelData(
        weights={name: array for name, array in arrays.items() if name not in own},
        recipe=record.recipe.as_record(),
        classes=record.classes,
        preprocessing=record.preprocessing,
        layers=record.layers,
        history=History(record.history),
        fingerprints=record.fingerprints,
        versions=record.versions,
        scores=record.scores,
        limits=record.limits.limits(arrays) if record.limits else unknown_limits(),
        own_net=net,
    )
    check_probe(model, record.probe, Path(folder) / RECORD)
    return model


def read_model_record(folder: Path) -> dict[str, Any]:
    """What `model.json` says of a model, without its weights: recipe, layers and history, as JSON types.

    Raises AssayError `model-refused` for anything else.
    """
    path = Path(folder) / RECORD
    record = _read_record(path)
    if record.recipe.model != OWN:  # of a net of the user's own nothing but the net tells
        _check_layers(record, record.recipe, path)
    layers, history = record.layers.as_record(), History(record.history).as_record()
    return {"recipe": record.recipe.as_record(), "layers": layers, "history": history}


def _refused(path: Path, reason: str) -> AssayError:
    return AssayError("model-refused", path, reason, "Give the model folder of an Assay run, unchanged.")


def _content(path: Path, largest: int) -> bytes:
    """The whole of a plain file of at most `largest` bytes."""
    if not path.is_file():
        raise _refused(path, "there is no such file")
    with environment_errors(path):
        size = path.stat().st_size
        if size > largest:
            raise _refused(path, f"{size:,} bytes where at most {largest:,} can be right")
        return path.read_bytes()


def _read_record(path: Path) -> _Record:
    text = _content(path, _LARGEST_RECORD)
    try:
        whole = json.loads(text.decode("utf-8"), object_pairs_hook=_no_duplicates)
        schema, seal = whole.pop("schema"), whole.pop("sha256")
        record = _Record.model_validate_json(json.dumps(whole))
        sealed = _checksum(whole)
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise _refused(path, _reason(error)) from error
    if schema != 1 or seal != sealed:
        raise _refused(path, "it was changed after it was written (its hash differs)")
    return record


def _reason(error: Exception) -> str:
    """Why a record is no record, in a few words that name the place."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return f"not a record of a model ({str(error)[:100]})"


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise ValueError("a key occurs twice")
    return keys


def _checksum(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(durable.json_text(record).encode()).hexdigest()


def _check_preprocessing(record: _Record, path: Path) -> None:
    p = record.preprocessing
    if min(p.shape) < 1 or prod(p.shape) > _LARGEST_IMAGE:
        raise _refused(path, f"images of {p.shape} cannot be")
    wanted = p.channels if p.normalizer == "standard" else 0
    if (len(p.mean), len(p.deviation)) != (wanted, wanted) or any(d <= 0 for d in p.deviation):
        raise _refused(path, "its normalization does not fit its channels")


def _read_weights(path: Path, record: _Record, recipe: Recipe) -> dict[str, NDArray[np.float32]]:
    expected = _expected_shapes(path, record, recipe)
    size = sum(4 * prod(shape) for shape in expected.values())
    content = _content(path, size + _LARGEST_HEADER)
    for start, kind in _OTHER_KINDS.items():
        if content.startswith(start) and not content[8:9] == b"{":
            raise _refused(path, f"this is {kind}, which can run code when it is read")
    if hashlib.sha256(content).hexdigest() != record.weights_sha256:
        raise _refused(path, "it is not the file that model.json describes (its hash differs)")
    return _checked_weights(path, content, expected)


def _expected_shapes(path: Path, record: _Record, recipe: Recipe) -> dict[str, tuple[int, ...]]:
    """The names and shapes that the recipe has for such images and classes. Allocates nothing."""
    with _refusals(path.parent / RECORD):
        own = weight_shapes(recipe, record.preprocessing.shape, len(record.classes))
    if record.limits is None:
        return own
    _check_gate(record.limits, own, record.preprocessing, path.parent / RECORD)
    return own | record.limits.shapes()


def _check_gate(
    limits: LimitsRecord, weights: Mapping[str, tuple[int, ...]], images: Preprocessing, path: Path
) -> None:
    """Its features must be those that its layer is given, and those that its pictures are described by."""
    if limits.gate is None:
        return
    # A picture of any size gives as many numbers as one of a single pixel.
    look, pixel = limits.gate.look, np.zeros((1, 1, 1, images.channels), np.uint8)
    if look is not None and describe_block(pixel).shape[1] != look.features:
        raise _refused(path, f"limits.gate.look: pictures are not described by {look.features} numbers")
    layer = weights.get(f"{limits.gate.layer}.weight", (0, 0))
    width = prod(images.shape) if limits.gate.layer == PIXELS else layer[-1]
    if width != limits.gate.features:
        raise _refused(path, f"limits.gate: {limits.gate.layer} is not given {limits.gate.features} numbers")


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Turn what is wrong with a recipe into `model-refused`; a missing torch is not the file's fault."""
    try:
        yield
    except AssayError as error:
        if error.code == "missing-extra":
            raise
        raise _refused(path, error.what) from error


def _check_layers(record: _Record, recipe: Recipe, path: Path) -> None:
    """The model's table must be that of its recipe. Asked last: the weights' size was paid for by then."""
    with _refusals(path):
        found = summarize(recipe, record.preprocessing.shape, len(record.classes))
    if found != record.layers:
        if isinstance(recipe, OwnNetRecipe):
            what, fix = "the net given has other layers than the one saved", "Give the net that was trained."
            raise AssayError("model-refused", path, what, fix)
        raise _refused(path, "its layers are not those of its recipe and classes")


def _checked_weights(
    path: Path, content: bytes, expected: Mapping[str, tuple[int, ...]]
) -> dict[str, NDArray[np.float32]]:
    try:
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + size], object_pairs_hook=_no_duplicates)
        weights = safetensors.numpy.load(content)
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _refused(path, f"not a plain safetensors file ({str(error)[:100]})") from error
    if "__metadata__" in header:
        raise _refused(path, "it carries metadata, which Assay never writes")
    found = {name: weight.shape for name, weight in weights.items()}
    if found != dict(expected):
        wrong = sorted(set(found.items()) ^ set(expected.items()))[0]
        raise _refused(path, f"its weights are not those of its recipe (first difference: {wrong})")
    for name, weight in weights.items():
        if weight.dtype != np.float32 or not np.isfinite(weight).all():
            raise _refused(path, f"{name} is {weight.dtype} and not all finite float32")
    return weights
