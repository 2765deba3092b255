from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from assay.evaluation.values import Evaluation
from assay.reports.drawing import canvas, memoized
from assay.reports.drawing.canvas import draw
from assay.reports.drawing.image_grid import Grid, draw_grid, row_by_row
from assay.reports.drawing.memoized import drawn_once, forget_drawings, painting
from assay.reports.page.html import draw_all
from assay.reports.values import Results
from reports.conftest import make_evaluation


@dataclass(frozen=True)
class Point:
    x: float
    y: float


@dataclass(frozen=True)
class Place:
    x: float
    y: float


#: No two of these are the same, however alike they look, in Python (`True == 1 == 1.0`) or as bytes.
DIFFERENT = (
    None, "None", "", (), [], {}, 0, False, 0.0, -0.0, "0", 1, True, 1.0, np.float64(1), np.float32(1),
    ("ab", "c"), ("a", "bc"), ("abc",), ["ab", "c"], (("a",), "b"), ("a", ("b",)), {"a": "b"}, ("a", "b"),
    {"a": "b", "c": "d"}, {"a": ("b", "c", "d")}, float("inf"), 10**30, "\ud800", "?",
    np.zeros(4, np.uint8), np.zeros((2, 2), np.uint8), np.zeros(1, np.int32), np.zeros(4, np.int8),
    np.zeros((4, 0)), np.zeros((0, 4)), np.array(["a"]), Point(1, 2), Point(2, 1), Place(1, 2), (1, 2),
)  # fmt: skip


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget_drawings()
    yield
    forget_drawings()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the figures that were drawn, and not taken from before."""
    names: list[str] = []
    once = memoized.drawn_once

    def counting(make: Callable[[], Any], *values: Any) -> Any:
        def made() -> Any:
            names.append(values[1] if values[0] == "grid" else values[0])
            return make()

        return once(made, *values)

    monkeypatch.setattr("assay.reports.drawing.canvas.drawn_once", counting)
    monkeypatch.setattr("assay.reports.drawing.image_grid.drawn_once", counting)
    return names


def test_different_values_are_never_taken_for_each_other() -> None:
    """Each value gives what was made of it: kinds, lengths and shapes count, not only bytes."""
    for number, value in enumerate(DIFFERENT):
        assert drawn_once(lambda number=number: number, value) == number, repr(value)
    for number, value in enumerate(DIFFERENT[-40:], len(DIFFERENT) - 40):  # so many are kept
        assert drawn_once(lambda: "anew", value) == number, repr(value)


def test_a_value_of_an_unknown_kind_is_drawn_each_time() -> None:
    """What cannot be compared is never taken for equal: functions, sets, arrays of objects."""
    made: list[int] = []
    for odd in (lambda: None, {1}, np.array([None]), object(), ("a", {"b": [{2}]})):
        for _ in range(2):
            drawn_once(lambda: made.append(1), "x", odd)
    assert len(made) == 10


def test_only_the_last_drawings_are_kept() -> None:
    """A program that writes many reports does not grow: the oldest go, one that was asked for again stays."""
    made: list[int] = []
    for number in [*range(40), 0, 40, 0, 1]:
        drawn_once(lambda number=number: made.append(number), number)
    assert made == [*range(40), 40, 1]


def test_an_array_that_was_changed_is_drawn_anew(drawn: list[str]) -> None:
    """Values are compared by their content at the time, not by which object they are."""
    images = np.zeros((1, 4, 4, 1), np.uint8)
    grid = Grid(images, row_by_row(1, 1), (1, 1))
    black = draw_grid("one", grid)
    assert draw_grid("one", replace(grid, images=images.copy())) == black
    assert drawn == ["one"]
    images[:] = 255
    assert draw_grid("one", grid) != black
    assert drawn == ["one", "one"]


def test_name_size_and_painter_belong_to_a_drawing(drawn: list[str]) -> None:
    """A figure is the same only where everything is that goes into it."""

    def one(figure: canvas.Canvas, height: int) -> None:
        figure.add_subplot().bar([1], [height])

    def other(figure: canvas.Canvas, height: int) -> None:
        figure.add_subplot().plot([1, 2], [0, height])

    first = draw("a", 1.0, painting(one, 3))
    assert draw("a", 1.0, painting(one, 3)) == first
    assert drawn == ["a"]
    for again in (
        draw("b", 1.0, painting(one, 3)),
        draw("a", 1.5, painting(one, 3)),
        draw("a", 1.0, painting(one, 3), 2.0),
        draw("a", 1.0, painting(one, 3), arrange=False),
        draw("a", 1.0, painting(other, 3)),
        draw("a", 1.0, painting(one, 4)),
    ):
        assert again != first
    assert len(drawn) == 7


def test_models_of_one_data_set_share_its_figures(
    content_of: Callable[..., Results], drawn: list[str]
) -> None:
    """Every figure of a report is taken from before where nothing changed; with other answers those of the
    answers are drawn, those of the data are not. The pictures are those of a report drawn alone."""
    content = content_of()
    first = draw_all(content)
    names = [figure.name for group in first.figures.values() for figure in group]
    assert sorted(drawn) == sorted(names)
    drawn.clear()
    assert draw_all(content_of()).figures == first.figures
    assert not drawn

    answers: Evaluation = make_evaluation(content.dataset, right=0.2)
    other = draw_all(replace(content, evaluation=answers))
    of_answers = {"confidence", "confusion", "map", "mistakes", "recall", "saliency"}
    assert of_answers - {"saliency"} <= set(drawn) <= of_answers
    forget_drawings()
    assert draw_all(replace(content, evaluation=answers)).figures == other.figures
