"""Trackers: what an offline store holds equals the run's own files; nothing is sent; no failure stops it."""

import csv
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.core.events import Event
from assay.workflow.tracking import listen, worker
from assay.workflow.tracking.trackers import TRACKERS
from torture.job import tiny_dataset

#: Libraries of others, which warn of their own future.
pytestmark = pytest.mark.filterwarnings("ignore")

QUICK = {"checks": ["identity", "label-balance"], "epochs": 2, "model": "mlp"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder, no setting of any tracker, and no way out of this machine."""
    monkeypatch.chdir(tmp_path)
    for name in ("MLFLOW_TRACKING_URI", "WANDB_MODE", "TRACKIO_SPACE_ID", "TRACKIO_PROJECT", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    connect = socket.socket.connect

    def only_here(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else "127.0.0.1"
        assert host in ("127.0.0.1", "localhost", "::1"), f"something was sent to {address}"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_here)
    return tmp_path


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> tuple[list[Event], dict[str, list[float]]]:
    """The events of one run, and what its own files say, by name of the metric."""
    out, events = tmp_path_factory.mktemp("told") / "run", []
    run = assay.run(tiny_dataset(), out=out, on_event=events.append, **QUICK)
    rows = list(csv.DictReader((out / "history.csv").open()))
    figures = {key: [float(row[key]) for row in rows] for key in rows[0] if key != "epoch"}
    audit = json.loads((out / "audit.json").read_text())
    figures |= {f"audit/{f['check']}": [f["count"]] for f in audit["findings"]}
    assert run.score is not None
    low, high = run.score.accuracy_ci95
    figures |= {"test/accuracy": [run.score.accuracy], "test/n": [float(len(run.score.labels))]}
    return events, figures | {"test/accuracy_low": [low], "test/accuracy_high": [high]}


def _track(name: str, events: list[Event]) -> list[str]:
    """The warnings of trackers that hear the events of a run."""
    heard: list[Event] = []
    with assay.tracking(name, heard.append) as on_event:
        for event in events:
            on_event(event)
    assert [e for e in heard if e.stage != "track"] == events, "the other listener hears all"
    return [str(e.figures["message"]) for e in heard if e.stage == "track"]


def test_mlflow_reads_back_equal(here: Path, told) -> None:
    """Every figure to the bit, the settings as the run's config.toml has them."""
    mlflow = pytest.importorskip("mlflow")
    events, figures = told
    warnings = _track("mlflow", events)
    assert warnings == []
    client = mlflow.MlflowClient(f"sqlite:///{here / 'mlflow.db'}")
    (run,) = client.search_runs([client.get_experiment_by_name("assay").experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["config/recipe/epochs"] == "2"
    assert run.data.params["audit/identity/verdict"] in ("pass", "warn", "fail", "not evaluated")
    assert set(run.data.metrics) == set(figures)
    for name, values in figures.items():
        found = client.get_metric_history(run.info.run_id, name)
        assert [m.value for m in sorted(found, key=lambda m: m.step)] == values


def test_tensorboard_reads_back_equal(here: Path, told) -> None:
    """Every figure as float32, which is what an event file holds."""
    import numpy as np

    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events, figures = told
    warnings = _track("tensorboard", events)
    assert warnings == []
    (folder,) = (here / "tensorboard").iterdir()
    read = accumulator.EventAccumulator(str(folder))
    read.Reload()
    assert set(read.Tags()["scalars"]) == set(figures)
    for name, values in figures.items():
        assert [event.value for event in read.Scalars(name)] == [float(np.float32(v)) for v in values]
    assert read.Tensors("config/recipe/epochs")[0].tensor_proto.string_val[0] == b"2"


def _records(raw: bytes):
    """The records of an offline file of Weights & Biases: LevelDB's log format after seven bytes."""
    place, part = 7, b""
    while place + 7 <= len(raw):
        left = 32768 - place % 32768
        if left < 7:
            place += left
            continue
        size, kind = int.from_bytes(raw[place + 4 : place + 6], "little"), raw[place + 6]
        if place + 7 + size > len(raw):  # it is being written
            return
        part += raw[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):
            yield part
            part = b""


def _to_the_end(file: Path, record: Callable[[], Any]) -> list[Any]:
    """The records of a run that has ended: another process writes them, and may be at it a little longer."""
    for _ in range(600):
        found = []
        for content in _records(file.read_bytes()):
            found.append(record())
            found[-1].ParseFromString(content)
        if found and found[-1].WhichOneof("record_type") == "exit":
            return found
        time.sleep(0.1)
    raise AssertionError("the run has no end")


def test_weights_and_biases_reads_back_equal(here: Path, told) -> None:
    """The offline file holds the history, the summary and the settings."""
    messages = pytest.importorskip("wandb.proto.wandb_internal_pb2")
    events, figures = told
    warnings = _track("wandb", events)
    assert warnings == []
    (file,) = (here / "wandb").glob("offline-run-*/*.wandb")
    history: dict[str, list[float]] = {}
    config: dict[str, str] = {}
    for record in _to_the_end(file, messages.Record):
        kind = record.WhichOneof("record_type")
        for item in record.history.item if kind == "history" else ():
            history.setdefault("/".join(item.nested_key) or item.key, []).append(json.loads(item.value_json))
        for item in record.summary.update if kind == "summary" else ():
            if item.key:
                history[item.key] = [json.loads(item.value_json)]
        for item in (*record.config.update, *record.run.config.update):
            config[item.key] = item.value_json
    assert {name: history[name] for name in figures} == figures
    assert config["config/recipe/epochs"] == '"2"'


def test_trackio_reads_back_equal(here: Path, told) -> None:
    """The local database holds the figures."""
    pytest.importorskip("trackio")
    events, figures = told
    warnings = _track("trackio", events)
    assert warnings == []
    from trackio.sqlite_storage import SQLiteStorage

    (run,) = SQLiteStorage.get_runs("assay")
    rows = SQLiteStorage.get_logs("assay", run)
    found = {name: [row[name] for row in rows if name in row] for name in figures}
    assert found == figures


def test_a_server_that_cannot_be_reached_is_a_warning(here: Path, monkeypatch, told) -> None:
    """The run goes on, every event is heard, and there is one warning."""
    pytest.importorskip("mlflow")
    with socket.socket() as taken:  # a port on which nobody listens
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{taken.getsockname()[1]}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        warnings = _track("mlflow", told[0])
    assert len(warnings) == 1
    assert warnings[0].startswith("mlflow keeps no record of this run any more (")
    assert not (here / "mlflow.db").exists()


def test_offline_overrules_the_settings_of_a_tracker(here: Path, monkeypatch) -> None:
    """`--offline` means that nothing is sent, whatever MLFLOW_TRACKING_URI says."""
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://192.0.2.1:5000")
    heard: list[Event] = []
    with assay.tracking("mlflow", heard.append, offline=True) as on_event:
        assay.audit(tiny_dataset(), checks=["identity"], on_event=on_event)
    assert (here / "mlflow.db").exists()
    assert [e for e in heard if e.stage == "track"] == []


class _Bad:
    """A tracker that fails where it is told to."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._fail("open")

    def _fail(self, where: str) -> None:
        if where == self._where:
            raise ValueError("no\nway")

    def params(self, *_) -> None:
        self._fail("params")

    def metrics(self, *_) -> None:
        self._fail("metrics")

    def close(self, **_) -> None:
        self._fail("close")


@pytest.mark.parametrize("where", ["open", "params", "metrics", "close"])
def test_a_tracker_that_fails_anywhere_breaks_nothing(here: Path, monkeypatch, told, where: str) -> None:
    """One warning, in one line; the result is there."""
    monkeypatch.setitem(TRACKERS, "wandb", (lambda *_, **__: _Bad(where), ()))
    warnings = _track("wandb", told[0])
    assert len(warnings) == 1
    assert "ValueError: no" in warnings[0]
    assert "\n" not in warnings[0]


def test_a_tracker_that_waits_for_ever_does_not_hold_the_run(here: Path, monkeypatch, told) -> None:
    """The end waits a bounded time, then says that the record may be incomplete."""
    from threading import Event as Flag

    never = Flag()
    monkeypatch.setattr(listen, "PATIENCE", 0.05)
    monkeypatch.setitem(TRACKERS, "wandb", (lambda *_, **__: never.wait(), ()))
    warnings = _track("wandb", told[0])
    never.set()
    assert len(warnings) == 1
    assert "did not finish within" in warnings[0]


def test_a_run_that_fails_is_recorded_as_failed(here: Path) -> None:
    """What ends with an error does not look finished; the error is passed on."""
    mlflow = pytest.importorskip("mlflow")
    with pytest.raises(ZeroDivisionError), assay.tracking("mlflow"):
        1 / 0  # noqa: B018
    client = mlflow.MlflowClient(f"sqlite:///{here / 'mlflow.db'}")
    (run,) = client.search_runs([client.get_experiment_by_name("assay").experiment_id])
    assert run.info.status == "FAILED"


def test_several_models_keep_their_figures_apart() -> None:
    """The figures of one model of several are under its name."""
    figures = {"epoch": 1, "learning_rate": None, "train_loss": 1.0, "train_accuracy": 0.5}
    event = Event("epoch", "train", {**figures, "val_loss": None, "val_accuracy": None, "run": "mlp-s0"})
    assert listen.metrics_of(event) == {"mlp-s0/train_loss": 1.0, "mlp-s0/train_accuracy": 0.5}


def test_an_unknown_tracker_and_a_missing_library_are_found_before_any_work(here: Path, monkeypatch) -> None:
    """Exit 2 and exit 5, with what to type; nothing is written."""
    with pytest.raises(AssayError, match=r"bad-value.*Did you mean mlflow"), assay.tracking("mlflo"):
        pass
    monkeypatch.setattr(listen, "find_spec", lambda _: None)
    with (
        pytest.raises(AssayError, match=r"missing-extra.*assay\[tensorboard\]"),
        assay.tracking("tensorboard"),
    ):
        pass
    assert exit_code(["run", "fashion-mnist-sample", "--track", "tensorboard", "--out", "r"]) == 5
    assert list(here.iterdir()) == []


def test_the_command_line_tracks(here: Path) -> None:
    """`--track` of audit: an event file, and the run folder does not list it."""
    pytest.importorskip("tensorboard")
    command = ["audit", "fashion-mnist-sample", "--checks", "identity", "--out", "a", "-q"]
    assert exit_code([*command, "--track", "tensorboard"]) == 0
    assert len(list((here / "tensorboard").glob("*/events.*"))) == 1
    assert not any(
        "tensorboard" in name for name in json.loads((here / "a/manifest.json").read_text())["files"]
    )


def test_the_patience_is_short() -> None:
    """The end of a run waits at most half a minute for all trackers together."""
    assert 0 < worker.PATIENCE <= 30
