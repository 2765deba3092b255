"""A share of the images of a listing, decoded by one of several processes; and the whole from its pieces."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from assay.core import durable
from assay.core.arrays import Shape
from assay.core.cache_folder import AUDITS, cache_folder
from assay.core.checksums import read_checked, write_checked
from assay.core.errors import AssayError
from assay.core.events import warn
from assay.core.version import code_version
from assay.data.decoding.sixteen_bits import FULL_SCALE, Levels, scale_for, together
from assay.data.decoding.splits import DecodedPart, decode_parts, first_shape, fits_all
from assay.data.decoding.worker_pool import Decoders, worker_count
from assay.data.listing.class_names import checked_classes
from assay.data.listing.class_numbers import meant_classes
from assay.data.listing.listing import Listing, Part, Payload, Unlisted, class_names
from assay.data.listing.vocabulary import with_one_vocabulary
from assay.data.piece import Piece, Shard, Whole, listed_digest
from assay.data.request import Request
from assay.data.sources.image_dataset import (
    cache_key,
    first_guess,
    measured,
    name_of,
    need_images,
    need_unchanged,
    split_from,
    stop_at_left_out,
    summed,
)
from assay.data.values import DeepScale, Resize


def read_image_shard(
    request: Request,
    found: Listing | Unlisted,
    source: str,
    location: Path | str,
    stamp_again: Callable[[], str] | None,
    shard: Shard,
    scratch: Path,
) -> Piece:
    """The images of one share, decoded into `scratch`: what the whole decides is decided as for the whole.

    Other arguments and errors as of `read_image_set`.
    """
    with Decoders(worker_count(max(found.count // shard.count, 1))) as decoders:
        listing = with_one_vocabulary(found.make(), request.classes, location)
        need_images(listing, location)
        names = checked_classes(class_names(listing, meant_classes(request.classes)))
        shape, resize = _kept_settled(request, listing, decoders, source, location)
        own = _share(listing, shard)
        parts = decode_parts(decoders, own, shape, resize, scratch, request.on_event)
        levels, scale = _levels(request, listing, parts, shape, resize, decoders, scratch)
        if scale not in (None, FULL_SCALE):
            parts = decode_parts(decoders, own, shape, resize, scratch, request.on_event, scale or FULL_SCALE)
    need_unchanged(listing, location, stamp_again)
    left_out = tuple(item for part in parts.values() for item in part.left_out)
    stop_at_left_out((*listing.left_out, *left_out), request, location)
    return Piece(
        whole=Whole(
            name=request.name or name_of(location),
            source=source,
            classes=names,
            shape=shape,
            counts={name: len(part.ids) for name, part in listing.parts.items()},
            listed=listed_digest(
                {name: (part.ids, part.labels, _sizes(part)) for name, part in listing.parts.items()}
            ),
            form=listing.form,
            resize=resize,
            notes=listing.notes,
            left_out=listing.left_out,
        ),
        shard=shard,
        splits={
            name: split_from(part, own.parts[name], names, resize or request.resize or "fit", scale)
            for name, part in parts.items()
        },
        left_out=left_out,
        converted=summed(part.converted for part in parts.values()),
        deep=sum(part.deep for part in parts.values()),
        levels=None if levels is None else (*levels,),
        location=str(location),
    )


def _sizes(part: Part) -> list[str]:
    """The bytes of every image as listed: files that were exchanged are mostly of another size."""
    return list(part.sizes) if part.sizes is not None else [str(_size_of(item)) for item in part.payloads()]


def _size_of(item: Payload) -> int:
    if isinstance(item, bytes):
        return len(item)
    try:
        return -1 if isinstance(item, AssayError) else Path(item).stat().st_size
    except OSError:  # gone, or out of reach: decoding reports it
        return -1


def _kept_settled(
    request: Request, listing: Listing, decoders: Decoders, source: str, location: Path | str
) -> tuple[Shape, Resize | None]:
    """What `_settled` finds, kept for the other shards that this machine measures.

    Each would read the headers of all images: of a million in 16 shards that took as long as all the rest.
    The name tells the files by size and time, as that of decoded images does; `need_unchanged` comes after.
    """
    stamp = f"{listing.stamp}|{request.columns}|{code_version(('data',))}"
    path = cache_folder() / AUDITS / f"size-{cache_key(request, source, location, stamp)}.json"
    if (text := read_checked(path)) is not None:
        (height, width, channels), resize = json.loads(text)
        return (height, width, channels), resize
    found = _settled(request, listing, decoders, location)
    with suppress(AssayError):  # a cache that cannot be written costs this time again, and no more
        write_checked(path, json.dumps(found))
    return found


def _settled(
    request: Request, listing: Listing, decoders: Decoders, location: Path | str
) -> tuple[Shape, Resize | None]:
    """The working size of the whole set, whichever of its images this process reads."""
    shape, resize = first_guess(request, first_shape(decoders, listing, location))
    if fits_all(decoders, listing, shape, resize):
        return shape, resize
    return measured(request, listing, decoders)


def _share(listing: Listing, shard: Shard) -> Listing:
    """The listing with the rows of one share alone."""
    return replace(listing, parts={name: _rows_of(part, shard) for name, part in listing.parts.items()})


def _rows_of(part: Part, shard: Shard) -> Part:
    rows = shard.rows(len(part.ids))
    own = slice(rows.start, rows.stop)
    columns = {name: values[own] for name, values in part.columns.items()}
    places = None if part.places is None else part.places[own]
    ids, labels = part.ids[own], part.labels[own]
    return Part(ids, labels, lambda: part.payloads_of(rows), columns, places=places)


def _levels(
    request: Request,
    listing: Listing,
    parts: Mapping[str, DecodedPart],
    shape: Shape,
    resize: Resize | None,
    decoders: Decoders,
    scratch: Path,
) -> tuple[Levels | None, DeepScale | None]:
    """The range of the set's values of 16 bits, and the scale for it; None where this share has none.

    One scale serves the whole set, and only all of its images tell it.
    """
    if together(part.levels for part in parts.values() if part.levels) is None:
        return None, None
    what = "images have 16 bits a channel: every shard reads all images to know their range"
    warn(request.on_event, "load", what)
    with durable.scratch_directory(scratch) as inner:
        every = decode_parts(decoders, listing, shape, resize, inner, request.on_event)
    levels = together(part.levels for part in every.values() if part.levels)
    assert levels is not None  # this share has some
    return levels, scale_for(levels)
