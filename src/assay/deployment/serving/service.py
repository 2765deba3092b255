"""What a server serves, and the work of a request once its bytes are there."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.deployment.onnx_model import Answers, OnnxModel
from assay.deployment.serving.access import Access
from assay.deployment.serving.drift import Watch
from assay.deployment.serving.limits import Limits
from assay.deployment.serving.metrics import Metrics
from assay.deployment.serving.multipart import Part
from assay.deployment.serving.pictures import error_line, images_of, unreadable
from assay.deployment.serving.protocol import InferRequest, infer_response, json_values, read_infer
from assay.deployment.serving.similar import Loading
from assay.deployment.serving.workers import Workers

#: The one version of a model that a server has.
VERSION = "1"

#: Work of at most so many seconds is done where it arrives: handing it to a thread would take as long.
_AT_ONCE = 0.001
_SMALL_BODY = 1 << 16


@dataclass
class Service:
    """A model and all that belongs to serving it.

    quick: images that are classified so soon that no thread is needed; 0 where even one is not. bodies:
    bytes of requests in memory.
    """

    model: OnnxModel
    name: str
    access: Access
    limits: Limits
    workers: Workers
    watch: Watch
    training: Loading
    metrics: Metrics = field(default_factory=Metrics)
    quick: int = 0
    bodies: int = 0
    draining: bool = False

    def warm_up(self) -> None:
        """Run the model once, for the runtime makes its plans then, and see how long an image takes."""
        image = np.zeros((1, *self.model.preprocessing.shape), np.uint8)
        self.model.run(image)
        seconds = []
        for _ in range(5):
            before = time.perf_counter()
            self.model.run(image)
            seconds.append(time.perf_counter() - before)
        self.quick = int(_AT_ONCE / max(min(seconds), 1e-7))

    def close(self) -> None:
        """Let the threads end."""
        self.workers.close()
        self.watch.close()

    def is_quick(self, body: bytes) -> bool:
        """Is the request so small that the event loop may do it itself?"""
        size = int(np.prod(self.model.preprocessing.shape))
        return len(body) <= min(_SMALL_BODY, self.quick * size)


#: Images, and what was answered of them: to be counted.
Served = tuple[NDArray[np.uint8], Answers]


def infer(
    service: Service, body: bytes, json_length: str | None, until: float
) -> tuple[bytes, int | None, Served]:
    """Answer one request of the protocol: body, how long its JSON is if bytes follow, and what was served.

    Raises RefusedError.
    """
    request = read_infer(body, json_length, service.model.preprocessing.shape, service.limits)
    images, note = (request.images, "") if request.images is not None else _decoded(service, request, until)
    answers = answers_to(service.model, images)
    content, length = infer_response(service.name, VERSION, request, answers, note)
    return content, length, (images, answers)


def _decoded(service: Service, request: InferRequest, until: float) -> tuple[NDArray[np.uint8], str]:
    """The pictures of a request as images, and what of them is not looked at, or ""."""
    files = [Part(f"picture {i}", content) for i, content in enumerate(request.pictures or (), 1)]
    found = images_of(files, service.model.preprocessing, service.limits, until)
    for one in found:
        if isinstance(one, AssayError):
            raise unreadable(one)
    read = [one for one in found if not isinstance(one, AssayError)]
    notes = [f"{file.name}: {one.lost}" for file, one in zip(files, read, strict=True) if one.lost]
    return np.stack([one.image for one in read]), "; ".join(notes)


def answers_to(model: OnnxModel, images: NDArray[np.uint8]) -> Answers:
    """All outputs of the model, asked about few images at a time."""
    if len(images) == 1:
        return model.run(images)
    parts = [model.run(part) for part in model.parts(images)]
    return parts[0] if len(parts) == 1 else Answers(*(np.concatenate(c) for c in zip(*parts, strict=True)))


def predict(
    service: Service, files: Sequence[Part], similar: int, until: float
) -> tuple[dict[str, Any], Served | None]:
    """Classify picture files: a record with one entry for each, and what was served.

    Raises RefusedError where none of them can be read.
    """
    found = images_of(files, service.model.preprocessing, service.limits, until)
    errors = [one for one in found if isinstance(one, AssayError)]
    if len(errors) == len(found):
        raise unreadable(errors[0])
    images = np.stack([one.image for one in found if not isinstance(one, AssayError)])
    answers = answers_to(service.model, images)
    rows = iter(_records(service, images, answers, similar))
    predictions = [
        {"file": file.name, "error": error_line(one)}
        if isinstance(one, AssayError)
        else {"file": file.name, **next(rows), **({"note": one.lost} if one.lost else {})}
        for file, one in zip(files, found, strict=True)
    ]
    record: dict[str, Any] = {"predictions": predictions}
    if similar and service.training.found is None:
        record["similar"] = service.training.state
    return record, (images, answers)


def _records(
    service: Service, images: NDArray[np.uint8], answers: Answers, similar: int
) -> list[dict[str, Any]]:
    classes = service.model.classes
    ruled, familiar = service.model.metadata.max_risk is not None, service.model.familiar(answers)
    training = service.training.found
    near = training.near(images, similar) if training is not None and similar else None
    found = []
    for i, label in enumerate(answers.label.tolist()):
        values = json_values(answers.probabilities[i])
        record: dict[str, Any] = {
            "predicted": classes[label],
            "probability": values[label],
            "probabilities": dict(zip(classes, values, strict=True)),
            "familiar": None if familiar is None else bool(familiar[i]),
            "answered": bool(answers.answered[i]) if ruled else None,
        }
        if near is not None:
            record["similar"] = near[i]
        found.append(record)
    return found


def count(service: Service, served: Served | None) -> None:
    """Count what was served, and watch it; called by the event loop alone."""
    if served is None:
        return
    images, answers = served
    familiar = service.model.familiar(answers)
    ood = 0 if familiar is None else int((~familiar).sum())
    service.metrics.classified(len(images), int(answers.answered.sum()), ood)
    service.watch.arrived(images)
