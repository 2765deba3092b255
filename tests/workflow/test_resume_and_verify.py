"""`resume` and `verify` refuse what changed, say what, and find whatever is not as it was."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assay.core.durable import TEMPORARY
from assay.core.errors import AssayError, Interrupted
from assay.core.events import Event
from assay.data.values import Dataset
from assay.workflow import api, run_commands
from assay.workflow.verify import demand, verify_run
from torture.job import CHECKS, CLASSES, settings, tiny_dataset, tiny_split, whole_result


def stopped_run(folder: Path, **more) -> Path:
    """A run that was stopped after its first epoch."""

    def stop(event: Event) -> None:
        if event.event == "epoch":
            raise Interrupted(143)

    with pytest.raises(Interrupted) as caught:
        api.run(tiny_dataset(), out=folder, checks=CHECKS, on_event=stop, **settings(3), **more)
    assert caught.value.folder == folder
    return folder


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory) -> Iterator[None]:
    """A cache that knows no audit yet: the first run makes it, the others find it kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    api.run(tiny_dataset(), out=folder, checks=CHECKS, **settings(3))
    return folder


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    folder = tmp_path / "copy"
    for file in finished.rglob("*"):
        if file.is_file():
            target = folder / file.relative_to(finished)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    return folder


def test_a_stopped_run_is_resumed_to_equal_files(finished, tmp_path) -> None:
    """Every file but the manifest equals that of a run never stopped; the manifest says it was resumed."""
    folder = stopped_run(tmp_path / "run")
    run = run_commands.resume(folder, tiny_dataset())
    assert whole_result(folder) == whole_result(finished)
    assert run.score is not None
    assert json.loads((folder / "manifest.json").read_text())["resumed"] is True


def test_a_killed_process_leaves_no_litter(tmp_path) -> None:
    """What a process that is gone was writing, at any depth of the folder, is removed by the next run."""
    folder = stopped_run(tmp_path / "run")
    for place in (folder, folder / "checkpoints", folder / "model"):
        place.mkdir(exist_ok=True)
        (place / f"{TEMPORARY}{2**30}-abc").write_bytes(b"half")
    run_commands.resume(folder, tiny_dataset())
    assert [p for p in folder.rglob("*") if p.name.startswith(TEMPORARY)] == []


def other_data() -> Dataset:
    return replace(
        tiny_dataset(), splits={**tiny_dataset().splits, "train": tiny_split("train", 60, 7)}, fingerprints={}
    )


def other_order() -> Dataset:
    return replace(tiny_dataset(), classes=CLASSES[::-1], fingerprints={})


@pytest.mark.parametrize(
    ("data", "word"),
    [(other_data, "fingerprints"), (other_order, "classes: ['left', 'middle', 'right']")],
)
def test_changed_data_are_refused(tmp_path, data, word) -> None:
    """Other images or another order of classes: exit 4 with the difference, and the folder is as before."""
    folder = stopped_run(tmp_path / "run")
    with pytest.raises(AssayError) as caught:
        run_commands.resume(folder, data())
    assert (caught.value.code, caught.value.exit_code) == ("data-changed", 4)
    assert word in str(caught.value)
    run_commands.resume(folder, tiny_dataset())


def test_a_changed_configuration_is_refused(tmp_path) -> None:
    """A setting edited in config.toml: exit 4, with what it was and is."""
    folder = stopped_run(tmp_path / "run")
    config = folder / "config.toml"
    config.write_text(config.read_text().replace("epochs = 3", "epochs = 5"))
    with pytest.raises(AssayError, match="epochs: 3 then, 5 now") as caught:
        run_commands.resume(folder, tiny_dataset())
    assert (caught.value.code, caught.value.exit_code) == ("config-changed", 4)


def test_changed_versions_are_refused(tmp_path, monkeypatch) -> None:
    """Another version of a library that decides bits: exit 4, naming both versions."""
    folder = stopped_run(tmp_path / "run")
    monkeypatch.setattr(
        "assay.training.loop.job.versions", lambda: {"assay": "9", "numpy": "1", "torch": "0"}
    )
    with pytest.raises(AssayError, match="then, '0' now") as caught:
        run_commands.resume(folder, tiny_dataset())
    assert caught.value.exit_code == 4


def test_changes_can_be_accepted(tmp_path) -> None:
    """Told to, a run goes on with other data, and says that the result is that of neither run."""
    folder, events = stopped_run(tmp_path / "run"), []
    run = run_commands.resume(folder, other_data(), accept_changes=True, on_event=events.append)
    assert run.model is not None
    assert len(run.model.history.records) == 3
    warnings = [e.figures["message"] for e in events if e.event == "warning"]
    assert any("begun otherwise" in message for message in warnings)


def test_another_net_is_never_accepted(tmp_path) -> None:
    """Weights of another shape cannot be continued, whatever is accepted."""
    folder = stopped_run(tmp_path / "run")
    config = folder / "config.toml"
    config.write_text(config.read_text().replace("hidden = 8", "hidden = 9"))
    with pytest.raises(AssayError, match="another net"):
        run_commands.resume(folder, tiny_dataset(), accept_changes=True)


