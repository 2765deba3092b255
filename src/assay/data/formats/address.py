"""Addresses of data on object storage, as `s3://bucket/prefix`: told apart from paths, without secrets."""

import re
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.shard_file import pattern_parts

_ADDRESS: Final = re.compile(r"([a-z][a-z0-9+.-]*(?:::[a-z0-9+.:/-]*)?)://(.*)", re.IGNORECASE | re.DOTALL)

#: Kinds of addresses that are files of this machine, or that would lead somewhere else.
_OF_FILES: Final = ("file", "local")
_OTHERS: Final = ("dask", "reference", "git", "github", "jlab", "jupyter")


def is_address(text: str) -> bool:
    """Whether a text is an address and not a path."""
    return _ADDRESS.fullmatch(text) is not None


def without_secrets(text: str) -> str:
    """An address without what may be a password or a key: what stands before @, and after ? or #."""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        return text
    rest = re.split(r"[?#]", found[2], maxsplit=1)[0]
    host, slash, path = rest.partition("/")
    return f"{found[1]}://{host.rpartition('@')[2]}{slash}{path}"


def checked_address(text: str) -> tuple[str, str | None]:
    """The address of a file or of all below a prefix, and the pattern of the names there that are meant.

    Raises AssayError `bad-value` for an address with credentials, which would be written into the run, and
    `unknown-data` for one of a kind that is not read.
    """
    shown = one_line(without_secrets(text))
    found = _ADDRESS.fullmatch(text)
    assert found is not None  # the caller asked `is_address`
    kind, rest = found[1].lower(), found[2]
    if "::" in kind or "::" in rest or kind in _OTHERS:
        raise AssayError("unknown-data", shown, "addresses of this kind are not read", "Give s3:// or gs://.")
    if kind in _OF_FILES:
        raise AssayError("unknown-data", shown, "this is a file of this machine", "Give its path.")
    if without_secrets(text) != text and not (kind != "http" and kind != "https" and _is_pattern(text)):
        what = "an address must not hold a name, a password, a key or a query: it is written into the run"
        fix = "Give credentials by the environment or the files of the storage's own tools."
        raise AssayError("bad-value", shown, what, fix)
    parts = pattern_parts(text)
    base, pattern = parts or (text, None)
    if not rest.strip("/") or not re.sub(r"^[^:]*:/*", "", base):
        raise AssayError("unknown-data", shown, "it names no bucket", "Write s3://BUCKET/PREFIX.")
    return base.rstrip("/"), pattern


def _is_pattern(text: str) -> bool:
    """Whether what looks like a query is a wildcard of names, and nothing else may be a secret."""
    host = text.split("://", 1)[1].partition("/")[0]
    return "@" not in host and "#" not in text and "=" not in text and "?" not in host
