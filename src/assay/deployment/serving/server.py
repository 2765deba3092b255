"""Listening, answering until a signal comes, and leaving with every answer given."""

import asyncio
import errno
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import uvicorn

from assay.core.errors import AssayError
from assay.deployment.serving.app import application
from assay.deployment.serving.connection import protocol_with
from assay.deployment.serving.service import Service

_BACKLOG = 512
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one. Raises AssayError `port-in-use`, `bad-value`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # With its protocol: asyncio turns Nagle's waiting (40 ms an answer) off only where that is named.
        listener = socket.socket(*found[0][:3])
    except (OSError, UnicodeError) as error:
        raise AssayError("bad-value", "--host", f"{host} is no address", "Use 127.0.0.1.") from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(found[0][4])
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise _cannot_listen(host, port, error) from error
    return listener


def _cannot_listen(host: str, port: int, error: OSError) -> AssayError:
    where = f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return AssayError("port-in-use", where, "another program listens there", "Choose another --port.")
    if error.errno in (errno.EACCES, errno.EPERM):
        what = "the system does not let this user listen there"
        return AssayError("bad-value", where, what, "Choose a --port from 1024 on.")
    return AssayError("bad-value", where, f"it cannot be listened at ({error.strerror})", "Use 127.0.0.1.")


class _Server(uvicorn.Server):
    """Uvicorn's server, which says when it listens and ends well on SIGTERM and SIGINT."""

    def __init__(self, config: uvicorn.Config, service: Service, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._service, self._on_ready = service, on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Until the block ends, the first signal drains and the second leaves at once.

        Uvicorn's own raises the signal again afterwards, and the process would end by it.
        """
        if threading.current_thread() is not threading.main_thread():
            yield  # whoever made the thread ends the server: by `should_exit`
            return
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._leave)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)
                signal.signal(number, signal.SIG_IGN)  # all is answered: there is nothing left to interrupt

    def _leave(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = self._service.draining = True


def serve(service: Service, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Answer requests until SIGTERM or SIGINT; those that have begun are answered first.

    on_ready: called once requests are answered.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        asyncio.run(server_of(service, on_ready).serve([listener]))
        service.close()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def server_of(service: Service, on_ready: Callable[[], None]) -> uvicorn.Server:
    """Uvicorn's server of a service."""
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    limits = service.limits
    config = uvicorn.Config(
        application(service),
        loop="asyncio",
        http=protocol_with(service),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=int(limits.idle),
        timeout_graceful_shutdown=int(limits.seconds) + 2,
        h11_max_incomplete_event_size=limits.header,
    )
    return _Server(config, service, on_ready)


def require_serving() -> None:
    """Raise AssayError `missing-extra` where the web server is not installed."""
    for name in ("starlette", "uvicorn"):
        if find_spec(name) is None:
            what = "serving needs it and it is not installed"
            raise AssayError("missing-extra", name, what, 'pip install "assay[serve]"')
