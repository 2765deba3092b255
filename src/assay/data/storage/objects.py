"""Object storage by way of fsspec: objects are listed, then fetched one by one into the cache.

The only place that knows fsspec. An object is kept in the cache with its SHA-256 and checked at each use. One
that is not as it was listed is refused.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from assay.core import durable
from assay.core.cache_folder import cache_folder
from assay.core.disk_errors import environment_errors
from assay.core.errors import AssayError
from assay.core.events import OnEvent, ignore, progress, warn
from assay.core.text import one_line
from assay.data.formats.safe_open import read_file
from assay.data.formats.zip import check_distinct, check_name
from assay.data.storage.cache import quarantine
from assay.data.storage.object_errors import StoredFile, gone, storage_errors

#: Objects that are listed, and bytes of one of them and of all that one command reads.
MOST_OBJECTS: Final = 1_000_000
MOST_BYTES: Final = 64 << 30
MOST_IN_ALL: Final = 1 << 40

#: Objects of a tree that are fetched at once.
_AT_ONCE: Final = 8

_BLOCK: Final = 1 << 20
_READ_AHEAD: Final = 4 << 20

#: What tells versions of an object apart, by the names that storages have for it, the best first.
_VERSION: Final = ("ETag", "etag", "md5Hash", "content_md5", "generation", "LastModified", "last_modified")
_TIME: Final = ("updated", "mtime", "created")

#: Seconds to wait for a connection and for the next bytes, and how often; the usual ones are minutes.
_OPTIONS: Final[Mapping[str, Any]] = {
    "s3": {"config_kwargs": {"connect_timeout": 5, "read_timeout": 60, "retries": {"max_attempts": 2}}}
}


@dataclass(frozen=True)
class StoredObject:
    """One object as it was listed. name: below the prefix. path: as the storage calls it. version: or ""."""

    name: str
    path: str
    size: int
    version: str

    @property
    def stamp(self) -> str:
        """Another text whenever the object is another."""
        return f"{self.name}|{self.size}|{self.version}"


@dataclass(frozen=True, eq=False)
class Objects:
    """All objects at an address. single: the address is that of one object. system: of fsspec."""

    address: str
    objects: tuple[StoredObject, ...]
    single: bool
    system: Any

    def where(self, found: StoredObject) -> str:
        """How messages call an object."""
        return self.address if self.single else f"{self.address}/{one_line(found.name)}"


def list_objects(address: str) -> Objects:
    """What lies at an address: one object, or all below a prefix.

    Raises AssayError `missing-extra`, `unknown-data` (no such bucket, nothing there), `data-unavailable` (no
    network, no credentials), `archive-refused` for names that lead elsewhere, `archive-too-large`.
    """
    system, root = _opened(address)
    with storage_errors(address):
        system.invalidate_cache()
        info = system.info(root) if system.exists(root) else None
        single = info is not None and info.get("type") == "file"
        found = {root: info} if single else system.find(root, detail=True)
    if len(found) > MOST_OBJECTS:
        what = f"{len(found):,} objects lie there; at most {MOST_OBJECTS:,} are read"
        raise AssayError("archive-too-large", address, what, "Give a prefix with fewer.")
    objects = []
    for path, told in sorted(found.items()):
        name = path.rsplit("/", 1)[-1] if single else path.removeprefix(root).lstrip("/")
        if told.get("type", "file") == "file" and name and not name.endswith("/"):
            objects.append(StoredObject(name, path, _size(address, told), _version(told)))
    if not objects:
        fix = "Check the bucket and the prefix."
        raise AssayError("unknown-data", address, "there is no object of this address or below it", fix)
    for one in objects:
        check_name(address, one.name)
        if one.size > MOST_BYTES:
            raise _too_large(f"{address}/{one_line(one.name)}", one.size, MOST_BYTES)
    check_distinct(address, [one.name for one in objects])
    return Objects(address, tuple(objects), single, system)


def _size(where: str, told: Mapping[str, Any]) -> int:
    """Bytes of an object, 0 where none are told. Raises AssayError `data-unavailable` for no number."""
    size = told.get("size") or 0
    if not isinstance(size, int) or size < 0:
        what = "the storage tells a size that is no number of bytes"
        raise AssayError("data-unavailable", where, what, "Check the address; fetch the data by other tools.")
    return size


def _version(told: Mapping[str, Any]) -> str:
    keys = [name for name in _VERSION if told.get(name)][:1] or [name for name in _TIME if told.get(name)][:1]
    value = told[keys[0]] if keys else ""
    # A time may be an object in one answer and a number in another.
    return f"{keys[0]}={value.timestamp() if hasattr(value, 'timestamp') else value}" if keys else ""


def _too_large(where: str, size: int, most: int) -> AssayError:
    what = f"{size:,} bytes would be fetched; at most {most:,} are"
    return AssayError("archive-too-large", where, what, "Give a smaller part of it.")


def _opened(address: str) -> tuple[Any, str]:
    """The file system of an address, and its path there."""
    kind = address.partition("://")[0]
    try:
        import fsspec
    except ImportError as error:
        raise _missing(address, "fsspec is not installed", "assay[cloud]") from error
    if kind not in fsspec.available_protocols():
        what = f"{one_line(kind)}:// is no kind of address that fsspec knows"
        raise AssayError("unknown-data", address, what, "Give s3://BUCKET/PREFIX, or a path.")
    try:
        with storage_errors(address):
            system, root = fsspec.core.url_to_fs(address, **_OPTIONS.get(kind, {}))
    except ImportError as error:
        package = {"gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "az": "adlfs"}.get(kind)
        name, what = package or "assay[cloud]", f"what reads {kind}:// is not installed"
        if package is None and kind not in ("s3", "s3a"):
            fix = f"Install the package that the documentation of fsspec names for {kind}://."
            raise AssayError("missing-extra", address, what, fix) from error
        raise _missing(address, what, name) from error
    return system, str(root).rstrip("/")


def _missing(address: str, what: str, package: str) -> AssayError:
    return AssayError("missing-extra", address, what, f'Install it: pip install "{package}"')


@contextmanager
def glance(objects: Objects, found: StoredObject) -> Iterator[IO[bytes]]:
    """An object, open for reading pieces of it without fetching the whole. Nothing is kept.

    Raises AssayError as `list_objects`, and `data-changed` where it is not as it was listed.
    """
    need_same(objects, found)
    with _opened_object(objects, found, cache_type="readahead") as file:
        yield file


@contextmanager
def _opened_object(objects: Objects, found: StoredObject, **how: Any) -> Iterator[IO[bytes]]:
    where = objects.where(found)
    with gone(where), storage_errors(where):
        file = objects.system.open(found.path, "rb", block_size=_READ_AHEAD, **how)
    try:
        yield StoredFile(file, where)  # type: ignore[misc]  # it reads like any binary file
    finally:
        file.close()


def need_same(objects: Objects, found: StoredObject) -> None:
    """Raise AssayError `data-changed` where an object has another size or version than it was listed with."""
    where = objects.where(found)
    with gone(where), storage_errors(where):
        objects.system.invalidate_cache()
        told = objects.system.info(found.path)
    if (_size(where, told), _version(told)) != (found.size, found.version):
        what = "it was changed since it was listed"
        raise AssayError("data-changed", where, what, "Run the command again.")


def fetch(objects: Objects, found: StoredObject, on_event: OnEvent) -> Path:
    """The file in the cache that holds an object: fetched where it is not there, or no longer as it was.

    Raises AssayError `data-changed`, `data-unavailable`, and those of a full disk.
    """
    known = hashlib.sha256(f"{objects.address}\n{objects.single}\n{found.stamp}".encode()).hexdigest()
    cache = cache_folder()
    place = cache / "objects" / known[:32]
    content = place / "content" / found.name.rpartition("/")[2]
    if place.exists():
        if _is_whole(place, content):
            return content
        kept = quarantine(cache, place)
        warn(
            on_event, "load", "an object in the cache is damaged and is fetched again", quarantined=str(kept)
        )
    durable.make_directory(place.parent)
    with durable.create_directory(place, found.size) as folder:
        target = durable.make_directory(folder / "content") / content.name
        with durable.create(target, found.size) as file:
            need_same(objects, found)
            digest = _copy(objects, found, file, target, on_event)
            need_same(objects, found)
        durable.write_json(folder / "object.json", {"schema": 1, "sha256": digest, "size": found.size})
    return content


def _is_whole(place: Path, content: Path) -> bool:
    try:
        told = json.loads(read_file(place / "object.json", 4096))
        return bool(told["sha256"] == durable.file_sha256(content))
    except (AssayError, OSError, ValueError, KeyError, TypeError):
        return False


def _copy(objects: Objects, found: StoredObject, file: IO[bytes], target: Path, on_event: OnEvent) -> str:
    """Copy an object into an open file at `target`; its SHA-256."""
    where, digest, done = objects.where(found), hashlib.sha256(), 0
    with _opened_object(objects, found) as content:
        while block := content.read(_BLOCK):
            done += len(block)
            if done > found.size:
                break
            digest.update(block)
            with environment_errors(target):  # of this disk, not of the storage
                file.write(block)
            progress(on_event, "load", done, found.size, "bytes")
    if done != found.size:
        what = f"it has not the {found.size:,} bytes that it was listed with"
        raise AssayError("data-changed", where, what, "Run the command again.")
    return digest.hexdigest()


def fetch_tree(objects: Objects, folder: Path, on_event: OnEvent) -> None:
    """All objects as files below a scratch folder. Raises as `fetch`."""
    check_in_all(objects, objects.objects)
    for parent in sorted({(folder / one.name).parent for one in objects.objects}):
        durable.make_directory(parent)

    def copy(one: StoredObject) -> None:
        with durable.open_scratch(folder / one.name, one.size) as file:
            _copy(objects, one, file, folder / one.name, ignore)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for done, _ in enumerate(threads.map(copy, objects.objects), 1):
            progress(on_event, "load", done, len(objects.objects), "objects")
    if list_objects(objects.address).objects != objects.objects:
        what = "objects were changed, added or removed while they were fetched"
        raise AssayError("data-changed", objects.address, what, "Run the command again.")


def check_in_all(objects: Objects, wanted: Sequence[StoredObject]) -> None:
    """Raise AssayError `archive-too-large` where more would be fetched than one command does."""
    total = sum(one.size for one in wanted)
    if total > MOST_IN_ALL:
        raise _too_large(objects.address, total, MOST_IN_ALL)
