"""Run the long fault tests, and keep what they did in benchmarks/results: torture.json and pytest's log.

    python scripts/torture.py [PYTEST ARGUMENTS]

One process, however many cores there are: many of these tests kill others after so many seconds.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from assay.core import durable

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def main() -> int:
    """The exit code of pytest."""
    command = [sys.executable, "-m", "pytest", "-m", "torture", "-v", "--color=no", *sys.argv[1:]]
    environment = {**os.environ, "ASSAY_TORTURE_RESULTS": str(RESULTS / "torture.json")}
    lines = []
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None  # it is a pipe
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    durable.write_text(RESULTS / "torture.log", _without_paths("".join(lines)))
    return process.returncode


def _without_paths(text: str) -> str:
    """A log that tells nothing of where it was made."""
    for path, name in ((ROOT, "."), (Path.home(), "~"), (Path(tempfile.gettempdir()), "TEMPORARY")):
        text = text.replace(str(path), name)
    return text


if __name__ == "__main__":
    sys.exit(main())
