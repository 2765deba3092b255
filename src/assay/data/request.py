"""`Request`: what the user asked to be read, and how. Every source is given one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from assay.core.events import OnEvent, ignore
from assay.data.values import Resize


@dataclass(frozen=True, eq=False)
class Request:
    """What to read.

    data: a name or a path as the user gave it; None where `arrays` are given.
    path: `data` as a path, where it is one that exists. arrays: images and labels from Python.
    classes, name: the user's own names, before those that the source knows.
    floats: arrays of floats are pixels in [0, 1].
    size, resize: the working size of image files, and how they are brought to it.
    skip_bad: leave unreadable images out instead of stopping.
    label_column, path_column, split_column, group_column: where a table has what.
    test_fraction, seed: without a test split, take this share of train for it, drawn by the seed.
    offline: no network. scratch: a folder to decode into, for a source that caches by itself.
    """

    data: str | None = None
    path: Path | None = None
    arrays: Sequence[NDArray[Any]] | None = None
    classes: tuple[str, ...] | None = None
    name: str | None = None
    floats: bool = False
    size: str | int | None = None
    resize: Resize = "fit"
    skip_bad: bool = False
    label_column: str | None = None
    path_column: str | None = None
    split_column: str | None = None
    group_column: str | None = None
    test_fraction: float | None = None
    seed: int = 0
    offline: bool = False
    scratch: Path | None = None
    on_event: OnEvent = ignore

    @property
    def columns(self) -> tuple[str | None, ...]:
        """The columns that were asked for."""
        return self.path_column, self.label_column, self.split_column, self.group_column
