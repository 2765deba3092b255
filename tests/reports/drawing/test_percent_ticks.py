"""The labels of an axis say the values of its ticks, whatever the distance of the ticks."""

import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas

from assay.reports.drawing.percent_ticks import PercentTicks


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.0, 0.025, 0.05, 0.075], ["0.0 %", "2.5 %", "5.0 %", "7.5 %"]),
        ([0.0, 0.05, 0.1], ["0 %", "5 %", "10 %"]),
        ([-0.0, 1.0], ["0 %", "100 %"]),
        ([0.00125, 0.0025], ["0.125 %", "0.250 %"]),
        ([0.1 + 0.2], ["30 %"]),
        ([], []),
    ],
)
def test_ticks_have_as_many_decimals_as_they_need(values: list[float], labels: list[str]) -> None:
    """Steps of 2.5 % were 0, 2, 5 and 8 %."""
    assert [text.replace("\N{NO-BREAK SPACE}", " ") for text in PercentTicks().format_ticks(values)] == labels


@pytest.mark.parametrize("most", [1.0, 0.21, 0.05, 0.002, 1e-4])
def test_labels_on_an_axis_are_the_values_of_the_ticks(most: float) -> None:
    """From all images to one in ten thousand."""
    axes = Canvas().add_subplot()
    axes.plot([0, most], [0, 1])
    axes.xaxis.set_major_formatter(PercentTicks())
    told = [float(label.get_text().split("\N{NO-BREAK SPACE}")[0]) / 100 for label in axes.get_xticklabels()]
    np.testing.assert_allclose(told, axes.get_xticks(), rtol=0, atol=1e-12)
    assert len(set(told)) == len(told)
