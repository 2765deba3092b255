"""`inspect`: what was found, how it would be read, what is ignored, the first problems; in seconds."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

from assay.core.arrays import spread_rows
from assay.core.text import html_table
from assay.data.decoding.sixteen_bits import Levels, note_on, scale_for, together
from assay.data.decoding.splits import first_shape
from assay.data.decoding.target_size import parse_size, working_shape
from assay.data.decoding.worker_pool import Decoders
from assay.data.decoding.worker_pool import Request as DecodeRequest
from assay.data.listing.advice.above import list_below
from assay.data.listing.class_numbers import meant_classes
from assay.data.listing.from_names.splits_beside import notes_on_splits_beside
from assay.data.listing.listing import Listing, Payload, class_names
from assay.data.listing.vocabulary import with_one_vocabulary
from assay.data.load import as_request, read, readable_source
from assay.data.request import Request
from assay.data.sources.image_dataset import name_of, shared_groups
from assay.data.splitting.name_groups import groups_spelled_alike, name_groups
from assay.data.values import Dataset, LeftOut

#: Images of each split that are looked at; evenly spread over it.
SAMPLED: Final = 500

#: What sources that are read whole hold, where it is no arrays.
_FORMS: Final = {"archive": "an archive", "tfds": "a prepared data set of TFDS"}


@dataclass(frozen=True)
class Inspection:
    """What a source holds.

    form: how the data are laid out. splits: images by split. per_class: images by split and class.
    sizes, modes, formats: how many of the `sampled` images have which. shape: height, width, channels
    they would be read as. columns: what is known of each image besides. left_out: ignored things, and
    the unreadable ones among the sampled. notes: what was decided about the layout.
    """

    name: str
    source: str
    form: str
    location: str
    classes: tuple[str, ...]
    splits: Mapping[str, int]
    per_class: Mapping[str, tuple[int, ...]]
    sampled: int
    sizes: Mapping[str, int]
    modes: Mapping[str, int]
    formats: Mapping[str, int]
    shape: tuple[int, int, int] | None
    columns: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """The inspection as JSON types."""
        return {"schema": 1, **asdict(self)}

    def _repr_html_(self) -> str:
        rows = [(name, f"{count:,}", list(self.per_class[name])) for name, count in self.splits.items()]
        return html_table(("split", "images", "per class"), rows, f"{self.name}: {self.form}")


def inspect(data: str | Path | None = None, **options: Any) -> Inspection:
    """Look at a data set without reading all of it. Arguments as for `load`.

    Image files are listed, and at most `SAMPLED` of each split decoded; other forms are read whole.
    Unreadable images are reported, not raised. Raises AssayError where there is no data set at all, or where
    no image can be read: of such data nothing else can be done.
    """
    request = as_request(data, **{**options, "skip_bad": True})
    source = readable_source(request)
    if source.listing is None:
        return _of_dataset(read(request))
    own = partial(source.listing, request)
    listing = list_below(request, own) if source.name == "folder" else own()
    listing = with_one_vocabulary(listing, request.classes, request.path)
    beside = notes_on_splits_beside(request.path, listing.parts, source.name)
    listing = replace(listing, notes=(*listing.notes, *beside))
    if request.group_pattern is not None:
        listing = _with_name_groups(listing, request.group_pattern)
    return _of_listing(listing, request, source.name)


def _with_name_groups(listing: Listing, pattern: str) -> Listing:
    found = {name: name_groups(name, part, pattern) for name, part in listing.parts.items()}
    groups, notes = groups_spelled_alike(found)
    parts = {
        name: replace(part, columns={**part.columns, "group": groups[name]})
        for name, part in listing.parts.items()
    }
    return replace(listing, parts=parts, notes=(*listing.notes, *notes))


def _of_dataset(dataset: Dataset) -> Inspection:
    count = len(dataset.classes)
    height, width, channels = dataset.shape
    total = sum(len(split) for split in dataset.splits.values())
    return Inspection(
        dataset.name,
        dataset.source,
        _FORMS.get(dataset.source, "arrays of pixels"),
        dataset.location,
        dataset.classes,
        {name: len(split) for name, split in dataset.splits.items()},
        {name: tuple(split.counts(count).tolist()) for name, split in dataset.splits.items()},
        total,
        {f"{height} x {width}": total},
        {"L" if channels == 1 else "RGB": total},
        {},
        dataset.shape,
        tuple(dataset.train.columns),
        dataset.left_out,
        dataset.notes,
    )


def _of_listing(listing: Listing, request: Request, source: str) -> Inspection:
    names = class_names(listing, meant_classes(request.classes))
    found = _Sample()
    with Decoders(1) as decoders:
        for split, part in listing.parts.items():
            rows = spread_rows(len(part.ids), SAMPLED).tolist()
            wanted = set(rows)
            chosen = (payload for row, payload in enumerate(part.payloads()) if row in wanted)
            for row, result in zip(rows, _outcomes(decoders, chosen), strict=True):
                found.add(result, LeftOut(part.ids[row], "unreadable", "", split, part.labels[row]))
        place = "in memory" if request.objects is not None else request.address or str(request.data)
        path = request.path or (place if request.address else Path(place))
        if not found.sizes:
            first_shape(decoders, listing, path)
    return Inspection(
        request.name or (name_of(path) if isinstance(path, str) else path.absolute().name),
        source,
        listing.form,
        str(path),
        names,
        {split: len(part.ids) for split, part in listing.parts.items()},
        {split: _counts(part.labels, names) for split, part in listing.parts.items()},
        found.count,
        dict(found.sizes.most_common()),
        dict(found.modes.most_common()),
        dict(found.formats.most_common()),
        found.shape(request),
        tuple(sorted({name for part in listing.parts.values() for name in part.columns})),
        (*listing.left_out, *found.left_out),
        (*listing.notes, *found.about_deep(), *shared_groups(listing.parts)),
    )


def _counts(labels: Any, names: tuple[str, ...]) -> tuple[int, ...]:
    counted = Counter(labels)
    return tuple(
        counted[name] + (counted[str(i)] if str(i) not in names else 0) for i, name in enumerate(names)
    )


def _outcomes(decoders: Decoders, payloads: Iterator[Payload]) -> Iterator[dict[str, Any]]:
    def requests() -> Iterator[DecodeRequest]:
        while items := list(islice(payloads, 16)):
            yield DecodeRequest(items, (1, 1, 3), "stretch")  # what they are matters, not their pixels

    for answer in decoders.answers(requests()):
        yield from answer.outcomes


class _Sample:
    """What the sampled images turned out to be."""

    def __init__(self) -> None:
        self.count = 0
        self.sizes: Counter[str] = Counter()
        self.modes: Counter[str] = Counter()
        self.formats: Counter[str] = Counter()
        self.left_out: list[LeftOut] = []
        self._shapes: list[tuple[int, int, int]] = []
        self._levels: list[Levels] = []

    def add(self, result: Mapping[str, Any], image: LeftOut) -> None:
        self.count += 1
        if "refused" in result:
            self.left_out.append(LeftOut(image.id, "unreadable", result["refused"], image.split, image.label))
            return
        width, height, mode, kind = result["facts"]
        self.sizes[f"{height} x {width}"] += 1
        self.modes[mode] += 1
        self.formats[kind] += 1
        self._shapes.append(tuple(result["shape"]))
        self._levels += [Levels(*result["levels"])] if "levels" in result else []

    def about_deep(self) -> list[str]:
        """A note on images of 16 bits, judged by the sample."""
        levels = together(self._levels)
        if levels is None:
            return []
        return [f"of those looked at, {note_on(len(self._levels), levels, scale_for(levels))}"]

    def shape(self, request: Request) -> tuple[int, int, int] | None:
        """What all images would be read as, judged by the sample."""
        if not self._shapes:
            return None
        height, width, channels = working_shape(self._shapes)
        if request.size is not None:
            height, width = parse_size(request.size)
        return height, width, channels
