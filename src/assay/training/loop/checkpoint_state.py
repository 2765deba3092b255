"""Conversion between training state and checkpoint, and whether a checkpoint belongs to the run."""

import hashlib
from dataclasses import replace
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.events import warn
from assay.training.loop.checkpoint_file import Checkpoint
from assay.training.loop.job import Job
from assay.training.loop.state import State, first_state
from assay.training.model.values import History

#: What of the configuration describes the data.
_DATA: Final = ("classes", "fingerprints", "preprocessing", "rows")


def as_checkpoint(state: State, job: Job) -> Checkpoint:
    """The state as arrays and JSON types, with the configuration it belongs to."""
    state.count_answers()
    position = {
        "epoch": state.epoch,
        "step": state.step,
        "loss_sum": float(state.loss_sum),
        "correct": int(state.correct),
    }
    record = {
        "configuration": job.configuration(),
        "threads": job.threads,
        "position": position,
        "history": History(tuple(state.history)).as_record(),
    }
    return Checkpoint(record, {name: _array(tensor) for name, tensor in state.tensors().items()})


def state_from(checkpoint: Checkpoint, job: Job) -> State:
    """The state that `as_checkpoint` described. In a changed configuration its epoch begins anew.

    Raises AssayError `config-changed` where the weights are those of another net.
    """
    state = first_state(job, filled=False)
    _demand_same_shapes(checkpoint, state)
    with torch.no_grad():
        for name, tensor in state.tensors().items():
            tensor.copy_(torch.from_numpy(checkpoint.tensors[name].copy()))
    for key, value in checkpoint.record["position"].items():
        setattr(state, key, value)
    if checkpoint.record["configuration"] != job.configuration():
        state.begin_epoch(state.epoch)
    state.history = list(History.from_record(checkpoint.record["history"]).records)
    return state


def shared_state(job: Job, found: Checkpoint | None) -> State:
    """The state that training begins in, the same in every process: that of the first, which alone has
    checkpoints. found: the newest of them."""
    state = state_from(found, job) if found else first_state(job, filled=job.workers.rank == 0)
    if job.workers.count > 1:
        record = job.workers.from_first(as_checkpoint(state, job).record)
        job.workers.copy_from_first(state.tensors().values())
        for key, value in record["position"].items():
            setattr(state, key, value)
        state.history = list(History.from_record(record["history"]).records)
    return state


def agreed(job: Job) -> Job:
    """The job as every process does it: with the first one's number of threads.

    Raises AssayError `workers-differ` where this process was given other data or settings, or has other
    versions, than the first.
    """
    first = job.workers.from_first({"configuration": job.configuration(), "threads": job.threads})
    differences = _differences(first["configuration"], job.configuration()) if job.workers.rank else {}
    if differences:
        what = f"it was given otherwise than worker 0 ({'; '.join(differences.values())})"
        fix = "Give every worker the same command, data and versions."
        raise AssayError("workers-differ", f"worker {job.workers.rank}", what, fix)
    return replace(job, threads=first["threads"])


def need_same_weights(job: Job, state: State) -> None:
    """Raise AssayError `workers-differ` where the processes do not hold the same weights any more."""
    if job.workers.count == 1:
        return
    digest = hashlib.sha256()
    for tensor in state.network.state_dict().values():
        digest.update(_array(tensor).tobytes())
    own = digest.hexdigest()
    if job.workers.any(job.workers.from_first({"weights": own})["weights"] != own):
        what = f"after epoch {state.epoch} their weights are not the same: they compute differently"
        fix = "Use machines of one kind, or layers that give the same bits each time."
        raise AssayError("workers-differ", "workers", what, fix)


def _demand_same_shapes(checkpoint: Checkpoint, state: State) -> None:
    found = {name: tuple(array.shape) for name, array in checkpoint.tensors.items()}
    wanted = {name: tuple(tensor.shape) for name, tensor in state.tensors().items()}
    if found != wanted:
        fix = "Begin anew in another folder."
        raise AssayError("config-changed", "checkpoint", "its weights are those of another net", fix)


def _array(tensor: torch.Tensor) -> NDArray[Any]:
    array: NDArray[Any] = np.ascontiguousarray(tensor.detach().cpu().numpy())
    return array.reshape(tensor.shape)


def check_same(checkpoint: Checkpoint, job: Job, accept_changes: bool) -> None:
    """Refuse to go on from a checkpoint of another run; with `accept_changes` warn instead.

    Raises AssayError `data-changed` or `config-changed` with everything that differs.
    """
    differences = _differences(checkpoint.record["configuration"], job.configuration())
    if not differences:
        return
    what = f"the run was begun otherwise ({'; '.join(differences.values())})"
    if accept_changes:
        warn(job.on_event, "train", what + ": the epoch begins anew, and the result is that of neither run")
        return
    code = "data-changed" if any(key in _DATA for key in differences) else "config-changed"
    fix = "Go back to what it was, begin anew in another folder, or give --accept-changes."
    raise AssayError(code, "checkpoint", what, fix)


def _differences(then: dict[str, Any], now: dict[str, Any]) -> dict[str, str]:
    """What changed, by the part of the configuration, in words."""
    changed = {key: _change(then.get(key), now.get(key)) for key in sorted(then.keys() | now.keys())}
    return {key: f"{key}: {words}" for key, words in changed.items() if words}


def _change(then: Any, now: Any) -> str:
    """The two values where they differ; of tables only the entries that do."""
    if then == now:
        return ""
    if isinstance(then, dict) and isinstance(now, dict):
        return ", ".join(_differences(then, now).values())
    return f"{then!r} then, {now!r} now"
