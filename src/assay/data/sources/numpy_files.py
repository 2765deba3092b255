"""NumPy's files: an `.npz` with images and labels, or files of arrays side by side in a folder."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.npy import read_npy, read_npz
from assay.data.formats.pixel_arrays import FEWEST_PIXELS
from assay.data.listing.class_names import checked_classes
from assay.data.listing.names import ordered_splits
from assay.data.listing.tree import splits_of
from assay.data.request import OF_ARRAYS, Request
from assay.data.sources.array_dataset import dataset_from_arrays
from assay.data.sources.packed.arrays_beside import CLASS_NAMES, notes_on_rows, way_to_join
from assay.data.sources.packed.unlabelled_rows import RawSplit
from assay.data.values import Dataset

#: By split, how people call the arrays of images and of labels, first come first served.
_NAMES: Final = {
    "train": (
        ("x_train", "y_train"),
        ("train_images", "train_labels"),
        ("X_train", "y_train"),
        ("images", "labels"),
        ("x", "y"),
        ("X", "y"),
        ("X", "Y"),
        ("data", "labels"),
        ("data", "target"),
        ("arr_0", "arr_1"),
    ),
    "validation": (
        ("x_val", "y_val"),
        ("val_images", "val_labels"),
        ("X_val", "y_val"),
        ("x_valid", "y_valid"),
        ("X_valid", "y_valid"),
        ("x_dev", "y_dev"),
        ("X_dev", "y_dev"),
        ("x_validation", "y_validation"),
        ("X_validation", "y_validation"),
        ("valid_images", "valid_labels"),
        ("validation_images", "validation_labels"),
        ("dev_images", "dev_labels"),
    ),
    "test": (("x_test", "y_test"), ("test_images", "test_labels"), ("X_test", "y_test")),
}

_SUFFIXES: Final = (".npz", ".npy")

#: What may lie beside files of arrays and tell of them: names of classes, notes.
_BESIDE: Final = (".txt", ".md", ".csv", ".json", ".yaml", ".yml", ".html", ".pdf")

#: Files of arrays side by side that are read as one set.
_MOST_FILES: Final = 12

#: Bytes of a file of an array that is opened to see whether it tells something of each image.
_SMALL: Final = 64 << 20

#: The options of a request that this source reads.
TAKES: Final = OF_ARRAYS


def matches(request: Request) -> bool:
    """Whether the path is an `.npz` or `.npy` file, or a folder with `.npy` files of known names or of arrays
    alone."""
    path = request.path
    if path is None:
        return False
    if path.is_file():
        return path.suffix.lower() in _SUFFIXES
    return path.is_dir() and (_with_train(_pairs(_stems(path))) != {} or _holds_arrays_alone(path))


def read(request: Request) -> Dataset:
    """The data set in the arrays; see `dataset_from_arrays` for the rules.

    Raises AssayError `file-missing` where the arrays have other names, and those of `read_npz`.
    """
    path = request.path
    assert path is not None  # `matches` said so
    if path.suffix.lower() == ".npz" and path.is_file():
        return _dataset(request, path, read_npz(path), "npz")
    folder = path if path.is_dir() else path.parent
    if not _with_train(_pairs(_stems(folder))):
        arrays = _arrays_of_files(path) if path.is_dir() else {path.stem: read_npy(path)}
        return _dataset(request, path, arrays, "npz")
    wanted = {name for pair in _pairs(_stems(folder)).values() for name in pair} | set(CLASS_NAMES)
    arrays = {name: read_npy(folder / f"{name}.npy") for name in _stems(folder) if name in wanted}
    found = _dataset(request, folder, arrays, "npy")
    rest = [name for name in _stems(folder) if name not in wanted]
    told = _on_rows(folder, _pairs(arrays), {**arrays, **_small_ones(folder, rest)})
    others = [one_line(f"{name}.npy") for name in rest]
    shown = f"{', '.join(others[:5])}{' and more' if len(others) > 5 else ''}"
    unread = [f"files of arrays that were not read: {shown}"] if others else []
    return replace(found, notes=(*found.notes, *unread, *told))


def _small_ones(folder: Path, names: Collection[str]) -> dict[str, NDArray[Any]]:
    """The arrays of small files, which may tell something of each image; none that cannot be read."""
    found: dict[str, NDArray[Any]] = {}
    for name in names:
        path = folder / f"{name}.npy"
        try:
            found |= {name: read_npy(path)} if path.stat().st_size <= _SMALL else {}
        except AssayError:
            continue  # a note less: it is named as not read
    return found


def _on_rows(
    path: Path, pairs: Mapping[str, tuple[str, str]], arrays: Mapping[str, NDArray[Any]]
) -> list[str]:
    """Notes on arrays that tell something of each image, where there is no split but train."""
    return notes_on_rows(path, pairs["train"], arrays) if set(pairs) == {"train"} else []


def _holds_arrays_alone(folder: Path) -> bool:
    """Whether a folder holds some files of arrays and no pictures: more would be images, one a file."""
    seen = (entry for entry in folder.iterdir() if not entry.name.startswith("."))
    files: list[Path] = []
    for entry in seen:
        if not entry.is_file() or entry.suffix.lower() not in (*_SUFFIXES, *_BESIDE):
            return False
        files += [entry] if entry.suffix.lower() in _SUFFIXES else []
        if len(files) > _MOST_FILES:
            return False
    return len(files) > 1


def _array_files(folder: Path) -> list[Path]:
    return sorted(
        file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES and file.name[0] != "."
    )


def _notes_on_others(path: Path) -> list[str]:
    """A note on what lies beside the files of arrays in a folder and was not read."""
    if not path.is_dir():
        return []
    others = sorted(entry.name for entry in path.iterdir() if entry.suffix.lower() in _BESIDE)
    told = ", ".join(map(one_line, others[:3])) + (" and more" if len(others) > 3 else "")
    return [f"the arrays were read; beside them lie {told}, which were not"] if others else []


def _arrays_of_files(folder: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a folder's files, by the file's name and, where it holds several, the array's."""
    arrays: dict[str, NDArray[Any]] = {}
    for file in _array_files(folder):
        if file.suffix.lower() == ".npy":
            arrays[file.stem] = read_npy(file)
            continue
        inside = read_npz(file)
        for name, values in inside.items():
            arrays[file.stem if len(inside) == 1 else f"{file.stem}_{name}"] = values
    return arrays


