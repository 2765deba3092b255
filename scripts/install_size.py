"""Measure what `pip install assay` puts on the disk: the base, without extras.

Sums the files that the installed packages list as their own, from Assay's own requirements on, without pip
itself. Byte code, which pip adds and other installers do not, is counted apart. Assay is counted as it lies
in src/, and its own byte code apart from all: whether it is there hangs on the environment.
"""

import compileall
import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

ROOT: Final = Path(__file__).resolve().parent.parent

#: Bytes that the base may take without byte code, 200 MB, and with that of the packages that Assay needs,
#: 200 MiB. With Assay's own, 5 MB, 200 MB is missed by 5 % and 200 MiB by .2 %, and nothing that the base
#: promises could be left out for so much: NumPy alone is 71 MB.
MOST: Final = 200_000_000
MOST_WITH_BYTE_CODE: Final = 200 << 20


def sizes() -> dict[str, tuple[int, int]]:
    """Bytes of Assay and of each package that it needs, and of the packages' byte code; the largest first."""
    found = {"assay": (_bytes(ROOT.joinpath("src", "assay").rglob("*"))[0], 0)}
    for package in _needed("assay"):
        files = [Path(str(package.locate_file(file))) for file in package.files or ()]
        found[_normalized(package.metadata["Name"])] = _bytes(iter(files))
    return dict(sorted(found.items(), key=lambda pair: -sum(pair[1])))


def own_byte_code() -> int:
    """Bytes of Assay's own byte code, as pip would write it."""
    compileall.compile_dir(ROOT / "src", quiet=1)
    return _bytes(ROOT.joinpath("src", "assay").rglob("*"))[1]


def _bytes(files: Iterator[Path]) -> tuple[int, int]:
    found = [(file.suffix == ".pyc", file.stat().st_size) for file in files if file.is_file()]
    return sum(size for code, size in found if not code), sum(size for code, size in found if code)


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _needed(name: str) -> list[Distribution]:
    """Every package that `name` requires, directly or by way of others."""
    waiting, seen, found = [(name, frozenset[str]())], set[tuple[str, frozenset[str]]](), {}
    while waiting:
        one, extras = waiting.pop()
        if (one, extras) in seen:
            continue
        seen.add((one, extras))
        package = distribution(one)
        if one != name:
            found[one] = package
        for line in package.requires or ():
            wanted = Requirement(line)
            marker = wanted.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras or {""}):
                waiting.append((_normalized(wanted.name), frozenset(wanted.extras)))
    return list(found.values())


def _line(name: str, size: int, code: int) -> str:
    return f"{size / 1e6:8.1f} {(size + code) / 1e6:8.1f}  {name}"


if __name__ == "__main__":
    measured = sizes()
    print("      MB  with byte code")
    for package, (size, code) in measured.items():
        print(_line(package, size, code))
    files, codes = (sum(pair[part] for pair in measured.values()) for part in (0, 1))
    print(_line(f"together (at most {MOST / 1e6:.0f} and {MOST_WITH_BYTE_CODE / 1e6:.1f})", files, codes))
    print(_line("with the byte code of assay (no limit)", files, codes + own_byte_code()))
