"""What this machine says of itself."""

import platform
from pathlib import Path

import pytest

from assay.core import machine
from assay.core.machine import library_versions, processor_vendor
from assay.core.version import __version__

LINUX = "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 26\n\nprocessor\t: 1\n"


@pytest.mark.parametrize(
    ("told", "named", "vendor"),
    [
        (LINUX, "", "AuthenticAMD"),
        ("processor\t: 0\nCPU implementer\t: 0x41\n", "", ""),
        (None, "Intel64 Family 6 Model 143 Stepping 8, GenuineIntel", "GenuineIntel"),
        (None, "arm", "arm"),
    ],
)
def test_the_vendor_is_what_the_system_says(
    told: str | None, named: str, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: Path, *_: object) -> str:
        if told is None:
            raise FileNotFoundError(path)
        return told

    monkeypatch.setattr(Path, "read_text", read)
    monkeypatch.setattr(platform, "processor", lambda: named)
    assert processor_vendor() == vendor


def test_the_version_is_that_of_the_code_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Assay may run from its source, not installed, or beside an installed one of another version."""

    def version(name: str) -> str:
        if name == "assay":
            return "9.9"
        raise machine.PackageNotFoundError(name)

    monkeypatch.setattr(machine, "version", version)
    assert library_versions() == {"assay": __version__}
