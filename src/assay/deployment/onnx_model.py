"""An exported file as a classifier. Needs onnx and onnxruntime, and no torch."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.core.disk_errors import environment_errors
from assay.core.errors import AssayError
from assay.data.decoding.given import Picture, image_blocks
from assay.data.preprocessing import Preprocessing
from assay.deployment.onnx_content import INPUT, OUTPUTS, Metadata, checked_metadata, refused
from assay.training.inference.batching import prediction_batch

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_LARGEST_FILE: Final = 1 << 30

#: What all operators may give for images that are computed at once: 2 GiB as float32.
_MOST_VALUES: Final = 1 << 29


def require_extra(extra: str) -> None:
    """Raise AssayError `missing-extra` where a library for ONNX files is not installed."""
    for name in ("onnx", "onnxruntime"):
        if find_spec(name) is None:
            what = "ONNX files need it and it is not installed"
            raise AssayError("missing-extra", name, what, f'pip install "assay[{extra}]"')


class Answers(NamedTuple):
    """The four outputs of a file, in its order.

    probabilities: float32 `(n, k)`, each row summing to 1. label: int64 `(n,)`. answered: bool `(n,)`,
    whether the rule lets the model answer; always true without a rule. ood_score: float32 `(n,)`, how far
    the image lies from the training images; NaN without a gate.
    """

    probabilities: NDArray[np.float32]
    label: NDArray[np.int64]
    answered: NDArray[np.bool_]
    ood_score: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class OnnxModel:
    """An exported classifier, ready to be asked, by several threads too.

    sha256: of the file. session: the runtime's, which holds the graph.
    """

    metadata: Metadata
    sha256: str
    session: "InferenceSession"

    @classmethod
    def read(cls, path: str | Path, threads: int | None = None, extra: str = "export") -> "OnnxModel":
        """The file's classifier. threads: for one call of `run`; None leaves it to the runtime.

        extra: what to install where the runtime is missing. Raises AssayError `file-missing`,
        `model-refused` (somebody else's file, a damaged or changed one), `missing-extra`.
        """
        path = Path(path)
        if not path.exists():
            raise AssayError("file-missing", path, "there is no such file", "Check the path.")
        if not path.is_file():
            raise refused(path, "it is not a plain file")
        with environment_errors(path):
            if path.stat().st_size > _LARGEST_FILE:
                raise refused(path, f"over {_LARGEST_FILE:,} bytes")
            content = path.read_bytes()
        return cls.of(content, str(path), threads, extra)

    @classmethod
    def of(cls, content: bytes, where: str, threads: int | None = None, extra: str = "export") -> "OnnxModel":
        """The classifier of a file's content; `where` names it in errors, which are those of `read`."""
        require_extra(extra)
        metadata = checked_metadata(content, where)
        digest = hashlib.sha256(content).hexdigest()
        return cls(metadata, digest, _session(content, where, threads))

    @property
    def classes(self) -> tuple[str, ...]:
        """Their names, in the order of the probabilities."""
        return self.metadata.classes

    @property
    def preprocessing(self) -> Preprocessing:
        """How a picture becomes an image of the input: its size and channels (the file scales the values)."""
        return self.metadata.preprocessing

    def run(self, images: NDArray[np.uint8]) -> Answers:
        """The file's outputs for images uint8 `(n, h, w, c)`, computed at once.

        Raises AssayError `shape-mismatch`, `out-of-memory`; `model-refused` where its graph cannot be run.
        """
        shape = self.preprocessing.shape
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != shape:
            given = f"{images.dtype} of shape {images.shape} given"
            what = f"{given}, uint8 (n, {', '.join(map(str, shape))}) wanted"
            raise AssayError("shape-mismatch", "images", what, "Give images as the model was trained on.")
        from onnxruntime.capi import onnxruntime_pybind11_state as state

        try:
            found = self.session.run(list(OUTPUTS), {INPUT: np.ascontiguousarray(images)})
        except MemoryError as error:
            raise AssayError("out-of-memory", "memory", "not enough", "Give fewer images at once.") from error
        except (state.Fail, state.InvalidArgument, state.RuntimeException, state.NotImplemented) as error:
            raise refused("the ONNX file", "the runtime cannot run its graph") from error
        return Answers(*found)

    def predict(self, images: Picture | Iterable[Picture]) -> NDArray[np.str_]:
        """The name of the most probable class for each image. Images and errors as for `predict_proba`."""
        found = [self.run(part).label for part in self.parts(images)]
        names: NDArray[np.str_] = np.asarray(self.classes)[np.concatenate([np.zeros(0, np.int64), *found])]
        return names

    def predict_proba(self, images: Picture | Iterable[Picture]) -> NDArray[np.float32]:
        """Probability of each class for each image: float32 `(n, k)`, each row summing to 1.

        images: uint8 `(n, h, w, c)` of the model's input shape, `(n, h, w)` if that is gray; or pictures, one
        or several: paths, the content of files, Pillow's images; or blocks of images. Raises AssayError as
        `run`, and for pictures as `data.decoding.given.fitted`.
        """
        none = np.zeros((0, len(self.classes)), np.float32)
        return np.concatenate([none, *(self.run(part).probabilities for part in self.parts(images))])

    def parts(self, images: Picture | Iterable[Picture]) -> Iterator[NDArray[np.uint8]]:
        """Blocks of what was given, small enough that what lies between the layers stays small."""
        size = min(prediction_batch(self.preprocessing), max(_MOST_VALUES // max(self.metadata.values, 1), 1))
        for block in image_blocks(images, self.preprocessing):
            yield from (block[start : start + size] for start in range(0, len(block), size))

    def familiar(self, answers: Answers) -> NDArray[np.bool_] | None:
        """Which images are like the training images, bool `(n,)`; None where the file has no gate."""
        gate = self.metadata.gate
        return None if gate is None else answers.ood_score <= np.float32(gate)


def _session(content: bytes, where: str, threads: int | None) -> Any:
    # The published builds of the runtime keep events below the user's cache folder and send them to their
    # maker, unless this is set before they are loaded. Assay calls nobody; what the user has set stays.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    if threads is not None:
        options.intra_op_num_threads = threads
    refusals = (
        state.Fail,
        state.InvalidArgument,
        state.InvalidGraph,
        state.InvalidProtobuf,
        state.NotImplemented,
    )
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except (*refusals, state.RuntimeException) as error:
        raise refused(where, "the runtime cannot load its graph") from error
