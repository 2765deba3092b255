"""What the training images look like, in few numbers: what served images are compared with."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core import durable
from assay.core.arrays import Float32s, Float64s, gray_of, spread_rows
from assay.core.disk_errors import environment_errors
from assay.core.errors import AssayError
from assay.data.values import Split
from assay.estimators.principal_components import principal_axes
from assay.features.hand_made import describe_block

#: Figures of an image beside the principal components of its features.
FIGURES: Final = ("brightness", "contrast", "sharpness")

_COMPONENTS: Final = 32

#: Images that the principal components are found from, and at most so many that the figures are taken of.
_FOR_AXES: Final = 4096
_FOR_FIGURES: Final = 20_000

_BLOCK: Final = 512
_LARGEST_FILE: Final = 1 << 26

#: `model.onnx` has `model.reference.safetensors` beside it.
SUFFIX: Final = ".reference.safetensors"


@dataclass(frozen=True, eq=False)
class Moments:
    """Of several figures: how many images have one, its mean, its variance; float64 `(m,)` each."""

    count: Float64s
    mean: Float64s
    variance: Float64s

    @classmethod
    def of(cls, rows: Float32s) -> "Moments":
        """Of float32 `(n, m)`; what is not finite (the sharpness of a blank image) is left out."""
        there = np.isfinite(rows)
        count = there.sum(axis=0).astype(np.float64)
        values = np.where(there, rows, 0).astype(np.float64)
        mean = values.sum(axis=0) / np.maximum(count, 1)
        variance = (np.square(values - mean) * there).sum(axis=0) / np.maximum(count, 1)
        return cls(count, mean, variance)


@dataclass(frozen=True, eq=False)
class Reference:
    """The training images as figures.

    model: SHA-256 of the exported file that it belongs to. center, axes: float32 `(d,)` and `(d, m)`, from
    features to principal components. moments: of the three figures and the m components. counts: int64
    `(k,)`, training images of each class.
    """

    model: str
    center: Float32s
    axes: Float32s
    moments: Moments
    counts: NDArray[np.int64]

    def rows(self, images: NDArray[np.uint8]) -> Float32s:
        """Figures and components of uint8 `(n, h, w, c)` images, float32 `(n, 3 + m)`."""
        components = (describe_block(images) - self.center) @ self.axes
        return np.hstack([figures_of(images), components]).astype(np.float32)


def figures_of(images: NDArray[np.uint8]) -> Float32s:
    """Brightness, contrast, and the logarithm of sharpness, float32 `(n, 3)`, as the check `drift` has them.

    Sharpness is NaN for blank images and those under 3 x 3 pixels.
    """
    gray = gray_of(images)
    channels = images.reshape(len(images), -1, images.shape[3])
    contrast = channels.std(axis=1, dtype=np.float32).max(axis=1)
    sharpness = np.full(len(images), np.nan, np.float32)
    if min(gray.shape[1:]) >= 3:
        around = gray[:, :-2, 1:-1] + gray[:, 2:, 1:-1] + gray[:, 1:-1, :-2] + gray[:, 1:-1, 2:]
        second = (around - 4 * gray[:, 1:-1, 1:-1]).reshape(len(gray), -1).std(axis=1)
        deviation = gray.std(axis=(1, 2))
        ratio = np.log(np.maximum(second / np.maximum(deviation, 1e-6), 1e-3))
        sharpness = np.where(deviation > 0, ratio, np.nan).astype(np.float32)
    return np.stack([gray.mean(axis=(1, 2)), contrast, sharpness], axis=1)


def reference_of(train: Split, class_count: int, model: str) -> Reference:
    """The reference of a training split, from at most 20,000 images spread over it.

    model: SHA-256 of the exported file. Raises AssayError `too-few-images` without any.
    """
    if not len(train):
        raise AssayError("too-few-images", "train", "it has no images", "Give training images.")
    features = np.concatenate(
        [describe_block(b) for b in train.blocks(spread_rows(len(train), _FOR_AXES), _BLOCK)]
    )
    center = features.mean(axis=0)
    axes, _ = principal_axes(features - center, min(_COMPONENTS, features.shape[1]))
    none = np.zeros(0, np.int64)
    found = Reference(model, center.astype(np.float32), axes.astype(np.float32), _no_moments(), none)
    rows = _rows(found, train.blocks(spread_rows(len(train), _FOR_FIGURES), _BLOCK))
    return Reference(model, found.center, found.axes, Moments.of(rows), train.counts(class_count))


def _rows(reference: Reference, blocks: Iterable[NDArray[np.uint8]]) -> Float32s:
    return np.concatenate([reference.rows(block) for block in blocks])


def _no_moments() -> Moments:
    none = np.zeros(0)
    return Moments(none, none, none)


def reference_path(model: Path) -> Path:
    """Where the reference of an exported file lies."""
    return model.with_name(model.stem + SUFFIX)


def write_reference(reference: Reference, path: Path) -> None:
    """Write it, whole or not at all. Raises AssayError as every write."""
    from safetensors.numpy import save

    content: dict[str, NDArray[Any]] = {
        "model": np.frombuffer(bytes.fromhex(reference.model), np.uint8).copy(),
        "center": reference.center,
        "axes": np.ascontiguousarray(reference.axes),
        "count": reference.moments.count,
        "mean": reference.moments.mean,
        "variance": reference.moments.variance,
        "counts": reference.counts,
    }
    durable.write_bytes(path, save(content))


def read_reference(path: Path, model: str, classes: int, channels: int) -> Reference:
    """The reference in a file, which must belong to the exported file of that SHA-256.

    Raises AssayError `model-refused` for any other, `file-missing` where there is none.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    if not path.is_file():
        fix = "Export the run again: that writes it."
        raise AssayError("file-missing", path, "the figures of the training images are missing", fix)
    with environment_errors(path):
        if path.stat().st_size > _LARGEST_FILE:
            raise _refused(path, "it is too large")
        content = path.read_bytes()
    try:
        found = load(content)
    except (SafetensorError, ValueError, KeyError, OverflowError) as error:
        raise _refused(path, "it is damaged") from error
    problem = _problem(found, model, classes, channels)
    if problem:
        raise _refused(path, problem)
    moments = Moments(found["count"], found["mean"], found["variance"])
    return Reference(model, found["center"], found["axes"], moments, found["counts"])


def _problem(found: dict[str, NDArray[np.generic]], model: str, classes: int, channels: int) -> str:
    """Why these tensors are no reference of that model; empty if they are."""
    names = {"model", "center", "axes", "count", "mean", "variance", "counts"}
    if found.keys() != names or found["axes"].ndim != 2:
        return "its tensors are not those of a reference"
    dimensions, components = found["axes"].shape
    columns = len(FIGURES) + components
    features = describe_block(np.zeros((1, 3, 3, channels), np.uint8)).shape[1]
    shapes = {
        "model": (32,), "center": (dimensions,), "axes": (features, components), "count": (columns,),
        "mean": (columns,), "variance": (columns,), "counts": (classes,),
    }  # fmt: skip
    types = {"model": "uint8", "center": "float32", "axes": "float32", "counts": "int64"}
    for name in names:
        if found[name].shape != shapes[name] or found[name].dtype != types.get(name, "float64"):
            return f"its tensor {name} is not as Assay writes it"
        if not np.isfinite(np.asarray(found[name], np.float64)).all():
            return f"its tensor {name} is not finite"
    if found["model"].tobytes().hex() != model:
        return "it belongs to another model"
    return ""


def _refused(path: Path, reason: str) -> AssayError:
    return AssayError("model-refused", path, reason, "Remove it, and export the run again.")
