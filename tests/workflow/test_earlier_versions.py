"""Runs that earlier versions of Assay made: finished ones are read as any other, others say why not."""

import json
from pathlib import Path

import pytest

from assay.core import durable
from assay.core.errors import AssayError, Interrupted
from assay.core.events import Event
from assay.workflow import api, run_commands
from assay.workflow.run_folder import made_otherwise
from assay.workflow.verify import Fact, demand, verify_run

SAMPLE = "fashion-mnist-sample"


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """A run as the first version made it: the word for `resize` is kept, though nothing was to be resized."""
    folder = tmp_path / "run"
    api.run(SAMPLE, model="majority", checks=["identity"], out=folder)
    config, manifest = folder / "config.toml", folder / "manifest.json"
    config.write_text('resize = "fit"\n' + config.read_text("utf-8"), "utf-8")
    record = json.loads(manifest.read_text("utf-8"))
    record["files"]["config.toml"] = durable.file_sha256(config)
    manifest.write_text(json.dumps(record), "utf-8")
    return folder


def test_a_run_of_an_earlier_version_is_verified_and_reported_again(earlier: Path) -> None:
    """Nobody gave the option that this version refuses for such data."""
    facts = verify_run(earlier)
    assert all(fact.holds for fact in facts), facts
    assert any("fingerprint" in fact.what for fact in facts)
    run_commands.report_again(earlier)
    run_commands.run_evaluate(earlier)


def test_the_option_itself_is_refused_still(tmp_path: Path) -> None:
    """Given for data that have no use for it, on the command line or in a table of settings."""
    with pytest.raises(AssayError, match=r"option-not-used.*--resize"):
        api.run(SAMPLE, model="majority", resize="fit", out=tmp_path / "new")


def test_an_unfinished_run_of_another_version_is_to_be_begun_anew(tmp_path: Path) -> None:
    """One that had a setting less."""

    def stop(event: Event) -> None:
        if event.event == "stage-started" and event.stage == "evaluate":
            raise Interrupted(143)

    folder = tmp_path / "run"
    with pytest.raises(Interrupted):
        api.run(SAMPLE, model="majority", checks=["identity"], out=folder, on_event=stop)
    config = folder / "config.toml"
    lines = config.read_text("utf-8").splitlines(keepends=True)
    config.write_text("".join(line for line in lines if not line.startswith("follow_links")), "utf-8")
    with pytest.raises(AssayError, match=r"another version of Assay began this run.*follow_links") as caught:
        run_commands.resume(folder)
    assert (caught.value.code, caught.value.exit_code) == ("config-changed", 4)


def test_other_bits_of_another_version_are_no_damage(earlier: Path) -> None:
    """What is known to be another is named; a file that changed is damage all the same."""
    assert made_otherwise(earlier) == []
    manifest = earlier / "manifest.json"
    record = json.loads(manifest.read_text("utf-8"))
    now = record["versions"]["numpy"]
    record["versions"]["numpy"] = "1.0"
    record["code"] = "0" * 64
    manifest.write_text(json.dumps(record), "utf-8")
    changed = ["the code of Assay", f"numpy: 1.0 there, {now} now"]
    assert made_otherwise(earlier) == changed
    again = Fact("model, trained again", holds=False)
    with pytest.raises(AssayError, match="All files are those that the run wrote") as caught:
        demand(earlier, [Fact("file history.csv", holds=True), again])
    assert f"other bits; changed since: {', '.join(changed)}. Where" in caught.value.fix
    with pytest.raises(AssayError, match="Do not use what changed"):
        demand(earlier, [Fact("file history.csv", holds=False), again])
    del record["code"]
    manifest.write_text(json.dumps(record), "utf-8")
    assert made_otherwise(earlier) == changed[1:]
