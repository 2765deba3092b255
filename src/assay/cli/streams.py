"""Standard output and error that may go away: the work goes on, and its exit code is its own."""

import errno
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

#: What a reader that went away looks like; all else is trouble of the device.
_GONE = frozenset({errno.EPIPE, errno.EBADF, errno.ESHUTDOWN, errno.ECONNRESET})


class Stream:
    """A text stream that, once a write failed, takes everything and keeps nothing.

    trouble: why it failed, where that was not a reader that went away.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._lost = False
        self.trouble: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or do nothing where nothing can be written any more."""
        if not self._lost:
            with self._guarded():
                self._stream.write(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write all, or take them all: what makes the lines does its work either way."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush, or do nothing."""
        if not self._lost:
            with self._guarded():
                self._stream.flush()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._lose(error)
        except ValueError:  # the stream was closed
            self._lost = True

    def _lose(self, error: OSError) -> None:
        self._lost = True
        self.trouble = None if error.errno in _GONE else error
        with suppress(OSError, ValueError, io.UnsupportedOperation):
            # What is buffered still goes somewhere: the interpreter would complain when it leaves.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


@contextmanager
def lasting_streams() -> Iterator[Stream]:
    """Until the block ends, output and error outlive their readers. Gives the output."""
    for descriptor in range(3):  # a closed one would be given to the next file that is opened
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    before = sys.stdout, sys.stderr
    found = [Stream(stream or open(os.devnull, "w")) for stream in before]  # noqa: PTH123, SIM115
    sys.stdout, sys.stderr = found
    try:
        yield found[0]
    finally:
        for stream in found:
            stream.flush()
        sys.stdout, sys.stderr = before
