"""Classes at several depths, or two levels down: each folder with images may be a class of its own, or one
split has them a level deeper than the others."""

from collections.abc import Callable, Collection, Mapping
from json import dumps
from pathlib import Path, PurePosixPath

from assay.core.text import one_line
from assay.data.listing.advice.label_tables import python_command, table_command, then_give
from assay.data.listing.names import natural_key
from assay.data.listing.tree import Tree, joined


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
    endings = {PurePosixPath(name).suffix.lower() for folder in deep for name in files(folder)}
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


def deeper_splits(tree: Tree, base: str, splits: Collection[str]) -> list[str]:
    """The splits whose folders are none of the classes of the others, and hold folders of these each:
    `test/sketch/cat`, `test/photo/cat` beside `train/cat`."""
    starts = {name: tree.descended(joined(base, name)) for name in splits}
    classes = {name: set(map(str.casefold, tree.full(start))) for name, start in starts.items()}
    found = []
    for name, own in classes.items():
        known = set().union(*(others for other, others in classes.items() if other != name))
        below = [
            set(map(str.casefold, tree.full(joined(starts[name], sub)))) for sub in tree.full(starts[name])
        ]
        if own and not own & known and all(len(known & subs) > 1 for subs in below):
            found.append(name)
    return found if len(found) < len(classes) else []


def of_deeper_splits(
    root: Path,
    tree: Tree,
    files: Callable[[str], Collection[str]],
    base: str,
    splits: Mapping[str, str],
    deeper: Collection[str],
) -> str:
    """The command that writes a table of all splits, with what lies above the classes as a column."""
    starts = {name: tree.descended(joined(base, name)) for name in splits}
    depth = len(base.split("/")) if base else 0
    level = {name: start.count("/") + 1 + (name in deeper) for name, start in starts.items()}
    endings = {PurePosixPath(n).suffix.lower() for folder in tree.images for n in files(folder)}
    setup = f"S={dumps(splits)};D={dumps(level)};X={dumps(list(deeper))};"
    rows = (
        f'((f.as_posix(),f.parts[D[s]],S[s],f.parts[D[s]-1] if s in X else "") for f in F '
        f"if len(f.parts)>{depth} for s in [f.parts[{depth}]] if s in S and len(f.parts)>D[s]+1)"
    )
    command = python_command(root, endings, rows, ("file_name", "label", "split", "folder"), setup)
    return f"{command} ; then give {then_give(root)}"


def below_others(
    root: Path,
    tree: Tree,
    files: Callable[[str], Collection[str]],
    base: str,
    splits: Mapping[str, str],
) -> str:
    """The command that writes a table of the classes below other folders in those of splits, with these as a
    column: `train/siteA/cat`. Images at other levels are left out."""
    depth = len(base.split("/")) if base else 0
    endings = {PurePosixPath(n).suffix.lower() for folder in tree.images for n in files(folder)}
    rows = (
        f"((f.as_posix(),f.parts[{depth + 2}],S[f.parts[{depth}]],f.parts[{depth + 1}]) for f in F "
        f"if len(f.parts)>{depth + 3} and f.parts[{depth}] in S)"
    )
    columns = ("file_name", "label", "split", "folder")
    command = python_command(root, endings, rows, columns, f"S={dumps(splits)};")
    return f"this writes a table, with the folders above as a column: {command} ; then give {then_give(root)}"
