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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import IO, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.memory import limit
from assay.data.decoding.image import (
    Picture,
    read_limited,
    read_picture,
    read_shape,
    silence_warnings,
)
from assay.data.decoding.original_stats import appearance
from assay.data.decoding.resize import resized, with_channels
from assay.data.digests import image_digests
from assay.data.formats.signatures import misnamed
from assay.data.listing.listing import Payload
from assay.data.values import DeepScale

#: Address space of a worker: the largest accepted image takes under a third of it.
MOST_MEMORY: Final = 3 << 30

#: Bytes that are read before they are decoded: what so many small files hold.
AHEAD: Final = 1 << 18

#: What a worker says first: it could load its libraries.
READY: Final = {"ready": True}

_LENGTH: Final = struct.Struct(">Q")


#: What a file holds, or why it cannot be told.
_Content = bytes | AssayError | MemoryError


class _Seen(NamedTuple):
    """What became of one image.

    outcome: as `decoding.Answer` tells it. pixels: in the wanted shape; None where there are none. bytes: of
    the file. original_stats: the figures of `appearance`, where the image may have been resized.
    """

    outcome: dict[str, Any]
    pixels: NDArray[np.uint8] | None = None
    bytes: int = 0
    original_stats: Sequence[float] = ()


def memory_limit() -> int:
    """Bytes that a worker may address: `MOST_MEMORY`, or what the process is allowed where that is less."""
    return min(MOST_MEMORY, limit() or MOST_MEMORY)


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
    resource.setrlimit(resource.RLIMIT_AS, (memory_limit(), resource.getrlimit(resource.RLIMIT_AS)[1]))
    silence_warnings()
    gc.freeze()  # the modules stay: looking through them again and again would take a tenth of the time
    source, target = sys.stdin.buffer, sys.stdout.buffer
    send(target, READY)
    while True:
        try:
            request = receive(source)
            payloads = [_payload(source, item) for item in request["items"]]
        except EOFError:
            return
        _answer(target, request, payloads)


def _payload(source: IO[bytes], item: str | int | dict[str, str]) -> Payload:
    if isinstance(item, dict):
        return AssayError(item["code"], item["where"], item["what"], "")
    return item if isinstance(item, str) else receive_bytes(source, item)


def _answer(target: IO[bytes], request: Mapping[str, Any], payloads: Sequence[Payload]) -> None:
    contents = chain.from_iterable(read_ahead(map(_content, payloads)))
    deep = DeepScale(*request["deep"])
    seen = [
        _measured(content, payload) if request["measure"] else _decoded(content, payload, request, deep)
        for payload, content in zip(payloads, contents, strict=True)
    ]
    decoded = [each.pixels for each in seen if each.pixels is not None]
    block = np.stack(decoded) if decoded else np.zeros((0, 1, 1, 1), np.uint8)
    digests = image_digests(block)
    message = {
        "runs": _runs(each.outcome for each in seen),
        "bytes": [each.bytes for each in seen if each.pixels is not None],
        "looks": [figure for each in seen for figure in each.original_stats],
        "shape": block.shape,
    }
    send(target, message, block.data, digests.data)


def _runs(outcomes: Iterable[Mapping[str, Any]]) -> list[tuple[int, Mapping[str, Any]]]:
    """Outcomes one after the other, equal ones told once with how many there are: mostly all are equal."""
    runs: list[tuple[int, Mapping[str, Any]]] = []
    for outcome in outcomes:
        if runs and runs[-1][1] == outcome:
            runs[-1] = runs[-1][0] + 1, outcome
        else:
            runs.append((1, outcome))
    return runs


def read_ahead(contents: Iterable[_Content]) -> Iterator[list[_Content]]:
    """The contents, some at a time: going to and fro between files and decoder takes a fifth longer."""
    ahead: list[_Content] = []
    size = 0
    for content in contents:
        ahead.append(content)
        size += len(content) if isinstance(content, bytes) else 0
        if size >= AHEAD:
            yield ahead
            ahead, size = [], 0
    yield ahead


def _content(payload: Payload) -> _Content:
    """The content of an image file, or why there is none."""
    try:
        # A file that became a link since it was listed could lead anywhere.
        return read_limited(payload, follow_links=False) if isinstance(payload, str) else payload
    except (AssayError, MemoryError) as error:
        return error


def _file(payload: Payload) -> str:
    return payload if isinstance(payload, str) else ""


def _measured(content: _Content, payload: Payload) -> _Seen:
    if not isinstance(content, bytes):
        return _refusal(content)
    try:
        return _Seen({"shape": read_shape(content, _file(payload))})
    except (AssayError, MemoryError) as error:
        return _refusal(error)


def _decoded(content: _Content, payload: Payload, request: Mapping[str, Any], deep: DeepScale) -> _Seen:
    """One image, with its pixels in the wanted shape, if it can have it."""
    if not isinstance(content, bytes):
        return _refusal(content)
    try:
        picture = _named(read_picture(content, _file(payload), deep), payload)
        shape, size = picture.pixels.shape, picture.bytes
        wanted = tuple(request["shape"] or shape)
        if request["resize"] is None:
            return _Seen(_outcome(picture), picture.pixels if shape == wanted else None, size)
        height, width, channels = wanted
        fitting = resized(with_channels(picture.pixels, channels), height, width, request["resize"])
        outcome = _outcome(picture, _changes(shape, wanted))
        return _Seen(outcome, fitting, size, appearance(picture.pixels))
    except (AssayError, MemoryError) as error:
        return _refusal(error)


def _named(picture: Picture, payload: Payload) -> Picture:
    """The picture; where its file's name says another format, that is told with what was done to it."""
    other = misnamed(payload, picture.format) if isinstance(payload, str) else ""
    return picture._replace(conversions=(other, *picture.conversions)) if other else picture


def _changes(shape: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[str, ...]:
    """What bringing an image to the shape of its set does to it, in words."""
    changes = ("gray to RGB" if wanted[2] == 3 else "RGB to gray",) if shape[2] != wanted[2] else ()
    return changes + (("resized",) if shape[:2] != wanted[:2] else ())


def _outcome(picture: Picture, changes: tuple[str, ...] = ()) -> dict[str, Any]:
    outcome = {
        "shape": picture.pixels.shape,
        "facts": (picture.width, picture.height, picture.mode, picture.format),
        "conversions": picture.conversions + changes,
    }
    return outcome if picture.levels is None else {**outcome, "levels": picture.levels}


def _refusal(error: AssayError | MemoryError) -> _Seen:
    if isinstance(error, AssayError):
        return _Seen({"refused": error.what, "code": error.code})
    if memory_limit() < MOST_MEMORY:
        return _Seen({"refused": "there is no memory to decode it", "code": "out-of-memory"})
    what = "decoding it takes more memory than any picture should"
    return _Seen({"refused": what, "code": "image-too-large"})


if __name__ == "__main__":
    main()
