"""What a server takes from its clients, and how it says no."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds that hold for every request, whatever it claims.

    body: bytes of one request; json: of them, those that are JSON, which takes many times as much memory when
    it is read; bodies: of all requests that are being read or worked on. batch: images of one
    request; pixels: of one picture before it is made smaller. waiting: requests that wait for a thread.
    connections: open at a time. seconds: from the first byte of a request to the last of its answer; idle:
    between two requests of a connection. header: bytes of a request's head.
    """

    body: int = 32 << 20
    json: int = 8 << 20
    bodies: int = 128 << 20
    batch: int = 128
    pixels: int = 1 << 25
    waiting: int = 128
    connections: int = 512
    seconds: float = 30.0
    idle: float = 30.0
    header: int = 16 << 10


class RefusedError(Exception):
    """A request that is not answered: an HTTP status from 400 on, and one line that says why.

    headers: of the response, as `Retry-After`.
    """

    def __init__(self, status: int, why: str, headers: dict[str, str] | None = None) -> None:
        self.status, self.why, self.headers = status, why, headers or {}
        super().__init__(why)


def busy(why: str) -> RefusedError:
    """The refusal of a request that may be sent again."""
    return RefusedError(429, f"{why}; try again in a second", {"Retry-After": "1"})


def too_late(seconds: float) -> RefusedError:
    """The refusal of a request whose time is over."""
    return RefusedError(503, f"there was no answer within {seconds:g} seconds", {"Retry-After": "5"})
