"""Files beside the images that tell which image is in which split: lists, JSON and tables; what to type where
they count."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from json import dumps
from pathlib import Path, PurePosixPath
from typing import Final

from assay.core.text import one_line
from assay.data.formats.text_table import SUFFIXES
from assay.data.listing.advice.images import Images, stem_of
from assay.data.listing.advice.lists import OF_ALL_SPLITS, command_for_splits, label_of_folders
from assay.data.listing.advice.split_formats import (
    FEWEST_NAMES,
    NEARLY_ALL,
    TEXT_LISTS,
    SplitFile,
    split_file,
)
from assay.data.listing.names import natural_key, split_of
from assay.data.listing.tree import has_split_word, split_in, words_of

#: Files that are named as what may tell splits, but not looked into.
_OTHERS: Final = (".xml", ".yaml", ".yml", ".npy", ".npz", ".pkl", ".mat")

#: More files in a folder are no lists of splits, nor are more of one split (DTD has ten of each); bytes and
#: files that are looked into.
_TOGETHER: Final = 20
_LOOKED_INTO: Final = 20

#: Where lists name no image of train, or of nothing else: the split of those that they do not name.
_REST: Final = {"train": "test"}


def notes_on_split_lists(root: Path, ignored: Collection[str], classes: Mapping[str, str]) -> list[str]:
    """A note on files that tell the splits, where no split was read: `train.txt` and `test.txt`, one list
    alone that names images, `splits.json`, a table with a column of splits.

    ignored: files that were not read. classes: the class of each image by its path.
    """
    images = Images(root, list(classes))
    named = _named_lists(ignored)
    way = command_for_splits(images, ignored, classes)
    if not way:
        files = [found for name in worth_a_look(ignored) for found in [split_file(root, name)] if found]
        for group in together(files, images.paths):
            way = _command(images, group, classes)
            named = [file.name for file in group]
            break
        else:  # those that were understood tell nothing apart
            silent = {file.name for file in files if named_alike([file], images.paths)}
            named = [name for name in named if name not in silent]
    if not way and not _tell_two_splits(named):
        named = [name for name in named if _tells_all(name)]
    if not named:
        return []
    shown = ", ".join(map(one_line, named[:3]))
    how = f"this writes a table with them: {way}" if way else "give a table with a column split"
    return [f"no split was read; {shown} may tell which image is in which ({how})"]


def named_alike(files: Sequence[SplitFile], known: Iterable[str]) -> tuple[int, bool] | None:
    """By how many parts of their paths, and with their endings or without, files name images that are known;
    None where they do not, or where two images are called alike so."""
    entries = [entry.replace("\\", "/").lstrip("./") for file in files for entry, _ in file.pairs]
    if not entries:
        return None
    paths = list(known)
    ending = "." in PurePosixPath(entries[0]).name
    parts = entries[0].count("/") + 1
    names = Counter(key_of(path, parts, ending) for path in paths)
    hits = sum(entry in names for entry in entries)
    if hits < max(FEWEST_NAMES, NEARLY_ALL * len(entries)) or max(names.values()) > 1:
        return None
    return parts, ending


def key_of(path: str, parts: int, ending: bool) -> str:
    """The name of an image as lists have it: the last parts of its path, with its ending or without."""
    pure = PurePosixPath(path)
    return "/".join([*pure.parts[-parts:-1], pure.name if ending else pure.stem])


def rest_of(files: Sequence[SplitFile]) -> str:
    """The split of images that the files do not name: train where they name none of train, test where they
    name nothing else; empty where they name both."""
    splits = {split_of(split) or split for file in files for _, split in file.pairs}
    if "train" not in splits and splits <= {"test", "validation"}:
        return "train"
    return _REST.get(splits.pop(), "") if len(splits) == 1 else ""


def _command(images: Images, files: Sequence[SplitFile], classes: Mapping[str, str]) -> str:
    """The command that writes a table of images with their classes, by folders, and splits."""
    label = label_of_folders(classes)
    named = named_alike(files, images.paths)
    if not label or named is None:
        return ""
    parts, ending = named
    above = f"*f.parts[-{parts}:-1]," if parts > 1 else ""
    setup = f'm={{"/".join([{above}f.{"name" if ending else "stem"}]):f for f in F}};{pairs_code(files)}'
    rest, depth = rest_of(files), int(label[len("f.parts[") : -1])
    if not rest:
        return images.command(
            setup, f"((m[k].as_posix(),m[k].{label[2:]},s) for k,s in P.items() if k in m)", _COLUMNS
        )
    base = "".join(f" and f.parts[{n}]=={dumps(name)}" for n, name in enumerate(base_of(classes, depth)))
    cells = f'f.as_posix(),{label},{{m[k]:s for k,s in P.items() if k in m}}.get(f,"{rest}")'
    command = images.command(setup, f"(({cells}) for f in F if len(f.parts)>{depth + 1}{base})", _COLUMNS)
    return f"those that are not named become {rest}: {command}"


_COLUMNS: Final = ("file_name", "label", "split")


def pairs_code(files: Sequence[SplitFile]) -> str:
    """Python for a dictionary of all pairs, `P`."""
    codes = ",".join(f"*{file.code}" for file in files)
    return f'P={{str(k).replace(chr(92),"/").lstrip("./"):s for k,s in [{codes}] if k}};'


def base_of(classes: Mapping[str, str], depth: int) -> Sequence[str]:
    """The folders above those of the classes, where all images have the same."""
    found = {tuple(path.split("/")[:depth]) for path in classes}
    return found.pop() if len(found) == 1 else ()


def together(files: Sequence[SplitFile], known: Sequence[str]) -> Iterable[list[SplitFile]]:
    """Files that belong together and name images: one that tells several splits alone, or lists of each."""
    found = [file for file in files if named_alike([file], known)]
    alone = [file for file in found if len({split for _, split in file.pairs}) > 1]
    if alone:
        yield [alone[0]]
    lists: dict[str, SplitFile] = {}
    for file in found:
        lists.setdefault(file.pairs[0][1], file)
    splits = set(lists)
    if splits == {"train"} and len(lists["train"].pairs) >= len(known):
        return  # it names all: nothing is told apart
    if lists:
        yield list(lists.values())


def worth_a_look(files: Iterable[str]) -> list[str]:
    """Files that may tell splits by their names, or are tables; those in the root first."""
    names = [
        name
        for name in files
        if name.lower().endswith(SUFFIXES[:2])
        or (name.lower().endswith((*TEXT_LISTS, ".json")) and (split_in(stem_of(name)) or _tells_all(name)))
    ]
    names = [name for name in _without_many(names) if "submission" not in name.lower()]
    return sorted(names, key=lambda name: (name.count("/"), natural_key(name)))[:_LOOKED_INTO]


def _named_lists(files: Collection[str]) -> list[str]:
    """Files that are called after splits, without those of which a folder holds many."""
    endings = (*TEXT_LISTS, ".json", *SUFFIXES, *_OTHERS)
    told = [
        path
        for path in files
        if path.lower().endswith(endings) and (has_split_word(stem_of(path)) or _tells_all(path))
    ]
    return _without_many(told)


def _without_many(names: Sequence[str]) -> list[str]:
    """The files without those of which a folder holds many: a file for each image is no list."""
    kind = {name: (name.rpartition("/")[0], _list_of(name)) for name in names}
    many = Counter(kind.values())
    return [name for name in names if many[kind[name]] <= _TOGETHER]


def _list_of(name: str) -> str | None:
    """The split that a text is a list of; None for files of other forms, and of no split."""
    return split_in(stem_of(name)) if name.lower().endswith(TEXT_LISTS) else None


def _tell_two_splits(names: Iterable[str]) -> bool:
    """Whether the names of files are those of two splits."""
    return len({split for name in names if (split := split_in(stem_of(name)))}) > 1


def _tells_all(name: str) -> bool:
    """Whether a file is called after several splits, or after splits as such: train_test_split, folds."""
    stem = stem_of(name)
    return bool(words_of(stem) & OF_ALL_SPLITS) or (has_split_word(stem) and split_in(stem) is None)
