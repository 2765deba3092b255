"""The IDX files of an image set: MNIST and all its relatives, EMNIST's and KMNIST's names included."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.core.events import OnEvent, ignore, warn
from assay.data.formats.idx import LARGEST, read_idx
from assay.data.request import Request
from assay.data.sources.array_dataset import RawSplit, dataset_from_arrays
from assay.data.sources.array_forms import transposition_note
from assay.data.values import Dataset

#: For instance train-images-idx3-ubyte.gz, t10k-labels.idx1-ubyte, emnist-letters-test-images-idx3-ubyte:
#: a lead for one set of several, the split, what it holds, and maybe the compression.
_NAME: Final = re.compile(r"(?:(.+)-)?(train|t10k|test)-(images|labels)[-.]idx[13]-ubyte(?:\.gz)?")

_SPLITS: Final = {"train": "train", "t10k": "test", "test": "test"}

#: Split -> what it holds -> file.
_Files = Mapping[str, Mapping[str, Path]]

#: The options of a request that this source reads.
TAKES: Final = frozenset({"classes"})


def matches(request: Request) -> bool:
    """Whether the path is a file with an IDX name, or a folder that holds one."""
    path = request.path
    if path is None:
        return False
    if path.is_dir():
        return any(_NAME.fullmatch(entry.name) for entry in path.iterdir())
    return _NAME.fullmatch(path.name) is not None


def read(request: Request) -> Dataset:
    """The data set in the folder; without class names the classes are "0", "1", ...

    Raises AssayError `file-missing` where a file of a pair is not there, `unknown-data` where several
    sets lie in the folder, and those of `read_idx` and `dataset_from_arrays`.
    """
    assert request.path is not None  # `matches` said so
    folder, lead, files = _chosen(request.path)
    parts = {
        split: read_pair(files[split]["images"], files[split]["labels"], on_event=request.on_event)
        for split in ("train", "test")
        if split in files or split == "train"
        if _complete(folder, lead, split, files)
    }
    name = request.name or lead or folder.name
    found = dataset_from_arrays(name, parts, "idx", request.classes, str(folder))
    return replace(found, notes=(*found.notes, *transposition_note(lead or folder.name, found.shape)))


def read_pair(images: Path, labels: Path, largest: int = LARGEST, on_event: OnEvent = ignore) -> RawSplit:
    """The raw arrays of an image file and its label file."""
    read_images, read_labels = read_idx(images, largest), read_idx(labels, largest)
    for path, content in ((images, read_images), (labels, read_labels)):
        if content.compressed != (path.suffix.lower() == ".gz"):
            actual = "compressed" if content.compressed else "not compressed"
            warn(on_event, "load", f"{path}: the file is {actual}, whatever its name says; read by content")
    return RawSplit(read_images.values, read_labels.values, str(images), str(labels))


def _chosen(path: Path) -> tuple[Path, str, _Files]:
    """The folder, the lead of the file names, and the files of the set that is meant."""
    folder = path if path.is_dir() else path.parent
    sets: dict[str, dict[str, dict[str, Path]]] = {}
    for file in sorted(folder.iterdir(), reverse=True):  # reversed: an unpacked file goes before its .gz
        if found := _NAME.fullmatch(file.name):
            lead, split, kind = found[1] or "", _SPLITS[found[2]], found[3]
            sets.setdefault(lead, {}).setdefault(split, {})[kind] = file
    if path.is_dir() and len(sets) > 1:
        raise AssayError(
            "unknown-data",
            folder,
            f"it holds several sets: {', '.join(sorted(sets))}",
            "Give the path of one set's train-images file.",
        )
    meant = _NAME.fullmatch(path.name)
    lead = (meant[1] or "") if meant and not path.is_dir() else next(iter(sets))
    return folder, lead, sets[lead]


def _complete(folder: Path, lead: str, split: str, files: _Files) -> bool:
    """True; raises `file-missing` where images or labels of a split are not there."""
    for kind, number in (("images", 3), ("labels", 1)):
        if kind not in files.get(split, {}):
            start = f"{lead}-" if lead else ""
            prefix = "train" if split == "train" else "t10k"
            raise AssayError(
                "file-missing",
                folder / f"{start}{prefix}-{kind}-idx{number}-ubyte.gz",
                f"the {kind} of the {split} split are not there",
                "Put the file there (.gz or not), or take its partner away.",
            )
    return True
