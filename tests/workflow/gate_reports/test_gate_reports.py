"""What pipelines read of a run: gates.json, JUnit, SARIF, annotations, and gates against a baseline."""

import importlib.util
import json
import os
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from assay.audits.issues import Issue
from assay.audits.values import Audit, Finding
from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.workflow.gate_reports.github import annotations, step_summary
from assay.workflow.gate_reports.junit import junit_xml
from assay.workflow.gate_reports.sarif import MOST, sarif
from assay.workflow.quality_gates.gates import parse_gates
from assay.workflow.quality_gates.judging import Difference, judge_all, judged
from assay.workflow.recorded.run_record import damaged_files, file_hashes, read_manifest
from torture.job import tiny_dataset, tiny_split

pytestmark = pytest.mark.usefixtures("undrawn")

HOSTILE = "]]> <b>&\x00\x1b[31m\u202e::error::|x`%0A\nnext"


def _schemas():
    spec = importlib.util.spec_from_file_location("schemas", Path(__file__).with_name("schemas.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _issue(row: int, name: str = "", check: str = "leakage", score: float = 0.5) -> Issue:
    return Issue(check, "copy", score, "test", row, name or f"test/{row}", "0" * 64, HOSTILE, detail=HOSTILE)


def _audit(issues: tuple[Issue, ...] = (), summary: str = HOSTILE) -> Audit:
    splits = {"train": {"count": 150}, "test": {"count": 50}}
    findings = (
        Finding("leakage", "fail", summary, {}, "", "", fix=summary, count=3, area="data integrity"),
        Finding("drift", "not evaluated", summary, {}, "", summary, area="data integrity"),
        Finding("identity", "pass", "", {}, "", "", area="data integrity"),
    )
    return Audit({"name": HOSTILE, "splits": splits}, {}, findings, issues)


def _results(text: str):
    return judge_all(parse_gates(text), _audit(), None)


def _need_sarif(log: dict) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(log, _schemas().SARIF, format_checker=jsonschema.FormatChecker())
    jsonschema.validate(log, _official_sarif(), format_checker=jsonschema.FormatChecker())


def _official_sarif() -> dict:
    """The schema of the standard itself (OASIS; this copy: microsoft/sarif-js-sdk, MIT license)."""
    return json.loads(Path(__file__).with_name("sarif-2.1.0-rtm.5.json").read_text("utf-8"))


def _need_junit(text: str) -> None:
    """Valid by our schema, which knows the counts, and by the one of Jenkins' xUnit plugin (MIT license)."""
    xmlschema = pytest.importorskip("xmlschema")
    for schema in (_schemas().JUNIT, Path(__file__).with_name("junit-10.xsd")):
        xmlschema.XMLSchema(schema).validate(text)


def test_the_schemas_can_refuse(tmp_path: Path) -> None:
    """A check that cannot fail proves nothing."""
    jsonschema, xmlschema = pytest.importorskip("jsonschema"), pytest.importorskip("xmlschema")
    log = sarif(_audit((_issue(0),)), [], "")
    log["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        _need_sarif(log)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(log, _official_sarif())
    schema = xmlschema.XMLSchema(_schemas().JUNIT)
    assert not schema.is_valid('<testsuites><testsuite name="x" tests="many"/></testsuites>')
    for wrong in ('<testsuites><testcase name="a"/></testsuites>', '<testsuite name="x"><case/></testsuite>'):
        with pytest.raises(xmlschema.XMLSchemaValidationError):
            xmlschema.XMLSchema(Path(__file__).with_name("junit-10.xsd")).validate(wrong)


def test_junit_is_valid_whatever_the_data_say() -> None:
    """Gates fail or pass; checks never fail by themselves; control characters are no XML."""
    text = junit_xml(_audit(), _results("leakage>0,drift>0,leakage>99"))
    _need_junit(text)
    gates, checks = ElementTree.fromstring(text.split("\n", 1)[1])
    assert (gates.get("tests"), gates.get("failures")) == ("3", "2")
    assert [case.find("failure") is not None for case in gates] == [True, True, False]
    assert gates[1].find("failure").get("type") == "not evaluated"
    assert (checks.get("failures"), checks.get("skipped")) == ("0", "1")


def test_sarif_is_valid_and_says_what_is_left_out() -> None:
    """Levels follow the verdicts; past the most, the worst are kept and the rest is counted."""
    issues = tuple(_issue(row, score=row / (MOST + 9)) for row in range(MOST + 7))
    log = sarif(_audit(issues), _results("leakage>0"), "")
    _need_sarif(log)
    run = log["runs"][0]
    assert len(run["results"]) == MOST + 1
    assert run["results"][0]["ruleId"] == "gate"
    assert {result["level"] for result in run["results"]} == {"error"}
    assert (
        "7 of 5,007 issues are left out"
        in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    )
    assert min(r["properties"]["score"] for r in run["results"][1:]) == 7 / (MOST + 9)
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_an_annotation_is_one_line_that_gives_no_command() -> None:
    """Text of the data can neither end the command nor begin another."""
    lines = list(annotations(_audit(), _results("leakage>0")))
    assert len(lines) == 2
    assert all(
        line.count("\n") == 0 and line.startswith(("::error title=", "::warning title=")) for line in lines
    )
    title, message = lines[1].removeprefix("::warning title=").split("::", 1)
    assert title == "assay leakage%3A fail"
    assert "%0A" not in message.replace("%250A", "")
    summary = step_summary(_audit(), _results("leakage>0"), HOSTILE)
    assert "<b>" not in summary
    assert all(line.count(" | ") == 2 for line in summary.splitlines() if line.startswith("| "))


BASELINE = {
    # gate: (fails for -0.02 [-0.03, -0.01], fails for -0.002 [-0.012, 0.008])
    "accuracy<baseline": (True, False),
    "accuracy<baseline-0.5%": (True, False),
    "accuracy<baseline-0.015": (False, False),
    "accuracy_low<baseline-0.5%": (True, True),
    "accuracy_low<baseline-5%": (False, False),
}


@pytest.mark.parametrize("text", BASELINE)
def test_a_baseline_gate_by_hand(text: str) -> None:
    """`accuracy`: shown to be worse; `accuracy_low`: not shown to be good enough."""
    worse, alike = Difference("old", -0.02, -0.03, -0.01), Difference("old", -0.002, -0.012, 0.008)
    gates = parse_gates(text)
    assert str(gates[0]) == text.replace("-0.015", "-1.5%")
    found = tuple(judged(gates, _audit(), None, d)[0].failed for d in (worse, alike))
    assert found == BASELINE[text]


def test_a_baseline_gate_without_an_interval_or_baseline() -> None:
    """With too few that differ the difference decides; without a baseline the gate fails."""
    gates = parse_gates("accuracy<baseline-0.5%")
    same = judged(gates, _audit(), None, Difference("old", 0.0, None, None))[0]
    assert (same.failed, "too few images" in same.reason) == (False, True)
    assert judged(gates, _audit(), None)[0].failed


@pytest.mark.parametrize(
    "text",
    ["macro_f1<baseline", "accuracy>baseline", "accuracy<baseline-x", "accuracy<baseline5", "ece<baseline"],
)
def test_what_is_no_baseline_gate(text: str) -> None:
    """Refused before any work."""
    with pytest.raises(AssayError, match="unknown-gate"):
        parse_gates(text)


def _folder(root: Path) -> Path:
    """An image folder whose test split holds a copy of a training image."""
    data = tiny_dataset()
    for name, count in (("train", 60), ("test", 30)):
        split = tiny_split(name, count, count)
        for row in range(count):
            place = root / name / data.classes[split.labels[row]]
            place.mkdir(parents=True, exist_ok=True)
            picture = np.kron(split.images[row, :, :, 0], np.ones((4, 4), np.uint8))
            Image.fromarray(picture).save(place / f"{row} ü.png")
    copy = (root / "train" / data.classes[0] / "0 ü.png").read_bytes()
    (root / "test" / data.classes[0] / "copy.png").write_bytes(copy)
    return root


def test_an_audit_in_a_pipeline(tmp_path: Path, monkeypatch, capfd) -> None:
    """Exit 8, and all files are there: gates in the manifest, results at their files, a summary added to."""
    monkeypatch.chdir(tmp_path)
    _folder(tmp_path / "my photos")
    (tmp_path / "summary.md").write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    line = ["audit", "my photos", "--checks", "leakage,identity,exact-duplicates", "--out", "a"]
    kit = ["--junit", "j.xml", "--sarif", "s.sarif", "--github"]
    assert exit_code([*line, "--fail-on", "leakage>0,identity>5", *kit]) == 8
    out, err = capfd.readouterr()
    assert "::error title=assay gate leakage>0::leakage>0 (found 1)" in out
    assert "gate-failed" in err
    _need_junit(Path("j.xml").read_text("utf-8"))
    log = json.loads(Path("s.sarif").read_text())
    _need_sarif(log)
    uris = [
        r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for r in log["runs"][0]["results"]
        if r["ruleId"] == "leakage"
    ]
    assert uris == ["my%20photos/test/left/copy.png"]
    gates = json.loads(Path("a/gates.json").read_text())
    assert gates["schema"] == 1
    assert [(g["gate"], g["value"], g["failed"]) for g in gates["gates"]] == [
        ("leakage>0", 1.0, True),
        ("identity>5", 0.0, False),
    ]
    manifest = read_manifest(Path("a"))
    assert manifest["gates"] == {"judged": 2, "failed": 1}
    assert damaged_files(Path("a"), manifest) == []
    assert file_hashes(Path("a")) == manifest["files"]
    summary = Path("summary.md").read_text()
    assert summary.startswith("before\n## Assay: my photos")
    assert "| leakage\\>0" not in summary
    assert "| leakage&gt;0 | 1.0 | **failed** |" in summary


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "nowhere", "too long"])
def test_a_summary_that_cannot_be_added_to_is_told(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    """One line, at once: a pipe was waited for, a device read until memory ended, a folder called a fault."""
    monkeypatch.chdir(tmp_path)
    summary = tmp_path / ("no/summary.md" if kind == "nowhere" else "summary.md")
    if kind == "folder":
        summary.mkdir()
    elif kind == "pipe":
        os.mkfifo(summary)
    elif kind == "device":
        summary.symlink_to("/dev/full")
    elif kind == "too long":
        with summary.open("wb") as file:
            file.truncate(40 << 30)
    data = tiny_dataset()
    np.savez("set.npz", x_train=data.train.images, y_train=data.train.labels)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    line = ["audit", "set.npz", "--checks", "identity", "-q", "--out", "a", "--github"]
    assert exit_code(line) == 5
    err = capfd.readouterr().err
    assert err.count("\n") == 1, err
    assert "error[disk-error]" in err
    assert exit_code(["verify", "a"]) == 0


def test_a_summary_in_another_encoding_is_added_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others wrote stays as it is, and its last line is ended."""
    monkeypatch.chdir(tmp_path)
    Path("summary.md").write_bytes(b"caf\xe9")
    data = tiny_dataset()
    np.savez("set.npz", x_train=data.train.images, y_train=data.train.labels)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    assert exit_code(["audit", "set.npz", "--checks", "identity", "-q", "--out", "a", "--github"]) == 0
    assert Path("summary.md").read_bytes().startswith(b"caf\xe9\n## Assay: set\n")


def test_a_run_against_its_baseline(tmp_path: Path, monkeypatch, capfd) -> None:
    """A run is no worse than itself; a much worse one fails; other test images are refused."""
    monkeypatch.chdir(tmp_path)
    data = tiny_dataset()
    test = tiny_split("test", 600, 1)
    arrays = {"x_train": data.train.images, "y_train": data.train.labels}
    np.savez("set.npz", **arrays, x_test=test.images, y_test=test.labels)
    quick = ["run", "set.npz", "--checks", "identity", "-q"]
    assert exit_code([*quick, "--model", "nearest-mean", "--out", "a"]) == 0
    gate = ["--fail-on", "accuracy<baseline-0.5%", "--baseline", "a"]
    assert exit_code([*quick, "--model", "nearest-mean", "--out", "b", *gate]) == 0
    assert exit_code([*quick, "--model", "majority", "--out", "c", *gate]) == 8
    told = capfd.readouterr().err
    assert "against a: difference -0.6667, paired 95 % interval" in told
    assert json.loads(Path("c/gates.json").read_text())["gates"][0]["baseline"] is True
    # Judged again without gates, what was judged before is gone.
    assert exit_code(["evaluate", "c", "-q"]) == 0
    assert not Path("c/gates.json").exists()
    for wrong in (
        ["--fail-on", "accuracy<baseline"],
        ["--baseline", "a"],
        ["--fail-on", "accuracy<baseline", "--baseline", "nowhere"],
    ):
        assert exit_code([*quick, "--model", "majority", "--out", "d", *wrong]) == 2
        assert not Path("d").exists()


@pytest.mark.parametrize("command", ["audit", "run", "train"])
def test_the_same_command_writes_what_a_killed_one_did_not(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    """Killed after the run was finished: given again it judges and writes; once more, and it is finished."""
    monkeypatch.chdir(tmp_path)
    data = tiny_dataset()
    test = tiny_split("test", 60, 1)
    arrays = {"x_train": data.train.images, "y_train": data.train.labels}
    np.savez("set.npz", **arrays, x_test=test.images, y_test=test.labels)
    line = [command, "set.npz", "--checks", "identity", "-q", "--out", "a"]
    line += [] if command == "audit" else ["--model", "nearest-mean"]
    asked = ["--fail-on", "verdict:identity!=warn", "--junit", "j.xml", "--sarif", "s.sarif"]

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("assay.cli.gating.add_file", killed)
        assert exit_code([*line, *asked]) == 130
    Path("j.xml").write_text("<testsuites/>")  # of an earlier run
    before = {name: Path("a", name).read_bytes() for name in ("audit.json", "report.html", "config.toml")}
    assert (
        exit_code([*line, "--fail-on", "identity>9", "--set" if command == "run" else "--seed", "k=1"]) == 2
    )
    assert exit_code([*line, *asked]) == 8
    _need_junit(Path("j.xml").read_text("utf-8"))
    _need_sarif(json.loads(Path("s.sarif").read_text()))
    assert len(json.loads(Path("a/gates.json").read_text())["gates"]) == 1
    assert {name: Path("a", name).read_bytes() for name in before} == before
    assert exit_code(["verify", "a"]) == 0
    capfd.readouterr()
    assert exit_code([*line, *asked]) == 2
    assert "run-folder-finished" in capfd.readouterr().err
    Path("j.xml").unlink()  # as if killed between the two
    assert exit_code([*line, *asked]) == 8
    assert Path("j.xml").exists()


def test_a_merge_writes_what_a_killed_one_did_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    """From its parts, with the data gone; other parts, or a damaged run, are refused."""
    monkeypatch.chdir(tmp_path)
    data = tiny_dataset()
    for name, images in (("set", data.train.images), ("other", data.train.images[::-1])):
        np.savez(f"{name}.npz", x_train=images, y_train=data.train.labels)
        for shard in ("1/2", "2/2"):
            line = ["audit", f"{name}.npz", "--checks", "identity", "-q", "--shard", shard]
            assert exit_code([*line, "--out", f"parts of {name}"]) == 0
        Path(f"{name}.npz").unlink()
    asked = ["--fail-on", "verdict:identity!=warn", "--junit", "j.xml", "--sarif", "s.sarif"]
    line = ["merge", "parts of set", "-q", "--out", "a", *asked]

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("assay.cli.gating.add_file", killed)
        assert exit_code(line) == 130
    before = {name: Path("a", name).read_bytes() for name in ("audit.json", "report.html", "config.toml")}
    assert exit_code(["merge", "parts of other", *line[2:]]) == 2
    assert not Path("j.xml").exists()
    assert exit_code(line) == 8
    _need_junit(Path("j.xml").read_text("utf-8"))
    _need_sarif(json.loads(Path("s.sarif").read_text()))
    assert {name: Path("a", name).read_bytes() for name in before} == before
    manifest = read_manifest(Path("a"))
    assert damaged_files(Path("a"), manifest) == []
    assert manifest["parts"]["shards"] == 2
    capfd.readouterr()
    assert exit_code(line) == 2
    assert "run-folder-finished" in capfd.readouterr().err
    Path("j.xml").unlink()
    Path("a/audit.json").write_text("{}")
    assert exit_code(line) == 4
    assert "run-damaged" in capfd.readouterr().err


def test_another_finished_run_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    """Gates that were never judged are no leave to judge a run of other settings or other data."""
    monkeypatch.chdir(tmp_path)
    data = tiny_dataset()
    np.savez("set.npz", x_train=data.train.images, y_train=data.train.labels)
    np.savez("other.npz", x_train=data.train.images[::-1], y_train=data.train.labels)
    assert exit_code(["audit", "set.npz", "--checks", "identity", "-q", "--out", "a"]) == 0
    before = {path: path.read_bytes() for path in Path("a").rglob("*") if path.is_file()}
    for other in (["other.npz", "--checks", "identity"], ["set.npz", "--checks", "quality"]):
        assert exit_code(["audit", *other, "-q", "--out", "a", "--fail-on", "identity>0"]) == 2
        assert "run-folder-finished" in capfd.readouterr().err
    Path("other.npz").replace("set.npz")
    line = ["audit", "set.npz", "--checks", "identity", "-q", "--out", "a", "--fail-on", "identity>0"]
    assert exit_code(line) == 4
    assert "data-changed" in capfd.readouterr().err
    assert {path: path.read_bytes() for path in Path("a").rglob("*") if path.is_file()} == before
