"""One connection of a client: h11's protocol in uvicorn, with a clock for each request."""

import asyncio
import json
from typing import ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from assay.deployment.serving.limits import Limits
from assay.deployment.serving.plain_requests import PlainRequests
from assay.deployment.serving.service import Service

#: The application says why a request is late; the connection is cut so many seconds after.
_GRACE: Final = 1.0

#: Many clients send head and body in two pieces; for the second so many seconds are waited.
_PATIENCE: Final = 0.1


class TimedConnection(H11Protocol):
    """A connection that is cut when a client takes too long.

    Uvicorn bounds the time between two requests, not that of a request. Here a connection is cut when its
    first request does not begin, or when a request, from its first byte to the last of its answer, takes
    longer than it may: a client that sends or reads byte by byte costs a place for so long and no longer.

    Between two requests h11 knows of none. What begins then may be a plain request, which it never sees;
    all else is given to it, with what was held back.
    """

    limits: ClassVar[Limits]
    service: ClassVar[Service]
    _plain: PlainRequests
    _clock: asyncio.TimerHandle | None = None
    _timed = False
    _held = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there; one too many is turned away."""
        super().connection_made(transport)
        self._plain = PlainRequests(self.service, self.limits.header)
        if len(self.connections) > self.limits.connections:
            transport.abort()
            return
        self._start(self.limits.idle)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request came; with the first its clock begins."""
        if self._between_requests():
            data = self._held + data
            missing = self._plain.missing(data)
            if missing:
                self._hold(data)
                return
            answer = self._plain.answer(data) if missing == 0 else None
            self._held = b""
            if answer is not None:
                self._unset_keepalive_if_required()
                self._start(self.limits.idle)
                self.transport.write(answer)
                return
        self._give_on(data)

    def _between_requests(self) -> bool:
        """Does h11 wait for a request of which it has no byte, and has the client read all answers?

        A body that goes on after it was refused, or half a request after a whole one, is h11's.
        """
        conn = self.conn
        at_rest = conn.our_state is h11.IDLE and conn.their_state is h11.IDLE and not conn.trailing_data[0]
        return at_rest and not self._timed and not self.transport.get_write_buffer_size()

    def _hold(self, data: bytes) -> None:
        """Wait for the rest of a plain request, but not long: its clock is not running yet."""
        if not self._held:
            self._unset_keepalive_if_required()
            self._stop()
            self._clock = self.loop.call_later(_PATIENCE, self._release)
        self._held = data

    def _release(self) -> None:
        """Read what is held as any request."""
        data, self._held = self._held, b""
        self._give_on(data)

    def _give_on(self, data: bytes) -> None:
        if not self._timed:
            self._begin()
        super().data_received(data)

    def shutdown(self) -> None:
        """The server ends: a request that has begun is answered before."""
        if self._held:
            self._release()
        super().shutdown()

    def on_response_complete(self) -> None:
        """An answer is written; the client may have sent the next request already."""
        self._stop()
        self._timed = False
        super().on_response_complete()
        if self.cycle is not None and not self.cycle.response_complete:
            self._begin()

    def timeout_keep_alive_handler(self) -> None:
        """No further request came; closing waits for the client to read what it was sent, but not long."""
        super().timeout_keep_alive_handler()
        self._start(_GRACE)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left."""
        self._stop()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):  # else in the middle of an answer
            body = json.dumps({"error": msg}).encode()
            head = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n"
            self.transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        self.transport.close()

    def _begin(self) -> None:
        self._timed = True
        self._start(self.limits.seconds + _GRACE)

    def _start(self, seconds: float) -> None:
        self._stop()
        self._clock = self.loop.call_later(seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


def protocol_with(service: Service) -> type[TimedConnection]:
    """The class that uvicorn makes one of for each connection."""
    return type("Connection", (TimedConnection,), {"limits": service.limits, "service": service})
