"""What the code of a user's net or model raises is told in one line as theirs, their traceback behind it."""

import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import assay
from assay.core.errors import AssayError
from assay.data.values import Dataset
from planted import colored

FAILURES = (
    ValueError("no such thing"), KeyError("k"), OSError("gone"), ImportError("module"), StopIteration(),
    ZeroDivisionError("by zero"), NotImplementedError(),
)  # fmt: skip


@pytest.fixture(scope="module")
def data() -> Dataset:
    return colored(train=40, test=20, shape=(8, 8))


class Model:
    """Raises when asked for its classes, or for probabilities."""

    def __init__(self, error: BaseException, at_classes: bool) -> None:
        self.error, self.at_classes = error, at_classes

    @property
    def classes_(self) -> Any:
        if self.at_classes:
            raise self.error
        return np.arange(3)

    def predict_proba(self, _: np.ndarray) -> np.ndarray:
        raise self.error


class _Raising(torch.autograd.Function):
    @staticmethod
    def forward(_: Any, values: Tensor) -> Tensor:
        return values.clone()

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        if Net.armed:
            raise ValueError("no way back")
        return gradient


class Net(nn.Module):
    """Raises from a call on, in training or in evaluation mode, or on the way back. armed: copies see it."""

    armed = False

    def __init__(self, error: Exception, where: str) -> None:
        super().__init__()
        self.layer = nn.Linear(8 * 8 * 3, 3)
        self.error, self.where = error, where

    def forward(self, images: Tensor) -> Tensor:
        if Net.armed and self.where == ("training" if self.training else "evaluation"):
            raise self.error
        answers: Tensor = self.layer(images.flatten(1))
        return _Raising.apply(answers) if self.where == "backward" else answers


def _arm(event: Any) -> None:
    if event.event == "epoch":
        Net.armed = True


def _need_told(work: Callable[[], object], error: BaseException | None, where: str, function: str) -> None:
    with pytest.raises(AssayError) as caught:
        work()
    told = caught.value
    assert told.code == "net-refused"
    assert told.where == where
    assert len(str(told).splitlines()) == 1
    cause = told.__cause__
    assert cause is not None
    assert cause is error or error is None
    assert type(cause).__name__ in told.what
    assert any(frame.name == function for frame in traceback.extract_tb(cause.__traceback__))


@pytest.mark.parametrize("error", FAILURES, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("at_classes", [False, True])
def test_a_model_that_raises(data: Dataset, error: Exception, at_classes: bool) -> None:
    """In `assay.evaluate`. Asked for its classes, AttributeError would mean that it has none."""
    function = "classes_" if at_classes else "predict_proba"
    _need_told(lambda: assay.evaluate(Model(error, at_classes), data), error, "model", function)


@pytest.mark.parametrize("error", [ValueError("no such thing"), OSError("gone")], ids=repr)
@pytest.mark.parametrize("where", ["training", "evaluation", "backward"])
def test_a_net_that_raises_after_its_first_epoch(data: Dataset, where: str, error: Exception) -> None:
    """It was tried before any work, and was fine then."""
    Net.armed = False
    if where == "evaluation":
        model = assay.train(data, Net(error, where), epochs=1)
        Net.armed = True
        work = lambda: model.predict_proba(data.splits["test"].images)  # noqa: E731
    else:
        work = lambda: assay.train(data, Net(error, where), epochs=3, on_event=_arm)  # noqa: E731
    try:
        _need_told(work, None, "Net", "backward" if where == "backward" else "forward")
    finally:
        Net.armed = False


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError()], ids=repr)
def test_interruptions_and_full_memory_pass(data: Dataset, error: BaseException) -> None:
    with pytest.raises(type(error)):
        assay.evaluate(Model(error, False), data)


class _SpeechlessError(ValueError):
    """Cannot say what it is."""

    def __str__(self) -> str:
        raise TypeError("no words")


def test_an_exception_that_cannot_say_what_it_is(data: Dataset) -> None:
    """Its text was asked for without care: that of the text came out."""
    with pytest.raises(AssayError, match="_SpeechlessError") as caught:
        assay.evaluate(Model(_SpeechlessError(), at_classes=False), data)
    assert isinstance(caught.value.__cause__, _SpeechlessError)
