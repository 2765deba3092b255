"""A reading of folders, shown to people before they choose: in one line, and as a tree."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from assay.core.text import one_line
from assay.data.listing.layout.readings import Reading
from assay.data.listing.names import SPLIT_ORDER, natural_key
from assay.data.listing.tree import Tree

#: Classes of a split that a tree shows.
_BRANCHES: Final = 8


def as_tree(tree: Tree, reading: Reading) -> list[str]:
    """A reading as the lines of a tree, with counts."""
    lines = [f"as {reading.kind}, --layout {reading.kind}:"]
    counts = _counts(tree, reading)
    for split in (split for split in SPLIT_ORDER if split in counts):
        found = counts[split]
        names = sorted(found, key=natural_key)
        lines.append(f"  {split:<22}{found.total():>9,} images")
        lines += [f"    {one_line(name):<20}{found[name]:>9,}" for name in names[:_BRANCHES]]
        more = names[_BRANCHES:]
        lines += [f"    and {len(more):,} more"] if more else []
    return lines + ([f"  {'left out':<22}{reading.left_out:>9,} images"] if reading.left_out else [])


def shown(tree: Tree, reading: Reading) -> str:
    """A reading in one line, with counts."""
    counts = _counts(tree, reading)
    parts = [f"{split} {{{_some(counts[split])}}}" for split in SPLIT_ORDER if split in counts]
    lost = f", {reading.left_out:,} images left out" if reading.left_out else ""
    return (", ".join(parts) or "no image") + lost


def _counts(tree: Tree, reading: Reading) -> dict[str, Counter[str]]:
    """Images by split and class."""
    counts: dict[str, Counter[str]] = {}
    for folder, count in tree.images.items():
        if found := reading.place(folder):
            counts.setdefault(found[0], Counter())[found[1]] += count
    return counts


def _some(counts: Mapping[str, int], most: int = 5) -> str:
    names = sorted(counts, key=natural_key)
    told = [f"{one_line(name)} {counts[name]:,}" for name in names[:most]]
    return ", ".join(told) + (f" and {len(names) - most:,} more" if len(names) > most else "")
