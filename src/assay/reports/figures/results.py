"""The figures of chapters 6 and 7: how the training went, and how good the model is."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from assay.data.values import Split, images_of
from assay.evaluation.values import Evaluation
from assay.reports.drawing.canvas import Plot, draw, is_narrow, label, plot, side_by_side, tip
from assay.reports.drawing.captions import figure
from assay.reports.drawing.colors import BLUE, MUTED, ORANGE
from assay.reports.drawing.confusion_table import matrix_tints, most_confused
from assay.reports.drawing.heatmap import heat_map
from assay.reports.drawing.image_grid import Grid, draw_grid, row_by_row
from assay.reports.drawing.memoized import painting
from assay.reports.drawing.percent_ticks import PercentTicks
from assay.reports.drawing.sampling import MOST_CLASSES, shown_note
from assay.reports.findings import results as result_findings
from assay.reports.findings.training_course import course_of, curves_finding
from assay.reports.findings.wording import count, decimal, percent
from assay.reports.values import Figure, Table
from assay.training.model.values import History

#: The most confident mistakes that are shown as pictures: four rows of six.
_MISTAKES: Final = 24
_MISTAKE_COLUMNS: Final = 6


def learning_curves(history: History, early_stopping: bool = False) -> Figure:
    """Loss and accuracy per epoch, of train and validation.

    early_stopping: whether the model is that of the epoch with the lowest validation loss; else of the last.
    """
    course = course_of(history)
    assert course is not None
    chosen = course.best if early_stopping else course.last
    return figure(
        "curves",
        draw("curves", 2.7, painting(_curves, history, chosen), 4.6),
        f"Two charts over {count(len(history.records), 'epoch')}, loss and accuracy, each for train and "
        f"validation. A line marks epoch {chosen}, whose weights the model has.",
        f"{curves_finding(history)} The model has the weights of epoch {chosen}.",
        Table(
            ("epoch", "train loss", "validation loss", "train accuracy", "validation accuracy"),
            tuple(
                (
                    str(r.epoch),
                    *(decimal(v, 4) for v in (r.train_loss, r.val_loss, r.train_accuracy, r.val_accuracy)),
                )
                for r in history.records
            ),
        ),
    )


def _curves(canvas: Canvas, history: History, chosen: int | None = None) -> None:
    loss, accuracy = side_by_side(canvas)
    records = history.records
    epochs = [r.epoch for r in records]
    _two_lines(loss, epochs, [r.train_loss for r in records], [r.val_loss for r in records])
    _two_lines(accuracy, epochs, [r.train_accuracy for r in records], [r.val_accuracy for r in records])
    if chosen is not None:
        for axes in (loss, accuracy):
            axes.axvline(chosen, color=MUTED, linestyle=":", linewidth=1.2, label=f"model: epoch {chosen}")
    loss.set_title("loss")
    accuracy.set_title("accuracy")
    accuracy.yaxis.set_major_formatter(PercentTicks())
    # Above both charts: inside one of them it would lie on a line, whichever corner it took.
    columns = 2 if is_narrow(canvas) else 3
    canvas.legend(
        *loss.get_legend_handles_labels(), loc="outside upper right", ncols=columns, columnspacing=1
    )


def _two_lines(
    axes: Axes, epochs: list[int], train: Sequence[float], validation: Sequence[float | None]
) -> None:
    axes.plot(epochs, train, color=BLUE, marker="o", markersize=_dot(epochs), label="train")
    _tips(axes, list(zip(epochs, train, strict=True)), "train")
    known = [(epoch, v) for epoch, v in zip(epochs, validation, strict=True) if v is not None]
    if known:
        axes.plot(*zip(*known, strict=True), "--s", color=ORANGE, markersize=_dot(epochs), label="validation")
        _tips(axes, known, "validation")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(axis="y")


def _tips(axes: Axes, points: Sequence[tuple[int, float]], name: str) -> None:
    """An invisible spot over each point that tells its value where the reader points at it."""
    if len(points) <= _MOST_DOTS:
        for epoch, value in points:
            spot = axes.plot([epoch], [value], "o", color=BLUE, alpha=0.0, markersize=9)
            tip(spot[0], f"epoch {epoch}, {name}: {value:.4f}")


#: Epochs with a dot each; of more the dots would hide the lines.
_MOST_DOTS: Final = 40


def _dot(epochs: list[int]) -> float:
    """Size of a marker: none where so many would hide the lines."""
    return 3.5 if len(epochs) <= _MOST_DOTS else 0.0


def plot_curves(history: History) -> Plot:
    """Loss and accuracy per epoch as a matplotlib figure for a notebook."""
    return plot(2.7, lambda canvas: _curves(canvas, history))


def plot_confusion(evaluation: Evaluation) -> Plot:
    """The confusion matrix as a matplotlib figure for a notebook; of many classes those most confused."""
    matrix = evaluation.confusion
    shown = most_confused(matrix)
    names, part = [evaluation.classes[c] for c in shown], matrix[np.ix_(shown, shown)]
    tints = matrix_tints(matrix, shown)
    return plot(1.25 + 0.3 * len(shown), lambda canvas: _confusion_map(canvas, names, part, tints))


def confusion(evaluation: Evaluation) -> Figure:
    """The confusion matrix: hits in one color, mistakes in another, each by its share of the row."""
    matrix = evaluation.confusion
    shown = most_confused(matrix)
    names = [evaluation.classes[c] for c in shown]
    part = matrix[np.ix_(shown, shown)]
    tints = matrix_tints(matrix, shown)
    height = 1.25 + 0.3 * len(shown)
    return figure(
        "confusion",
        draw("confusion", height, painting(_confusion_map, names, part, tints)),
        f"A matrix of {len(shown)} by {len(shown)} cells: how many images of the row's class the model took "
        "for the column's class.",
        result_findings.confusion_finding(evaluation),
        Table(
            ("true class", *names),
            tuple((name, *(f"{v:,}" for v in row)) for name, row in zip(names, part, strict=True)),
        ),
        shown_note(len(matrix), len(shown), "those with most mistakes, made or attracted"),
    )


def _confusion_map(
    canvas: Canvas, names: list[str], part: NDArray[np.int64], tints: NDArray[np.float64]
) -> None:
    right = np.diag(np.diag(tints))
    heat_map(canvas, names, right, tints - right, [[f"{v:,}" if v else "" for v in row] for row in part])
    canvas.axes[0].set(xlabel="answer", ylabel="true class")


def mistakes(evaluation: Evaluation, split: Split) -> Figure:
    """The most confident mistakes, as pictures. There must be at least one."""
    rows = evaluation.mistakes(_MISTAKES)
    told = [_mistake(evaluation, int(row)) for row in rows]
    grid = Grid(
        images_of(split, rows),
        row_by_row(len(rows), _MISTAKE_COLUMNS),
        (-(-len(rows) // _MISTAKE_COLUMNS), _MISTAKE_COLUMNS),
        captions=[
            (label(true), f"\N{RIGHTWARDS ARROW} {label(taken)} {share}") for true, taken, share in told
        ],
    )
    return figure(
        "mistakes",
        draw_grid("mistakes", grid),
        f"{count(len(rows), 'test image')} that the model got wrong, the most confident mistakes first.",
        result_findings.mistakes_finding(evaluation),
        Table(
            ("image", "label", "answer", "probability"),
            tuple((split.ids[row], *cells) for row, cells in zip(rows.tolist(), told, strict=True)),
            f"{_shown(len(rows), len(evaluation.mistakes()))}; predictions.csv has every image.",
        ),
    )


def _shown(number: int, mistakes: int) -> str:
    if number < mistakes:
        return f"The {number} most confident of {mistakes:,} mistakes"
    return "The only mistake" if mistakes == 1 else f"All {mistakes} mistakes"


def _mistake(evaluation: Evaluation, row: int) -> tuple[str, str, str]:
    return (
        evaluation.classes[evaluation.labels[row]],
        evaluation.classes[evaluation.predicted[row]],
        percent(float(evaluation.confidence[row])),
    )


def recalls(evaluation: Evaluation) -> Figure:
    """Recall per class with its 95 % interval, worst first."""
    scores = evaluation.test["per_class"]
    known = sorted((k for k in scores if scores[k]["support"]), key=lambda k: scores[k]["recall"])
    worst = known[:MOST_CLASSES]
    height = 0.75 + 0.24 * len(worst)
    return figure(
        "recall",
        draw(
            "recall",
            height,
            painting(_intervals, {name: scores[name] for name in worst}, evaluation.accuracy),
        ),
        f"{count(len(worst), 'class', 'classes')} with their recall, the worst first, and the 95 % interval "
        "of each by itself.",
        result_findings.recall_finding(evaluation),
        Table(
            ("class", "recall", "95 % interval", "test images"),
            tuple((name, *_recall_cells(scores[name])) for name in worst),
        ),
        shown_note(len(known), len(worst), "those with the lowest recall"),
    )


def _recall_cells(score: dict[str, Any]) -> tuple[str, str, str]:
    low, high = score["recall_ci95"]
    return (
        decimal(score["recall"], 4),
        f"{decimal(low, 4)} to {decimal(high, 4)}",
        f"{score['support']:,}",
    )


def _intervals(canvas: Canvas, scores: Mapping[str, Mapping[str, Any]], accuracy: float) -> None:
    axes = canvas.add_subplot()
    for row, (class_name, score) in enumerate(scores.items()):
        low, high = score["recall_ci95"]
        axes.plot([low, high], [row, row], color=BLUE, linewidth=2.2, alpha=0.55, solid_capstyle="round")
        dot = axes.plot([score["recall"]], [row], color=BLUE, marker="o", markersize=5)
        interval = f"{percent(low)} to {percent(high)}"
        tip(dot[0], f"{class_name}: recall {percent(score['recall'])}, 95 % interval {interval}")
    axes.axvline(accuracy, color=MUTED, linestyle="--", linewidth=1)
    axes.set_yticks(range(len(scores)), [label(name) for name in scores])
    axes.set_ylim(len(scores) - 0.4, -0.6)
    axes.xaxis.set_major_formatter(PercentTicks())
    axes.set_xlabel("recall")
    axes.grid(axis="x")
