"""Files beside the images that tell which image is in which split: lists, JSON and tables; what to type where
they count."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from pathlib import Path, PurePosixPath
from typing import Any, Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import read_file
from assay.data.formats.text_table import SUFFIXES, delimiter_of
from assay.data.listing.advice.lists import (
    OF_ALL_SPLITS,
    Images,
    command_for_splits,
    label_of_folders,
    lines_of,
)
from assay.data.listing.columns.path_columns import first_rows, path_column
from assay.data.listing.columns.splits import likely_split_column
from assay.data.listing.names import natural_key, split_of
from assay.data.listing.tree import has_split_word, split_in, words_of

_TEXTS: Final = (".txt", ".lst", ".list")

#: Files that are named as what may tell splits, but not looked into.
_OTHERS: Final = (".xml", ".yaml", ".yml", ".npy", ".npz", ".pkl", ".mat")

#: More files in a folder are no lists of splits, nor are more of one split (DTD has ten of each); bytes and
#: files that are looked into.
_TOGETHER: Final = 20
_LOOKED_INTO: Final = 20
_BYTES: Final = 32 << 20

#: So many entries must name an image, and such a share of them.
_NAMES: Final = 3
_SHARE: Final = 0.9

#: A line of an image and its label, and the label with what parts both.
_LABELLED: Final = re.compile(r".+\.(png|jpe?g|webp|bmp|tiff?)[ \t,;]+[^ \t,;]+", re.IGNORECASE)
_LABEL: Final = re.compile(r"[ \t,;]+[^ \t,;]+$")

#: Where lists name no image of train, or of nothing else: the split of those that they do not name.
_REST: Final = {"train": "test"}


@dataclass(frozen=True)
class SplitFile:
    """What a file tells: pairs of an image, as it names it, and its split; and the Python for them."""

    name: str
    pairs: Sequence[tuple[str, str]]
    code: str


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


def split_file(root: Path, name: str) -> SplitFile | None:
    """What a file tells of splits; None where it tells nothing, or cannot be read."""
    split = split_in(_stem(name))
    lower = name.lower()
    if lower.endswith(_TEXTS):
        lines, line = lines_of(root / name), "l.strip()"
        if not split or len({split_of(each.split()[-1]) for each in lines} - {None}) > 1:
            return _of_text(name, lines)
        if all(map(_LABELLED.fullmatch, lines)):
            lines, line = (
                [_LABEL.sub("", each) for each in lines],
                f're.sub(r"{_LABEL.pattern}","",l.strip())',
            )
        code = f'(({line},"{split}") for l in open({dumps(name)},encoding="utf-8-sig"))'
        return SplitFile(name, [(line, split or "") for line in lines], code) if lines else None
    if lower.endswith(".json"):
        pairs, code = _of_json(_content(root / name))
        return SplitFile(name, pairs, f"(lambda d:{code})({_load(name)})") if pairs else None
    return _of_table(root, name, split) if lower.endswith(SUFFIXES[:2]) else None


def _of_text(name: str, lines: Sequence[str]) -> SplitFile | None:
    """A list of images, each with its split, as of DeepFashion; lines at the head may count the others."""
    rows = [row for line in lines if len(row := line.rsplit(None, 1)) > 1]
    pairs = [(path, split) for path, word in rows if (split := split_of(word))]
    if len(pairs) < max(_NAMES, _SHARE * len(lines)):
        return None
    words = dumps({word: split for _, word in rows if (split := split_of(word))})
    code = (
        f'((c[0],S[c[1]]) for S in [{words}] for l in open({dumps(name)},encoding="utf-8-sig") '
        "for c in [l.rsplit(None,1)] if c and c[-1] in S)"
    )
    return SplitFile(name, pairs, code)


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
    if hits < max(_NAMES, _SHARE * len(entries)) or max(names.values()) > 1:
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
        or (name.lower().endswith((*_TEXTS, ".json")) and (split_in(_stem(name)) or _tells_all(name)))
    ]
    names = [name for name in _without_many(names) if "submission" not in name.lower()]
    return sorted(names, key=lambda name: (name.count("/"), natural_key(name)))[:_LOOKED_INTO]


def _named_lists(files: Collection[str]) -> list[str]:
    """Files that are called after splits, without those of which a folder holds many."""
    endings = (*_TEXTS, ".json", *SUFFIXES, *_OTHERS)
    told = [
        path
        for path in files
        if path.lower().endswith(endings) and (has_split_word(_stem(path)) or _tells_all(path))
    ]
    return _without_many(told)


def _without_many(names: Sequence[str]) -> list[str]:
    """The files without those of which a folder holds many: a file for each image is no list."""
    kind = {name: (name.rpartition("/")[0], _list_of(name)) for name in names}
    many = Counter(kind.values())
    return [name for name in names if many[kind[name]] <= _TOGETHER]


def _list_of(name: str) -> str | None:
    """The split that a text is a list of; None for files of other forms, and of no split."""
    return split_in(_stem(name)) if name.lower().endswith(_TEXTS) else None


def _tell_two_splits(names: Iterable[str]) -> bool:
    """Whether the names of files are those of two splits."""
    return len({split for name in names if (split := split_in(_stem(name)))}) > 1


def _tells_all(name: str) -> bool:
    """Whether a file is called after several splits, or after splits as such: train_test_split, folds."""
    stem = _stem(name)
    return bool(words_of(stem) & OF_ALL_SPLITS) or (has_split_word(stem) and split_in(stem) is None)


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _content(path: Path) -> Any:
    try:
        return json.loads(read_file(path, _BYTES, follow_links=False))
    except (AssayError, ValueError, RecursionError):
        return None  # a hint more or less


def _load(name: str) -> str:
    return f'json.load(open({dumps(name)},encoding="utf-8"))'


def _of_json(content: Any) -> tuple[list[tuple[str, str]], str]:
    """The pairs of a JSON file, `d`, and Python for them: `{split: [names]}`, `{name: split}`, or a list of
    objects. An entry of a list may be a name, or a list that begins with one."""
    match content:
        case dict() if content and all(map(split_of, content)) and _are_lists(content.values()):
            pairs = [(_name(entry), split) for split, names in content.items() for entry in names]
            return pairs, "[(x if isinstance(x,str) else x[0],s) for s,a in d.items() for x in a]"
        case dict() if content and all(isinstance(v, str) and split_of(v) for v in content.values()):
            return list(content.items()), "list(d.items())"
        case list() if content and all(isinstance(row, dict) for row in content):
            names = {key: [row.get(key) for row in content] for key in content[0]}
            texts = {key: cells for key, cells in names.items() if all(isinstance(c, str) for c in cells)}
            split = likely_split_column(texts, list(texts))
            path = path_column(texts)
            if split is not None and path is not None:
                code = f"[(x[{dumps(path)}],x[{dumps(split)}]) for x in d]"
                return list(zip(texts[path], texts[split], strict=True)), code
    return [], ""


def _are_lists(values: Iterable[Any]) -> bool:
    return all(isinstance(value, list) and all(map(_name, value)) for value in values)


def _name(entry: Any) -> str:
    """The name in an entry of a list; empty where there is none."""
    if isinstance(entry, list) and entry:
        entry = entry[0]
    return entry if isinstance(entry, str) else ""


def _of_table(root: Path, name: str, split: str | None) -> SplitFile | None:
    """A table with a column of splits, or one that is called after a split."""
    try:
        columns, delimiter = first_rows(root / name), delimiter_of(root / name)
    except AssayError:
        return None
    path, column = path_column(columns), likely_split_column(columns, list(columns))
    if path is None or (column is None and split is None):
        return None
    splits = columns[column] if column is not None else [split or ""] * len(columns[path])
    cell = f"r[{dumps(column)}]" if column is not None else dumps(split)
    rows = f'csv.DictReader(open({dumps(name)},encoding="utf-8-sig",newline=""),delimiter={dumps(delimiter)})'
    pairs = list(zip(columns[path], splits, strict=True))
    return SplitFile(name, pairs, f"((r[{dumps(path)}],{cell}) for r in {rows})")
