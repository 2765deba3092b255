"""Decoding the splits of a listing into files of raw pixels, block by block."""

import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, tee
from pathlib import Path
from typing import Any, Final

import numpy as np

from assay.core import durable
from assay.core.arrays import Shape
from assay.core.errors import AssayError
from assay.core.events import OnEvent, progress
from assay.data.checked_images import file_images
from assay.data.decoding.original_stats import FIGURES
from assay.data.decoding.sixteen_bits import FULL_SCALE, Levels, together
from assay.data.decoding.worker_pool import Answer, Decoders, Request
from assay.data.listing.listing import Listing, Part, Payload
from assay.data.values import Column, DeepScale, LeftOut, Resize, Split

#: Images of one request to a worker; their decoded bytes, and their encoded bytes where they are sent.
_CHUNK: Final = 256
_CHUNK_DECODED: Final = 8 << 20
_CHUNK_ENCODED: Final = 16 << 20

#: Channels of a color picture.
_COLORS: Final = 3

#: What is remembered of each image as it was stored, as numbers and as text.
_NUMBERS: Final = ("width", "height", "bytes")
_TEXTS: Final = ("mode", "format")


class OtherShapeError(Exception):
    """The images are not all of the shape that was hoped for."""


@dataclass
class DecodedPart:
    """The images of one split that could be decoded.

    pixels: file of their uint8 `(n, h, w, c)`. kept: their rows in the listing. left_out: the others.
    converted: conversion -> how many images. numbers, texts: facts of each kept image, by column.
    original_stats: the `FIGURES` of each kept image at the size of its file, one after the other; empty
        where all images keep their size.
    deep: how many images have 16 bits a channel; levels: of all of them; scale: how they became 8 bits.
    """

    pixels: Path
    shape: Shape
    scale: DeepScale = FULL_SCALE
    deep: int = 0
    levels: Levels | None = None
    kept: "array[int]" = field(default_factory=lambda: array("q"))
    digests: bytearray = field(default_factory=bytearray)
    left_out: list[LeftOut] = field(default_factory=list)
    converted: dict[str, int] = field(default_factory=dict)
    numbers: "dict[str, array[int]]" = field(default_factory=lambda: {name: array("q") for name in _NUMBERS})
    texts: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in _TEXTS})
    original_stats: "array[float]" = field(default_factory=lambda: array("f"))

    def split(self, part: Part, labels: Sequence[int], resize: Resize, scale: DeepScale | None) -> Split:
        """The split, its images read from the file. labels: one for each kept image. scale: of the set."""
        columns: dict[str, Column] = {
            name: tuple(values[row] for row in self.kept) for name, values in part.columns.items()
        }
        columns |= {name: np.frombuffer(values, np.int64) for name, values in self.numbers.items()}
        columns |= {name: tuple(values) for name, values in self.texts.items()}
        digests = np.frombuffer(bytes(self.digests), np.uint8).reshape(-1, 32)
        return Split(
            file_images(self.pixels, (len(self.kept), *self.shape), digests),
            np.asarray(labels, np.int64),
            tuple(part.ids[row] for row in self.kept),
            digests,
            columns,
            resize,
            np.frombuffer(self.original_stats, np.float32).reshape(-1, len(FIGURES))
            if self.original_stats
            else None,
            deep=scale,
            places=None if part.places is None else np.asarray(part.places, np.int64)[np.asarray(self.kept)],
        )

    def take(self, part: Part, split: str, row: int, answer: Answer) -> int:
        """Remember what became of a block of images, the first in `row`. Returns the row after it."""
        self.digests += answer.digests.data
        self.numbers["bytes"].extend(answer.bytes)
        self.original_stats.extend(answer.original_stats)
        for count, outcome in answer.runs:
            rows = range(row, row + count)
            row += count
            if "refused" in outcome:
                ids, labels, why = part.ids, part.labels, outcome["refused"]
                self.left_out += [LeftOut(ids[i], "unreadable", why, split, labels[i]) for i in rows]
            else:
                self._add(rows, outcome)
        return row

    def _add(self, rows: range, outcome: Mapping[str, Any]) -> None:
        """Remember decoded images that are all alike."""
        self.kept.extend(rows)
        if "levels" in outcome:
            self.deep += len(rows)
            self.levels = together(filter(None, (self.levels, Levels(*outcome["levels"]))))
        width, height, mode, kind = outcome["facts"]
        for name, number in (("width", width), ("height", height)):
            self.numbers[name].extend([number] * len(rows))
        for name, text in (("mode", mode), ("format", kind)):
            # Few different ones, and maybe millions of images: each is kept once.
            self.texts[name] += [sys.intern(text)] * len(rows)
        for what in outcome["conversions"]:
            self.converted[what] = self.converted.get(what, 0) + len(rows)


