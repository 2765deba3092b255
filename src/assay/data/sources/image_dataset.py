"""From a listing of image files to a `Dataset`: one working size, decoded once, kept in the cache."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from assay.core.arrays import Shape
from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.core.version import code_version
from assay.data.decoding.sixteen_bits import note_on, scale_for, together
from assay.data.decoding.splits import (
    DecodedPart,
    OtherShapeError,
    decode_parts,
    first_shape,
    measured_shapes,
)
from assay.data.decoding.target_size import about_resizing, parse_size, resizing_rule, working_shape
from assay.data.decoding.worker_pool import Decoders, worker_count
from assay.data.listing.advice.near_names import notes_on_near_names
from assay.data.listing.class_names import checked_classes
from assay.data.listing.class_numbers import meant_classes, notes_on_a_number_apart
from assay.data.listing.listing import Listing, Part, Unlisted, class_index, class_names
from assay.data.listing.names import notes_on_classes
from assay.data.listing.vocabulary import with_one_vocabulary
from assay.data.request import OPTIONS, Request
from assay.data.splitting.group_columns import notes_on_group_columns
from assay.data.splitting.views_in_names import notes_on_views
from assay.data.storage.cache import cached, look_up
from assay.data.values import Dataset, DeepScale, LeftOut, Resize, Split

#: Reasons that an error about unreadable images tells, and images that it names of each.
_NAMED: Final = 10
_OF_A_REASON: Final = 5

#: Rooms whose code decides how files are read: kept sets are read again when it changes.
_ROOMS: Final = ("data",)

#: About what one image takes in the cache, for the message on a full disk: 28 x 28 pixels and its facts.
_BYTES_EACH: Final = 1024


def read_image_set(
    request: Request,
    found: Listing | Unlisted,
    source: str,
    location: Path | str,
    stamp_again: Callable[[], str] | None = None,
) -> Dataset:
    """The data set of a listing, from the cache where it was decoded before.

    stamp_again: gives the stamp anew, to notice a change while images were decoded (`data-changed`).
    Raises AssayError `class-names`, `too-few-images`, and `image-unreadable` with the bad images, unless
    they are to be skipped.
    """
    if request.size is not None:
        parse_size(request.size)  # a wrong one is told before any work
    if request.scratch is not None:
        return _built(request, found, source, location, stamp_again, request.scratch)
    key = cache_key(request, source, location, f"{found.stamp}|{request.columns}")
    kept = look_up(key, request.on_event)
    if kept is None:
        kept = cached(
            key,
            lambda scratch: _built(request, found, source, location, stamp_again, scratch),
            _BYTES_EACH * found.count,
            request.on_event,
        )
    stop_at_unreadable(kept, request, location)
    return replace(kept, location=str(location))


def _built(
    request: Request,
    found: Listing | Unlisted,
    source: str,
    location: Path | str,
    stamp_again: Callable[[], str] | None,
    scratch: Path,
) -> Dataset:
    """The data set of a listing, its images decoded."""
    name = request.name or name_of(location)
    # The workers start while the listing is made.
    with Decoders(worker_count(found.count)) as decoders:
        listing = with_one_vocabulary(found.make(), request.classes, location)
        need_images(listing, location)
        names = checked_classes(class_names(listing, meant_classes(request.classes)))
        whole = _decoded(request, listing, names, source, name, location, decoders, scratch)
    need_unchanged(listing, location, stamp_again)
    return whole


def stop_at_unreadable(found: Dataset, request: Request, location: Path | str) -> None:
    """Raise AssayError `image-unreadable` with the bad images, unless they are to be skipped."""
    stop_at_left_out(found.left_out, request, location)


def stop_at_left_out(left_out: Sequence[LeftOut], request: Request, location: Path | str) -> None:
    """The same, of what was left out."""
    bad = [item for item in left_out if item.kind == "unreadable"]
    if bad and not request.skip_bad:
        raise _unreadable(bad, location)


def name_of(location: Path | str) -> str:
    """What a set is called by itself: its folder, or its file without endings."""
    if isinstance(location, str):
        return location.rpartition("/")[2].split(".")[0] or "images"
    name = location.absolute().name
    return (name if location.is_dir() else name.split(".")[0]) or "images"


def cache_key(request: Request, source: str, location: Path | str, stamp: str) -> str:
    """The name of the cache entry: another one whenever a file, an option or this code changes."""
    asked = [(field, _plain(getattr(request, field))) for field in ("name", *OPTIONS)]
    place = location if isinstance(location, str) else str(location.absolute())
    known = repr((source, place, stamp, asked, code_version(_ROOMS)))
    return "images-" + hashlib.sha256(known.encode("utf-8", "backslashreplace")).hexdigest()[:24]


def _plain(value: object) -> object:
    """A value of a request as `repr` tells it alike for equal ones."""
    if isinstance(value, Mapping):
        return sorted(value.items())
    return str(value) if isinstance(value, Path) else value


def need_unchanged(listing: Listing, location: Path | str, stamp_again: Callable[[], str] | None) -> None:
    """Raise AssayError `data-changed` where files are no longer as they were listed."""
    if stamp_again is not None and stamp_again() != listing.stamp:
        what = "files were changed, added or removed while they were read"
        raise AssayError("data-changed", location, what, "Read it again.")


def need_images(listing: Listing, location: Path | str) -> None:
    """Raise AssayError where nothing is listed: `too-few-images`, or what is wrong with the images."""
    if listing.count == 0:
        bad = [item for item in listing.left_out if item.kind == "unreadable"]
        none = AssayError("too-few-images", location, "there are no images", "Give at least one image.")
        raise _unreadable(bad, location) if bad else none


def _unreadable(bad: Sequence[LeftOut], location: Path | str) -> AssayError:
    by_reason: dict[str, list[str]] = {}
    for item in bad:
        by_reason.setdefault(item.reason, []).append(one_line(item.id))
    told = [f"{_first_of(names)} ({reason})" for reason, names in list(by_reason.items())[:_NAMED]]
    more = f"; and for {len(by_reason) - _NAMED:,} other reasons" if len(by_reason) > _NAMED else ""
    named = "; ".join(told)
    count = f"{len(bad):,} images" if len(bad) > 1 else "1 image"
    return AssayError(
        "image-unreadable",
        location,
        f"{count} cannot be read: {named}{more}",
        "Correct or remove them, or leave them out with --skip-bad.",
    )


def _first_of(names: Sequence[str]) -> str:
    """The first names of a list, and how many more there are."""
    more = f" and {len(names) - _OF_A_REASON:,} more" if len(names) > _OF_A_REASON else ""
    return ", ".join(names[:_OF_A_REASON]) + more


def _decoded(
    request: Request,
    listing: Listing,
    names: tuple[str, ...],
    source: str,
    name: str,
    location: Path | str,
    decoders: Decoders,
    scratch: Path,
) -> Dataset:
    shape, resize = first_guess(request, first_shape(decoders, listing, location))
    try:
        parts = decode_parts(decoders, listing, shape, resize, scratch, request.on_event)
    except OtherShapeError:
        shape, resize = measured(request, listing, decoders)
        parts = decode_parts(decoders, listing, shape, resize, scratch, request.on_event)
    levels = together(part.levels for part in parts.values() if part.levels)
    scale, about_deep = None, []
    if levels is not None:
        # Only now are all values known; most sets use the whole range, and need no second look.
        scale, count = scale_for(levels), sum(part.deep for part in parts.values())
        about_deep = [note_on(count, levels, scale)]
        if any(part.scale != scale for part in parts.values()):
            parts = decode_parts(decoders, listing, shape, resize, scratch, request.on_event, scale)
    left_out = (*listing.left_out, *(item for part in parts.values() for item in part.left_out))
    splits = {
        key: split_from(part, listing.parts[key], names, resize or request.resize or "fit", scale)
        for key, part in parts.items()
        if part.kept
    }
    converted = summed(part.converted for part in parts.values())
    notes = (
        *notes_on(listing.form, listing.notes, shape, resize, converted, left_out),
        *resizing_notes(splits, resize),
        *about_deep,
        *notes_on_classes(names),
        *notes_on_near_names(images_by_class(splits, names)),
        *notes_on_a_number_apart(images_by_class(splits, names)),
        *shared_groups(splits),
    )
    return Dataset(name, names, splits, source, "", notes, left_out=left_out)


def first_guess(request: Request, first: Shape) -> tuple[Shape, Resize | None]:
    """The asked size, or that of the first image in the hope that all are like it.

    Without a rule, asked or found, an image of another size ends the guess.
    """
    if request.size is None:
        return first, None
    return (*parse_size(request.size), first[2]), request.resize


def measured(request: Request, listing: Listing, decoders: Decoders) -> tuple[Shape, Resize | None]:
    """The shape for images that are not all alike: it takes one look at every header."""
    shapes = measured_shapes(decoders, listing)
    height, width, channels = working_shape(shapes)
    if request.size is not None:
        height, width = parse_size(request.size)
    return (height, width, channels), request.resize or resizing_rule(shapes, height, width)


def resizing_notes(splits: Mapping[str, Split], resize: Resize | None) -> list[str]:
    """What became of the images of a set that were not all of one size; nothing where they were."""
    if resize is None:
        return []
    columns = [split.columns for split in splits.values()]
    sizes = [size for own in columns for size in zip(own["height"], own["width"], strict=True)]
    height, width, _ = next(iter(splits.values())).shape if splits else (1, 1, 1)
    return about_resizing([(int(high), int(wide)) for high, wide in sizes], height, width, resize)


def images_by_class(splits: Mapping[str, Split], names: Sequence[str]) -> dict[str, int]:
    """Images of each class, by its name, in all splits."""
    counts = [split.counts(len(names)).tolist() for split in splits.values()]
    return dict(zip(names, map(sum, zip(*counts, strict=True)), strict=True)) if counts else {}


def shared_groups(splits: Mapping[str, Split] | Mapping[str, Part]) -> list[str]:
    """Notes for splits that share groups, or that a column nobody named says to: a score on images of known
    groups is too good."""
    groups = {
        name: set(split.columns["group"]) - {""} for name, split in splits.items() if "group" in split.columns
    }
    told = [
        f"{len(groups['train'] & groups[name]):,} groups lie in both train and {name}"
        for name in ("validation", "test")
        if name in groups and groups.get("train", set()) & groups[name]
    ]
    return told or notes_on_group_columns(splits) or notes_on_views(splits)


def split_from(
    part: DecodedPart, known: Part, names: Sequence[str], resize: Resize, scale: DeepScale | None
) -> Split:
    """The split of decoded images. known: what is listed of them; names: of the classes."""
    index = class_index(names)
    return part.split(known, [index[known.labels[row]] for row in part.kept], resize, scale)


def notes_on(
    form: str,
    listed: Sequence[str],
    shape: Shape,
    resize: Resize | None,
    converted: Mapping[str, int],
    left_out: Sequence[LeftOut],
) -> tuple[str, ...]:
    """How the images were read, one sentence each. listed: the notes of the listing."""
    height, width, channels = shape
    kind = "gray" if channels == 1 else "RGB"
    how = f", resized by the rule {resize!r} where they had another size" if resize else ""
    notes = [f"read as {form}", *listed, f"all images are {height} x {width} {kind}{how}"]
    notes += [f"{counted(count, 'image', 'images')}: {what}" for what, count in sorted(converted.items())]
    for kind_left, words in (
        ("ignored", ("other file was ignored", "other files were ignored")),
        ("unlabelled", ("image without a class was left out", "images without a class were left out")),
        ("unreadable", ("image is unreadable", "images are unreadable")),
    ):
        left = sum(item.kind == kind_left for item in left_out)
        notes += [counted(left, *words)] if left else []
    return tuple(notes)


def summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Counts by name, of all together."""
    total: dict[str, int] = {}
    for one in counts:
        for name, count in one.items():
            total[name] = total.get(name, 0) + count
    return total
