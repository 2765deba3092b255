"""How a command ends that has gates: files and annotations for pipelines first, then exit 8 if one failed."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from assay.cli.closing import counts_line, score_line, scores_of
from assay.cli.options import Output
from assay.cli.report_files import need_places
from assay.core import durable
from assay.core.disk_errors import environment_errors
from assay.core.errors import AssayError
from assay.workflow.api import Run
from assay.workflow.quality_gates.gates import Gate, parse_gates
from assay.workflow.quality_gates.judging import judge_all, need_passed
from assay.workflow.recorded.run_record import MANIFEST, is_finished, read_manifest
from assay.workflow.run_folder import GATES, add_file

#: Bytes of a step's summary that others may have written before: all of them are read, to be written again.
_LONGEST_SUMMARY: Final = 1 << 24


@dataclass(frozen=True)
class Gating:
    """What was asked for. baseline: the run that gates compare with; junit, sarif: files to write."""

    gates: tuple[Gate, ...]
    baseline: Path | None
    junit: Path | None
    sarif: Path | None
    github: bool

    @classmethod
    def of(cls, given: Mapping[str, Any], run: Path | None = None, *, scored: bool = True) -> "Gating":
        """The options of `GATING` among those given. run: its folder, where it is known. scored: whether the
        command gives a score.

        Raises AssayError `unknown-gate`, `bad-value`, `output-exists`, before any work.
        """
        need_places(given["junit"], given["sarif"], run)
        gates, baseline = parse_gates(given["fail_on"] or "", scored=scored), given["baseline"]
        asked = any(gate.baseline for gate in gates)
        if asked and baseline is None:
            fix = "Name the run to compare with: --baseline RUN."
            raise AssayError("bad-value", "--fail-on", "a gate speaks of a baseline, and none is given", fix)
        if baseline is not None and not asked:
            fix = "Write, for example, --fail-on 'accuracy<baseline-0.5%'."
            raise AssayError("option-not-used", "--baseline", "no gate of --fail-on speaks of it", fix)
        if baseline is not None:
            read_manifest(baseline)
        return cls(gates, baseline, given["junit"], given["sarif"], bool(given["github"]))

    def missing_in(self, out: Path | None) -> bool:
        """Whether a finished run lies in `out` to which something asked for was never written: the command
        was killed after the run was finished."""
        asked = [file for file in (self.junit, self.sarif) if file is not None]
        if out is None or not (self.gates or asked):
            return False
        with environment_errors(out):
            if not is_finished(out):
                return False
            judged = out / GATES
            if self.gates and not judged.is_file():
                return True
            since = (judged if self.gates else out / MANIFEST).stat().st_mtime_ns
            return any(not file.exists() or file.stat().st_mtime_ns < since for file in asked)

    def finish(self, done: Run, output: Output) -> None:
        """Judge the gates, write what was asked for, and raise AssayError `gate-failed` if one failed."""
        from assay.workflow.gate_reports.baseline import differences_to
        from assay.workflow.gate_reports.junit import junit_xml
        from assay.workflow.gate_reports.sarif import sarif

        differences = differences_to(self.baseline, done.path) if self.baseline else None
        results = judge_all(self.gates, done.audit, scores_of(done), differences)
        if results:
            record = {"schema": 1, "gates": [result.as_record() for result in results]}
            failed = sum(result.failed for result in results)
            add_file(done.path, GATES, record, {"gates": {"judged": len(results), "failed": failed}})
        if self.junit is not None:
            durable.write_text(self.junit, junit_xml(done.audit, results))
        if self.sarif is not None:
            location = str(read_manifest(done.path).get("data", {}).get("location", ""))
            durable.write_json(self.sarif, sarif(done.audit, results, location))
        if self.github:
            self._tell_github(done, results, output)
        passed = [
            result
            for result in results
            if result.gate.name == "leakage" and result.reason and not result.failed
        ]
        if not (output.json or output.quiet):  # gates.json has it too
            sys.stdout.write("".join(f"Gate passed: {result.told()}.\n" for result in passed))
        need_passed(results, done.path)

    def _tell_github(self, done: Run, results: Any, output: Output) -> None:
        from assay.workflow.gate_reports.github import annotations, step_summary

        # Where stdout is for programs, annotations go to the other stream; the service reads both.
        stream = sys.stderr if output.json or output.quiet else sys.stdout
        stream.write("".join(f"{line}\n" for line in annotations(done.audit, results)))
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if summary:
            score = f"{score_line(done.score)} " if done.score else ""
            text = step_summary(done.audit, results, f"{score}Audit: {counts_line(done.audit)}.")
            _append(Path(summary), text)


def _append(path: Path, text: str) -> None:
    """Add text to a file that others write to as well, in whatever encoding.

    Raises AssayError `disk-error`, also for a folder, pipe or device and where it is too long, `disk-full`,
    `not-writable`.
    """
    with environment_errors(path):
        there = path.is_file()  # of all else `durable` says that no file can be put there
        if there and path.stat().st_size > _LONGEST_SUMMARY:
            what = f"it has more than {_LONGEST_SUMMARY:,} bytes, and a summary is shown up to 1 MiB"
            raise AssayError("disk-error", path, what, "Let GITHUB_STEP_SUMMARY name a shorter file.")
        before = path.read_bytes() if there else b""
    line_end = b"" if not before or before.endswith(b"\n") else b"\n"
    durable.write_bytes(path, before + line_end + durable.utf_8(text))
