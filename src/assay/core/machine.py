"""What this machine is: facts that a manifest states beside a result."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

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


def library_versions() -> dict[str, str]:
    """Versions of Assay and of the installed libraries that can change a result."""
    versions = {}
    for name in ("assay", *_LIBRARIES):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