def _stems(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.npy"))


def _pairs(names: Collection[str]) -> dict[str, tuple[str, str]]:
    """By split, the names of its images and labels."""
    found = {}
    for split, pairs in _NAMES.items():
        pair = next((pair for pair in pairs if pair[0] in names and pair[1] in names), None)
        if pair is not None:
            found[split] = pair
    return found


def _with_train(pairs: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    return pairs if "train" in pairs else {}


def _dataset(request: Request, path: Path, arrays: Mapping[str, NDArray[Any]], source: str) -> Dataset:
    named, shaped = _pairs(arrays), _pairs_by_shape(arrays)
    # A test split alone is data too, which a model can be judged on; other names may tell of train.
    pairs = _with_train(named) or _with_train(shaped) or named or shaped
    usual = pairs == named
    if not pairs:
        raise _no_pairs(path, arrays)
    parts = {
        split: RawSplit(arrays[images], arrays[labels], f"{path}: {images}", f"{path}: {labels}")
        for split, (images, labels) in pairs.items()
    }
    classes = request.classes or _class_names(arrays)
    name = request.name or (path.absolute().name if path.is_dir() else path.stem)
    found = dataset_from_arrays(
        name, parts, source, classes, str(path), request.array_form, request.skip_unlabelled
    )
    by_shape = (
        []
        if usual
        else [f"{one_line(i)} are the images, {one_line(t)} the labels of {s}" for s, (i, t) in pairs.items()]
    )
    taken = [f"told by the shapes of the arrays: {'; '.join(by_shape)}"] if by_shape else []
    unused = _notes_on_unused(arrays, {name for pair in pairs.values() for name in pair})
    unused += _on_rows(path, pairs, arrays)
    return replace(found, notes=(*found.notes, *taken, *unused, *_notes_on_others(path)))


def _notes_on_unused(arrays: Mapping[str, NDArray[Any]], used: Collection[str]) -> list[str]:
    """Notes on arrays that were not read: images without labels are counted, others named."""
    rest = {name: values for name, values in arrays.items() if name not in (*used, *CLASS_NAMES)}
    images = {name: values for name, values in rest.items() if _can_be_images(values) and len(values) > 1}
    notes = [
        f"the {len(values):,} images of {one_line(name)} have no labels: left out, nothing is scored on them"
        for name, values in images.items()
    ]
    others = [one_line(name) for name in rest if name not in images]
    shown = f"{', '.join(others[:5])}{' and more' if len(others) > 5 else ''}"
    return [*notes, f"arrays that were not read: {shown}"] if others else notes


def _no_pairs(path: Path, arrays: Mapping[str, NDArray[Any]]) -> AssayError:
    """The error where nothing tells images from labels, with what there is and the way on."""
    shown = [f"{one_line(name)} {arrays[name].shape}" for name in sorted(arrays)[:9]]
    what = (
        "no arrays are called x_train and y_train, or images and labels, and their shapes do not tell "
        f"which are images and which labels; there are {', '.join(shown)}"
    )
    if len(arrays) == 1:
        fix = "Give a folder that holds nothing but the files of the images and of their labels."
    elif len({values.shape[1:] for values in arrays.values()}) == 1 and all(
        map(_can_be_images, arrays.values())
    ):
        fix = way_to_join(path)
    elif path.is_dir() and len(sets := _whole_sets(path)) > 1:
        fix = f"There are several sets: give the path of one, as {one_line(str(path / sets[0]))}."
    else:
        fix = "Save them under such names."
    return AssayError("file-missing", path, what, fix)


def _whole_sets(folder: Path) -> list[str]:
    """The files that are a set each, images and labels."""
    files = [file for file in _array_files(folder) if file.suffix.lower() == ".npz"]
    return [file.name for file in files if _with_train(_pairs(read_npz(file)))]


def _pairs_by_shape(arrays: Mapping[str, NDArray[Any]]) -> dict[str, tuple[str, str]]:
    """By split, the one array that can be images and the one of as many labels; nothing where others can be.

    The split is told by the names; an array without one is of train.
    """
    splits = splits_of(arrays)
    found: dict[str, tuple[str, str]] = {}
    for split in ordered_splits(splits.get(name, "train") for name in arrays):
        own = {name: values for name, values in arrays.items() if splits.get(name, "train") == split}
        images = [name for name, values in own.items() if _can_be_images(values)]
        if len(images) != 1:
            return {}
        count = len(own[images[0]])
        labels = [name for name, values in own.items() if _can_be_labels(values, count)]
        if len(labels) != 1:
            return {}
        found[split] = images[0], labels[0]
    return found


def _can_be_labels(values: NDArray[Any], count: int) -> bool:
    """Whether there is one label for each image, be they one-hot."""
    hot = values.ndim == 2 and 1 < values.shape[1] < FEWEST_PIXELS and len(values) == count
    return values.shape in ((count,), (count, 1)) or (hot and set(np.unique(values).tolist()) <= {0, 1})


def _can_be_images(values: NDArray[Any]) -> bool:
    flat = values.ndim == 2 and values.shape[1] >= FEWEST_PIXELS
    return values.dtype.kind in "uif" and (values.ndim in (3, 4) or flat)


def _class_names(arrays: Mapping[str, NDArray[Any]]) -> tuple[str, ...] | None:
    found = next((arrays[name] for name in CLASS_NAMES if name in arrays), None)
    if found is None or found.dtype.kind != "U" or found.ndim != 1:
        return None
    return checked_classes([str(name) for name in found])
