"""Figures of training and score."""

import pytest

from assay.training.model.values import EpochRecord, History


@pytest.mark.parametrize("epochs", [1, 2, 3, 40])
def test_epochs_are_whole_numbers(epochs: int) -> None:
    """One epoch stood between 0.945 and 1.050."""
    history = History(tuple(EpochRecord(n, 0.1, 1 / n, 0.9, 1 / n, 0.8) for n in range(1, epochs + 1)))
    figure = history.plot()
    figure.canvas.draw()
    for axes in figure.axes:
        assert all(tick == round(tick) for tick in axes.get_xticks())
        assert any(1 <= tick <= epochs for tick in axes.get_xticks())
