"""The forker, and the record of what a full run of these tests did."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.core import durable
from assay.core.run_folder import library_versions, machine_facts

#: Where a full run writes its record; unset, it writes none.
RESULTS = "ASSAY_TORTURE_RESULTS"

_FORKER = Path(__file__).with_name("forker.py")


class Forker:
    """Gives jobs to a process of `forker.py`."""

    def __init__(self) -> None:
        tests = str(_FORKER.parent.parent)
        paths = os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        self._cache = tempfile.TemporaryDirectory()
        environment = {**os.environ, "PYTHONPATH": paths, "ASSAY_CACHE": self._cache.name}
        self._process = subprocess.Popen(
            [sys.executable, str(_FORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        if self._answer() != {"ready": True}:
            raise RuntimeError("the forker did not start")

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def start(self, **order: Any) -> int:
        """Begin a job; its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order, default=str) + "\n")
        self._process.stdin.flush()
        return int(self._answer()["pid"])

    def status(self) -> int:
        """Wait for the job that was started; its exit code, negative where a signal ended it."""
        return int(self._answer()["status"])

    def do(self, **order: Any) -> int:
        """Do a whole job; its exit code."""
        self.start(**order)
        return self.status()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._cache.cleanup()


@pytest.fixture(scope="session")
def forker() -> Iterator[Forker]:
    process = Forker()
    yield process
    process.close()


@pytest.fixture(scope="session")
def tally() -> Iterator[Counter[str]]:
    """Counts of what was done to Assay; a full run writes them down with the machine they were done on."""
    counts: Counter[str] = Counter()
    yield counts
    if path := os.environ.get(RESULTS):
        record = {
            "schema": 1,
            "command": "make torture",
            "seed": 0,
            "machine": machine_facts(),
            "versions": library_versions(),
            "counts": dict(counts),
        }
        durable.write_json(Path(path), record)
