"""A manifest is a file that anybody can change: what is no manifest is `run-damaged`, never a crash."""

import json
from pathlib import Path

import pytest

from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.workflow.recorded import run_record

pytestmark = pytest.mark.usefixtures("undrawn")

_DAMAGED = {
    "array": "[1]",
    "empty object": "{}",
    "null": "null",
    "deeply nested": "[" * 100_000 + "]" * 100_000,
    "long integer": '{"files": ' + "9" * 5000 + "}",
    "files an array": '{"files": [1]}',
    "hash a number": '{"files": {"a": 1}}',
    "name leads out": '{"files": {"../a": "0"}}',
    "absolute name": '{"files": {"/etc/hostname": "0"}}',
    "NUL in a name": json.dumps({"files": {"a\0b": "0"}}),
    "half a pair": '{"files": {"\\ud800": "0"}}',
    "name too long": json.dumps({"files": {"a" * 300: "0"}}),
    "path too long": json.dumps({"files": {"a/" * 3000 + "a": "0"}}),
    "training null": '{"files": {}, "training": null}',
    "models a number": '{"files": {}, "models": 3}',
}


@pytest.mark.parametrize("text", _DAMAGED.values(), ids=_DAMAGED.keys())
def test_verify_refuses_what_is_no_manifest(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line that names the file, and exit code 4."""
    (tmp_path / "manifest.json").write_text(text)
    assert exit_code(["verify", str(tmp_path)]) == 4
    error = capsys.readouterr().err
    assert error.startswith(f"error[run-damaged]: {tmp_path / 'manifest.json'}: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("data", [None, [], {}, {"fingerprint": 3}, "x"])
def test_a_manifest_without_a_fingerprint_vouches_for_no_data(tmp_path: Path, data: object) -> None:
    """Data of a run without a fingerprint cannot be compared: damaged, not equal."""
    with pytest.raises(AssayError) as refused:
        run_record.data_fingerprint(tmp_path, {"data": data})
    assert refused.value.code == "run-damaged"


@pytest.mark.parametrize("data", ["null", "[]", "{}"])
def test_verify_asks_for_the_fingerprint_before_the_data(
    tmp_path: Path, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole command, with a config whose hash is right."""
    (tmp_path / "config.toml").write_text('command = "audit"\ndata = "x"\n')
    files = json.dumps(run_record.file_hashes(tmp_path))
    (tmp_path / "manifest.json").write_text(f'{{"data": {data}, "files": {files}}}')
    assert exit_code(["verify", str(tmp_path)]) == 4
    assert "no fingerprint" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["a = " + "9" * 5000, "a = " + "[" * 5000 + "]" * 5000, "\0", "= 1"])
def test_a_config_that_cannot_be_read_is_damage(tmp_path: Path, text: str) -> None:
    """Long integers and deep nesting are no TOML errors to the parser; to the reader of a run they are."""
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(AssayError) as refused:
        run_record.read_config(tmp_path)
    assert refused.value.code == "run-damaged"
