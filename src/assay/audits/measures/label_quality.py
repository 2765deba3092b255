"""`label_quality.csv`: every image of every split with how far its label can be trusted."""

from collections.abc import Iterator, Mapping

from assay.core.text import csv_lines
from assay.data.values import Dataset
from assay.estimators.label_quality import QUALITY_COLUMNS, LabelQuality, quality_rows


def label_quality_lines(quality: Mapping[str, LabelQuality], dataset: Dataset) -> Iterator[str]:
    """The lines of the file: a row for each image in source order; empty cells where nothing is known.

    quality: per split, of all splits or, where labels were not judged, of none.
    """
    return csv_lines(QUALITY_COLUMNS, quality_rows(quality, dataset))
