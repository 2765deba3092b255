"""From raw arrays to a `Dataset`: every array is checked before it counts as images or labels."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Rows, distinct
from assay.core.errors import AssayError
from assay.core.text import counted
from assay.data.formats.pixel_arrays import ArrayForm, FloatRange, float_range, pixels, plain_images
from assay.data.listing.advice.near_names import notes_on_near_names
from assay.data.listing.class_names import checked_classes
from assay.data.listing.class_numbers import (
    NO_CLASS,
    counted_from_one,
    notes_on_a_number_apart,
    refuse_measures,
    without_no_class,
)
from assay.data.listing.columns.structured import refuse_no_labels
from assay.data.listing.names import notes_on_classes
from assay.data.listing.vocabulary import known_to_train, other_spellings
from assay.data.request import Request
from assay.data.sources.array_forms import plain_labels
from assay.data.sources.packed.unlabelled_rows import RawSplit, labelled_parts, way_out
from assay.data.values import Dataset, Split

#: Without class names, labels are numbers from 0; a larger one is a mistake, not a class.
_MOST_NUMBERED_CLASSES: Final = 1 << 16

#: What a note says of floats.
_AS_READ: Final[dict[FloatRange, str]] = {
    "0-1": "already scaled to [0, 1], were read as round(255 x)",
    "0-255": "in [0, 255], were read as round(x)",
}

#: Ranges of numbers that an error shows.
_RANGES: Final = 6

#: Arrays of which the user said nothing.
_AS_THEY_ARE: Final = ArrayForm()


def own_classes(request: Request, classes: tuple[str, ...]) -> tuple[str, ...]:
    """The class names of a data set that has names of its own.

    Raises AssayError `class-names` where others were asked for: its names are part of what it is.
    """
    if request.classes not in (None, classes):
        fix = f"Leave --classes out: they are {', '.join(classes)}."
        raise AssayError("class-names", "--classes", f"{request.data} has class names of its own", fix)
    return classes


def dataset_from_arrays(
    name: str,
    parts: Mapping[str, RawSplit],
    source: str,
    classes: Sequence[str] | None = None,
    location: str = "",
    form: ArrayForm = _AS_THEY_ARE,
    skip_unlabelled: bool = False,
) -> Dataset:
    """A checked `Dataset` from raw arrays by split name.

    classes: names in label order; without them the classes are the numbers that occur as labels. form:
        what the user said of them. Arrays in other forms are brought into this one (`array_forms`).
    skip_unlabelled: leave rows without a label out (`unlabelled_rows`).
    Raises AssayError (`bad-arrays`, `pixel-out-of-range`, `count-mismatch`, `label-not-integer`,
    `label-out-of-range`, `class-names`, `too-few-images`, `shape-mismatch`).
    """
    labelled = labelled_parts(parts, skip_unlabelled, classes)
    parts = labelled.parts
    shaped = {
        key: plain_images(part.images, part.images_name, form.channel_order) for key, part in parts.items()
    }
    floats = form.floats or float_range([part.images for part in parts.values()])
    images = {key: pixels(shaped[key][0], part.images_name, floats) for key, part in parts.items()}
    if classes is None:
        _refuse_no_labels(parts)
    given = plain_labels({key: (part.labels, part.labels_name) for key, part in parts.items()})
    labels = {key: whole_labels(given.values[key], part.labels_name) for key, part in parts.items()}
    for key, part in parts.items():
        _check_counts(part, len(images[key]), len(labels[key]))
    _check_shapes(parts, images)
    names, numbers, about = _named(parts, labels, classes, given.names)
    ids = {key: part.ids(key) for key, part in parts.items()}
    known = known_to_train(names, numbers, {key: part.labels_name for key, part in parts.items()}, ids)
    names, numbers = (names, known.labels) if classes is not None else known.renumbered(names)
    splits = {key: _split(images[key], numbers[key], ids[key], known.rows.get(key)) for key in numbers}
    notes = [f"{part.images_name}: {shaped[key][1]}" for key, part in parts.items() if shaped[key][1]]
    notes += [
        f"{part.images_name}: {part.images.dtype} values, {_AS_READ[floats]}"
        for part in parts.values()
        if floats and part.images.dtype.kind == "f"
    ]
    counts = np.bincount(np.concatenate(list(numbers.values())), minlength=len(names)).tolist()
    by_name = dict(zip(names, counts, strict=True))
    alike = notes_on_classes(names) if given.names and classes is None else ()
    odd = (*alike, *notes_on_near_names(by_name), *notes_on_a_number_apart(by_name))
    said = (*labelled.notes, *notes, *given.notes, *about, *known.notes, *odd)
    left_out = (*labelled.left_out, *known.left_out)
    return Dataset(name, names, splits, source, location, said, left_out=left_out)


def _refuse_no_labels(parts: Mapping[str, RawSplit]) -> None:
    """Refuse texts that are no labels: numbers that are not whole, descriptions, times and the like."""
    for part in parts.values():
        if part.labels.dtype.kind in "UT" and part.labels.ndim == 1:
            texts = [str(label).strip() for label in part.labels.tolist()]
            refuse_measures(set(texts), part.labels_name)
            refuse_no_labels(texts, part.labels_name)


def _split(images: Bytes, labels: Rows, ids: Sequence[str], rows: Rows | None) -> Split:
    if rows is None:
        return Split.from_arrays(images, labels, ids)
    return Split.from_arrays(images[rows], labels, [ids[row] for row in rows])


def _named(
    parts: Mapping[str, RawSplit],
    labels: Mapping[str, Rows],
    classes: Sequence[str] | None,
    own: tuple[str, ...] | None,
) -> tuple[tuple[str, ...], Mapping[str, Rows], list[str]]:
    """Class names in label order, the labels that go with them, and notes. own: names as labels."""
    if own is not None:
        return _renumbered(checked_classes(classes) if classes is not None else own, own, labels, parts)
    if classes is None:
        return _numbered_classes(parts, labels)
    names = checked_classes(classes)
    found = {int(label) for values in labels.values() for label in distinct(values)}
    if question := counted_from_one(found, names):
        raise question
    first = int(names[0] == NO_CLASS)
    for key, part in parts.items():
        check_label_range(labels[key] - first, len(names) - first, part.labels_name)
    return without_no_class(names), {key: values - first for key, values in labels.items()}, []


def _renumbered(
    names: tuple[str, ...], own: tuple[str, ...], labels: Mapping[str, Rows], parts: Mapping[str, RawSplit]
) -> tuple[tuple[str, ...], Mapping[str, Rows], list[str]]:
    """Labels that are names as places in `names`, also those in another spelling, with a note. Raises
    AssayError `class-names` for any other."""
    meant, told = other_spellings(own, names)
    own = tuple(meant.get(name, name) for name in own)
    missing = [name for name in own if name not in names]
    if missing:
        where = next(iter(parts.values())).labels_name
        what = (
            f"{counted(len(missing), 'label is', 'labels are')} not among the {len(names)} class names, the "
            f"first is {missing[0]!r}"
        )
        raise AssayError("class-names", where, what, "Name all classes.")
    place = np.array([names.index(name) for name in own], np.int64)
    return names, {key: place[values] for key, values in labels.items()}, [told] if told else []


def whole_labels(values: NDArray[Any], where: str) -> NDArray[np.int64]:
    """Labels as int64 `(n,)`, from `(n,)` or `(n, 1)` of any integer type.

    Raises AssayError `bad-arrays` for another shape, `label-not-integer` for another type.
    """
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise AssayError(
            "bad-arrays",
            where,
            f"labels of shape {values.shape} are not one number per image",
            "Give one class number per image (for one-hot rows: labels.argmax(axis=1)).",
        )
    if values.dtype.kind == "f":
        raise _not_whole(values, where)
    if values.dtype.kind not in "iu":
        raise AssayError(
            "label-not-integer", where, f"labels are of type {values.dtype}", "Give whole numbers from 0."
        )
    # An unsigned label beyond int64 would wrap to a negative one: -1 stands for "out of range" instead.
    too_large = values > np.iinfo(np.int64).max if values.dtype == np.uint64 else None
    whole = values.astype(np.int64)
    if too_large is not None:
        whole[too_large] = -1
    return whole


def _not_whole(values: NDArray[Any], where: str) -> AssayError:
    wrong = np.flatnonzero(~np.isfinite(values) | (values != np.floor(values)))
    rows = wrong if len(wrong) else np.arange(len(values))
    first = f", the first at index {rows[0]} ({values[rows[0]]})" if len(rows) else ""
    return AssayError(
        "label-not-integer",
        where,
        f"{len(rows):,} of {len(values):,} labels are not whole numbers but {values.dtype}{first}",
        f"Give whole numbers from 0{way_out(values)}.",
    )


def check_label_range(labels: NDArray[np.int64], class_count: int, where: str) -> None:
    """Raise AssayError `label-out-of-range` unless all labels lie in [0, class_count)."""
    wrong = np.flatnonzero((labels < 0) | (labels >= class_count))
    if len(wrong):
        raise AssayError(
            "label-out-of-range",
            where,
            f"{len(wrong):,} of {len(labels):,} labels are outside 0-{class_count - 1}, "
            f"the first at index {wrong[0]} ({labels[wrong[0]]})",
            f"Correct the labels{way_out(labels)}, or name all classes with --classes.",
        )


def _check_counts(part: RawSplit, images: int, labels: int) -> None:
    if images != labels:
        raise AssayError(
            "count-mismatch",
            part.labels_name,
            f"{labels:,} labels for the {images:,} images of {part.images_name}",
            "Give one label per image.",
        )
    if images == 0:
        raise AssayError(
            "too-few-images", part.images_name, "there are no images", "Give at least one image."
        )


def _check_shapes(parts: Mapping[str, RawSplit], images: Mapping[str, NDArray[np.uint8]]) -> None:
    shapes = {key: found.shape[1:] for key, found in images.items()}
    first = next(iter(parts))
    for key, part in parts.items():
        if shapes[key] != shapes[first]:
            raise AssayError(
                "shape-mismatch",
                part.images_name,
                f"its images are {_size(shapes[key])}, those of {parts[first].images_name} "
                f"{_size(shapes[first])}",
                "Give images of one size and number of channels.",
            )


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _numbered_classes(
    parts: Mapping[str, RawSplit], labels: Mapping[str, Rows]
) -> tuple[tuple[str, ...], Mapping[str, Rows], list[str]]:
    """The numbers that occur as class names, the labels as places among them, and a note on gaps."""
    used = distinct(np.concatenate(list(labels.values())))
    if used.tolist() == [-1, 1]:
        numbers = {key: np.searchsorted(used, values) for key, values in labels.items()}
        return ("-1", "1"), numbers, ["the labels are -1 and 1: two classes"]
    for key, part in parts.items():
        check_label_range(labels[key], _MOST_NUMBERED_CLASSES, part.labels_name)
    names = tuple(map(str, used.tolist()))
    unused = int(used[-1]) + 1 - len(used)
    if not unused:
        return names, labels, []
    gaps = counted(unused, "number", "numbers")
    told = "does not occur and is no class" if unused == 1 else "do not occur and are no classes"
    note = f"the labels are {_ranges(used.tolist())}: {gaps} up to the largest {told}"
    return names, {key: np.searchsorted(used, values) for key, values in labels.items()}, [note]


def _ranges(numbers: Sequence[int]) -> str:
    """Whole numbers, rising, as ranges: 1-26, or 0-9 and 60000."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    shown = [f"{low}-{high}" if high > low else str(low) for low, high in parts[:_RANGES]]
    more = f" and {len(parts) - _RANGES:,} more" if len(parts) > _RANGES else ""
    return (
        ", ".join(shown[:-1]) + " and " + shown[-1] if len(shown) > 1 and not more else ", ".join(shown)
    ) + more
