"""Links beside images: those that were not followed, and folders of links, or copies, that tell classes."""

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from json import dumps
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.data.formats.signatures import FORMAT_BY_NAME
from assay.data.listing.advice.label_tables import python_command, table_command, then_give
from assay.data.listing.names import natural_key
from assay.data.listing.tree import split_in
from assay.data.listing.walk import LINK, LINK_DEAD, LINK_OUT, Walk

#: Fewer links, or images that come again, are taken for a chance; and so many files are compared by size.
_FEWEST: Final = 8
_COMPARED: Final = 1_000


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
    own, target = Path(os.path.realpath(folder)), Path(os.path.realpath(folder / link))  # of a circle, too
    above = Path(os.path.commonpath([own, target]))
    return None if above == own else above


def hints_on_links(found: Walk) -> list[str]:
    """A hint on links to images of the same folder, which lie in folders of classes, with the command for a
    table of what they lead to."""
    endings = tuple(FORMAT_BY_NAME)
    links = [item.id for item in found.left_out if item.reason == LINK]
    links += [name for name in found.files if (found.root / name).is_symlink()]
    links = [name for name in links if name.lower().endswith(endings) and "/" in name]
    files, root = set(found.files), os.path.realpath(found.root)
    inside = [name for name in links if os.path.relpath(os.path.realpath(found.root / name), root) in files]
    classes = {PurePosixPath(name).parent.name for name in inside}
    if len(inside) < max(_FEWEST, len(links)) or len(classes) < 2:
        return []
    above = {PurePosixPath(name).parent.parent.name for name in inside}
    splits = {name: split for name in above if (split := split_in(name))}
    split = f",{dumps(splits)}[f.parts[-3]]" if len(splits) == len(above) > 1 else ""
    cells = f"Path(os.path.relpath(os.path.realpath(f),R)).as_posix(),f.parts[-2]{split}"
    command = python_command(
        found.root,
        {PurePosixPath(name).suffix.lower() for name in inside},
        f"(({cells}) for f in F if f.is_symlink())",
        ("file_name", "label", *(["split"] if split else [])),
        'import os;R=os.path.realpath(".");',
    )
    shown = ", ".join(map(one_line, sorted(classes, key=natural_key)[:3]))
    return [
        f"{len(inside):,} links to these images lie in folders that may be the classes ({shown}): this "
        f"writes a table of what they lead to: {command} ; then give {then_give(found.root)}"
    ]


def refuse_pools(
    root: Path, images: Mapping[str, Sequence[str]], places: Mapping[str, tuple[str, str] | None]
) -> None:
    """Raise AssayError `ambiguous-layout` where the images of one class are those of others once more: copies
    or links by class beside the folder that holds all.

    images: names by folder. places: split and class of each folder.
    """
    placed = {folder: names for folder, names in images.items() if places[folder]}
    counts = Counter(name for names in placed.values() for name in names)
    total = sum(map(len, placed.values()))
    for pool, names in placed.items():
        if len(names) < _FEWEST or 2 * len(names) != total or len(placed) < 3:
            continue
        others = {folder: own for folder, own in placed.items() if folder != pool}
        if any(counts[name] != 2 for name in names) or not _same_sizes(root, pool, others):
            continue
        shown = ", ".join(map(one_line, list(others)[:3])) + (" ..." if len(others) > 3 else "")
        what = (
            f"the {len(names):,} images of {one_line(pool)} are those of {shown} once more, by their names "
            "and sizes"
        )
        raise AssayError("ambiguous-layout", root, what, _without(root, pool, others))


def _same_sizes(root: Path, pool: str, others: Mapping[str, Sequence[str]]) -> bool:
    pairs = [(folder, name) for folder, names in others.items() for name in names]
    step = max(1, len(pairs) // _COMPARED)
    try:
        return all(
            (root / pool / name).stat().st_size == (root / folder / name).stat().st_size
            for folder, name in pairs[::step]
        )
    except OSError:
        return False


def _without(root: Path, pool: str, others: Collection[str]) -> str:
    """What to give for the images without the folder that has all of them once more."""
    tops = {folder.split("/")[0] for folder in others}
    if len(tops) == 1 and pool.split("/")[0] not in tops:
        return f"Give {one_line(quote(str(root / tops.pop())))}, or say --layout classes."
    if any(map(split_in, tops)):
        return f"Move {one_line(pool)} out of it, or say --layout splits."  # a table would have no splits
    endings = set(FORMAT_BY_NAME)
    only = f"f.parent.as_posix() in {dumps(sorted(others))}"
    command = table_command(root, endings, "f.parts[-2]", only)
    return (
        f"This writes a table without {one_line(pool)}: {command} ; then give {then_give(root)}. "
        "Or say --layout classes."
    )


def refuse_one_class_of_train(
    root: Path, parts: Mapping[str, Mapping[str, str]], label: str, layout: object
) -> None:
    """Raise AssayError `ambiguous-layout` where train has images of one class, and other splits of more: data
    for finding anomalies.

    parts: the class of each image by its path, by split. label: Python for the class of a file.
    """
    train = set(parts.get("train", {}).values())
    others = {one for split, own in parts.items() if split != "train" for one in own.values()} - train
    if layout or len(train) != 1 or not others:
        return
    paths = [path for own in parts.values() for path in own]
    folders = sorted({path.rpartition("/")[0] for path in paths})
    shown = ", ".join(map(one_line, sorted(others, key=natural_key)[:3]))
    what = (
        f"train has images of {one_line(train.pop())} alone, and other splits of {shown} too, as data for "
        "finding anomalies have: a classifier learns nothing from one class"
    )
    endings = {PurePosixPath(path).suffix.lower() for path in paths}
    rows = f'((f.as_posix(),{label},"train") for f in F if f.parent.as_posix() in {dumps(folders)})'
    command = python_command(root, endings, rows, ("file_name", "label", "split")) if label else ""
    way = (
        f"To tell all classes apart, this writes a table of all splits together: {command} ; then give "
        f"{then_give(root)} --test-fraction 0.2. "
        if command
        else ""
    )
    raise AssayError("ambiguous-layout", root, what, f"{way}--layout splits reads the folders as they are.")
