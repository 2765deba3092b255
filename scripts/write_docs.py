"""Write docs/commands.md: the help of every command, as the program prints it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "commands.md"


def commands_page() -> str:
    """The page as it should be."""
    from assay.cli.main import COMMANDS

    names = [command.__name__ for command in COMMANDS]
    parts = ["# Commands\n\nMade by `make docs` from the help texts; a test holds the two together.\n"]
    for title, arguments in (("assay", ["-h"]), *((f"assay {name}", [name, "-h"]) for name in names)):
        parts.append(f"## {title}\n\n```\n{_help(arguments)}```\n")
    return "\n".join(parts)


def _help(arguments: list[str]) -> str:
    command = [sys.executable, "-m", "assay", *arguments]
    environment = {**os.environ, "COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    PAGE.write_text(commands_page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
