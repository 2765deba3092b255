"""The two passes of `ridge_passes` made by several processes, which may be on other machines.

Every run lies in a file of a folder that all of them see, and so does what a pass makes of it. Each process
takes every n-th run; one that was killed is started again and makes what is missing.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError
from threadpoolctl import threadpool_limits

from assay.core import durable
from assay.core.arrays import Float32s, Floats, Rows
from assay.core.cache_folder import scratch_in_cache
from assay.core.checksums import with_checksum, without_checksum
from assay.core.disk_errors import environment_errors
from assay.core.errors import AssayError
from assay.core.memory import short_of
from assay.estimators.passes.ridge_passes import (
    ByThreads,
    Passes,
    Run,
    Sums,
    run_count,
    runs_of,
    scores_of,
    sums_of,
)
from assay.estimators.projections import Fourier
from assay.estimators.ridge import Ridge

_Pass = Literal["first", "second"]


@dataclass(frozen=True)
class Helpers:
    """Processes that share the passes.

    count: how many share one. run: starts commands by name and returns when all have ended well, those that
    were killed started again; raises AssayError where one failed. Its processes see the cache of this one.
    """

    count: int
    run: Callable[[Mapping[str, Sequence[str]]], None]


@contextmanager
def passes_by(
    helpers: Helpers | None, fourier: Fourier, components: Float32s, labels: Rows, class_count: int
) -> Iterator[Passes]:
    """The passes over these rows, made by helpers where there are any and more than one run; the same bits.

    Raises AssayError `disk-full`, `not-writable`, and what the helpers' commands end with.
    """
    runs = run_count(len(labels))
    if helpers is None or runs < 2:
        yield ByThreads(fourier, components, labels, class_count)
        return
    with scratch_in_cache() as folder:
        for number, run in enumerate(runs_of(components, labels)):
            _write(_run_file(folder, number), {"components": run.components, "labels": run.labels})
        known = {"frequencies": fourier.frequencies, "numbers": np.array([class_count, runs])}
        _write(_known(folder, "first"), known)
        yield _ByHelpers(folder, helpers, runs)


@dataclass(frozen=True)
class _ByHelpers:
    """The passes over runs that lie in a folder."""

    folder: Path
    helpers: Helpers
    runs: int

    def first(self) -> Iterator[Sums]:
        """The sums of each run."""
        for found in self._made("first"):
            yield Sums(found["gram"], found["targets"])

    def second(self, fitted: Ridge) -> Iterator[Floats]:
        """The scores of each run."""
        arrays = {"eigenvalues": fitted.eigenvalues, "axes": fitted.axes, "targets": fitted.targets}
        _write(_known(self.folder, "second"), {**arrays, "penalty": np.array([fitted.penalty])})
        for found in self._made("second"):
            yield found["scores"]

    def _made(self, which: _Pass) -> Iterator[dict[str, NDArray[Any]]]:
        count = min(self.helpers.count, self.runs)
        module = [sys.executable, "-m", "assay.estimators.passes.shared_passes", str(self.folder), which]
        self.helpers.run(
            {
                f"{number}/{count} of the {which} pass over labels": [*module, str(number), str(count)]
                for number in range(1, count + 1)
            }
        )
        for number in range(self.runs):
            path = _result_file(self.folder, which, number)
            yield _read(path)
            durable.remove(path)


def work(folder: Path, which: _Pass, number: int, count: int) -> None:
    """Make one pass over every `count`-th run of a folder, from the `number`-th on (counted from 1)."""
    known = _read(_known(folder, "first"))
    fourier, (class_count, runs) = Fourier(known["frequencies"]), known["numbers"].tolist()
    fitted = _fitted(folder) if which == "second" else None
    with threadpool_limits(1, "blas"):  # a product rounds by the number of its threads
        for place in range(number - 1, runs, count):
            path = _result_file(folder, which, place)
            if path.exists():
                continue
            found = _read(_run_file(folder, place))
            run = Run(found["components"], found["labels"])
            if fitted is None:
                sums = sums_of(fourier, class_count, run)
                _write(path, {"gram": sums.gram, "targets": sums.targets})
            else:
                _write(path, {"scores": scores_of(fourier, fitted, run)})


def _fitted(folder: Path) -> Ridge:
    found = _read(_known(folder, "second"))
    return Ridge(found["eigenvalues"], found["axes"], found["targets"], float(found["penalty"][0]))


def _run_file(folder: Path, number: int) -> Path:
    return folder / f"run-{number}"


def _known(folder: Path, which: _Pass) -> Path:
    return folder / f"known-{which}"


def _result_file(folder: Path, which: _Pass, number: int) -> Path:
    return folder / f"{which}-{number}"


def _write(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    content = safetensors.numpy.save({name: np.ascontiguousarray(values) for name, values in arrays.items()})
    durable.write_bytes(path, with_checksum(content))


def _read(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file. Raises AssayError `disk-error` where they are not as they were written."""
    with environment_errors(path):
        content = without_checksum(path.read_bytes())
    try:
        if content is None:
            raise ValueError(path)
        return safetensors.numpy.load(content)
    except (SafetensorError, ValueError) as error:
        what = "it is not as it was written a moment ago"
        raise AssayError("disk-error", path, what, "Look after the disk, and merge again.") from error


def main(arguments: Sequence[str]) -> int:
    """What a helper's command does: FOLDER, which pass, number and count. Its exit code."""
    folder, which, number, count = arguments
    try:
        work(Path(folder), "second" if which == "second" else "first", int(number), int(count))
    except MemoryError:
        sys.stderr.write(f"{short_of('a run of images does not fit')}\n")
        return _SHORT
    except AssayError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


#: Exit code where memory is short.
_SHORT: Final = 5

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
