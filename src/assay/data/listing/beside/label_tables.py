"""Whether a table may give the images their labels, by what it is called and by what it has: others hold
predictions, boxes, measurements or what a camera wrote."""

import re
from collections.abc import Collection, Sequence
from typing import Final

from assay.core.errors import AssayError
from assay.data.formats.text_table import Columns
from assay.data.formats.texts.column_names import LABEL_NAMES, usual_spelling
from assay.data.listing.beside.tables import tables_aside
from assay.data.listing.columns.missing import is_missing
from assay.data.listing.columns.path_columns import first_rows, path_column
from assay.data.listing.exported.record_fields import are_labels
from assay.data.listing.walk import Walk

_WORDS: Final = re.compile(r"[^\W\d_]+")

#: What tables of labels, and their folders, are called.
_OF_LABELS: Final = frozenset(
    "label labels metadata meta annotation annotations class classes classification category categories "
    "truth groundtruth gt diagnosis diagnoses".split()
)

#: What tables of something else are called, whatever else their names say.
_OF_OTHERS: Final = frozenset(
    "prediction predictions predicted pred preds result results output outputs submission submissions log "
    "logs score scores box boxes bbox bboxes detection detections object objects point points coord coords "
    "coordinates keypoints landmarks caption captions feature features embedding embeddings exif rating "
    "ratings survey age ages regression".split()
)

#: Columns of tables whose rows are boxes, points, predictions or answers of one person.
_OF_OTHER_ROWS: Final = frozenset(
    "x x1 x2 x_min x_max xmin xmax left bbox bounding_box region_shape_attributes polygon score confidence "
    "probability rater annotator".split()
)

_WHOLE: Final = re.compile(r"\d+(\.0*)?")
_NUMBER: Final = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")


def tables_of_labels_aside(found: Walk, folders: Collection[str]) -> list[str]:
    """Those of `tables_aside` that have labels of images, one for each, and that they or their folders are
    called after: `metadata/labels.csv`."""
    return [name for name in tables_aside(found, folders) if _is_of_labels(found, name)]


def _is_of_labels(found: Walk, name: str) -> bool:
    words = _words(name.rpartition(".")[0])
    if not words & _OF_LABELS or words & _OF_OTHERS:
        return False
    try:
        columns = first_rows(found.root / name)
    except AssayError:
        return False  # a hint less
    path = path_column(columns)
    label = path and column_of_labels(columns, path)
    if not path or not label:
        return False
    pairs = {*zip(columns[path], columns[label], strict=True)}
    return len({image for image, _ in pairs}) == len(pairs) and are_classes(columns[label])


def called_otherwise(name: str) -> bool:
    """Whether the name of a table says that it has something else than labels."""
    return bool(_words(name) & _OF_OTHERS)


def column_of_labels(columns: Columns, path: str) -> str | None:
    """The column with a usual name for labels, where the rows may be one for each image. path: the column
    that names these."""
    if any(usual_spelling(column) in _OF_OTHER_ROWS for column in columns):
        return None
    return next((c for c in columns if c != path and usual_spelling(c) in LABEL_NAMES), None)


def are_classes(values: Sequence[str]) -> bool:
    """Whether cells may be classes: few for many images, and no measurements. Numbers of classes are whole,
    and begin with 0 or 1."""
    some = {value.strip() for value in values if not is_missing(value)}
    return are_labels(values) and not _are_measured(some)


def _are_measured(values: Collection[str]) -> bool:
    if not all(map(_NUMBER.fullmatch, values)):
        return False
    numbers = [float(value) for value in values if value.partition(".")[0] != "-1"]
    whole = all(value.partition(".")[0] == "-1" or _WHOLE.fullmatch(value) for value in values)
    return not whole or min(numbers, default=0) > 1


def _words(path: str) -> set[str]:
    return {word.casefold() for word in _WORDS.findall(path)}
