"""The process that decodes images for `decoding.py`: apart, so that no image can harm more than itself.

It reads requests from standard input and answers on standard output: each message is a length, a JSON
text of that length, and the bytes that the text announces.
"""

import gc
import json
import resource
import signal
import struct
import sys
from collections.abc import Mapping, Sequence
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.data.appearance import appearance
from assay.data.images import (
    Picture,
    read_limited,
    read_picture,
    read_shape,
    resized,
    silence_warnings,
    with_channels,
)
from assay.data.listing import Payload
from assay.data.values import image_digests

#: Address space of a worker: the largest accepted image takes under a third of it.
MOST_MEMORY: Final = 3 << 30

_LENGTH: Final = struct.Struct(">Q")


def send(stream: IO[bytes], message: Mapping[str, Any], *attachments: bytes | memoryview) -> None:
    """Write one message. The receiver must know the attachments' lengths from it."""
    text = json.dumps(message).encode()
    stream.write(_LENGTH.pack(len(text)))
    stream.write(text)
    for attachment in attachments:
        stream.write(attachment)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one message, without its attachments. Raises EOFError where the stream ends."""
    (length,) = _LENGTH.unpack(receive_bytes(stream, _LENGTH.size))
    return json.loads(receive_bytes(stream, length))


def receive_bytes(stream: IO[bytes], count: int) -> bytes:
    """Read exactly `count` bytes. Raises EOFError where the stream ends before."""
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data


def main() -> None:
    """Answer requests until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the business of the main process
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    silence_warnings()
    gc.freeze()  # the modules stay: looking through them again and again would take a tenth of the time
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            request = receive(source)
            payloads = [_payload(source, item) for item in request["items"]]
        except EOFError:
            return
        _answer(target, request, payloads)


def _payload(source: IO[bytes], item: str | int) -> Payload:
    return item if isinstance(item, str) else receive_bytes(source, item)


def _answer(target: IO[bytes], request: Mapping[str, Any], payloads: Sequence[Payload]) -> None:
    if request["measure"]:
        send(target, {"results": [_measured(payload) for payload in payloads], "pixels": 0, "digests": 0})
        return
    results, decoded = [], []
    for payload in payloads:
        result, pixels = _decoded(payload, request)
        results.append(result)
        if pixels is not None:
            decoded.append(pixels)
    block = np.stack(decoded) if decoded else np.zeros((0, 1, 1, 1), np.uint8)
    digests = image_digests(block)
    send(
        target,
        {"results": results, "pixels": block.nbytes, "digests": digests.nbytes, "shape": block.shape},
        block.tobytes(),
        digests.tobytes(),
    )


def _measured(payload: Payload) -> dict[str, Any]:
    try:
        return {"shape": read_shape(_content(payload))}
    except (AssayError, MemoryError) as error:
        return _refusal(error)


def _content(payload: Payload) -> bytes:
    # A file that became a link since it was listed could lead anywhere.
    return payload if isinstance(payload, bytes) else read_limited(payload, follow_links=False)


def _decoded(payload: Payload, request: Mapping[str, Any]) -> tuple[dict[str, Any], NDArray[np.uint8] | None]:
    """What became of one image, and its pixels in the wanted shape (None where there are none)."""
    try:
        picture = read_picture(_content(payload))
        if request["shape"] is None:
            return _facts(picture), picture.pixels
        height, width, channels = request["shape"]
        if request["resize"] is None:
            fits = picture.pixels.shape == (height, width, channels)
            return _facts(picture), picture.pixels if fits else None
        channeled = with_channels(picture.pixels, channels)
        facts = _facts(picture)
        facts["looks"] = appearance(picture.pixels)
        facts["conversions"] += _changes(picture.pixels.shape, (height, width, channels))
        return facts, resized(channeled, height, width, request["resize"])
    except (AssayError, MemoryError) as error:
        return _refusal(error), None


def _changes(shape: tuple[int, ...], wanted: tuple[int, int, int]) -> list[str]:
    """What bringing an image to the shape of its set does to it, in words."""
    changes = ["gray to RGB" if wanted[2] == 3 else "RGB to gray"] if shape[2] != wanted[2] else []
    return changes + (["resized"] if shape[:2] != wanted[:2] else [])


def _facts(picture: Picture) -> dict[str, Any]:
    return {
        "shape": picture.pixels.shape,
        "facts": [picture.width, picture.height, picture.mode, picture.format, picture.bytes],
        "conversions": list(picture.conversions),
    }


def _refusal(error: AssayError | MemoryError) -> dict[str, Any]:
    if isinstance(error, AssayError):
        return {"refused": error.what, "code": error.code}
    return {"refused": "decoding it takes more memory than any picture should", "code": "image-too-large"}


if __name__ == "__main__":
    main()
