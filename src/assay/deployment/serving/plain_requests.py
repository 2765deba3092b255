"""The shortest way for the commonest request: an inference that is whole, small and plainly written.

HTTP has many forms, and h11 reads them all; most clients send one: a request line, headers once each, a
length, a body. A request of this form is answered from its bytes in one go. Whatever is not - another route,
a header twice, a body in chunks, a wrong request - is left to h11 and the application, so that every refusal
has one place. Both ways check access, count and watch alike.
"""

import re
import time
from dataclasses import dataclass
from typing import Final

from assay.core.errors import AssayError
from assay.deployment.serving import service as work
from assay.deployment.serving.headers import SECURITY
from assay.deployment.serving.limits import RefusedError
from assay.deployment.serving.service import VERSION, Service

#: More than this is no request of one image, and worth the long way.
_LONGEST_BODY: Final = 1 << 16

_HEADER: Final = re.compile(rb"([A-Za-z0-9-]+):[ \t]*([!-~](?:[ -~]*[!-~])?)[ \t]*")

#: Headers that change how a request is read or answered; with any of them it is not plain.
_NOT_PLAIN: Final = frozenset(
    b"transfer-encoding content-encoding expect upgrade te trailer proxy-connection range".split()
)

_SECURITY_LINES: Final = b"".join(b"%b: %b\r\n" % header for header in SECURITY)


@dataclass(frozen=True)
class _Head:
    """A head that was read and may ask. text: its bytes, with the empty line. body: how many bytes follow."""

    text: bytes
    body: int
    json_length: str | None


class PlainRequests:
    """Reads the requests of one connection; it remembers the last head, for a client sends it again."""

    def __init__(self, service: Service, longest_head: int) -> None:
        self._service, self._longest_head = service, longest_head
        model = f"/v2/models/{service.name}"
        paths = [f"{prefix}/infer" for prefix in (model, f"{model}/versions/{VERSION}")]
        self._paths = {f"POST {path} HTTP/1.1".encode(): path for path in paths}
        self._head: _Head | None = None

    def missing(self, data: bytes) -> int | None:
        """How many bytes a plain request still lacks: 0 where it is whole; None where this is none."""
        if self._head is None or not data.startswith(self._head.text):
            self._head = self._read_head(data)
        if self._head is None:
            return None
        lacking = len(self._head.text) + self._head.body - len(data)
        return lacking if lacking >= 0 else None  # the next request follows at once: not plain

    def answer(self, data: bytes) -> bytes | None:
        """The whole answer to a request of which nothing is missing; None where it is to go the long way."""
        head, service, started = self._head, self._service, time.monotonic()
        assert head is not None
        body = data[len(head.text) :]
        if not service.is_quick(body) or b'"BYTES"' in body[:1024]:
            return None
        try:
            content, length, served = work.infer(
                service, body, head.json_length, started + service.limits.seconds
            )
        except (RefusedError, AssayError):
            return None  # it is refused there, in words
        work.count(service, served)
        service.metrics.request("infer", 200, time.monotonic() - started)
        return _response(content, length)

    def _read_head(self, data: bytes) -> _Head | None:
        end = data.find(b"\r\n\r\n", 0, self._longest_head)
        if end < 0:
            return None
        first, *lines = data[:end].split(b"\r\n")
        path = self._paths.get(first)
        found = [_HEADER.fullmatch(line) for line in lines] if path else []
        headers = [(one[1].lower(), one[2]) for one in found if one]
        by_name = dict(headers)
        if not path or len(by_name) != len(lines) or by_name.keys() & _NOT_PLAIN:
            return None
        if by_name.get(b"connection", b"keep-alive").lower() != b"keep-alive":
            return None
        length = by_name.get(b"content-length", b"")
        if not (length.isdigit() and len(length) < 8 and int(length) <= _LONGEST_BODY):
            return None
        try:
            self._service.access.check("POST", path, headers)
        except RefusedError:
            return None
        json_length = by_name.get(b"inference-header-content-length")
        return _Head(data[: end + 4], int(length), json_length.decode("ascii") if json_length else None)


def _response(content: bytes, json_length: int | None) -> bytes:
    kind = b"application/json"
    if json_length is not None:
        kind = b"application/octet-stream\r\ninference-header-content-length: %d" % json_length
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\ncontent-type: %b\r\n" % (len(content), kind)
    return b"".join([head, _SECURITY_LINES, b"\r\n", content])
