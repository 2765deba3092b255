"""Accuracy against seconds of training: what each further second buys."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from assay.evaluation.compare import Candidate, Comparison
from assay.reports.drawing.canvas import draw, label, tip
from assay.reports.drawing.captions import figure
from assay.reports.drawing.colors import BLUE, INK
from assay.reports.drawing.memoized import painting
from assay.reports.drawing.percent_ticks import PercentTicks
from assay.reports.findings.comparison import ladder_finding
from assay.reports.findings.wording import count, percent
from assay.reports.values import Figure, Table

#: Seconds are measured to a thousandth; nothing is drawn left of that, where a logarithm would have no end.
_SHORTEST: Final = 0.001


def ladder(comparison: Comparison, seconds: Mapping[str, float | None]) -> Figure | None:
    """A point for each tested model whose seconds are known; None where there are fewer than two."""
    candidates = comparison.candidates
    shown = [c for c in candidates if c.accuracy is not None and seconds.get(c.name) is not None]
    if len(shown) < 2:
        return None
    left_out = len(candidates) - len(shown)
    return figure(
        "ladder",
        draw("ladder", 3.4, painting(_paint, shown, seconds)),
        f"A chart of {count(len(shown), 'model')}: accuracy upward, seconds of training to the right, "
        "on a logarithmic scale.",
        ladder_finding(comparison, shown, seconds),
        Table(
            ("model", "seconds", "accuracy", "95 % interval"),
            tuple((c.name, f"{seconds[c.name]:,.3f}", *_accuracy_cells(c)) for c in shown),
        ),
        f"{count(left_out, 'model')} without seconds or without a score left out." if left_out else "",
    )


def _accuracy_cells(candidate: Candidate) -> tuple[str, str]:
    low, high = candidate.interval or (0.0, 0.0)
    return percent(candidate.accuracy, 2), f"{percent(low, 2)} to {percent(high, 2)}"


def _paint(canvas: Canvas, shown: Sequence[Candidate], seconds: Mapping[str, float | None]) -> None:
    axes = canvas.add_subplot()
    axes.set_xscale("log")
    for recipe, group in groupby(shown, key=_group):
        _points(axes, recipe, list(group), seconds)
    axes.set(xlabel="seconds of training (logarithmic)", ylabel="test accuracy")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(PercentTicks())
    axes.margins(x=0.18, y=0.12)
    axes.grid(axis="both")


def _place(candidate: Candidate, seconds: Mapping[str, float | None]) -> float:
    return max(seconds[candidate.name] or 0.0, _SHORTEST)


def _group(candidate: Candidate) -> str:
    """What stands beside a dot: the recipe, or for runs named by their folders the folder."""
    recipe = str(candidate.recipe["name"])
    return recipe if candidate.name.startswith(f"{recipe}-s") else candidate.name


def _points(axes: Axes, name: str, group: Sequence[Candidate], seconds: Mapping[str, float | None]) -> None:
    """The runs of a group: dots with their intervals, and its name beside the highest."""
    for one in group:
        x, y, (low, high) = _place(one, seconds), one.accuracy or 0.0, one.interval or (0.0, 0.0)
        axes.plot([x, x], [low, high], color=BLUE, linewidth=1.2)
        dot = axes.plot([x], [y], "o", color=BLUE, markersize=4.5)
        interval = f"{percent(low)} to {percent(high)}"
        tip(dot[0], f"{one.name}: {percent(y)}, 95 % interval {interval}, {x:,.1f} seconds")
    best = max(group, key=lambda one: one.accuracy or 0.0)
    at = (_place(best, seconds), best.accuracy or 0.0)
    axes.annotate(label(name), at, xytext=(6, 5), textcoords="offset points", color=INK, fontsize=8.5)
