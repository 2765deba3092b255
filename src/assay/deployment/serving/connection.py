"""One connection of a client: h11's protocol in uvicorn, with a clock for each request."""

import asyncio
import json

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from assay.deployment.serving.limits import Limits

#: The application says why a request is late; the connection is cut so many seconds after.
_GRACE = 1.0


def protocol_with(limits: Limits) -> type[H11Protocol]:
    """The protocol class that uvicorn makes one of for each connection.

    Uvicorn bounds the time between two requests, not that of a request. Here a connection is cut when its
    first request does not begin, or when a request, from its first byte to the last of its answer, takes
    longer than it may: a client that sends or reads byte by byte costs a place for so long and no longer.
    """

    class Connection(H11Protocol):
        _clock: asyncio.TimerHandle | None = None
        _timed = False

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > limits.connections:
                transport.abort()
                return
            self._start(limits.idle)

        def data_received(self, data: bytes) -> None:
            if not self._timed:
                self._timed = True
                self._start(limits.seconds + _GRACE)
            super().data_received(data)

        def on_response_complete(self) -> None:
            self._stop()
            self._timed = False
            super().on_response_complete()
            if self.cycle is not None and not self.cycle.response_complete:  # the next was sent already
                self._timed = True
                self._start(limits.seconds + _GRACE)

        def timeout_keep_alive_handler(self) -> None:
            super().timeout_keep_alive_handler()
            self._start(_GRACE)  # closing waits for the client to read what it was sent

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop()
            super().connection_lost(exc)

        def _start(self, seconds: float) -> None:
            self._stop()
            self._clock = self.loop.call_later(seconds, self.transport.abort)

        def _stop(self) -> None:
            if self._clock is not None:
                self._clock.cancel()
                self._clock = None

        def send_400_response(self, msg: str) -> None:
            if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
                self.transport.close()  # in the middle of an answer: there is no place for another
                return
            body = json.dumps({"error": msg}).encode()
            head = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n"
            self.transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            self.transport.close()

    return Connection
