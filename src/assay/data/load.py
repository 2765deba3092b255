"""Loading a data set: the source that reads a request."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

from numpy.typing import NDArray

from assay.core.disk_errors import environment_errors
from assay.core.errors import AssayError
from assay.core.text import choices
from assay.core.user_path import expanded
from assay.data.formats.address import checked_address, is_address
from assay.data.formats.pixel_arrays import ChannelOrder, FloatRange
from assay.data.formats.safe_open import read_file
from assay.data.formats.shard_file import pattern_parts
from assay.data.formats.signatures import FIRST_BYTES
from assay.data.formats.texts.other_names import TEXTS, way_to_read_text
from assay.data.formats.unread_forms import form_of
from assay.data.listing.advice.above import read_below
from assay.data.listing.class_names import checked_classes, read_class_names
from assay.data.listing.from_names.splits_beside import notes_on_splits_beside
from assay.data.listing.tree import named_splits
from assay.data.option_types import check_types
from assay.data.request import Request, refuse_unused
from assay.data.sources import SOURCES, Source
from assay.data.sources.image_dataset import shared_groups
from assay.data.sources.objects.python_objects import is_objects
from assay.data.splitting.name_groups import with_name_groups
from assay.data.splitting.views_in_names import notes_on_views
from assay.data.values import Dataset

#: What is loaded where nothing is named.
DEFAULT: Final = "fashion-mnist"

#: What --floats takes.
FLOAT_RANGES: Final[tuple[FloatRange, ...]] = get_args(FloatRange)

#: What --channel-order takes.
CHANNEL_ORDERS: Final[tuple[ChannelOrder, ...]] = get_args(ChannelOrder)

_Word = TypeVar("_Word", bound=str)

#: How names begin that belong to a hub.
PREFIXES: Final = ("hf:", "tfds:")

#: The sources that read the files that a path with wildcards names.
OF_PATTERNS: Final = ("parquet", "webdataset", "stored shards")

#: Every name that a data set can be asked for by.
NAMES: Final = tuple(name for source in SOURCES for name in source.data_names)


def read(request: Request) -> Dataset:
    """The data set that a request asks for, as its source has it; no split is drawn.

    Raises AssayError: `unknown-data`, and whatever is wrong with the data (docs/errors.md).
    """
    source = readable_source(request)
    own = partial(source.read, request)
    found = read_below(request, own) if source.name == "folder" else own()
    if beside := notes_on_splits_beside(request.path, found.splits, source.name):
        found = replace(found, notes=(*found.notes, *beside))
    if request.group_pattern is not None:
        splits, told = with_name_groups(found.splits, request.group_pattern)
        answered = notes_on_views(found.splits)
        notes = (note for note in found.notes if note not in answered)
        found = replace(found, splits=splits, notes=(*notes, *told, *shared_groups(splits)))
    return found if request.name is None else replace(found, name=request.name)


def as_request(
    data: object = None,
    *,
    arrays: Sequence[NDArray[Any]] | None = None,
    classes: str | Sequence[str] | None = None,
    split_names: str | Mapping[str, str] | None = None,
    root: str | Path | None = None,
    floats: bool | str = False,
    channel_order: str | None = None,
    **options: Any,
) -> Request:
    """What the user asked for as one value; `options` are other fields of `Request`.

    data: a name, a path, the arrays themselves as a tuple or list, or objects (see `python_objects`).
    Raises AssayError `unknown-data`.
    """
    check_types({"split_names": split_names, "root": root, **options})
    if data is not None and arrays is not None:
        raise AssayError("usage", "arrays", "both data and arrays were given", "Give one of them.")
    objects, arrays, data = None, _in_a_row(arrays), _in_a_row(data)
    if is_objects(data):
        data, objects = None, data
    elif isinstance(data, tuple | list):
        data, arrays = None, data
    if not isinstance(data, str | os.PathLike | None):
        what = "this is neither a name nor a path nor (images, labels)"
        fix = (
            "Give a path, arrays: assay.load((X, y)) or assay.load((X, y, X_test, y_test)), a data frame, "
            "or a data set with a length and items by number (of a stream: assay.load(list(data)); of a "
            "DataLoader its data set)."
        )
        if isinstance(data, Mapping):
            fix += (
                ' Of a dict give its arrays, or {"train": (X, y), "test": (X_test, y_test)}; of images by '
                "class [(image, name) for name, images in d.items() for image in images]."
            )
        raise AssayError("unknown-data", f"a {type(data).__module__}.{type(data).__name__}", what, fix)
    given = arrays is not None or objects is not None
    text = None if given else os.fspath(data if data is not None else DEFAULT)
    names = named_splits(split_names) if isinstance(split_names, str) else split_names
    more = {"split_names": names, "root": _existing_root(root), "floats": _float_range(floats), **options}
    order = None if channel_order is None else _one_of("--channel-order", channel_order, CHANNEL_ORDERS)
    more["channel_order"] = order
    path, pattern, names_of_classes = _existing_path(text, data), None, _class_names(classes)
    if text is not None and is_address(text) and not isinstance(data, Path):
        more["address"], pattern = checked_address(text)
    elif path is None and text is not None:
        path, pattern = _patterned(text)
    return Request(text, path, pattern, arrays, objects, names_of_classes, **more)


def _in_a_row(given: Any) -> Any:
    """`((X, y), (X_test, y_test))`, as Keras loads data, as `(X, y, X_test, y_test)`; else as given."""
    pairs = isinstance(given, tuple | list) and len(given) == len(("train", "test"))
    if not pairs or not all(isinstance(part, tuple | list) and len(part) == 2 for part in given):
        return given
    if all(isinstance(part, list) and hasattr(part[0], "requires_grad") for part in given):
        what = "two lists of tensors may be two batches, as of a DataLoader, or train and test"
        fix = "Give the data set of the loader; of train and test a tuple each, ((X, y), (X_test, y_test))."
        raise AssayError("bad-arrays", "arrays", what, fix)
    whole = all(
        getattr(images, "ndim", 0) > 1 and getattr(labels, "ndim", 0) > 0 and len(images) == len(labels)
        for images, labels in given
    )
    return (*given[0], *given[1]) if whole else given


def readable_source(request: Request) -> Source:
    """The source that reads a request, every given option of which it takes.

    Raises AssayError `unknown-data`, and `option-not-used` for an option that would be ignored.
    """
    source = chosen_source(request)
    refuse_unused(request, source.takes, source.name)
    return source


def chosen_source(request: Request) -> Source:
    """The source that reads a request. Raises AssayError `unknown-data` where there is none."""
    for source in SOURCES:
        if (request.pattern is None or source.name in OF_PATTERNS) and source.matches(request):
            return source
    raise _unknown(request)


def _class_names(classes: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if classes is None:
        return None
    return read_class_names(classes) if isinstance(classes, str) else checked_classes(classes)


def _existing_path(text: str | None, data: object) -> Path | None:
    """The path that is meant, or None where a name is meant. Raises `unknown-data` where it is missing."""
    if text is None or (text in NAMES and not isinstance(data, Path)) or text.startswith(PREFIXES):
        return None
    if not text:  # as a path it would be this folder: what a variable is that was never set
        raise AssayError("unknown-data", "DATA", "it is an empty text", "Give a name or a path; here: .")
    if is_address(text) and not isinstance(data, Path):
        return None
    path = expanded(text, "the data")
    with environment_errors(path):
        if path.exists():
            return path
    if pattern_parts(text):
        return None
    if isinstance(data, Path) or text.startswith((".", "~")) or os.sep in text:
        raise AssayError("unknown-data", text, "there is no such file or folder", "Check the path.")
    return None


def _patterned(text: str) -> tuple[Path | None, str | None]:
    """The folder and the pattern of a path with wildcards; (None, None) where it has none, or is a name."""
    parts = pattern_parts(text) if text not in NAMES and not text.startswith(PREFIXES) else None
    if parts is None:
        return None, None
    folder = expanded(parts[0], "the data")
    with environment_errors(folder):
        if not folder.is_dir():
            raise AssayError("unknown-data", folder, "there is no such folder", "Check the path.")
    return folder, parts[1]


def _float_range(floats: bool | str) -> FloatRange | None:
    """What --floats says; True means from 0 to 1. Raises AssayError `bad-value`."""
    if isinstance(floats, bool):
        return "0-1" if floats else None
    return _one_of("--floats", floats, FLOAT_RANGES)


def _one_of(option: str, given: str, known: tuple[_Word, ...]) -> _Word:
    """The known word that was given. Raises AssayError `bad-value` for another."""
    found = next((word for word in known if word == given), None)
    if found is None:
        fix = f"It is one of {' and '.join(known)}."
        raise AssayError("bad-value", option, f"{given!r} is nothing that it can be", fix)
    return found


def _existing_root(root: str | Path | None) -> Path | None:
    """The folder of --root. Raises AssayError `bad-value` where it is none."""
    if root is None:
        return None
    if not expanded(root, "--root").is_dir():
        raise AssayError(
            "bad-value", "--root", f"{root} is no folder", "Give the folder that paths begin at."
        )
    return expanded(root, "--root")


def _unknown(request: Request) -> AssayError:
    if request.pattern is not None:
        what = "no Parquet file and no WebDataset shard there has such a name"
        fix = "Check the pattern; a folder as a whole is given by its path."
        return AssayError("unknown-data", str(request.data), what, fix)
    if request.path is not None:
        known = form_of(request.path.name, read_file(request.path, FIRST_BYTES))
        if (known is None or known.name in TEXTS) and (way := way_to_read_text(request.path)):
            return AssayError("unknown-data", request.path, "its name is that of no form of data", way)
        what = f"it is {known.name}, no form of data" if known else "nothing here is of a form"
        fix = (
            f"{known.way}."
            if known
            else "Give a folder of images or of IDX files, a table (.csv, .tsv, .jsonl), .npz, .zip or .tar."
        )
        return AssayError("unknown-data", request.path, f"{what} that Assay reads", fix)
    text = str(request.data)
    return AssayError("unknown-data", text, "there is no data set or path of this name", choices(text, NAMES))


def known_name(name: str) -> str:
    """`name`, where it is that of a data set. Raises AssayError `unknown-data` with those there are."""
    if name not in NAMES:
        raise AssayError(
            "unknown-data", name, "there is no data set of this name", f"{choices(name, NAMES)}."
        )
    return name
