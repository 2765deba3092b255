"""Lists of labels of the same images: families, makers and variants of aircraft."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from json import dumps
from typing import Final

from assay.core.text import one_line

#: How many lists of other classes are told.
_SHOWN: Final = 3


@dataclass(frozen=True)
class LabelLists:
    """Files that give the classes of images: their names, pairs of an image's path and its label, and the
    command that writes a table of them."""

    names: Sequence[str]
    pairs: Sequence[tuple[str, str]]
    command: str


def on_others(first: LabelLists, others: Sequence[LabelLists]) -> str:
    """What other lists may give other classes of the same images, as families and variants of aircraft; where
    the command for the first needs but their names, so much is said."""
    told = []
    for other in [other for other in others if _parts(other) != _parts(first)][:_SHOWN]:
        command = first.command
        for name, own in zip(first.names, other.names, strict=False):
            command = command.replace(dumps(name), dumps(own))
        way = " with these names in the command" if command == other.command else ""
        names = ", ".join(map(one_line, other.names))
        told.append(f"{names} {len({label for _, label in other.pairs}):,} others{way}")
    return f" ({len({label for _, label in first.pairs}):,}; {'; '.join(told)})" if told else ""


def _parts(lists: LabelLists) -> set[frozenset[str]]:
    """The images of each class."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for image, label in lists.pairs:
        found[label].add(image)
    return set(map(frozenset, found.values()))
