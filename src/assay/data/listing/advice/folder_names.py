"""Folders that are called after a split and a class at once: `cats_train`, `test-dogs`, `trainA`; and a test
split under a name of its own."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from json import dumps
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Final

from assay.core.text import one_line
from assay.data.listing.advice.label_tables import table_command, then_give
from assay.data.listing.names import SPLIT_ORDER, natural_key
from assay.data.listing.tree import Tree, joined

#: The word of a split in a name, with the signs beside it.
_SPLIT: Final = re.compile(
    r"[\W_]*(?<![a-z])(?:training|train|trn|validation|valid|val|dev|testing|test|tst|evaluation|eval)"
    r"(?![a-z])[\W_]*",
    re.IGNORECASE,
)
_BEFORE_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def split_and_class(
    root: Path,
    tree: Tree,
    files: Callable[[str], Collection[str]],
    base: str,
    splits: Mapping[str, str],
) -> str:
    """The command that writes a table of the images in such folders, with what to give then.

    base: the folder that they lie in. splits: of each folder with images. Empty where what is left of the
    names beside the words of splits is not the same two classes or more in every split.
    """
    names = [name for name in splits if tree.images[joined(base, name)]]
    labels = {name: _SPLIT.sub(" ", _BEFORE_CAPITAL.sub("_", name)).strip() for name in names}
    classes = {split: {labels[name] for name in names if splits[name] == split} for split in splits.values()}
    train = classes.get("train", set())
    if len(names) < len(splits) or len(classes) < 2 or len(train) < 2 or "" in train:
        return ""
    if any(own != train for own in classes.values()):
        return ""
    endings = {PurePosixPath(f).suffix.lower() for name in names for f in files(joined(base, name))}
    depth = base.count("/") + 1 if base else 0
    above = f"list(f.parts[:{depth}])=={dumps(base.split('/'))} and " if base else ""
    known = dumps(labels)
    command = table_command(
        root,
        endings,
        f"{known}[f.parts[{depth}]]",
        f"{above}len(f.parts)=={depth + 2} and f.parts[{depth}] in {known}",
        {name: splits[name] for name in names},
        depth,
    )
    shown = ", ".join(map(one_line, sorted(train, key=natural_key)[:3]))
    return (
        f"Where what stands beside the words for splits are the classes ({shown}), write a table of them: "
        f"{command} ; then give {then_give(root)}"
    )


def may_be_test(tree: Tree, base: str, split_folders: Mapping[str, str], others: Sequence[str]) -> str:
    """What to type where one of the folders beside those of splits holds their classes, and no split is
    called test; else empty."""
    splits = {split: folder for folder, split in split_folders.items()}
    if "test" in splits or len(splits) < len(split_folders):
        return ""
    known = {name: set(tree.full(joined(base, name))) for name in (*splits.values(), *others)}
    classes = set().union(*(known[name] for name in splits.values()))
    alike = [name for name in others if len(known[name]) > 1 and known[name] <= classes]
    if len(alike) != 1:
        return ""
    splits["test"] = alike[0]
    named = ",".join(f"{split}={splits[split]}" for split in SPLIT_ORDER if split in splits)
    return f" ({one_line(alike[0])} holds the same classes: --split-names {one_line(quote(named))} reads it)"
