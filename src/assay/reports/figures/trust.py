"""The figures of the chapter on trust: how sure the model is, and whether it may be believed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from assay.evaluation.values import Evaluation
from assay.reports.drawing.canvas import draw, side_by_side
from assay.reports.drawing.captions import figure
from assay.reports.drawing.colors import BLUE, MUTED, ORANGE
from assay.reports.drawing.memoized import painting
from assay.reports.drawing.percent_ticks import PercentTicks
from assay.reports.findings import trust as trust_findings
from assay.reports.findings.wording import count, percent
from assay.reports.values import Figure, Table

#: Bars of the confidence histogram: a twentieth each.
_BARS: Final = 20

Record = Mapping[str, Any]


def confidences(evaluation: Evaluation) -> Figure:
    """How sure the model was, of right and of wrong answers."""
    edges = np.arange(_BARS + 1) / _BARS
    right = evaluation.predicted == evaluation.labels
    counts = {
        "right": np.histogram(evaluation.confidence[right], edges)[0],
        "wrong": np.histogram(evaluation.confidence[~right], edges)[0],
    }
    record = {"edges": edges.tolist(), **{name: found.tolist() for name, found in counts.items()}}
    return figure(
        "confidence",
        draw("confidence", 2.7, painting(_histograms, edges, counts), 4.6),
        "Two histograms of the probability that the model gave its answer: one of right answers, one of "
        "mistakes.",
        trust_findings.confidence_finding(evaluation),
        Table(
            ("probability of the answer", "right answers", "mistakes"),
            tuple(
                (f"{percent(low, 0)} to {percent(high, 0)}", f"{hits:,}", f"{misses:,}")
                for low, high, hits, misses in zip(
                    edges[:-1], edges[1:], counts["right"], counts["wrong"], strict=True
                )
                if hits or misses
            ),
            "Ranges without an image are left out.",
        ),
        record=record,
    )


def _histograms(canvas: Canvas, edges: NDArray[np.float64], counts: Mapping[str, NDArray[np.int64]]) -> None:
    axes = side_by_side(canvas)
    titles = {"right": "right answers", "wrong": "mistakes"}
    for one, (name, color) in zip(axes, (("right", BLUE), ("wrong", ORANGE)), strict=True):
        one.stairs(counts[name], edges, fill=True, color=color)
        one.set(
            xlim=(0, 1),
            ylim=(0, max(1, counts[name].max()) * 1.05),
            title=f"{titles[name]}: {counts[name].sum():,}",
            xlabel="probability of the answer",
        )
        one.xaxis.set_major_formatter(PercentTicks())
        one.yaxis.set_major_locator(MaxNLocator(integer=True))
        one.grid(axis="y")


def reliability(calibration: Record) -> Figure:
    """Accuracy by confidence, before and after the temperature."""
    bins = [b for b in calibration["after"]["bins"] if b["n"]]
    return figure(
        "reliability",
        draw("reliability", 3.6, painting(_reliability, calibration)),
        f"A diagram of {count(len(bins), 'bin')}: how often answers of about equal probability are right, "
        "against that probability. On the dashed line both are equal.",
        trust_findings.calibration_finding(calibration),
        Table(
            ("probabilities", "images", "mean probability", "accuracy", "95 % interval"),
            tuple(_bin_cells(b) for b in bins),
            "After the temperature, where one was fitted; bins without an image are left out.",
        ),
    )


def _bin_cells(b: Record) -> tuple[str, ...]:
    return (
        f"{percent(b['low'], 0)} to {percent(b['high'], 0)}",
        f"{b['n']:,}",
        percent(b["confidence"]),
        percent(b["accuracy"]),
        _range(b["ci95"]),
    )


def _range(bounds: Sequence[float] | None) -> str:
    return "\N{EN DASH}" if bounds is None else f"{percent(bounds[0])} to {percent(bounds[1])}"


def _reliability(canvas: Canvas, calibration: Record) -> None:
    upper, lower = canvas.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    upper.plot([0, 1], [0, 1], "--", color=MUTED, linewidth=1)
    if calibration["temperature"] != 1:
        _points(upper, calibration["before"]["bins"], ORANGE, "before the temperature", hollow=True)
    bins = [b for b in calibration["after"]["bins"] if b["n"]]
    for b in bins:
        upper.plot([b["confidence"]] * 2, b["ci95"], color=BLUE, linewidth=2, alpha=0.45)
    _points(upper, bins, BLUE, "after it" if calibration["temperature"] != 1 else "measured")
    upper.set(xlim=(0, 1), ylim=(0, 1), ylabel="accuracy")
    upper.yaxis.set_major_formatter(PercentTicks())
    upper.legend(loc="upper left")
    upper.grid()
    for b in bins:
        lower.bar((b["low"] + b["high"]) / 2, b["n"], 0.94 * (b["high"] - b["low"]), color=BLUE, alpha=0.6)
    lower.set(ylabel="images", xlabel="probability of the answer")
    lower.xaxis.set_major_formatter(PercentTicks())


def _points(axes: Axes, bins: Sequence[Record], color: str, name: str, *, hollow: bool = False) -> None:
    known = [(b["confidence"], b["accuracy"]) for b in bins if b["n"]]
    face = "none" if hollow else color
    axes.plot(
        *zip(*known, strict=True),
        "o-",
        color=color,
        markerfacecolor=face,
        markersize=4,
        linewidth=1,
        label=name,
    )


def risk_coverage(abstention: Record, *, gated: bool = False) -> Figure:
    """The share of wrong answers when the model may keep silent on the images it is least sure of.

    gated: as in `abstention_finding`.
    """
    curve = abstention["curve"]
    shown = [curve[round(i)] for i in np.linspace(0, len(curve) - 1, min(len(curve), 11))]
    return figure(
        "risk-coverage",
        draw("risk-coverage", 2.8, painting(_risk, abstention)),
        "A curve: the share of wrong answers against the share of images that are answered, the most "
        "confident first.",
        trust_findings.abstention_finding(abstention, gated=gated),
        Table(
            ("images answered", "share of all", "from a probability of", "wrong among them"),
            tuple(
                (f"{p['n']:,}", percent(p["coverage"]), percent(p["threshold"]), percent(p["risk"], 2))
                for p in shown
            ),
            f"{count(len(shown), 'point')} of {len(curve):,}; evaluation.json has all.",
        ),
    )


def _risk(canvas: Canvas, abstention: Record) -> None:
    axes = canvas.add_subplot()
    curve, rule = abstention["curve"], abstention.get("rule")
    coverage, risk = [p["coverage"] for p in curve], [p["risk"] for p in curve]
    axes.fill_between(coverage, risk, color=BLUE, alpha=0.15, linewidth=0)
    axes.plot(coverage, risk, color=BLUE)
    axes.axhline(risk[-1], color=MUTED, linestyle="--", linewidth=1)
    if rule and rule["threshold"] is not None and rule["test"]["answered"]:
        axes.plot([rule["test"]["coverage"]], [rule["test"]["risk"]], "o", color=ORANGE, label="the rule")
        axes.legend(loc="upper left")
    axes.set(xlim=(0, 1), xlabel="share of the images that are answered", ylabel="wrong answers")
    axes.set_ylim(0, max(risk) * 1.08 or 1)
    axes.xaxis.set_major_formatter(PercentTicks())
    axes.yaxis.set_major_formatter(PercentTicks())
    axes.grid(axis="y")
