"""How far each label can be trusted, by the probabilities of a classifier that did not see it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Floats, Rows
from assay.data.values import Dataset

#: The columns of `label_quality.csv`, in order.
QUALITY_COLUMNS: Final = (
    "split",
    "index",
    "id",
    "digest",
    "label",
    "p_label",
    "suggested",
    "p_suggested",
    "margin",
    "group",
    "score",
)


@dataclass(frozen=True)
class LabelQuality:
    """For each of n images, in their order; None where the classifier does not know the label's class.

    own: the probability of the label. suggested: the most probable other class, and other its probability.
    right: how likely the label is to be right, given how labels go wrong in the set (`noise_matrix`).
    """

    own: tuple[float | None, ...]
    suggested: tuple[int | None, ...]
    other: tuple[float | None, ...]
    right: tuple[float | None, ...]


def label_quality(
    probabilities: Floats, labels: Rows, learned: Rows, wrong: NDArray[np.float64]
) -> LabelQuality:
    """The label's probability beside that of its strongest rival.

    probabilities: `(n, k)`, out of sample, k >= 2; labels: int64 `(n,)`; learned: the classes that are known;
    wrong: `(n,)`, how likely each label is to be wrong.
    """
    each = np.arange(len(labels))
    own = probabilities[each, labels].astype(np.float64)
    rivals = probabilities.astype(np.float64)
    rivals[each, labels] = -1.0
    suggested = rivals.argmax(axis=1)
    other = rivals[each, suggested]
    known = np.isin(labels, learned).tolist()
    return LabelQuality(
        tuple(_rounded(p, k) for p, k in zip(own.tolist(), known, strict=True)),
        tuple(s if k else None for s, k in zip(suggested.tolist(), known, strict=True)),
        tuple(_rounded(p, k) for p, k in zip(other.tolist(), known, strict=True)),
        tuple(_rounded(1 - p, k) for p, k in zip(wrong.tolist(), known, strict=True)),
    )


def _rounded(probability: float, known: bool) -> float | None:
    """Seven significant digits: float32 holds no more."""
    return float(f"{probability:.7g}") if known else None


def quality_rows(quality: Mapping[str, LabelQuality], dataset: Dataset) -> Iterator[tuple[object, ...]]:
    """A row of `QUALITY_COLUMNS` for each image of each split in source order; None where nothing is known.

    quality: per split, of all splits or, where labels were not judged, of none.
    """
    return (row for name in dataset.splits for row in _rows(quality.get(name), dataset, name))


def _rows(quality: LabelQuality | None, dataset: Dataset, name: str) -> Iterator[tuple[object, ...]]:
    split = dataset.splits[name]
    groups = split.columns.get("group")
    for row, label in enumerate(split.labels.tolist()):
        judged = _judged(quality, dataset, row)
        group = "" if groups is None else str(groups[row] or "")
        place = (name, row, split.ids[row], split.hex_digest(row), dataset.classes[label])
        yield (*place, *judged[:-1], group, judged[-1])


def _judged(quality: LabelQuality | None, dataset: Dataset, row: int) -> tuple[object, ...]:
    """Label's probability, suggestion, its probability, margin, score."""
    if quality is None:
        return (None,) * 5
    own, suggested, other = quality.own[row], quality.suggested[row], quality.other[row]
    right = quality.right[row]
    if own is None or suggested is None or other is None or right is None:
        return (None,) * 5
    return own, dataset.classes[suggested], other, own - other, right
