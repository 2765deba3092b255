"""`label_quality.csv`: every image of every split with how far its label can be trusted."""

from collections.abc import Mapping

from assay.core.text import csv_text
from assay.data.values import Dataset
from assay.estimators.label_quality import QUALITY_COLUMNS, LabelQuality, quality_rows


def label_quality_csv(quality: Mapping[str, LabelQuality], dataset: Dataset) -> str:
    """The content of the file: a row for each image in source order; empty cells where nothing is known.

    quality: per split, of all splits or, where labels were not judged, of none.
    """
    return csv_text(QUALITY_COLUMNS, quality_rows(quality, dataset))
