"""Whether the arrays of a part fit each other: a sealed part may still have been made by anybody."""

import numpy as np

from assay.audits.measures.pixel_sums import LEVELS, Measurements
from assay.audits.measures.row_tables import RowTables, empty_table
from assay.data.values import Split


def need_fitting(split: Split, sums: Measurements, tables: RowTables, classes: int) -> None:
    """Raise ValueError where labels, sums or tables are not those of so many images and classes."""
    if len(split) and not 0 <= int(split.labels.min()) <= int(split.labels.max()) < classes:
        raise ValueError("a label is no class")
    height, width, channels = split.shape
    shapes = {
        "counts": (classes,),
        "histograms": (classes, channels, LEVELS),
        "sums": (classes, height, width, channels),
        "square_sums": (classes, height, width, channels),
    }
    for name, shape in shapes.items():
        array = getattr(sums, name)
        if array.shape != shape or array.dtype != np.int64:
            raise ValueError(f"the sums {name} are of another shape or type")
    if not np.array_equal(sums.counts, split.counts(classes)):
        raise ValueError("the sums count other images")
    for name, array in tables.present().items():
        wanted = empty_table(name, split.shape)
        if array.shape != (len(split), *wanted.shape[1:]) or array.dtype != wanted.dtype:
            raise ValueError(f"the table {name} is of another shape or type")
