"""Places that a published file may lie at or come from: a folder, a mirror, a Debian package."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from assay.core.errors import AssayError
from assay.core.events import OnEvent

#: Seconds after which the package manager is given up; the package is 31 MB.
_APT_SECONDS: Final = 300

#: The package manager's own patience with a server that does not answer.
_APT_OPTIONS: Final = ("-o", "Acquire::http::Timeout=10", "-o", "Acquire::Retries=0")


class Place(Protocol):
    """Somewhere to look for files by name. network: whether looking there needs the network."""

    @property
    def network(self) -> bool:
        """Whether looking there needs the network."""

    def describe(self, name: str = "") -> str:
        """The place, or a file at it, for people."""

    def fetch(self, name: str, scratch: Path, largest: int, on_event: OnEvent) -> Path | None:
        """The file on this machine, or None where the place does not have it.

        scratch: a folder for what must be fetched, shared by all calls. largest: bytes to accept.
        Raises AssayError where the place cannot be asked (exit code 5) or misbehaves (3, 4).
        """


@dataclass(frozen=True)
class Folder:
    """A folder on this machine, with the files as published or already unpacked."""

    path: Path

    network = False

    def describe(self, name: str = "") -> str:
        """The folder, or a file in it."""
        return str(self.path / name)

    def fetch(self, name: str, scratch: Path, largest: int, on_event: OnEvent) -> Path | None:  # noqa: ARG002
        """The file where it lies."""
        names = (name, name.removesuffix(".gz"))
        return next((self.path / n for n in names if (self.path / n).is_file()), None)


@dataclass(frozen=True)
class Mirror:
    """A web server that has the files under one address.

    authorities: a file of certificate authorities to trust in place of the usual ones.
    """

    url: str
    authorities: str | None = None

    network = True

    def describe(self, name: str = "") -> str:
        """The address."""
        return self.url + name

    def fetch(self, name: str, scratch: Path, largest: int, on_event: OnEvent) -> Path | None:
        """The downloaded file."""
        # Here, because loading the HTTP library takes longer than reading the cache.
        from assay.data.storage.download import download

        target = scratch / name
        download(self.url + name, target, largest, on_event, self.authorities)
        return target


@dataclass(frozen=True)
class DebianPackage:
    """A package of Debian and Ubuntu, fetched and unpacked into the scratch folder, never installed.

    inside: the folder of the files inside the package.
    """

    package: str
    inside: str

    network = True

    def describe(self, name: str = "") -> str:
        """The package, or a file in it."""
        return f"Debian package {self.package}" + (f" ({name})" if name else "")

    def fetch(self, name: str, scratch: Path, largest: int, on_event: OnEvent) -> Path | None:
        """The unpacked file."""
        unpacked = scratch / self.package
        if not unpacked.exists():
            _fetch_package(self.package, scratch, unpacked)
        return Folder(unpacked / self.inside).fetch(name, scratch, largest, on_event)


def _fetch_package(package: str, scratch: Path, target: Path) -> None:
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise _unavailable(package, f"there is no {program} on this machine")
    download_package = ("apt-get", *_APT_OPTIONS, "download", package)
    refused = _run(download_package, scratch)
    if refused and os.geteuid() == 0:
        # Fresh machines have no package lists; only root may fetch them.
        _run(("apt-get", *_APT_OPTIONS, "update"), scratch)
        refused = _run(download_package, scratch)
    archive = next(scratch.glob(f"{package}_*.deb"), None)
    if refused or archive is None:
        raise _unavailable(package, refused or "apt-get fetched no file")
    refused = _run(("dpkg-deb", "-x", str(archive), str(target)), scratch)
    if refused:
        raise _unavailable(package, refused)


def _run(command: Sequence[str], folder: Path) -> str:
    """Run a program in a folder; empty when it succeeded, otherwise the last line that it complained."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_APT_SECONDS,
            env={**os.environ, "LC_ALL": "C"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]} did not run: {error}"
    if done.returncode == 0:
        return ""
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"{command[0]} ended with {done.returncode}"


def _unavailable(package: str, what: str) -> AssayError:
    return AssayError("data-unavailable", f"Debian package {package}", what, "Try another place.")
