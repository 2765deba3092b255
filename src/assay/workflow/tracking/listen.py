"""`tracking`: a listener that hands the events of a run to trackers, and to another listener."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Any

from assay.core.errors import AssayError
from assay.core.events import Event, OnEvent, warn
from assay.core.text import choices, one_line
from assay.workflow.recorded.run_record import read_config
from assay.workflow.shown.progress import shown
from assay.workflow.tracking.trackers import TRACKERS
from assay.workflow.tracking.worker import PATIENCE, Worker

#: Trackers take so many characters of a setting.
_LONGEST = 500


@contextmanager
def tracking(names: str, on_event: OnEvent = shown, *, offline: bool = False) -> Iterator[OnEvent]:
    """Keep a record of a run with experiment trackers; the listener to give to `run`, `audit` or `train`.

    names: of `mlflow`, `tensorboard`, `trackio`, `wandb`, separated by commas; empty tracks nothing.
    on_event: who else listens. offline: use a store on this machine whatever the trackers' own settings say.

    Nothing is sent anywhere unless a tracker's own settings name a server (MLFLOW_TRACKING_URI,
    WANDB_MODE=online, TRACKIO_SPACE_ID). A tracker that fails is a warning, and the run goes on.
    Raises AssayError `bad-value` for another name, `missing-extra` where its library is not installed.

    >>> import assay
    >>> data = assay.load("fashion-mnist-sample")
    >>> with assay.tracking("") as on_event:  # "tensorboard" writes to ./tensorboard
    ...     found = assay.audit(data, checks=["identity"], on_event=on_event)
    """
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    _need(wanted)
    title = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    workers = [Worker(name, partial(TRACKERS[name][0], title, offline=offline)) for name in wanted]
    finished = False

    def hear(event: Event) -> None:
        on_event(event)
        if workers:
            _hand_on(event, workers)
            _tell_failures(workers, on_event)

    try:
        yield hear
        finished = True
    finally:
        for worker in workers:
            worker.finish(finished=finished)
        until = monotonic() + PATIENCE
        late = [worker.name for worker in workers if not worker.wait(until)]
        _tell_failures(workers, on_event)
        for name in late:
            text = f"{name} did not finish within {PATIENCE:.0f} s: its record of this run may be incomplete"
            warn(on_event, "track", text)


def _need(names: list[str]) -> None:
    for name in names:
        if name not in TRACKERS:
            raise AssayError(
                "bad-value", "--track", f"{name!r} is no tracker", f"{choices(name, tuple(TRACKERS))}."
            )
        for module in TRACKERS[name][1]:
            if find_spec(module) is None:
                fix = f'pip install "assay[{name}]"'
                raise AssayError("missing-extra", module, f"--track {name} needs it", fix)


def _tell_failures(workers: list[Worker], on_event: OnEvent) -> None:
    for worker in workers:
        if failure := worker.failure():
            text = f"{worker.name} keeps no record of this run any more ({failure}); the run itself goes on"
            warn(on_event, "track", text)


def _hand_on(event: Event, workers: list[Worker]) -> None:
    """What an event comes to for trackers, queued for each."""
    figures = event.figures
    step = figures["epoch"] if event.event == "epoch" else None
    params, metrics = params_of(event), metrics_of(event)
    for worker in workers:
        if params:
            worker.params(params)
        if metrics:
            worker.metrics(metrics, step)


def params_of(event: Event) -> dict[str, str]:
    """Settings and verdicts that an event tells, as short texts."""
    figures = event.figures
    if event.event == "finding":
        return {f"audit/{figures['check']}/verdict": str(figures["verdict"])}
    if event.event == "run-finished":
        folder = Path(figures["path"])
        return {"run_folder": _text(folder.name), **_flat(read_config(folder), "config")}
    return {}


def metrics_of(event: Event) -> dict[str, float]:
    """The figures of an event; of one model of several under its name. What is None is left out."""
    figures, own = event.figures, {}
    if event.event == "epoch":
        names = ("learning_rate", "train_loss", "train_accuracy", "val_loss", "val_accuracy")
        own = {name: figures[name] for name in names}
    elif event.event == "finding":
        own = {f"audit/{figures['check']}": figures["count"]}
    elif event.event == "stage-finished" and event.stage == "evaluate" and "accuracy" in figures:
        low, high = figures["accuracy_ci95"]
        own = {"accuracy": figures["accuracy"], "accuracy_low": low, "accuracy_high": high, "n": figures["n"]}
        own = {f"test/{name}": value for name, value in own.items()}
    prefix = f"{figures['run']}/" if "run" in figures else ""
    return {f"{prefix}{name}": float(value) for name, value in own.items() if value is not None}


def _flat(values: Mapping[str, Any], prefix: str) -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in values.items():
        own = (
            _flat(value, f"{prefix}/{key}") if isinstance(value, dict) else {f"{prefix}/{key}": _text(value)}
        )
        flat |= own
    return flat


def _text(value: object) -> str:
    return one_line(str(value))[:_LONGEST]