def test_a_run_stopped_before_its_first_checkpoint_begins_anew(finished, tmp_path) -> None:
    """With nothing saved yet there is nothing to lose: the same files in the end."""

    def stop(event: Event) -> None:
        if event.event == "finding":
            raise Interrupted

    with pytest.raises(Interrupted):
        api.run(tiny_dataset(), out=tmp_path / "run", checks=CHECKS, on_event=stop, **settings(3))
    run_commands.resume(tmp_path / "run", tiny_dataset())
    assert whole_result(tmp_path / "run") == whole_result(finished)


def test_other_test_images_change_no_weight(finished, tmp_path) -> None:
    """Poisoning: with another test split the model's weights and history are the same bits."""
    splits = {**tiny_dataset().splits, "test": tiny_split("test", 30, 99)}
    poisoned = replace(tiny_dataset(), splits=splits, fingerprints={})
    api.run(poisoned, out=tmp_path / "run", checks=CHECKS, **settings(3))
    for name in ("model/model.safetensors", "history.csv"):
        assert (tmp_path / "run" / name).read_bytes() == (finished / name).read_bytes()
    for name in ("evaluation.json", "predictions.csv"):
        assert (tmp_path / "run" / name).read_bytes() != (finished / name).read_bytes()


def test_an_intact_run_is_verified(finished) -> None:
    """Every file, the data, and the model trained again are the same; nothing is written."""
    before = whole_result(finished), (finished / "manifest.json").read_bytes()
    facts = verify_run(finished, tiny_dataset(), retrain=True)
    assert all(fact.holds for fact in facts)
    names = [fact.what for fact in facts]
    assert {"file evaluation.json", "fingerprint of the data", "model, trained again"} <= set(names)
    demand(finished, facts)
    assert (whole_result(finished), (finished / "manifest.json").read_bytes()) == before


@pytest.mark.parametrize("name", ["evaluation.json", "model/model.safetensors", "report.html", "config.toml"])
def test_a_flipped_bit_is_found(copy, name) -> None:
    """One bit of one file: it is named, with exit 4."""
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(AssayError) as caught:
        demand(copy, verify_run(copy, tiny_dataset()))
    assert caught.value.exit_code == 4
    assert name.split("/")[-1] in str(caught.value)


def test_what_is_missing_or_new_is_found(copy) -> None:
    """A file gone, and one that the manifest does not know."""
    (copy / "history.csv").unlink()
    (copy / "extra.txt").write_text("new")
    broken = {fact.what for fact in verify_run(copy, tiny_dataset()) if not fact.holds}
    assert broken == {"file history.csv", "file extra.txt is not in the manifest"}


def test_other_data_are_found(copy) -> None:
    """The fingerprint tells other data; trained on them, the model differs too."""
    broken = {fact.what for fact in verify_run(copy, other_data(), retrain=True) if not fact.holds}
    assert "fingerprint of the data" in broken
    assert "model, trained again" in broken


def test_a_folder_without_a_run(tmp_path) -> None:
    """Nothing to resume or verify: exit 2, saying what is missing."""
    for command in (run_commands.resume, verify_run):
        with pytest.raises(AssayError) as caught:
            command(tmp_path)
        assert (caught.value.code, caught.value.exit_code) == ("not-a-run-folder", 2)


def test_an_unfinished_run_is_evaluated_on_request(tmp_path) -> None:
    """After one of three epochs: the model and the score are those of a run of that one epoch at the same
    rates, and neither the folder nor the final model is changed by the look."""
    folder = stopped_run(tmp_path / "run")
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    model, score = run_commands.evaluate_unfinished(folder, tiny_dataset())
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    assert [record.epoch for record in model.history.records] == [1]
    short = api.run(tiny_dataset(), out=tmp_path / "short", checks=CHECKS, **settings(1))
    assert short.model is not None
    assert short.score is not None
    assert {n: w.tolist() for n, w in model.weights.items()} == {
        n: w.tolist() for n, w in short.model.weights.items()
    }
    assert score.accuracy == short.score.accuracy


def test_an_unfinished_run_without_an_epoch_has_nothing_to_evaluate(tmp_path) -> None:
    """Neither has an audit."""
    run_commands.run_audit(tiny_dataset(), out=tmp_path / "audit", checks=CHECKS)
    (tmp_path / "audit" / "manifest.json").unlink()
    folder = stopped_run(tmp_path / "run")
    for file in (folder / "checkpoints").iterdir():
        file.unlink()
    for path in (folder, tmp_path / "audit"):
        with pytest.raises(AssayError) as caught:
            run_commands.evaluate_unfinished(path, tiny_dataset())
        assert (caught.value.code, caught.value.exit_code) == ("no-epoch-finished", 2)


def test_a_report_of_changed_data_is_refused(tmp_path) -> None:
    """Also of an audit, which no model's fingerprint guards: it was replaced by that of other data."""
    run_commands.run_audit(tiny_dataset(), out=tmp_path / "a", checks=("identity",))
    before = {path: path.read_bytes() for path in (tmp_path / "a").rglob("*") if path.is_file()}
    other = replace(tiny_dataset(), splits={"train": tiny_split("train", 90, 7)})
    with pytest.raises(AssayError) as caught:
        run_commands.report_again(tmp_path / "a", other)
    assert caught.value.code == "data-changed"
    assert {path: path.read_bytes() for path in (tmp_path / "a").rglob("*") if path.is_file()} == before
