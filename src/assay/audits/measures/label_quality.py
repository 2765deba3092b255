"""`label_quality.csv`: every image of every split with how far its label can be trusted."""

from collections.abc import Iterator, Mapping
from typing import Final

from assay.core.text import csv_text
from assay.data.values import Dataset
from assay.estimators.label_quality import LabelQuality

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


def label_quality_csv(quality: Mapping[str, LabelQuality], dataset: Dataset) -> str:
    """The content of the file: a row for each image in source order; empty cells where nothing is known.

    quality: per split, of all splits or, where labels were not judged, of none.
    """
    rows = (row for name in dataset.splits for row in _rows(quality.get(name), dataset, name))
    return csv_text(QUALITY_COLUMNS, rows)


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
    if own is None or suggested is None or other is None:
        return (None,) * 5
    return own, dataset.classes[suggested], other, own - other, own
