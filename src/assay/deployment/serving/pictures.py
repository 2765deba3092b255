"""From the files of a request to images, by the reader that training uses."""

import time
from collections.abc import Sequence
from typing import Final

from assay.core.errors import AssayError
from assay.data.decoding.given import Fitted, fitted
from assay.data.decoding.image import read_shape
from assay.data.preprocessing import Preprocessing
from assay.deployment.serving.limits import Limits, RefusedError, too_late
from assay.deployment.serving.multipart import Part

#: How JSON, a data address, and PNG, JPEG and WebP in base64 begin; no picture that is read does.
_TEXTS: Final = (b"{", b"[", b'"', b"data:", b"iVBORw0KGgo", b"/9j/", b"UklGR")


def images_of(
    files: Sequence[Part], preprocessing: Preprocessing, limits: Limits, until: float
) -> list[Fitted | AssayError]:
    """Each file as the model takes it, or why it cannot be read.

    until: by `time.monotonic`. Raises RefusedError 503 when that is over.
    """
    found: list[Fitted | AssayError] = []
    for file in files:
        if time.monotonic() > until:
            raise too_late(limits.seconds)
        try:
            found.append(_image(file, preprocessing, limits))
        except AssayError as error:
            found.append(error)
    return found


def _image(file: Part, preprocessing: Preprocessing, limits: Limits) -> Fitted:
    name = file.name or "picture"
    if file.content.startswith(_TEXTS):
        what = "it is JSON or base64 text, not the bytes of a picture"
        fix = "Send the file as it is; base64 in JSON goes to /v2/models/NAME/infer, as the input pictures."
        raise AssayError("image-format", name, what, fix)
    height, width, _ = read_shape(file.content, name)
    if height * width > limits.pixels:
        what = f"{width} x {height} pixels; at most {limits.pixels:,} are decoded here"
        raise AssayError("image-too-large", name, what, "Send it smaller.")
    return fitted(file.content, preprocessing, name)


def unreadable(error: AssayError) -> RefusedError:
    """The refusal of a request whose only picture cannot be read."""
    status = 413 if error.code == "image-too-large" else 415 if error.code == "image-format" else 400
    return RefusedError(status, error_line(error))


def error_line(error: AssayError) -> str:
    """An error as one line: its documented code, and what to do."""
    return str(error).removeprefix("error[").replace("]", "", 1)
