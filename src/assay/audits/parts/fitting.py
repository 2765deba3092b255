"""Consistency checks of a part: a matching checksum does not say who made it."""

from collections.abc import Mapping
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.pixel_sums import LEVELS, Measurements
from assay.audits.measures.row_tables import RowTables, empty_table
from assay.core.arrays import Float32s
from assay.data.piece import Piece, Whole
from assay.data.values import Resize, Split

#: The longest side of a working size, and the most channels.
_LONGEST_SIDE: Final = 1 << 16
_CHANNELS: Final = 4


def need_whole(content: Mapping[str, Any]) -> None:
    """Raise ValueError where what a record says of the whole set, or of its share, is of other types."""
    whole = content["whole"]
    _need(all(isinstance(whole[key], str) for key in ("name", "source", "listed")), "the names")
    _need(_are_texts(whole["classes"]) and len(set(whole["classes"])) == len(whole["classes"]), "the classes")
    _need(_are_texts(whole["notes"]), "the notes")
    _need(isinstance(whole["form"], str | None), "the layout")
    _need(whole["resize"] in (None, *get_args(Resize)), "how images are resized")
    height, width, channels = whole["shape"]
    _need(all(_counts(side) and 0 < side <= _LONGEST_SIDE for side in (height, width)), "the size")
    _need(_counts(channels) and 0 < channels <= _CHANNELS, "the channels")
    _need(all(isinstance(name, str) and _counts(count) for name, count in whole["counts"]), "the counts")
    _need(bool(whole["counts"]) and set(dict(whole["counts"])) == set(content["splits"]), "the splits")
    settings = content["settings"]
    _need(isinstance(settings.get("data"), str), "the settings")
    _need(isinstance(settings.get("recipe", {}), dict), "the settings")
    _need(
        all(_are_texts(list(item.values())) for item in (*whole["left_out"], *content["left_out"])), "texts"
    )
    _need(all(map(_counts, content["converted"].values())) and _counts(content["deep"]), "the counts")
    levels = content["levels"]
    _need(
        levels is None or (isinstance(levels, list) and len(levels) == 4 and all(map(_counts, levels))),
        "levels",
    )


def need_share(piece: Piece) -> None:
    """Raise ValueError where a piece has not as many images, read or left out, as its share."""
    for name, split in piece.splits.items():
        lost = sum(item.split == name for item in piece.left_out)
        if len(split) + lost != len(piece.shard.rows(piece.whole.counts[name])):
            raise ValueError("it has another number of images than its share")


def need_told(record: Mapping[str, Any], shape: tuple[int, ...], whole: Whole) -> None:
    """Raise ValueError where what a record says of a split is of other types, or the images of another size.

    shape: of the images in the file.
    """
    _need(len(shape) == 4 and shape[1:] == whole.shape, "the images")
    _need(_are_texts(record["ids"]), "the ids")
    _need(isinstance(record["columns"], list), "the columns")
    columns = dict(record["columns"])
    _need(len(columns) == len(record["columns"]) and _are_texts(list(columns)), "the columns")
    _need(all(cells is None or _are_texts(cells) for cells in columns.values()), "the columns")
    _need(record["resize"] in get_args(Resize), "how images are resized")


def _need(right: bool, what: str) -> None:
    if not right:
        raise ValueError(f"{what} are of another type or range")


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _counts(value: object) -> bool:
    """Whether it is a number of images or the like."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53


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


def need_described(rows: NDArray[Any], count: int) -> Float32s:
    """The features of a pretrained net. Raises ValueError where they are not of so many images."""
    if rows.ndim != 2 or len(rows) != count or rows.dtype != np.float32 or not np.isfinite(rows).all():
        raise ValueError("features of a pretrained net are of another shape or type")
    return rows
