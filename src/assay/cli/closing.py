"""How a command ends: what happened, where it is, and the next command to try."""

import shlex
import sys
from pathlib import Path

from assay.audits.values import Audit
from assay.cli.options import Output
from assay.core.text import one_line
from assay.evaluation.values import Evaluation


def close_run(path: Path, headline: str, following: list[str], output: Output) -> None:
    """Print the end of a command that filled a run folder; when quiet, only the folder."""
    if output.quiet and not output.json:
        _print([str(path)])
    else:
        close_plain(f"{headline}\nReport: {path / 'report.html'}", following, output)


def close_plain(headline: str, following: list[str], output: Output) -> None:
    """Print what happened and what to try next, unless events or silence were asked for."""
    if output.json or output.quiet:
        return
    _print(["", *headline.split("\n"), *(f"Next: {command}" for command in following)])


def _print(lines: list[str]) -> None:
    sys.stdout.write("".join(f"{one_line(line)}\n" for line in lines))


def quoted(path: Path) -> str:
    """A path as it can be pasted into a shell."""
    return shlex.quote(str(path))


def areas_line(audit: Audit) -> str:
    """The verdicts of the areas in one line."""
    return ", ".join(f"{area} {verdict}" for area, verdict in audit.area_verdicts().items())


def score_line(score: Evaluation) -> str:
    """The accuracy with its interval."""
    low, high = score.accuracy_ci95
    return f"Test accuracy {score.accuracy:.4f} (95 % interval {low:.4f}-{high:.4f})."
