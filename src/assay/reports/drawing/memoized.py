"""Memoization of drawings: equal values are drawn once in a process.

The models of one run share their data, so all figures of the data are the same in each of their reports.
"""

import dataclasses
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, TypeVar

import numpy as np
from matplotlib.figure import Figure as Canvas

Kept = TypeVar("Kept")

#: Drawings that are kept, of 50 to 300 KB each: those of two reports.
_MOST: Final = 40

_kept: OrderedDict[bytes, Any] = OrderedDict()
_lock: Final = Lock()


@dataclass(frozen=True, eq=False)
class Painting:
    """What a figure shows: a function that paints values into it, and the values."""

    paint: Callable[..., None]
    values: tuple[Any, ...]

    def __call__(self, canvas: Canvas) -> None:
        """Fill the figure."""
        self.paint(canvas, *self.values)


def painting(paint: Callable[..., None], *values: Any) -> Painting:
    """`paint(canvas, *values)` as a value, which can be compared by what is in it."""
    return Painting(paint, values)


def drawn_once(make: Callable[[], Kept], *values: Any) -> Kept:
    """What `make` draws of `values`, or what it drew of equal ones before.

    Where one of them is of a kind that is not compared here, it is drawn again.
    """
    key = _key(values)
    if key is None:
        return make()
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            found: Kept = _kept[key]
            return found
    made = make()
    with _lock:
        _kept[key] = made
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
    return made


def forget_drawings() -> None:
    """Draw everything anew from here on."""
    with _lock:
        _kept.clear()


def _key(values: Any) -> bytes | None:
    """A hash of values, nested as they are; None where one is of a kind that is not known here."""
    hashed = hashlib.sha256()
    try:
        _add(hashed.update, values)
    except _UnknownKindError:
        return None
    return hashed.digest()


class _UnknownKindError(TypeError):
    """A value of a kind that is not compared."""


def _add(update: Callable[[bytes], None], value: Any) -> None:
    """Kind, length and content of a value, so that no two different ones give the same bytes."""
    if isinstance(value, Painting):
        _add(update, (value.paint.__module__, value.paint.__qualname__, value.values))
        return
    parts: Sequence[Any] = ()
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        head, content = f"{value.dtype.str}{value.shape}", value.tobytes()
    elif value is None or isinstance(value, (bool, int, float, np.generic)):
        head, content = "", repr(value).encode()
    elif isinstance(value, str):
        head, content = "", value.encode("utf-8", "surrogatepass")
    elif isinstance(value, (tuple, list)):
        head, content, parts = f"{len(value)}", b"", value
    elif isinstance(value, Mapping):
        head, content, parts = f"{len(value)}", b"", [part for item in value.items() for part in item]
    elif dataclasses.is_dataclass(value):
        head, content = "", b""
        parts = [getattr(value, field.name) for field in dataclasses.fields(value)]
    else:
        raise _UnknownKindError(type(value).__qualname__)
    update(f"{type(value).__qualname__} {head} {len(content)} ".encode())
    update(content)
    for part in parts:
        _add(update, part)
