"""Search for contents that crash a parser of data files, guided by the code that they reach (atheris).

    python scripts/fuzz.py PARSER [--seconds N]

Whatever it is given, a parser must return or raise AssayError: anything else ends the search, and the content
is kept in a file. Where atheris is not installed this says so and does nothing.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final


def with_coverage() -> dict[str, Callable[[Path, bytes], object]]:
    """The parsers by name, imported so that the search sees which of their lines are reached."""
    import atheris

    with atheris.instrument_imports(include=["assay"]):
        from assay.data.archives import unpack
        from assay.data.idx import read_idx
        from assay.data.images import read_image
        from assay.data.npy import read_npy, read_npz
        from assay.data.records import parse_example, read_tfrecords
        from assay.data.tables import read_table

    def into_empty_folder(path: Path, _: bytes) -> None:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            unpack(path, Path(folder))

    return {
        "image": lambda _, data: read_image(data),
        "idx": lambda path, _: read_idx(path),
        "npy": lambda path, _: read_npy(path),
        "npz": lambda path, _: read_npz(path),
        "zip": into_empty_folder,
        "tar": into_empty_folder,
        "csv": lambda path, _: read_table(path),
        "jsonl": lambda path, _: read_table(path),
        "tfrecord": lambda path, _: list(read_tfrecords(path)),
        "example": parse_example,
    }


#: What the searches begin with, where nothing is too far from a file of the form.
STARTS: Final = {
    "idx": b"\0\0\x08\x01\0\0\0\x02ab",
    "npy": b"\x93NUMPY\x01\0\x46\0{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }"
    + b" " * 16
    + b"ab",
    "csv": b"path,label\na.png,cat\n",
    "jsonl": b'{"path": "a.png", "label": "cat"}\n',
}


def main() -> None:
    """Search in one parser for so many seconds."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("parser")
    arguments.add_argument("--seconds", type=int, default=60)
    given = arguments.parse_args()
    if find_spec("atheris") is None:
        print("atheris is not installed: nothing was searched (pip install atheris)")
        return
    search(given.parser, given.seconds)


def search(parser: str, seconds: int) -> None:
    """Search until the time is over or a content does what it must not; ends the process."""
    import atheris

    parse = with_coverage()[parser]
    from assay.core.errors import AssayError

    folder = Path(tempfile.mkdtemp(prefix="assay-fuzz-"))
    starts, path = folder / "starts", folder / f"file.{parser}"
    starts.mkdir()
    (starts / "first").write_bytes(STARTS.get(parser, b""))

    def once(data: bytes) -> None:
        path.write_bytes(data)
        with suppress(AssayError):
            parse(path, data)

    options = [f"-max_total_time={seconds}", "-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, str(starts)], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
