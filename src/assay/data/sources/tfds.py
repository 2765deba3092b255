"""Data sets as TensorFlow Datasets prepares them, `tfds:name` or the folder of a version.

A prepared set is read without TensorFlow. One that is not prepared yet needs it, and is then prepared.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.core.user_path import expanded
from assay.data.formats.safe_open import open_file
from assay.data.formats.texts.column_names import LABEL_NAMES, chosen_column
from assay.data.formats.tfrecord import Example, parse_example, read_array_records, read_tfrecords, unreadable
from assay.data.listing.listing import Listing, Part, stamp_of
from assay.data.listing.names import natural_key, ordered_splits, split_of
from assay.data.request import OF_IMAGES, Request
from assay.data.sources.image_dataset import read_image_set
from assay.data.values import UNLABELLED, Dataset, LeftOut, numbered_ids

PREFIX: Final = "tfds:"

#: A set, maybe with its configuration and its version: `mnist`, `d4rl/medium`, `mnist:3.0.1`, `mnist/3.0.1`.
_NAME: Final = re.compile(r"\w[\w-]*(/\w[\w.+-]*)*(:\d+\.\d+\.\d+)?")

_INFO: Final = "dataset_info.json"
_FEATURES: Final = "features.json"

_READERS: Final[Mapping[str, Callable[[Path], Iterator[bytes]]]] = {
    "array_record": read_array_records,
    "tfrecord": read_tfrecords,
}

#: Characters of a description file; real ones have some thousands.
_LONGEST: Final = 1 << 22

#: The options of a request that this source reads.
TAKES: Final = OF_IMAGES | {"label_column"}


def matches(request: Request) -> bool:
    """Whether a set was asked for by `tfds:name`, or the path is the folder of a prepared one."""
    if request.data is not None and request.data.startswith(PREFIX):
        return True
    path = request.path
    return path is not None and (path / _INFO).is_file() and (path / _FEATURES).is_file()


def read(request: Request) -> Dataset:
    """The prepared data set, prepared first where that is needed and possible.

    Raises AssayError `records-unreadable`, `data-unavailable`, `missing-extra`, `column-missing`, and
    `remote-code-refused` for a name in a namespace.
    """
    place = request.path or _place(request)
    name = request.name or _description(place / _INFO).get("name") or place.name
    return read_image_set(replace(request, name=str(name)), _listing(request, place), "tfds", place)


def listing(request: Request) -> Listing:
    """What the prepared set holds, before any image is decoded."""
    return _listing(request, request.path or _place(request))


def _place(request: Request) -> Path:
    """The folder of the newest prepared version of a set, or of the version that its name ends in."""
    name = str(request.data).removeprefix(PREFIX)
    _check_name(name)
    root = expanded(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets", "TFDS_DATA_DIR")
    folder = root / name.replace(":", "/")
    found = _newest(folder)
    if found is None and not request.offline:
        _prepare(name, root)
        found = _newest(folder)
    if found is None:
        raise AssayError(
            "data-unavailable",
            f"{PREFIX}{name}",
            f"no prepared version lies in {folder}",
            "Prepare it with tensorflow-datasets, or say where it lies with TFDS_DATA_DIR.",
        )
    return found


def _check_name(name: str) -> None:
    """Before anything is imported or fetched: TensorFlow Datasets runs code of whoever owns a namespace."""
    if _NAME.fullmatch(name):
        return
    namespace, colon, _ = name.partition(":")
    if colon and "/" not in namespace:
        raise AssayError(
            "remote-code-refused",
            f"{PREFIX}{name}",
            f"sets of the namespace {namespace!r} come with code of their own, and that is never run",
            "Look for the set in Parquet (hf:owner/name), or prepare it where you trust its code, and give "
            "the folder of the prepared version.",
        )
    raise AssayError("unknown-data", f"{PREFIX}{name}", "this is no name of a data set", "Check the name.")


def _newest(folder: Path) -> Path | None:
    versions = [path.parent for path in folder.glob(f"**/{_INFO}") if (path.parent / _FEATURES).is_file()]
    return max(versions, key=lambda path: natural_key(path.name), default=None)


def _prepare(name: str, root: Path) -> None:
    where = f"{PREFIX}{name}"
    try:
        import tensorflow  # noqa: F401  # its presence decides whether a set can be prepared
        import tensorflow_datasets

        builder = tensorflow_datasets.builder(name, data_dir=str(root), file_format="array_record")
    except ImportError as error:
        raise AssayError(
            "missing-extra",
            where,
            f"it is not prepared in {root}, and preparing it needs TensorFlow ({one_line(str(error))})",
            "Install it (pip install tensorflow tensorflow-datasets importlib_resources), or copy the "
            "prepared folder there.",
        ) from error
    except ValueError as error:  # what it raises for a name or configuration that it does not know
        what = one_line(str(error).partition("\n")[0])
        raise AssayError("unknown-data", where, what, "Check the name.") from error
    try:
        builder.download_and_prepare()
    except OSError as error:
        raise AssayError(
            "data-unavailable",
            where,
            f"it could not be fetched and prepared ({one_line(str(error))})",
            f"Prepare it where there is a network, and copy the folder to {root}.",
        ) from error


def _description(path: Path) -> dict[str, Any]:
    with open_file(path) as file:
        text = file.read(_LONGEST + 1)
    try:
        content = json.loads(text) if len(text) <= _LONGEST else None
    except (ValueError, RecursionError) as error:
        raise unreadable(path, f"it is not JSON ({error})") from error
    if not isinstance(content, dict):
        raise unreadable(path, "it is not a JSON object")
    return content


@dataclass(frozen=True)
class _Shards:
    """The files of one split, how many examples each must have, and how to read them."""

    paths: Sequence[Path]
    lengths: Sequence[int]
    read: Callable[[Path], Iterator[bytes]]

    def examples(self) -> Iterator[Example]:
        for path, length in zip(self.paths, self.lengths, strict=True):
            count = 0
            for count, record in enumerate(self.read(path), 1):  # noqa: B007  # 0 of an empty file
                yield parse_example(path, record)
            if count != length:  # a file cut between two records is whole by its checksums
                raise unreadable(path, f"it has {count:,} examples, and {_INFO} promises {length:,}")


def _listing(request: Request, place: Path) -> Listing:
    image, label = _feature_names(request, place)
    names = _class_names(place / f"{label}.labels.txt")
    shards, notes = _shards(place)
    parts: dict[str, Part] = {}
    left_out: list[LeftOut] = []
    for split in ordered_splits(shards):
        labels = [_label_of(place, example, label, names) for example in shards[split].examples()]
        if split != "train" and labels and not any(labels):
            reason = f"the {split} split has no labels"
            left_out += [LeftOut(one, UNLABELLED, reason, split) for one in numbered_ids(split, len(labels))]
            notes.append(f"{reason}: its {counted(len(labels), 'image is', 'images are')} left out")
        elif not all(labels):
            what = f"{counted(labels.count(''), 'example', 'examples')} of {split} have the label -1 or none"
            raise AssayError("label-out-of-range", place, what, "Use a labelled split.")
        else:
            parts[split] = _part(split, shards[split], image, labels)
    stamp = _stamp(
        [place / _INFO, place / _FEATURES, *(path for found in shards.values() for path in found.paths)]
    )
    stamp = f"{stamp}|{names}|{request.columns}"
    form = "a set prepared by TensorFlow Datasets"
    return Listing(parts, form, stamp, names, tuple(left_out), tuple(notes))


def _stamp(paths: Sequence[Path]) -> str:
    stats = [(path.name, path.stat()) for path in paths]
    return stamp_of(f"{name}|{s.st_size}|{s.st_mtime_ns}|{s.st_ctime_ns}" for name, s in stats)


def _feature_names(request: Request, place: Path) -> tuple[str, str]:
    """Which feature is the image, and which the label, by their kinds."""
    try:
        features = _description(place / _FEATURES)["featuresDict"]["features"]
        kinds = {
            name: str(feature["pythonClassName"]).rpartition(".")[2] for name, feature in features.items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise unreadable(place / _FEATURES, "it describes no features") from error
    images = [name for name, kind in kinds.items() if kind == "Image"]
    labels = [name for name, kind in kinds.items() if kind in ("ClassLabel", "Text")]
    image = chosen_column(
        place, images, images[0] if len(images) == 1 else None, ("image",), "an image feature"
    )
    one = labels[0] if len(labels) == 1 else None
    return image, chosen_column(place, labels, request.label_column or one, LABEL_NAMES, "--label-column")


def _class_names(path: Path) -> tuple[str, ...] | None:
    if not path.is_file():
        return None
    with open_file(path) as file:
        try:
            return tuple(file.read(_LONGEST).decode("utf-8").splitlines())
        except UnicodeDecodeError as error:
            raise unreadable(path, "it is not UTF-8") from error


def _shards(place: Path) -> tuple[dict[str, _Shards], list[str]]:
    """The files of each split, all of them there; and a note on splits of other names."""
    info = _description(place / _INFO)
    form = str(info.get("fileFormat") or "tfrecord").lower()
    if form not in _READERS:
        raise unreadable(place / _INFO, f"the format {form!r} is not read")
    found, others = {}, []
    with suppress(KeyError, TypeError, AttributeError, ValueError):
        for record in info["splits"]:
            split, lengths = split_of(record["name"]), [int(length) for length in record["shardLengths"]]
            if split is None:
                others.append(f"{one_line(str(record['name']))} ({sum(lengths):,})")
            else:
                start, count = f"{info['name']}-{record['name']}.{form}", len(lengths)
                paths = [place / f"{start}-{i:05d}-of-{count:05d}" for i in range(count)]
                found[split] = _Shards(paths, lengths, _READERS[form])
    if not found:
        raise unreadable(place / _INFO, "it describes no splits called train, validation or test")
    missing = next((path for shards in found.values() for path in shards.paths if not path.is_file()), None)
    if missing is not None:
        raise unreadable(missing, "this file of the set is missing")
    told = f"splits that are not called train, validation or test were not read: {', '.join(others)}"
    return found, [told] if others else []


def _part(split: str, shards: _Shards, image: str, labels: Sequence[str]) -> Part:
    def payloads() -> Iterator[bytes]:
        for example in shards.examples():
            content = next(iter(example.get(image, [])), b"")
            yield content if isinstance(content, bytes) else b""  # unreadable as an image, and told so

    return Part(numbered_ids(split, len(labels)), labels, payloads)


def _label_of(place: Path, example: Example, label: str, names: tuple[str, ...] | None) -> str:
    """The name of an example's class; empty for -1 where classes have names, as of labels that are hidden."""
    values = example.get(label)
    if not values:
        raise AssayError(
            "table-value", place, "an example has no label", "Choose another with --label-column."
        )
    value = values[0]
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if names is None:
        return str(value)
    if value == -1:
        return ""
    if not 0 <= value < len(names):
        raise AssayError(
            "label-out-of-range",
            place,
            f"label {value} is outside 0-{len(names) - 1}",
            "Use a labelled split.",
        )
    return names[value]
