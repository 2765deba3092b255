"""A sitting of the search of scripts/fuzz.py: parser after parser, each from what the sittings before found.

    python scripts/fuzz_sitting.py [PARSER ...] [--seconds N] [--corpus FOLDER] [--crashes FOLDER]

Sums are kept in benchmarks/results/fuzz.json: processor seconds, contents tried, crashes, for each parser
over all sittings; and how long each search went on without reaching a new place in the code (`quiet`), which
says whether more of it would find anything. A crash does not end the sitting: its content lies in the folder
of crashes, and the exit code is 1. The corpus begins with tests/corpus/found.zip, packed anew at the end.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from assay.core import durable
from fuzz import CRASHES, keep, parsers

ROOT: Final = Path(__file__).resolve().parent.parent
RECORD: Final = ROOT / "benchmarks" / "results" / "fuzz.json"
FOUND: Final = ROOT / "tests" / "corpus" / "found.zip"

_TRIED: Final = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_SO_FAR: Final = re.compile(r"^#(\d+)\s", re.MULTILINE)

#: A line of the search: contents tried so far, and places in the code (jumps between lines) reached by them.
_REACHED: Final = re.compile(r"^#(\d+)\s+(\w+)\s+cov: (\d+)")


def main() -> int:
    """0, or 1 where a parser crashed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("parser", nargs="*")
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--corpus", type=Path, default=Path(".fuzz"))
    arguments.add_argument("--crashes", type=Path, default=CRASHES)
    given = arguments.parse_args()
    if find_spec("atheris") is None:
        print("atheris is not installed: nothing was searched (pip install atheris)")
        return 0
    _unpack(given.corpus)
    given.crashes.mkdir(parents=True, exist_ok=True)
    crashed = []
    for parser in given.parser or parsers():
        done = _search(parser, given.seconds, given.corpus.absolute(), given.crashes.absolute())
        _add(parser, done)
        print(f"{parser}: {done}", flush=True)
        crashed += [parser] if done["crashes"] else []
    keep(given.corpus)
    return 1 if crashed else 0


def _unpack(corpus: Path) -> None:
    """Put what is committed beside what lies in the corpus."""
    with zipfile.ZipFile(FOUND) as archive:
        archive.extractall(corpus)


def _search(parser: str, seconds: int, corpus: Path, crashes: Path) -> dict[str, Any]:
    """One search in a process of its own: its processor seconds, contents tried, and crashes (0 or 1)."""
    command = [sys.executable, str(ROOT / "scripts" / "fuzz.py"), parser]
    log, reached = crashes / f"{parser}.log", Reached()
    begun = time.monotonic()
    with log.open("w") as file, subprocess.Popen(
        [*command, "--seconds", str(seconds), "--corpus", str(corpus), "--crashes", str(crashes)],
        cwd=crashes, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    ) as process:  # fmt: skip
        assert process.stdout is not None  # it is a pipe
        for line in process.stdout:
            file.write(line)
            reached.read(line, lambda: _processor_seconds(process.pid))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    told = log.read_text("utf-8", "replace")
    tried = [int(count) for pattern in (_TRIED, _SO_FAR) for count in pattern.findall(told)]
    used, contents = usage.ru_utime + usage.ru_stime, max(tried, default=0)
    return {
        "seconds": round(used, 1),
        "waited": round(time.monotonic() - begun, 1),
        "contents": contents,
        "crashes": int(process.returncode != 0),
        **reached.found(used, contents),
    }


class Reached:
    """How much of the code a search has reached, and since when nothing new of it."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._places = 0
        self._contents = 0
        self._seconds = 0.0

    def read(self, line: str, seconds: Callable[[], float]) -> None:
        """Take one line of the search; `seconds` tells the processor seconds that it has used."""
        found = _REACHED.match(line)
        if found is None or int(found[3]) <= self._places:
            return
        self._contents, self._places, self._seconds = int(found[1]), int(found[3]), seconds()
        if found[2] == "INITED":
            self._first = self._places

    def found(self, seconds: float, contents: int) -> dict[str, Any]:
        """For the record: places in the code reached, those that the corpus had not, and the processor time
        and contents at the end that found no new one. Empty where the search did not begin."""
        if self._first is None:
            return {}
        return {
            "places": self._places,
            "new_places": self._places - self._first,
            "quiet_seconds": round(seconds - self._seconds, 1),
            "quiet_contents": contents - self._contents,
        }


def _processor_seconds(process: int) -> float:
    """What a process has used so far, as Linux tells it; 0 once it has ended."""
    try:
        words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _add(parser: str, done: dict[str, Any]) -> None:
    """Add one search to the record."""
    known = json.loads(RECORD.read_text()) if RECORD.exists() else {"schema": 1, "parsers": {}}
    own = known["parsers"].setdefault(parser, {"sittings": []})
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    own["sittings"].append({"date": f"{datetime.now(UTC):%Y-%m-%d}", "commit": commit, **done})
    for key in ("seconds", "waited", "contents", "crashes"):
        own[key] = round(sum(sitting[key] for sitting in own["sittings"]), 1)
    durable.write_text(RECORD, durable.json_text(known))


if __name__ == "__main__":
    sys.exit(main())
