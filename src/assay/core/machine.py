"""What this machine is: facts that a manifest states beside a result, and the cores that may be used."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from assay.core.version import __version__

#: Libraries whose version can change a result.
_LIBRARIES: Final = ("numpy", "pillow", "matplotlib", "safetensors", "torch")


def machine_facts() -> dict[str, Any]:
    """What this machine is: system, processor kind, cores. No name of host or user."""
    return {
        "system": platform.system(),
        "release": platform.release(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
    }


def thread_count() -> int:
    """The processors that this process may run on, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return max(len(os.sched_getaffinity(0)), 1)
    return os.cpu_count() or 1


def processor_vendor() -> str:
    """Who made the processor, as it says itself (`GenuineIntel`, `AuthenticAMD`); empty where nobody says."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:  # Windows says it in the name, macOS nowhere
        return platform.processor().rpartition(", ")[2]
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("vendor_id")), "")


def library_versions() -> dict[str, str]:
    """Versions of Assay, of the code that runs, and of the installed libraries that can change a result."""
    versions = {"assay": __version__}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