def first_shape(decoders: Decoders, listing: Listing, where: object) -> Shape:
    """The shape of the first image that can be read at all.

    Raises AssayError `too-few-images` where there is no image, or the error of the first where none can
    be read.
    """
    refused = None
    payloads = chain.from_iterable(part.payloads() for part in listing.parts.values())
    for payload in payloads:
        (answer,) = decoders.answers([Request([payload], measure=True)])
        ((_, outcome),) = answer.runs
        if "shape" in outcome:
            height, width, channels = outcome["shape"]
            return height, width, channels
        refused = refused or outcome
    if refused is None:
        raise AssayError("too-few-images", where, "there are no images", "Give at least one image.")
    raise AssayError(
        refused["code"],
        where,
        f"no image at all can be read; the first: {refused['refused']}",
        "Give images as PNG, JPEG, WebP or BMP.",
    )


def measured_shapes(decoders: Decoders, listing: Listing) -> list[Shape]:
    """The shapes of all images that can be read, from their headers."""
    payloads = chain.from_iterable(part.payloads() for part in listing.parts.values())
    requests = (Request(items, measure=True) for items in _chunks(payloads, _CHUNK))
    runs = chain.from_iterable(answer.runs for answer in decoders.answers(requests))
    # Few shapes, maybe millions of images: one tuple for each shape.
    known: dict[Shape, Shape] = {}
    shapes = ((count, tuple(outcome["shape"])) for count, outcome in runs if "shape" in outcome)
    return [known.setdefault(shape, shape) for count, shape in shapes for _ in range(count)]


def fits_all(decoders: Decoders, listing: Listing, shape: Shape, resize: Resize | None) -> bool:
    """Whether `decode_parts` would find no image of another shape: by the headers of all images.

    Of an image whose header tells another shape the pixels are asked for too: one that is damaged counts for
    nothing. Ends at the first that counts.
    """
    if resize is not None and shape[2] == _COLORS:
        return True  # whatever there is, it is brought to this size and has no more channels
    payloads = chain.from_iterable(part.payloads() for part in listing.parts.values())
    chunks, again = tee(_chunks(payloads, _CHUNK))
    answers = decoders.answers(Request(items, measure=True) for items in chunks)
    for items, answer in zip(again, answers, strict=True):
        odd = [
            item
            for item, outcome in zip(items, answer.outcomes, strict=True)
            if "shape" in outcome and _is_other(outcome["shape"], shape, resize)
        ]
        for item in odd:
            (alone,) = decoders.answers([Request([item], shape, resize)])
            if any("shape" in o and _is_other(o["shape"], shape, resize) for o in alone.outcomes):
                return False
    return True


def _is_other(found: Sequence[int], shape: Shape, resize: Resize | None) -> bool:
    """Whether an image cannot be brought to `shape` as `resize` says."""
    return found[2] > shape[2] or (resize is None and tuple(found) != shape)


def decode_parts(
    decoders: Decoders,
    listing: Listing,
    shape: Shape,
    resize: Resize | None,
    scratch: Path,
    on_event: OnEvent,
    deep: DeepScale = FULL_SCALE,
) -> dict[str, DecodedPart]:
    """Decode every split into a file in `scratch`.

    resize: how images get to `shape`; None: all must have it. deep: how 16 bits become 8. Raises
    `OtherShapeError` where one has another shape, or has color where `shape` is gray.
    """
    total = sum(len(part.ids) for part in listing.parts.values())
    done = 0
    parts = {}
    for name, part in listing.parts.items():
        decoded = DecodedPart(scratch / f"{name}.pixels", shape, deep)
        with durable.create(decoded.pixels) as file:
            row = 0
            for answer in _answers(decoders, part, shape, resize, deep):
                row = decoded.take(part, name, row, answer)
                file.write(answer.pixels.data)
                progress(on_event, "load", done + row, total, "images")
        done += len(part.ids)
        parts[name] = decoded
    return parts


def _answers(
    decoders: Decoders, part: Part, shape: Shape, resize: Resize | None, deep: DeepScale
) -> Iterator[Answer]:
    """One block of decoded images after the other."""
    height, width, channels = shape
    count = max(1, min(_CHUNK, _CHUNK_DECODED // (height * width * channels)))
    requests = (Request(items, shape, resize, deep=deep) for items in _chunks(part.payloads(), count))
    for answer in decoders.answers(requests):
        for found in (outcome["shape"] for _, outcome in answer.runs if "shape" in outcome):
            if _is_other(found, shape, resize):
                raise OtherShapeError
        yield answer


def _chunks(payloads: Iterator[Payload], count: int) -> Iterator[list[Payload]]:
    """Payloads, at most `count` and `_CHUNK_ENCODED` bytes together."""
    chunk: list[Payload] = []
    size = 0
    for payload in payloads:
        chunk.append(payload)
        size += len(payload) if isinstance(payload, bytes) else 0
        if len(chunk) == count or size >= _CHUNK_ENCODED:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
