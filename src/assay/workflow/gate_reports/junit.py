"""Gates and checks as a JUnit report, which every continuous-integration service shows."""

from collections.abc import Sequence
from xml.etree import ElementTree

from assay.audits.values import Audit
from assay.core.text import one_line
from assay.workflow.quality_gates.judging import GateResult


def junit_xml(audit: Audit, results: Sequence[GateResult]) -> str:
    """Two suites: the gates, failed or passed, and the checks, whose verdicts fail nothing by themselves."""
    root = ElementTree.Element("testsuites", name="assay")
    gates = _suite(root, "gates", len(results), sum(r.failed for r in results), 0)
    for result in results:
        case = _case(
            gates, "assay.gates", f"{result.model}: {result.gate}" if result.model else str(result.gate)
        )
        if result.failed:
            kind = "not evaluated" if result.found is None else "gate failed"
            failure = ElementTree.SubElement(case, "failure", message=one_line(result.told()), type=kind)
            failure.text = one_line(result.told())
    skipped = sum(f.verdict == "not evaluated" for f in audit.findings)
    checks = _suite(root, "checks", len(audit.findings), 0, skipped)
    for finding in audit.findings:
        case = _case(checks, "assay.checks", finding.check)
        if finding.verdict == "not evaluated":
            ElementTree.SubElement(case, "skipped", message=one_line(finding.reason))
        out = ElementTree.SubElement(case, "system-out")
        out.text = one_line(f"{finding.verdict}: {finding.summary}")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _suite(
    root: ElementTree.Element, name: str, tests: int, failures: int, skipped: int
) -> ElementTree.Element:
    counts: dict[str, str] = {
        "name": name,
        "tests": str(tests),
        "failures": str(failures),
        "errors": "0",
        "skipped": str(skipped),
    }
    return ElementTree.SubElement(root, "testsuite", counts)


def _case(suite: ElementTree.Element, group: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=group, name=one_line(name))
