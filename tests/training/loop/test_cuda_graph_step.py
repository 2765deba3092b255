"""Steps that are recorded once and played again: the bits of plain steps. Here a recording is played by
computing it anew, for there is no graphics card; what a graph itself does is not tested without one."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch

from assay.core.events import Event
from assay.data.splitting.stratified import HoldOut
from assay.data.values import Split
from assay.training.classifier import Model
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.loop import train
from assay.training.loop.cuda_graph_step import RecordedStep, can_be_recorded, reproducible
from assay.training.loop.data_parallel import Workers
from assay.training.loop.job import make_job
from assay.training.model.own_net import OwnNet
from assay.training.recipes import NetRecipe, read_recipe, with_own_net

CLASSES = ("left", "middle", "right")

#: Recipes, small; 55 images make three whole batches of 16 and one of 7.
RECIPES: dict[str, dict[str, Any]] = {
    "mlp": {"hidden": 8},
    "linear": {},
    "cnn-small": {"channels": [4, 6], "pool_after": [1], "hidden": 8},
    "cnn-accurate": {"channels": [4, 4], "pool_after": [1], "hidden": 8},
    "cnn-best": {"channels": [4, 4], "pool_after": [1], "hidden": 8},
}


def net_recipe() -> NetRecipe:
    recipe = read_recipe("mlp", {"hidden": 8})
    assert isinstance(recipe, NetRecipe)
    return recipe


class Recordings:
    """What was recorded, and how often it was played."""

    def __init__(self) -> None:
        self.made = self.played = 0

    def __call__(self, work: Callable[[], None]) -> Callable[[], None]:
        self.made += 1
        work()

        def play() -> None:
            self.played += 1
            work()

        return play


def refused(work: Callable[[], None]) -> Callable[[], None]:
    """No recording, and half of the work done."""
    work()
    raise RuntimeError("operation not permitted when stream is capturing")


def wrong(work: Callable[[], None]) -> Callable[[], None]:
    """A recording that takes the step twice."""

    def play() -> None:
        work()
        work()

    return play


def trained(
    monkeypatch: pytest.MonkeyPatch,
    record: Callable[..., Any],
    name: str,
    split: Split,
    rows: HoldOut,
    **given: Any,
) -> tuple[Model, list[str]]:
    """A recipe's net after four epochs with this recorder, and what was told."""
    monkeypatch.setattr(train, "can_be_recorded", lambda _: True)
    monkeypatch.setattr(train, "RecordedStep", partial(RecordedStep, record=record))
    told: list[Event] = []
    settings = {"epochs": 4, "batch_size": 16, "least_steps": 0, **RECIPES[name]}
    request = FitRequest(
        split, rows, CLASSES, read_recipe(name, settings), seed=3, threads=1, on_event=told.append
    )
    model = fit(FitRequest(**{**vars(request), **given}))
    return model, [str(e.figures["message"]) for e in told if e.event == "warning"]


def same(one: Model, other: Model) -> bool:
    return one.history == other.history and all(
        (one.weights[name] == other.weights[name]).all() for name in one.weights
    )


@pytest.mark.parametrize("name", RECIPES)
def test_played_steps_end_in_the_bits_of_plain_ones(
    split: Split, rows: HoldOut, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Of every kind of net: one recording, played for all whole batches but the first few."""
    recordings = Recordings()
    played, told = trained(monkeypatch, recordings, name, split, rows)
    plain, refusals = trained(monkeypatch, refused, name, split, rows)
    assert same(played, plain)
    assert recordings.made == 1
    assert recordings.played >= 3
    assert not any("step of training" in message for message in told)
    assert len(refusals) == len(told) + 1


@pytest.mark.parametrize(("record", "words"), [(refused, "is capturing"), (wrong, "other bits")])
def test_what_cannot_be_trusted_is_not_played(
    split: Split, rows: HoldOut, monkeypatch: pytest.MonkeyPatch, record: Callable[..., Any], words: str
) -> None:
    """Nothing recorded, or a recording that computes something else: plain steps, and it is said once."""
    monkeypatch.setattr("assay.training.loop.cuda_graph_step._PLAIN_FIRST", 10**6)
    plain, told = trained(monkeypatch, record, "mlp", split, rows)
    assert told == []
    monkeypatch.setattr("assay.training.loop.cuda_graph_step._PLAIN_FIRST", 2)
    found, told = trained(monkeypatch, record, "mlp", split, rows)
    assert same(found, plain)
    assert len(told) == 1
    assert words in told[0]


def test_only_steps_that_are_alike_are_recorded(split: Split, rows: HoldOut) -> None:
    """Of Assay's own nets on one card: on a processor nothing is recorded, nor a user's net, nor a net of
    several processes."""

    own = with_own_net(net_recipe(), OwnNet(torch.nn.Flatten(), "tiny"))
    job = make_job(FitRequest(split, rows, CLASSES, net_recipe(), threads=1))

    def of(recipe: NetRecipe = job.recipe, device: str = "cuda", workers: Workers = job.workers) -> bool:
        return can_be_recorded(replace(job, recipe=recipe, device=torch.device(device), workers=workers))

    assert of()
    assert not of(device="cpu")
    assert not of(device="mps")
    assert not of(recipe=own)
    assert not of(workers=Workers(0, 2))


def test_convolutions_on_a_card_are_reproducible() -> None:
    """While a net trains on a card, and not after; on a processor nothing is set."""
    before = torch.backends.cudnn.deterministic
    with reproducible(torch.device("cuda")):
        assert torch.backends.cudnn.deterministic
        assert torch.backends.cudnn.enabled
        assert not torch.backends.cudnn.benchmark
        assert torch.backends.cudnn.allow_tf32
    assert torch.backends.cudnn.deterministic == before
    with reproducible(torch.device("cpu")):
        assert torch.backends.cudnn.deterministic == before
