"""An audit's findings as SARIF 2.1.0 (OASIS 2020): code scanning shows each at its file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from assay.audits.issues import Issue
from assay.audits.values import Audit, Finding
from assay.core.text import one_line
from assay.core.version import __version__
from assay.workflow.quality_gates.judging import GateResult

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"

#: Results in one file: services take 25,000 and show 5,000.
MOST: Final = 5_000

_LEVELS: Final = {"fail": "error", "warn": "warning", "pass": "note", "not evaluated": "none"}


def sarif(audit: Audit, results: Sequence[GateResult], location: str) -> dict[str, Any]:
    """The log as JSON types. location: where the data lie; an issue points to its file where there is one.

    Worst first where there are more than `MOST` issues; a notification says how many are left out.
    """
    verdicts = {finding.check: finding for finding in audit.findings}
    rank = {check: number for number, check in enumerate(verdicts)}
    ordered = sorted(audit.issues, key=lambda i: (_LEVELS[verdicts[i.check].verdict], -i.score))
    shown = sorted(ordered[:MOST], key=lambda i: (rank[i.check], -i.score, i.split, i.index))
    left, failed = len(ordered) - len(shown), [result for result in results if result.failed]
    rules = [*(_rule(finding) for finding in audit.findings), *([_GATE_RULE] if failed else [])]
    invocation: dict[str, Any] = {"executionSuccessful": True}
    if left:
        text = f"{left:,} of {len(ordered):,} issues are left out, the least severe; issues.csv has all."
        invocation["toolExecutionNotifications"] = [{"level": "note", "message": {"text": text}}]
    driver = {"name": "assay", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": [
            *(_gate(result, len(rules) - 1) for result in failed),
            *(_result(issue, verdicts[issue.check], rank[issue.check], location) for issue in shown),
        ],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


_GATE_RULE: Final = {
    "id": "gate",
    "shortDescription": {"text": "A condition of --fail-on that must not be true"},
    "defaultConfiguration": {"level": "error"},
}


def _rule(finding: Finding) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": finding.check,
        "shortDescription": {"text": f"{finding.area}: {finding.check}".strip(": ")},
        "fullDescription": {"text": one_line(finding.summary) or finding.check},
        "defaultConfiguration": {"level": _LEVELS[finding.verdict]},
        "properties": {"verdict": finding.verdict, "count": finding.count},
    }
    if finding.fix:
        rule["help"] = {"text": one_line(finding.fix)}
    return rule


def _gate(result: GateResult, index: int) -> dict[str, Any]:
    text = one_line(f"Gate failed: {result.told()}")
    return {"ruleId": "gate", "ruleIndex": index, "level": "error", "message": {"text": text}}


def _result(issue: Issue, finding: Finding, index: int, location: str) -> dict[str, Any]:
    level = _LEVELS[finding.verdict]
    return {
        "ruleId": issue.check,
        "ruleIndex": index,
        "level": level,
        "message": {"text": one_line(_message(issue))},
        "locations": [_location(issue, location)],
        "partialFingerprints": {"image/v1": f"{issue.check}:{issue.kind}:{issue.digest or issue.id}"},
        "properties": {"score": issue.score, "split": issue.split, "label": issue.label},
    }


def _message(issue: Issue) -> str:
    suggested = f", suggested label {issue.suggested}" if issue.suggested else ""
    related = f"; see {issue.related_split} {issue.related_id}" if issue.related_id else ""
    detail = f": {issue.detail}" if issue.detail else ""
    return f"{issue.check} {issue.kind}, label {issue.label}{suggested}{detail}{related}"


def _location(issue: Issue, location: str) -> dict[str, Any]:
    """The image's file where there is one; else split and number, which no file system knows."""
    logical = {"name": issue.id, "fullyQualifiedName": f"{issue.split}/{issue.index}", "kind": "member"}
    file = _file(issue.id, location)
    if file is None:
        return {"logicalLocations": [logical]}
    return {"physicalLocation": {"artifactLocation": {"uri": file}}, "logicalLocations": [logical]}


def _file(name: str, location: str) -> str | None:
    """The file of an image as a URI, relative to the working folder where it lies below it."""
    place = Path(location) if location else None
    if place is None:
        return None
    path = (place if place.is_dir() else place.parent) / name
    if not path.is_file():
        return None
    absolute = path.resolve()
    here = Path.cwd().resolve()
    if absolute.is_relative_to(here):
        return quote(absolute.relative_to(here).as_posix())
    return absolute.as_uri()
