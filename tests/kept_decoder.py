"""A process that decodes images, kept from set to set: starting it is most of reading a small set."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from assay.data.decoding import worker_pool
from assay.data.decoding.worker_pool import Answer, Request

#: Processes that wait for the next set, each with the process that started it.
_WAITING: list[tuple[int, worker_pool._Worker]] = []


class _Kept(worker_pool._Worker):
    """A worker that goes on with the process of one before it, and leaves its own to the next."""

    def __init__(self) -> None:
        self._idle = True
        own = [each for each in _WAITING if each[0] == os.getpid()]  # not of a process that forked this one
        if not own:
            super().__init__()
            return
        _WAITING.remove(own[0])
        self._process, self._ready = own[0][1]._process, own[0][1]._ready

    def ask(self, request: Request, seconds: float) -> Answer:
        self._idle = False  # where no answer comes, something of it may still lie in the pipe
        # The process was perhaps started in another folder than the one that paths are relative to here.
        items = [str(Path.cwd() / item) if isinstance(item, str) else item for item in request.items]
        answer = super().ask(replace(request, items=items), seconds)
        self._idle = True
        return answer

    def end(self) -> None:
        if self._idle and self._ready:
            _WAITING.append((os.getpid(), self))
        else:
            super().end()


@contextmanager
def kept() -> Iterator[None]:
    """Sets that are read here share a process for each of their workers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker_pool, "_Worker", _Kept)
        yield


def end_all() -> None:
    """End the processes that wait."""
    while _WAITING:
        worker_pool._Worker.end(_WAITING.pop()[1])
