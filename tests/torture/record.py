"""What a run of the tests did to Assay: every test's result, seconds and counts, and the machine.

A plugin of pytest's main process. Tests tell their counts with their reports (`tally`), which also reach it
from the processes of pytest-xdist.
"""

import shlex
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from assay.core import durable
from assay.core.machine import library_versions, machine_facts

#: Where to write the record; unset, none is written.
RESULTS = "ASSAY_TORTURE_RESULTS"

#: The property of a test under which its counts travel.
TALLY = "tally"

_ROOT = Path(__file__).resolve().parent.parent.parent


class Record:
    """Gathers reports, and writes one JSON file when the session ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tests: dict[str, dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = self._tests.setdefault(report.nodeid, {"outcome": "passed", "seconds": 0.0})
        test["seconds"] = round(test["seconds"] + report.duration, 2)
        if report.outcome != "passed":
            test["outcome"] = report.outcome
        if report.skipped and isinstance(report.longrepr, tuple):
            test["reason"] = report.longrepr[2]
        if report.when == "teardown" and (counts := dict(report.user_properties).get(TALLY)):
            test["counts"] = counts

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        durable.write_json(self._path, self._content(session))

    def _content(self, session: pytest.Session) -> dict[str, Any]:
        counts: Counter[str] = Counter()
        for test in self._tests.values():
            counts.update(test.get("counts", {}))
        return {
            "schema": 1,
            "command": shlex.join(["pytest", *map(str, session.config.invocation_params.args)]),
            "commit": _commit(),
            "seed": 0,
            "machine": machine_facts(),
            "versions": library_versions(),
            "outcomes": dict(Counter(test["outcome"] for test in self._tests.values())),
            "seconds": round(sum(test["seconds"] for test in self._tests.values()), 1),
            "counts": dict(counts),
            "tests": self._tests,
        }


def _commit() -> str | None:
    found = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None
