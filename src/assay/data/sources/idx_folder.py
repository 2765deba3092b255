"""A folder with the IDX files of an image set: MNIST and all its relatives."""

from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.core.events import OnEvent, ignore, warn
from assay.data.assemble import RawSplit, dataset_from_arrays
from assay.data.idx import LARGEST, read_idx
from assay.data.request import Request
from assay.data.values import Dataset

#: How file names begin for each split, MNIST's own names first.
_PREFIXES: Final = {"train": ("train",), "test": ("t10k", "test")}

_IMAGES: Final = "images-idx3-ubyte"
_LABELS: Final = "labels-idx1-ubyte"


def matches(request: Request) -> bool:
    """Whether the path is a folder that holds at least one file with an IDX name."""
    return request.path is not None and request.path.is_dir() and any(_idx_files(request.path).values())


def read(request: Request) -> Dataset:
    """The data set in the folder; without class names the classes are "0", "1", ...

    Raises AssayError `file-missing` where a file of a pair is not there, and those of `read_idx` and
    `dataset_from_arrays`.
    """
    folder = request.path
    assert folder is not None  # `matches` said so
    parts = {
        split: read_pair(images, labels, on_event=request.on_event)
        for split, (images, labels) in _pairs(folder).items()
    }
    return dataset_from_arrays(request.name or folder.name, parts, "idx", request.classes, str(folder))


def read_pair(images: Path, labels: Path, largest: int = LARGEST, on_event: OnEvent = ignore) -> RawSplit:
    """The raw arrays of an image file and its label file."""
    read_images, read_labels = read_idx(images, largest), read_idx(labels, largest)
    for path, content in ((images, read_images), (labels, read_labels)):
        if content.compressed != (path.suffix == ".gz"):
            actual = "compressed" if content.compressed else "not compressed"
            warn(on_event, "load", f"{path}: the file is {actual}, whatever its name says; read by content")
    return RawSplit(read_images.values, read_labels.values, str(images), str(labels))


def _idx_files(folder: Path) -> dict[str, dict[str, Path]]:
    """By split, the files found of its pair: `images` and `labels`."""
    return {
        split: {
            kind: path
            for kind, stem in (("images", _IMAGES), ("labels", _LABELS))
            if (path := _first_there(folder, prefixes, stem)) is not None
        }
        for split, prefixes in _PREFIXES.items()
    }


def _first_there(folder: Path, prefixes: tuple[str, ...], stem: str) -> Path | None:
    # MNIST's first publisher wrote a dot before "idx"; both are in use.
    names = [f"{prefix}-{form}{end}" for prefix in prefixes for form in _forms(stem) for end in ("", ".gz")]
    return next((folder / name for name in names if (folder / name).exists()), None)


def _forms(stem: str) -> tuple[str, str]:
    return stem, stem.replace("-idx", ".idx")


def _pairs(folder: Path) -> dict[str, tuple[Path, Path]]:
    pairs = {}
    for split, found in _idx_files(folder).items():
        if not found and split != "train":
            continue
        for kind, stem in (("images", _IMAGES), ("labels", _LABELS)):
            if kind not in found:
                raise AssayError(
                    "file-missing",
                    folder / f"{_PREFIXES[split][0]}-{stem}.gz",
                    f"the {kind} of the {split} split are not there",
                    "Put the file there (.gz or not), or take its partner away.",
                )
        pairs[split] = (found["images"], found["labels"])
    return pairs
