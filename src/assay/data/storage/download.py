"""Downloading one file: short waits, no detours to other hosts, nothing kept that is not whole."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import requests

from assay.core import durable
from assay.core.errors import AssayError
from assay.core.events import OnEvent, progress
from assay.core.text import whole_number

#: Seconds to wait for a connection, and for each next piece of the content.
TIMEOUT: Final = (3.0, 30.0)

#: Seconds after which a server that drips is given up: 26 MB at 15 kB/s.
_MOST_SECONDS: Final = 1800

_MOST_REDIRECTS: Final = 5
_BLOCK: Final = 1 << 18


def download(url: str, target: Path, largest: int, on_event: OnEvent, authorities: str | None = None) -> None:
    """Download `url` to the file `target`, of at most `largest` bytes; it appears whole or not at all.

    Redirects are followed on the same host only, and never to an unprotected connection.
    authorities: a file of certificate authorities to trust in place of the usual ones.
    Raises AssayError `redirect-refused`, `html-instead-of-file`, `hash-mismatch` (too large),
    `data-unavailable` (no connection, no such file, cut off), and those of `durable.create`.
    """
    with _connection_errors(url), _opened(url, authorities) as response:
        length = response.headers.get("Content-Length", "")
        total = whole_number(length) or 0
        with durable.create(target, total or None) as file:
            done = 0
            for block in _blocks(response, url):
                done += len(block)
                if done > largest:
                    raise AssayError(
                        "hash-mismatch",
                        url,
                        f"the file is larger than the {largest:,} bytes expected",
                        "Use another copy of the file.",
                    )
                file.write(block)
                progress(on_event, "load", done, max(total, done), "bytes")


@contextmanager
def _connection_errors(url: str) -> Iterator[None]:
    try:
        yield
    except requests.RequestException as error:
        raise _unavailable(url, _reason(error)) from error


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate is not trusted"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return f"no connection within {TIMEOUT[0]:g} seconds"
    if isinstance(error, requests.exceptions.ReadTimeout):
        return f"the server sent nothing for {TIMEOUT[1]:g} seconds"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection was cut before the end of the file"
    return f"no connection ({type(error).__name__})"


def _unavailable(url: str, what: str) -> AssayError:
    return AssayError("data-unavailable", url, what, "Check the network, or use another place.")


@contextmanager
def _opened(url: str, authorities: str | None) -> Iterator[requests.Response]:
    """The answer that has the file, redirects on the same host followed."""
    # Compressed once more on the way, a file could be larger than its length says.
    headers = {"Accept-Encoding": "identity"}
    with requests.Session() as session:
        for _ in range(_MOST_REDIRECTS + 1):
            with session.get(
                url,
                headers=headers,
                stream=True,
                timeout=TIMEOUT,
                allow_redirects=False,
                verify=authorities or True,
            ) as response:
                if not response.is_redirect:
                    _check_answer(response, url)
                    yield response
                    return
                url = _redirected(url, response.headers["Location"])
    raise AssayError("redirect-refused", url, "the server redirects in circles", "Use another place.")


def _redirected(url: str, location: str) -> str:
    """Where a redirect leads, if it stays on the host and does not give up protection."""
    target = urljoin(url, location)
    old, new = urlsplit(url), urlsplit(target)
    safe_scheme = new.scheme == "https" or (new.scheme, old.scheme) == ("http", "http")
    if not safe_scheme or new.hostname != old.hostname:
        raise AssayError(
            "redirect-refused",
            url,
            f"the server redirects to {target}: another host or an unprotected connection",
            "Use another place; if the file has really moved, fetch it yourself.",
        )
    return target


def _check_answer(response: requests.Response, url: str) -> None:
    if response.status_code != 200:
        raise _unavailable(url, f"the server answered {response.status_code} {response.reason}")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise _html(url)


def _html(url: str) -> AssayError:
    return AssayError(
        "html-instead-of-file",
        url,
        "the server returned HTML, perhaps the sign-in page of a network",
        "Open the address in a browser to see it, then try again.",
    )


def _blocks(response: requests.Response, url: str) -> Iterator[bytes]:
    end = time.monotonic() + _MOST_SECONDS
    first = True
    for block in response.iter_content(_BLOCK):
        if first and block.lstrip()[:1] == b"<":
            raise _html(url)
        if time.monotonic() > end:
            raise _unavailable(url, f"the file did not arrive within {_MOST_SECONDS:,} seconds")
        first = False
        yield block
