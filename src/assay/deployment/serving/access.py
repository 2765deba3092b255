"""Who may ask: the name in the Host header, pages of other sites, and the token."""

import hmac
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from assay.deployment.serving.limits import RefusedError

#: Asked by what starts and stops servers, which has no token; they say nothing of the model.
OPEN_PATHS = frozenset({"/", "/page.css", "/page.js", "/favicon.ico", "/v2/health/live", "/v2/health/ready"})


@dataclass(frozen=True)
class Access:
    """names: what the Host header may name, lower case. any_address: also every number.

    A page of another site can make its own name lead to this server (DNS rebinding), and then read the
    answers as its own; the Host header still has that name. token: what `Authorization: Bearer` must hold,
    if anything.
    """

    names: frozenset[str]
    any_address: bool = False
    token: str | None = None

    @classmethod
    def to(cls, host: str, token: str | None, more: Iterable[str] = ()) -> "Access":
        """The rule for a server that listens on `host`; more: other names that lead to it, as of a proxy."""
        names = {"localhost", "127.0.0.1", "::1", host.lower(), *(name.lower().rstrip(".") for name in more)}
        if is_loopback(host):
            return cls(frozenset(names), token=token)
        return cls(frozenset({*names, socket.gethostname().lower()}), any_address=True, token=token)

    def check(self, method: str, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        """Raise RefusedError for a foreign host (421), a page of another site (403), no token (401)."""
        hosts = [value for key, value in headers if key == b"host"]
        if len(hosts) != 1 or not self.knows(hosts[0].decode("latin-1")):
            raise RefusedError(421, "the Host header names no address of this server (see --allow-host)")
        if method not in ("GET", "HEAD"):
            _refuse_other_sites(headers, hosts[0].decode("latin-1"))
        if self.token is not None and path not in OPEN_PATHS:
            given = next((value for key, value in headers if key == b"authorization"), b"")
            kind, _, secret = given.partition(b" ")
            same = hmac.compare_digest(secret.strip(), self.token.encode())
            if kind.lower() != b"bearer" or not same:
                why = "this server wants its token: Authorization: Bearer TOKEN"
                raise RefusedError(401, why, {"WWW-Authenticate": "Bearer"})

    def knows(self, host: str) -> bool:
        """Does this Host header, with or without a port, name this server?"""
        name, _, port = host.lower().rpartition(":") if _has_port(host) else (host.lower(), "", "")
        if port and not (port.isascii() and port.isdigit()):
            return False
        name = name.strip("[]") if name.startswith("[") and name.endswith("]") else name.rstrip(".")
        return name in self.names or (self.any_address and _is_address(name))


def _has_port(host: str) -> bool:
    return ":" in host and not host.endswith("]")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Is a host of this kind reached from this machine alone?"""
    if host.lower() == "localhost":
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def _refuse_other_sites(headers: list[tuple[bytes, bytes]], host: str) -> None:
    """A browser may send a page's request anywhere, though the page cannot read the answer."""
    for key, value in headers:
        other = key == b"origin" and value.decode("latin-1").partition("://")[2] != host
        if other or (key == b"sec-fetch-site" and value in (b"cross-site", b"same-site")):
            raise RefusedError(403, "pages of other sites may not use this server")
