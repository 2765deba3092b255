"""Decoding many images in worker processes, in order, with limits of memory and time for each image."""

import errno
import math
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.memory import short_of
from assay.data.decoding.sixteen_bits import FULL_SCALE
from assay.data.decoding.worker import MOST_MEMORY, READY, memory_limit, receive, receive_bytes, send
from assay.data.listing.listing import Payload
from assay.data.values import DeepScale, Resize

#: Seconds for one image: the largest accepted one takes under 3.
SECONDS: Final = 20.0

#: Requests waiting for each worker: enough to keep it busy, few enough to stay small.
_AHEAD: Final = 3

_MOST_WORKERS: Final = 8


@dataclass(frozen=True)
class Request:
    """Images to decode. shape: height, width, channels that are wanted, or None: as they are.

    resize: how to get there; None: images of another shape are only told, without pixels.
    measure: tell the shapes alone, from the headers. deep: how 16 bits become 8.
    """

    items: Sequence[Payload]
    shape: tuple[int, int, int] | None = None
    resize: Resize | None = None
    measure: bool = False
    deep: DeepScale = FULL_SCALE


@dataclass(frozen=True, eq=False)
class Answer:
    """What became of the images, and what there is of those that were decoded, in order.

    runs: outcomes, each with the number of images in a row that it is true of: a dict with `shape` and, when
        decoded, `facts` (width, height, mode and format as stored), `conversions` and, of 16 bits, `levels`;
        or with `refused` (the reason) and `code`.
    bytes: lengths of the files. original_stats: the figures of `appearance`, one image after the other, of
        images that were asked for in some size.
    """

    runs: list[tuple[int, dict[str, Any]]]
    pixels: NDArray[np.uint8]
    digests: NDArray[np.uint8]
    bytes: list[int]
    original_stats: list[float]

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        """The outcome of each image."""
        return [outcome for count, outcome in self.runs for _ in range(count)]


class _LostError(Exception):
    """The worker died, or took too long and was ended. starved: memory was short, as far as can be told."""

    def __init__(self, starved: bool) -> None:
        self.starved = starved
        super().__init__()


class _Worker:
    """One process, and the pipe to it."""

    def __init__(self) -> None:
        # The same places to import from as here: Assay may not be installed but on the path.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._ready = False
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "assay.data.decoding.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise _not_started(error) from error

    def ask(self, request: Request, seconds: float) -> Answer:
        late = threading.Event()

        def end_it() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(seconds, end_it)
        timer.start()
        try:
            return self._exchange(request)
        except (OSError, EOFError) as error:
            ended = _ended_by(self._process)
            self.end()
            # One that never began, or that the system killed, was not lost over an image.
            killed = ended == -signal.SIGKILL and not late.is_set()
            raise _LostError(not late.is_set() and (killed or not self._ready)) from error
        finally:
            timer.cancel()

    def _exchange(self, request: Request) -> Answer:
        source, target = self._process.stdout, self._process.stdin
        assert source is not None  # both are pipes
        assert target is not None
        contents = [item for item in request.items if isinstance(item, bytes)]
        items = [_announced(item) for item in request.items]
        message = {
            "items": items,
            "shape": request.shape,
            "resize": request.resize,
            "measure": request.measure,
            "deep": (request.deep.low, request.deep.shift),
        }
        if not self._ready:
            self._ready = receive(source) == READY
        send(target, message, *contents)
        answer = receive(source)
        shape = answer["shape"]
        pixels = np.frombuffer(receive_bytes(source, math.prod(shape)), np.uint8).reshape(shape)
        digests = np.frombuffer(receive_bytes(source, 32 * len(pixels)), np.uint8).reshape(-1, 32)
        return Answer(answer["runs"], pixels, digests, answer["bytes"], answer["looks"])

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what the dead process did not take
                if pipe is not None:
                    pipe.close()


def _announced(item: Payload) -> int | str | dict[str, str]:
    """An image in a message: the length of what follows, a path, or why there is neither."""
    if isinstance(item, AssayError):
        return {"code": item.code, "where": item.where, "what": item.what}
    return len(item) if isinstance(item, bytes) else item


def _not_started(error: OSError) -> AssayError:
    """For want of memory or processes; or else the Python that runs here may not be started by this user."""
    what = f"no process to decode images can be started ({error.strerror})"
    if error.errno in (errno.ENOMEM, errno.EAGAIN):
        return short_of(what)
    return AssayError("file-unreadable", sys.executable, what, "Let this user read and start that program.")


def _ended_by(process: "subprocess.Popen[bytes]") -> int | None:
    """How a process ended that closed its pipe; None where it has not after all."""
    try:
        return process.wait(1)
    except subprocess.TimeoutExpired:
        return None


class Decoders:
    """Worker processes that decode images. A context manager: they end with it.

    count: how many; seconds: for each image.
    """

    def __init__(self, count: int, seconds: float = SECONDS) -> None:
        self._count, self._seconds = count, seconds
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(count)

    def __enter__(self) -> Self:
        for _ in range(self._count):
            self._idle.put(_Worker())
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        while not self._idle.empty():
            self._idle.get().end()

    def answers(self, requests: Iterable[Request]) -> Iterator[Answer]:
        """The answers in the order of the requests, which are taken only a little ahead."""
        waiting: deque[Future[Answer]] = deque()
        for request in requests:
            waiting.append(self._threads.submit(self._answer, request))
            if len(waiting) > _AHEAD * self._count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _answer(self, request: Request) -> Answer:
        worker = self._idle.get()
        try:
            answer = worker.ask(request, self._seconds + len(request.items))
            if any(outcome.get("code") == "out-of-memory" for _, outcome in answer.runs):
                raise short_of("images cannot be decoded")
            return answer
        except _LostError as lost:
            starved = lost.starved
            worker = _Worker()
        finally:
            self._idle.put(worker)
        return self._one_by_one(request, starved)

    def _one_by_one(self, request: Request, starved: bool) -> Answer:
        """Ask again for each image alone, to find the one that the worker was lost over.

        Raises AssayError `out-of-memory` where that was no image: the good ones would be called damaged.
        """
        if len(request.items) == 1 and (starved or memory_limit() < MOST_MEMORY):
            raise short_of("the process that decodes images was ended by the system, or could not begin")
        if len(request.items) == 1:
            reason = f"its decoder crashed, or did not end within {self._seconds:g} seconds"
            lost = {"refused": reason, "code": "image-unreadable"}
            return Answer([(1, lost)], np.zeros((0, 1, 1, 1), np.uint8), np.zeros((0, 32), np.uint8), [], [])
        parts = [self._answer(replace(request, items=[item])) for item in request.items]
        decoded = [part for part in parts if len(part.pixels)] or parts[:1]
        return Answer(
            [run for part in parts for run in part.runs],
            np.concatenate([part.pixels for part in decoded]),
            np.concatenate([part.digests for part in decoded]),
            [size for part in parts for size in part.bytes],
            [figure for part in parts for figure in part.original_stats],
        )


def worker_count(images: int) -> int:
    """How many workers so many images deserve: a process takes as long to start as 500 small images."""
    return max(1, min(len(os.sched_getaffinity(0)), _MOST_WORKERS, images // 500))
