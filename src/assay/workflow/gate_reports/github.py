"""Gates and findings for GitHub Actions: annotations in the log, and a summary of the step."""

from collections.abc import Iterator, Sequence

from assay.audits.values import Audit
from assay.core.text import markdown_text, one_line
from assay.workflow.quality_gates.judging import GateResult


def annotations(audit: Audit, results: Sequence[GateResult]) -> Iterator[str]:
    """Workflow commands: an error for each gate that failed, a warning for each check that warns or fails."""
    for result in results:
        if result.failed:
            yield _command("error", f"assay gate {result.gate}", result.told())
    for finding in audit.findings:
        if finding.verdict in ("warn", "fail"):
            yield _command("warning", f"assay {finding.check}: {finding.verdict}", finding.summary)


def _command(kind: str, title: str, message: str) -> str:
    """`::error title=...::...`, escaped as the service wants it, so that data cannot give a command."""
    shown = one_line(title).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    return f"::{kind} title={shown}::{one_line(message).replace('%', '%25')}"


def step_summary(audit: Audit, results: Sequence[GateResult], headline: str) -> str:
    """The summary as Markdown: the gates, then the checks."""
    lines = [f"## Assay: {markdown_text(str(audit.dataset['name']))}", "", markdown_text(headline), ""]
    if results:
        lines += ["| gate | found | result |", "| --- | --- | --- |"]
        lines += [_gate_row(result) for result in results] + [""]
    lines += ["| check | verdict | finding |", "| --- | --- | --- |"]
    lines += [f"| {f.check} | {f.verdict} | {markdown_text(f.summary)} |" for f in audit.findings]
    return "\n".join(lines) + "\n"


def _gate_row(result: GateResult) -> str:
    name = f"{result.model}: {result.gate}" if result.model else str(result.gate)
    found = "not evaluated" if result.found is None else str(result.found)
    return (
        f"| {markdown_text(name)} | {markdown_text(found)} | {'**failed**' if result.failed else 'passed'} |"
    )
