"""What a step-by-step course shows beside figures: labels, a picture as numbers, partition, net."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup

from assay.core.text import one_line
from assay.data.values import Dataset, images_of
from assay.reports.drawing.image_grid import windows
from assay.reports.drawing.sampling import shown_classes, shown_note
from assay.reports.findings.wording import count, percent
from assay.reports.values import Results
from assay.training.model.values import LayerRow

#: Classes in the table of labels, and pixels a side in the picture of numbers.
_MOST_LABELS: Final = 40
_MOST_DIGITS: Final = 28

#: White text is readable on grays up to this level, black text above it (WCAG contrast over 4.5).
_WHITE_UP_TO: Final = 118


@dataclass(frozen=True)
class Label:
    """A class: its number, its name, an example from the training split, images per split in words."""

    number: int
    name: str
    picture: Markup
    counts: str


@dataclass(frozen=True)
class Labels:
    """The classes with an example each. sheet: the element with the pictures. note: what is left out."""

    sheet: Markup
    rows: tuple[Label, ...]
    note: str


def label_table(content: Results) -> Labels:
    """Every class with its first training image; of very many those with most images."""
    dataset = content.dataset
    counts = {split: m.counts for split, m in content.measurements.items()}
    shown = shown_classes(counts["train"], _MOST_LABELS)
    firsts = [np.flatnonzero(dataset.train.labels == c)[:1] for c in shown]
    rows = np.concatenate([np.zeros(0, np.int64), *firsts])
    sheet, pictures = windows("labels", images_of(dataset.train, rows))
    left = iter(pictures)
    return Labels(
        Markup(sheet),
        tuple(
            Label(
                int(c),
                one_line(dataset.classes[c]),
                Markup(next(left)) if len(first) else Markup(""),
                ", ".join(f"{per_class[c]:,} {split}" for split, per_class in counts.items()),
            )
            for c, first in zip(shown, firsts, strict=True)
        ),
        shown_note(len(dataset.classes), len(shown)),
    )


@dataclass(frozen=True)
class Digits:
    """One picture as numbers. what: what it shows, in a sentence.

    rows: for each pixel its value, the color behind it, and whether the text is white.
    """

    rows: tuple[tuple[tuple[int, str, bool], ...], ...]
    what: str


def digitized(dataset: Dataset) -> Digits | None:
    """The first training image, or its middle, as the numbers that a computer sees; None without an image."""
    if len(dataset.train) == 0:
        return None
    image = images_of(dataset.train, np.array([0]))[0]
    height, width, channels = image.shape
    top, left = max(0, (height - _MOST_DIGITS) // 2), max(0, (width - _MOST_DIGITS) // 2)
    part = image[top : top + _MOST_DIGITS, left : left + _MOST_DIGITS, 0]
    rows = tuple(tuple((int(v), f"#{v:02x}{v:02x}{v:02x}", v <= _WHITE_UP_TO) for v in row) for row in part)
    which = "red channel of the " if channels == 3 else ""
    whole = part.shape == (height, width)
    name = one_line(dataset.classes[int(dataset.train.labels[0])])
    return Digits(
        rows,
        f"The {which}first training image ({name}){'' if whole else ', its middle'}: "
        f"{part.shape[0]} x {part.shape[1]} numbers from 0 (black) to 255 (white).",
    )


@dataclass(frozen=True)
class Part:
    """One part of the partition: its share of all images, in words and as a number in [0, 1]."""

    split: str
    images: str
    share: float
    told: str


def partition_bar(rows: Sequence[dict[str, object]]) -> list[Part]:
    """The parts of the partition in order, for a bar."""
    numbers = [int(str(row["count"])) for row in rows]
    whole = max(1, sum(numbers))
    return [
        Part(str(row["split"]), count(n), n / whole, percent(n / whole))
        for row, n in zip(rows, numbers, strict=True)
    ]


@dataclass(frozen=True)
class Block:
    """A layer as drawn: its shape in words, and its height in [0, 1] by the logarithm of its size."""

    name: str
    kind: str
    shape: str
    parameters: str
    height: float


def net_blocks(layers: Sequence[LayerRow], inputs: tuple[int, int, int]) -> list[Block]:
    """The input and each layer, as blocks of a drawing."""
    sizes = [int(np.prod(inputs)), *(_size(layer) for layer in layers)]
    top = np.log1p(max(sizes))
    shape = " \N{MULTIPLICATION SIGN} ".join(str(n) for n in inputs)
    blocks = [Block("input", "Image", shape, "", float(np.log1p(sizes[0]) / top))]
    for layer, size in zip(layers, sizes[1:], strict=True):
        shape = " \N{MULTIPLICATION SIGN} ".join(str(n) for n in layer.output_shape if n is not None)
        weights = count(layer.parameters, "parameter") if layer.parameters else ""
        height = float(np.log1p(size) / top)
        blocks.append(Block(one_line(layer.name), one_line(layer.kind), shape, weights, height))
    return blocks


def _size(layer: LayerRow) -> int:
    return int(np.prod([n for n in layer.output_shape if n is not None] or [1]))
