"""Classes at several depths, or two levels down: each folder with images may be a class of its own."""

from collections.abc import Callable, Collection, Mapping
from json import dumps
from pathlib import Path, PurePosixPath

from assay.core.text import one_line
from assay.data.listing.advice.label_tables import table_command, then_give
from assay.data.listing.names import natural_key
from assay.data.listing.tree import Tree


def each_folder(
    root: Path,
    tree: Tree,
    files: Callable[[str], Collection[str]],
    base: str,
    level: int,
    splits: Mapping[str, str],
) -> str:
    """The way to read each folder with images as a class, by its path: a command that writes a table.

    base: the folder below which they are looked for. level: how many folders below it belong to no class, as
    those of splits, of which the first has a split each. Empty where that gives fewer than two classes.
    """
    above = base.split("/") if base else []
    depth = len(above) + level
    parts = {folder: folder.split("/") for folder in tree.images if folder}
    deep = [
        folder
        for folder, path in parts.items()
        if path[: len(above)] == above and len(path) > depth and (not splits or path[len(above)] in splits)
    ]
    classes = sorted({"/".join(parts[folder][depth:]) for folder in deep}, key=natural_key)
    endings = {PurePosixPath(name).suffix.lower() for folder in deep for name in files(folder)} - {""}
    if len(classes) < 2 or not endings:
        return ""
    tests = [f"list(f.parts[:{len(above)}])=={dumps(above)}"] if above else []
    tests += [f"len(f.parts)>{depth + 1}"]
    tests += [f"f.parts[{len(above)}] in {dumps(list(splits))}"] if splits else []
    label = f'"/".join(f.parts[{depth}:-1])'
    command = table_command(root, endings, label, " and ".join(tests), splits, len(above))
    shown = f"{one_line(classes[0])}, {one_line(classes[-1])}"
    more = f" and {len(classes) - 2:,} more" if len(classes) > 2 else ""
    return (
        f"where each folder with images is a class of its own ({shown}{more}), write a table of them: "
        f"{command} ; then give {then_give(root)}"
    )
