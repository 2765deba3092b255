"""`Listing`: what a source of image files found before any image was decoded."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from assay.core.errors import AssayError
from assay.core.text import counted
from assay.data.listing.columns.groups import one_spelling
from assay.data.listing.names import natural_key
from assay.data.values import LeftOut

#: An image that is still encoded: the path of its file, or its content; or why there is neither.
Payload = str | bytes | AssayError


@dataclass(frozen=True, eq=False)
class Part:
    """The images of one split, in source order.

    ids: stable names, unique within the split. labels: a class name each.
    payloads: gives the encoded images from the first to the last, again at every call.
    columns: what the source says of each image besides (group, the user's own), as text.
    some: gives those of some rows, where that is less work than to pass over those before them.
    sizes: what tells that an image is still as listed, one text each, where that is known without reading it.
    places: the rows of the one table whose rows say the split of each, as in `Split.places`.
    """

    ids: Sequence[str]
    labels: Sequence[str]
    payloads: Callable[[], Iterator[Payload]]
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    some: Callable[[range], Iterator[Payload]] | None = None
    sizes: Sequence[str] | None = None
    places: Sequence[int] | None = None

    def payloads_of(self, rows: range) -> Iterator[Payload]:
        """The encoded images of rows that follow each other."""
        if self.some is not None:
            return self.some(rows)
        return islice(self.payloads(), rows.start, rows.stop)

    def chosen(self, rows: Sequence[int]) -> "Part":
        """The images of some rows alone, which rise."""
        columns: Mapping[str, Sequence[str]] = {
            name: [values[row] for row in rows] for name, values in self.columns.items()
        }

        def some(own: range) -> Iterator[Payload]:
            kept = rows[own.start : own.stop]
            if not kept:
                return iter(())
            wanted, span = set(kept), range(kept[0], kept[-1] + 1)
            return (item for row, item in zip(span, self.payloads_of(span), strict=True) if row in wanted)

        return Part(
            [self.ids[row] for row in rows],
            [self.labels[row] for row in rows],
            lambda: some(range(len(rows))),
            columns,
            some,
            None if self.sizes is None else [self.sizes[row] for row in rows],
            None if self.places is None else [self.places[row] for row in rows],
        )


@dataclass(frozen=True, eq=False)
class Listing:
    """Everything there is to decode, and what was left out already.

    parts: by split. classes: in label order, where the source knows them; else None.
    form: how the data were found to be laid out, in words; notes: what was
    decided about it. stamp: changes whenever a file does.
    """

    parts: Mapping[str, Part]
    form: str
    stamp: str
    classes: tuple[str, ...] | None = None
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        groups = {name: part.columns["group"] for name, part in self.parts.items() if "group" in part.columns}
        if len(groups) > 1:  # each split may come from a file of its own
            spelled = one_spelling(groups)
            parts = {
                name: replace(part, columns={**part.columns, "group": spelled[name]})
                if name in spelled
                else part
                for name, part in self.parts.items()
            }
            object.__setattr__(self, "parts", parts)

    @property
    def count(self) -> int:
        """How many images there are, readable or not."""
        return sum(len(part.ids) for part in self.parts.values())

    def make(self) -> "Listing":
        """Itself: see `Unlisted`."""
        return self


@dataclass(frozen=True, eq=False)
class Unlisted:
    """A listing that is not made yet: where the cache holds the set, it need not be.

    stamp: tells all that the listing would depend on. count: how many images there may be. make: makes it.
    """

    stamp: str
    count: int
    make: Callable[[], Listing]


def class_names(listing: Listing, chosen: tuple[str, ...] | None) -> tuple[str, ...]:
    """Class names in label order: the user's, else the source's, else those found, naturally sorted.

    Raises AssayError `class-names` when an image has a label that is not among them.
    """
    found = {label for part in listing.parts.values() for label in part.labels}
    names = chosen or listing.classes or tuple(sorted(found, key=natural_key))
    # Numbers as labels index the names: the common form of manifests that go with a list of names.
    if found <= set(names) or _are_indices(found, len(names)):
        return names
    unknown = sorted(found - set(names), key=natural_key)
    raise AssayError(
        "class-names",
        "--classes" if chosen else "classes",
        f"{counted(len(unknown), 'label is', 'labels are')} not among the {len(names)} class names, "
        f"the first is {unknown[0]!r}",
        "Name all classes.",
    )


def class_index(names: Sequence[str]) -> dict[str, int]:
    """Label -> index, for names and, where they are not names themselves, for numbers."""
    numbers = {str(index): index for index in range(len(names))}
    by_name = {name: index for index, name in enumerate(names)}
    return by_name if set(numbers) & set(by_name) else numbers | by_name


def _are_indices(labels: set[str], count: int) -> bool:
    return labels <= {str(index) for index in range(count)}


def stamp_of(lines: Iterable[str]) -> str:
    """One digest over what tells that nothing changed: a line for each file."""
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
