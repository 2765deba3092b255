"""The forker, and the counts of what each test did to Assay."""

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

from torture.record import TALLY

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


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """Counts of what a test did to Assay; they go into the record of a full run."""
    counts: Counter[str] = Counter()
    yield counts
    request.node.user_properties.append((TALLY, dict(counts)))
