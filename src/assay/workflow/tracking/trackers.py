"""The table of trackers. Each writes to a store on this machine unless the user's own settings say otherwise.

A tracker's library is loaded when it is opened. Names of metrics are those of the run folder's files.
"""

import os
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol

Params = Mapping[str, str]
Metrics = Mapping[str, float]


class Tracker(Protocol):
    """What a tracker does with a run."""

    def params(self, values: Params) -> None:
        """Record settings and facts by name."""

    def metrics(self, values: Metrics, step: int | None) -> None:
        """Record figures by name. step: the epoch, from 1; None for those of the whole run."""

    def close(self, *, finished: bool) -> None:
        """Commit the record. finished: False where the run ended with an error."""


#: The project or experiment that runs are kept in, where the user names no other.
PROJECT: Final = "assay"


class _MLflow:
    """MLflow's client: `mlflow.db` in the working folder, or what MLFLOW_TRACKING_URI names."""

    def __init__(self, name: str, *, offline: bool) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # 7 take four minutes to give up
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
        place = f"sqlite:///{Path.cwd() / 'mlflow.db'}"
        asked = os.environ.get("MLFLOW_TRACKING_URI", place)
        client: Any = import_module("mlflow").MlflowClient(place if offline else asked)
        title = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
        known = client.get_experiment_by_name(title)
        experiment = known.experiment_id if known else client.create_experiment(title)
        self._client, self._run = client, client.create_run(experiment, run_name=name).info.run_id

    def params(self, values: Params) -> None:
        for key, value in values.items():
            self._client.log_param(self._run, key, value)

    def metrics(self, values: Metrics, step: int | None) -> None:
        for key, value in values.items():
            self._client.log_metric(self._run, key, value, step=step or 0)

    def close(self, *, finished: bool) -> None:
        self._client.set_terminated(self._run, "FINISHED" if finished else "FAILED")


class _TensorBoard:
    """An event file in `tensorboard/NAME`; values are float32 there. Nothing is sent."""

    def __init__(self, name: str, *, offline: bool) -> None:  # noqa: ARG002  it has no other mode
        events = import_module("tensorboard.summary.writer.event_file_writer")
        self._proto = import_module("tensorboard.compat.proto.event_pb2")
        self._summary = import_module("tensorboard.compat.proto.summary_pb2")
        self._tensor = import_module("tensorboard.compat.proto.tensor_pb2")
        self._types = import_module("tensorboard.compat.proto.types_pb2")
        self._writer = events.EventFileWriter(str(Path("tensorboard") / name))

    def _add(self, values: list[Any], step: int | None) -> None:
        summary = self._summary.Summary(value=values)
        self._writer.add_event(self._proto.Event(wall_time=time.time(), step=step or 0, summary=summary))

    def params(self, values: Params) -> None:
        plugin = self._summary.SummaryMetadata.PluginData(plugin_name="text")
        text = self._summary.SummaryMetadata(plugin_data=plugin)
        rows = []
        for key, value in values.items():
            held = self._tensor.TensorProto(dtype=self._types.DT_STRING, string_val=[value.encode()])
            rows.append(self._summary.Summary.Value(tag=key, tensor=held, metadata=text))
        self._add(rows, None)

    def metrics(self, values: Metrics, step: int | None) -> None:
        rows = [self._summary.Summary.Value(tag=key, simple_value=value) for key, value in values.items()]
        self._add(rows, step)

    def close(self, *, finished: bool) -> None:  # noqa: ARG002  an event file has no such state
        try:
            self._writer.flush()  # raises what its thread met; closing does not
        finally:
            self._writer.close()


class _Trackio:
    """Trackio's own folder (TRACKIO_DIR); a Space is used only where TRACKIO_SPACE_ID names one."""

    def __init__(self, name: str, *, offline: bool) -> None:
        self._library: Any = import_module("trackio")
        space = None if offline else os.environ.get("TRACKIO_SPACE_ID")
        project = os.environ.get("TRACKIO_PROJECT", PROJECT)
        self._run = self._library.init(project=project, name=name, space_id=space, embed=False)

    def params(self, values: Params) -> None:
        self._run.config.update(values)

    def metrics(self, values: Metrics, step: int | None) -> None:
        self._run.log(dict(values), step=step)

    def close(self, *, finished: bool) -> None:  # noqa: ARG002  it has no such state
        self._run.finish()


class _WeightsAndBiases:
    """Offline, in `wandb/`, unless WANDB_MODE says `online`; `wandb sync` sends it later."""

    def __init__(self, name: str, *, offline: bool) -> None:
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        library: Any = import_module("wandb")
        online = os.environ.get("WANDB_MODE") == "online" and not offline
        quiet = library.Settings(
            console="off", silent=True, disable_git=True, save_code=False, x_disable_stats=True
        )
        self._run = library.init(
            mode="online" if online else "offline",
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=name,
            dir=str(Path.cwd()),
            settings=quiet,
        )

    def params(self, values: Params) -> None:
        self._run.config.update(dict(values), allow_val_change=True)

    def metrics(self, values: Metrics, step: int | None) -> None:
        if step is None:
            self._run.summary.update(dict(values))
        else:
            self._run.log({**values, "epoch": step})

    def close(self, *, finished: bool) -> None:
        self._run.finish(exit_code=0 if finished else 1)


#: Name for `--track` -> what opens it, and the modules that it needs.
TRACKERS: Final[Mapping[str, tuple[Callable[..., Tracker], tuple[str, ...]]]] = {
    "mlflow": (_MLflow, ("mlflow", "sqlalchemy", "alembic")),
    "tensorboard": (_TensorBoard, ("tensorboard",)),
    "trackio": (_Trackio, ("trackio",)),
    "wandb": (_WeightsAndBiases, ("wandb",)),
}
