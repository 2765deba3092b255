"""A sitting of the search of scripts/fuzz.py: parser after parser, each from what the sittings before found.

    python scripts/fuzz_sitting.py [PARSER ...] [--seconds N] [--corpus FOLDER] [--crashes FOLDER]

Sums are kept in benchmarks/results/fuzz.json: processor seconds, contents tried, crashes, for each parser
over all sittings. A crash does not end the sitting: its content lies in the folder of crashes, and the exit
code is 1. The corpus begins with tests/corpus/found.zip, which is packed anew at the end.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from assay.core import durable
from fuzz import keep, parsers

ROOT: Final = Path(__file__).resolve().parent.parent
RECORD: Final = ROOT / "benchmarks" / "results" / "fuzz.json"
FOUND: Final = ROOT / "tests" / "corpus" / "found.zip"

_TRIED: Final = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_SO_FAR: Final = re.compile(r"^#(\d+)\s", re.MULTILINE)


def main() -> int:
    """0, or 1 where a parser crashed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("parser", nargs="*")
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--corpus", type=Path, default=Path(".fuzz"))
    arguments.add_argument("--crashes", type=Path, default=Path(".fuzz-crashes"))
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
    log = crashes / f"{parser}.log"
    begun = time.monotonic()
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--seconds", str(seconds), "--corpus", str(corpus)],
            cwd=crashes, stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    told = log.read_text("utf-8", "replace")
    tried = [int(count) for pattern in (_TRIED, _SO_FAR) for count in pattern.findall(told)]
    return {
        "seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "waited": round(time.monotonic() - begun, 1),
        "contents": max(tried, default=0),
        "crashes": int(process.returncode != 0),
    }


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
