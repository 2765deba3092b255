"""What a storage raises, turned into one line each, and an object open for reading that does so."""

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from assay.core.errors import AssayError

#: Errors of packages that are of no common kind: of S3, of Google, of the web.
_ERRORS: Final = (
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("gcsfs.retry", "HttpError"),
    ("google.auth.exceptions", "GoogleAuthError"),
    ("aiohttp", "ClientError"),
)

#: What to do where the storage does not know who asks.
_CREDENTIALS: Final = {
    "s3": "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; "
    "of a public bucket FSSPEC_S3_ANON=true.",
    "gs": "Run gcloud auth application-default login; of a public bucket set FSSPEC_GS_TOKEN=anon.",
}


@contextmanager
def storage_errors(address: str) -> Iterator[None]:
    """Turn a storage's refusals into one line each. Their own texts are not told: they may hold keys.

    Only around calls of fsspec: what is taken for a storage's error here are also those of code.
    """
    try:
        yield
    except (AssayError, ImportError):
        raise
    except FileNotFoundError as error:
        fix = "Check the bucket and the prefix."
        raise AssayError("unknown-data", address, "there is no such bucket or object", fix) from error
    except PermissionError as error:
        raise _denied(address, "the storage refuses access") from error
    except _kinds() as error:
        if re.search("credential|auth", type(error).__name__, re.IGNORECASE):
            raise _denied(address, "there are no credentials for it") from error
        raise _unavailable(address, error) from error


def _kinds() -> tuple[type[Exception], ...]:
    """What storages raise: usual errors, and those of the packages behind fsspec that are loaded."""
    found = (getattr(sys.modules.get(module), name, None) for module, name in _ERRORS)
    own = [kind for kind in found if isinstance(kind, type) and issubclass(kind, Exception)]
    return (OSError, TimeoutError, ValueError, RuntimeError, TypeError, *own)


def _denied(address: str, what: str) -> AssayError:
    fix = _CREDENTIALS.get(
        address.partition("://")[0], "Give credentials as the storage's own tools want them."
    )
    return AssayError("data-unavailable", address, what, fix)


def _unavailable(address: str, error: BaseException) -> AssayError:
    what = f"the storage does not answer ({type(error).__name__})"
    return AssayError("data-unavailable", address, what, "Check the network and the address, and try again.")


@contextmanager
def gone(where: str) -> Iterator[None]:
    """Tell of an object that is no longer there, but was listed. Raises AssayError `data-changed`."""
    try:
        yield
    except AssayError as error:
        if error.code != "unknown-data":
            raise
        what = "it was removed since it was listed"
        raise AssayError("data-changed", where, what, "Run the command again.") from error


class StoredFile(io.RawIOBase):
    """An object open for reading. What the storage raises is told in one line; other errors pass."""

    def __init__(self, file: Any, where: str) -> None:
        super().__init__()
        self._file, self._where = file, where

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes, or all that are left. Raises as `storage_errors` and `gone`."""
        with gone(self._where), storage_errors(self._where):
            return bytes(self._file.read(-1 if size is None else size))

    def readall(self) -> bytes:
        """All that are left."""
        return self.read()

    def readinto(self, buffer: Any) -> int:
        """The next bytes into a buffer; how many."""
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go elsewhere. Raises as `read`."""
        with gone(self._where), storage_errors(self._where):
            return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        """Where the next byte lies."""
        return int(self._file.tell())
