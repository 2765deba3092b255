"""`load`: a labelled image set by name, from a path, or from arrays."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.events import OnEvent, ignore
from assay.core.text import choices
from assay.data.assemble import checked_classes, read_class_names
from assay.data.near_copies import NearCopies
from assay.data.request import Request
from assay.data.sources import SOURCES, Source
from assay.data.take_test import with_test_split
from assay.data.values import Dataset, Resize

#: What is loaded where nothing is named.
DEFAULT: Final = "fashion-mnist"

#: How names begin that belong to a hub.
PREFIXES: Final = ("hf:", "tfds:")

#: Every name that a data set can be asked for by.
NAMES: Final = tuple(name for source in SOURCES for name in source.data_names)


def load(
    data: str | Path | None = None,
    *,
    arrays: Sequence[NDArray[Any]] | None = None,
    classes: str | Sequence[str] | None = None,
    name: str | None = None,
    floats: bool = False,
    size: str | int | None = None,
    resize: Resize = "fit",
    skip_bad: bool = False,
    label_column: str | None = None,
    path_column: str | None = None,
    split_column: str | None = None,
    group_column: str | None = None,
    test_fraction: float | None = None,
    near_copies: NearCopies | None = None,
    seed: int = 0,
    offline: bool = False,
    on_event: OnEvent = ignore,
) -> Dataset:
    """A labelled image set, read and checked.

    data: a name (`fashion-mnist`, the default, or `fashion-mnist-sample`; `hf:owner/name`), or the path of
        a folder, table, archive, or of an `.npz`, Parquet or IDX file.
    arrays: instead of `data`, `(X, y)` or `(X, y, X_test, y_test)`; X uint8 `(n, h, w)` or
        `(n, h, w, c)`, y whole numbers `(n,)`.
    classes: class names in label order, or what `--classes` takes: "a,b,c" or a file.
    name: what to call the set. floats: arrays hold pixels as floats in [0, 1].
    size, resize: the working size of image files (64, or "48x64": height x width), and how they get there:
        `fit` (whole, black at the sides), `crop` (the middle) or `stretch`. Unasked: their common size,
        or else a square of the median side, at most 64.
    skip_bad: leave unreadable images out (they stand in `left_out`) instead of stopping.
    path_column, label_column, split_column, group_column: where tables have what.
    test_fraction, seed: take this share of train as test split where there is none.
    near_copies: what finds the near copies that this may not part (`assay.load` and `assay.run` have one).
    offline: never use the network. on_event: hears of progress and of what is not as it should be.

    Raises AssayError: `unknown-data`, and whatever is wrong with the data (docs/errors.md).
    """
    request = as_request(
        data,
        arrays=arrays,
        classes=classes,
        name=name,
        floats=floats,
        size=size,
        resize=resize,
        skip_bad=skip_bad,
        label_column=label_column,
        path_column=path_column,
        split_column=split_column,
        group_column=group_column,
        test_fraction=test_fraction,
        near_copies=near_copies,
        seed=seed,
        offline=offline,
        on_event=on_event,
    )
    return with_test_split(chosen_source(request).read(request), request)


def as_request(
    data: str | Path | None = None,
    *,
    arrays: Sequence[NDArray[Any]] | None = None,
    classes: str | Sequence[str] | None = None,
    **options: Any,
) -> Request:
    """The arguments of `load` as one value; `options` are fields of `Request`."""
    if data is not None and arrays is not None:
        raise AssayError("usage", "arrays", "both data and arrays were given", "Give one of them.")
    text = None if arrays is not None else os.fspath(data if data is not None else DEFAULT)
    return Request(text, _existing_path(text, data), arrays, _class_names(classes), **options)


def chosen_source(request: Request) -> Source:
    """The source that reads a request. Raises AssayError `unknown-data` where there is none."""
    for source in SOURCES:
        if source.matches(request):
            return source
    raise _unknown(request)


def _class_names(classes: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if classes is None:
        return None
    return read_class_names(classes) if isinstance(classes, str) else checked_classes(classes)


def _existing_path(text: str | None, data: str | Path | None) -> Path | None:
    """The path that is meant, or None where a name is meant. Raises `unknown-data` where it is missing."""
    if text is None or (text in NAMES and not isinstance(data, Path)) or text.startswith(PREFIXES):
        return None
    path = Path(text).expanduser()
    if path.exists():
        return path
    if isinstance(data, Path) or text.startswith((".", "~")) or os.sep in text:
        raise AssayError("unknown-data", text, "there is no such file or folder", "Check the path.")
    return None


def _unknown(request: Request) -> AssayError:
    if request.path is not None:
        return AssayError(
            "unknown-data",
            request.path,
            "nothing here is of a form that Assay reads",
            "Give a folder of images or of IDX files, a table (.csv, .tsv, .jsonl), .npz, .zip or .tar.",
        )
    text = str(request.data)
    return AssayError("unknown-data", text, "there is no data set or path of this name", choices(text, NAMES))


def known_name(name: str) -> str:
    """`name`, where it is that of a data set. Raises AssayError `unknown-data` with those there are."""
    if name not in NAMES:
        raise AssayError(
            "unknown-data", name, "there is no data set of this name", f"{choices(name, NAMES)}."
        )
    return name
