"""The version of Assay, and of the code that a cached result depends on."""

from collections.abc import Sequence
from functools import cache
from typing import Final

__version__: Final = "0.1.0"


@cache
def code_version(rooms: Sequence[str]) -> str:
    """SHA-256 over the source of some rooms of Assay, its version and NumPy's: 64 hexadecimal digits.

    rooms: names of folders of the package (a tuple). What was computed by another version is not used again.
    """
    # Here: the version alone is asked for by every start of the command, and these take a tenth of a second.
    import hashlib
    from importlib.metadata import version
    from pathlib import Path

    whole = hashlib.sha256(f"{__version__} {version('numpy')}".encode())
    root = Path(__file__).parent.parent
    for room in rooms:
        for source in sorted((root / room).rglob("*.py")):
            whole.update(source.relative_to(root).as_posix().encode() + b"\0" + source.read_bytes())
    return whole.hexdigest()
