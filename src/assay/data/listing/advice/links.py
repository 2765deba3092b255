"""Links that were not followed: images may lie behind them."""

import os
from pathlib import Path
from shlex import quote

from assay.core.text import counted, one_line
from assay.data.listing.walk import LINK, LINK_DEAD, LINK_OUT, Walk


def unfollowed(found: Walk) -> list[str]:
    """Notes on links: there may be images behind them."""
    by_reason: dict[str, list[str]] = {}
    for item in found.left_out:
        by_reason.setdefault(item.reason, []).append(item.id)
    notes = []
    if links := by_reason.get(LINK):
        root = _root_of(found.root, links[0])
        hint = f" --root {one_line(quote(str(root)))}" if root else ""
        notes.append(
            f"{counted(len(links), 'link was', 'links were')} not followed (--follow-links{hint} reads them)"
        )
    if out := by_reason.get(LINK_OUT):
        root = _root_of(found.root, out[0]) or found.root
        hint = f"--root {one_line(quote(str(root)))} reads those that stay below that folder"
        notes.append(
            f"{counted(len(out), 'link leads', 'links lead')} out of {one_line(found.root.name)} ({hint})"
        )
    if dead := by_reason.get(LINK_DEAD):
        notes.append(
            f"{counted(len(dead), 'link leads', 'links lead')} nowhere: what is behind is missing, "
            f"{one_line(dead[0])} the first"
        )
    return notes


def _root_of(folder: Path, link: str) -> Path | None:
    """The nearest folder above both a folder and what a link in it leads to; None: that is the folder."""
    own, target = folder.resolve(), (folder / link).resolve()
    above = Path(os.path.commonpath([own, target]))
    return None if above == own else above
