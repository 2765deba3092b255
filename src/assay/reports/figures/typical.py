"""The most and the least typical training images of each class."""

from collections.abc import Sequence
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.pixel_sums import Measurements
from assay.data.values import BLOCK, Split, images_of
from assay.reports.drawing.captions import figure
from assay.reports.drawing.image_grid import Grid, draw_grid
from assay.reports.drawing.sampling import shown_classes, shown_note
from assay.reports.findings.wording import count, decimal, name
from assay.reports.values import Figure, Results, Table

#: Images at each end of a class, with an empty column between the two.
_AT_EACH_END: Final = 5

#: Pixel values that are looked at together: as floats 32 MB.
_VALUES: Final = 1 << 23


def typical(content: Results) -> Figure:
    """The images of each class nearest to its mean, and those farthest from it."""
    dataset, measurements = content.dataset, content.measurements["train"]
    distances = distances_to_mean(dataset.train, measurements)
    shown = shown_classes(measurements.counts)
    ends = [_ends(distances, np.flatnonzero(dataset.train.labels == c)) for c in shown]
    rows = np.array([row for most, least in ends for row in (*most, *least)], np.int64)
    places = [
        (line, column)
        for line, (most, least) in enumerate(ends)
        for column in (*range(len(most)), *range(_AT_EACH_END + 1, _AT_EACH_END + 1 + len(least)))
    ]
    names = [dataset.classes[c] for c in shown]
    grid = Grid(
        images_of(dataset.train, rows),
        np.array(places, np.int64).reshape(-1, 2),
        (len(shown), 2 * _AT_EACH_END + 1),
        names,
    )
    record = _typical_record(names, shown, ends, distances, dataset.train.labels)
    ids = dataset.train.ids
    return figure(
        "typical",
        draw_grid("typical", grid),
        f"In a row for each of {count(len(shown), 'class', 'classes')}: on the left its most typical "
        "training images, on the right its least typical ones.",
        _typical_finding(record),
        Table(
            ("class", "most typical", "least typical", "farthest by the median"),
            tuple(
                (n, _ids(ids, most), _ids(ids, least), decimal(record[n]["farthest_by_median"], 2))
                for n, (most, least) in zip(names, ends, strict=True)
            ),
            "The last column: the distance of the farthest image, divided by that of the median image.",
        ),
        shown_note(len(measurements.counts), len(shown)),
        record,
    )


def _ids(ids: Sequence[str], rows: list[int]) -> str:
    return ", ".join(ids[row] for row in rows) or "no images"


def distances_to_mean(train: Split, measurements: Measurements) -> NDArray[np.float64]:
    """Euclidean distance of each training image to the mean image of its class, in gray levels, `(n,)`."""
    means = measurements.class_means.astype(np.float32)
    parts, start = [np.zeros(0)], 0
    for block in train.blocks(size=max(1, min(BLOCK, _VALUES // prod(train.shape)))):
        apart = means[train.labels[start : start + len(block)]]
        np.subtract(block, apart, out=apart)
        parts.append(np.sqrt(np.einsum("nhwc,nhwc->n", apart, apart, dtype=np.float64)))
        start += len(block)
    return np.concatenate(parts)


def _ends(distances: NDArray[np.float64], rows: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    """The nearest rows, nearest first, and the farthest, farthest first; none twice."""
    order = rows[np.argsort(distances[rows], kind="stable")]
    each = min(_AT_EACH_END, (len(order) + 1) // 2)
    least = order[max(each, len(order) - _AT_EACH_END) :][::-1]
    return order[:each].tolist(), least.tolist()


def _typical_record(
    names: list[str],
    shown: NDArray[np.int64],
    ends: list[tuple[list[int], list[int]]],
    distances: NDArray[np.float64],
    labels: NDArray[np.int64],
) -> dict[str, Any]:
    record = {}
    for class_name, label_number, (most, least) in zip(names, shown.tolist(), ends, strict=True):
        own = distances[labels == label_number]
        middle = float(np.median(own)) if len(own) else 0.0
        ratio = float(own.max()) / middle if middle else None
        record[class_name] = {"most": most, "least": least, "farthest_by_median": ratio}
    return record


def _typical_finding(record: dict[str, Any]) -> str:
    known = {n: found["farthest_by_median"] for n, found in record.items() if found["farthest_by_median"]}
    if not known:
        return "In no class is any image farther from the mean than another."
    far = max(known, key=lambda n: known[n])
    near = min(known, key=lambda n: known[n])
    times = f"{known[far]:.2f} times as far as the median"
    text = f"The image farthest from its class is one of {name(far)}: {times}"
    if far == near:
        return f"{text} image."
    least = f"Nearest by the same measure is that of {name(near)}, at {known[near]:.2f} times."
    return f"{text} image of the class. {least}"
