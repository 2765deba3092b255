"""The cache: data sets read once and kept as raw arrays, verified at every use, rebuilt when damaged."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from assay.core import durable
from assay.core.cache_folder import cache_folder
from assay.core.errors import AssayError
from assay.core.events import OnEvent, warn
from assay.data.storage import store
from assay.data.values import Dataset

#: Where damaged content is kept apart, for a look at what happened to it.
QUARANTINE: Final = "quarantine"

#: Refusals of the user's own disk: no other source of the data would help.
OWN_DISK: Final = {"disk-full", "not-writable", "disk-error"}


def cached(
    key: str,
    build: Callable[[Path], Dataset],
    bytes_needed: int,
    on_event: OnEvent,
    cache: Path | None = None,
) -> Dataset:
    """The data set kept under `key` (see `store.read`); `build` makes it where it is missing or damaged.

    build: is given a folder for what it must keep until the set is stored. bytes_needed: what the entry
    takes, for the message on a full disk. Of several processes one builds and the others wait; without
    working locks all build, and the first to finish wins.
    Raises AssayError `disk-full`, `not-writable`, `disk-error`, and those of `build`.
    """
    cache = cache or cache_folder()
    ready = look_up(key, on_event, cache)
    if ready is not None:
        return ready
    with _space_told(bytes_needed):
        durable.make_directory(cache)
        with durable.lock(cache / f"{key}.lock", wait=True):
            durable.remove_leftovers(cache)
            ready = _read(cache, key, on_event)
            if ready is None:
                with durable.scratch_directory(cache, bytes_needed) as scratch:
                    store.save(build(scratch), cache / key)
                ready = _read(cache, key, on_event)
    if ready is None:
        raise AssayError(
            "disk-error",
            cache / key,
            "what was just written does not read back as written",
            "Check the disk, or move the cache with ASSAY_CACHE.",
        )
    return ready


def look_up(key: str, on_event: OnEvent, cache: Path | None = None) -> Dataset | None:
    """The data set kept under `key` (see `store.read`), or None where it is missing or damaged."""
    cache = cache or cache_folder()
    ready = _read(cache, key, on_event)
    if ready is not None:
        _tidy(cache, key)
    return ready


def _tidy(cache: Path, key: str) -> None:
    """Remove what a process left that was killed after it had stored the entry: its lock tells of it.

    Where that is refused, or another process is at work, the litter stays: the entry is whole.
    """
    lock = cache / f"{key}.lock"
    if lock.exists():
        with suppress(AssayError), durable.lock(lock):
            durable.remove_leftovers(cache)


@contextmanager
def _space_told(bytes_needed: int) -> Iterator[None]:
    """Add to a refusal of the disk how much room it takes in all."""
    try:
        yield
    except AssayError as error:
        if error.code not in OWN_DISK:
            raise
        what = f"{error.what}; {bytes_needed:,} bytes needed in all"
        raise AssayError(error.code, error.where, what, error.fix) from error


def _read(cache: Path, key: str, on_event: OnEvent) -> Dataset | None:
    """The entry, or None where there is none; a damaged one is moved into quarantine."""
    try:
        return store.read(cache / key)
    except store.DamagedError as damage:
        kept = quarantine(cache, cache / key)
        warn(on_event, "load", f"the cache is damaged ({damage}) and is made again", quarantined=str(kept))
        return None


def quarantine(cache: Path, path: Path) -> Path | None:
    """Move damaged content out of the way, in place of what was moved there earlier; its new place."""
    for earlier in (cache / QUARANTINE).glob(f"{path.name}.*"):
        with suppress(AssayError):  # an older one that stays does no harm
            durable.remove(earlier)
    return durable.move_away(path, cache / QUARANTINE)
