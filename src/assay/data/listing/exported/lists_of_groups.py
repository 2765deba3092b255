"""Files that tell the splits of whole groups: of clips, patients or products, which name no single image."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from pathlib import Path, PurePosixPath
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.text_table import SUFFIXES, delimiter_of
from assay.data.listing.advice.images import Images
from assay.data.listing.advice.lists import label_of_folders
from assay.data.listing.advice.split_files import notes_on_split_lists, pairs_code, rest_of, worth_a_look
from assay.data.listing.advice.split_formats import SplitFile, split_file
from assay.data.listing.columns.path_columns import first_rows
from assay.data.listing.columns.splits import likely_split_column
from assay.data.listing.names import split_of
from assay.data.listing.tree import split_in

#: So many groups must be told at least, and such a share of the entries must be groups.
_FEWEST: Final = 3
_SHARE: Final = 0.9

#: What an entry may have behind the group: the ending of a video, a class number, a slash.
_BEHIND: Final = re.compile(r"(\.(avi|mp4|mov|mkv|webm|mpg|mpeg))?([ \t,;]+[^ \t,;]+)?[/\s]*$", re.IGNORECASE)

#: Python that brings the entries of pairs, `P`, to the groups that they name.
GROUPS: Final = f'P={{re.sub(r"(?i){_BEHIND.pattern}","",k.strip()).strip("/"):s for k,s in P.items()}};'


@dataclass(frozen=True)
class _Way:
    """How groups are met in the paths of images: of a path to the names that it may bear, and its Python."""

    names: Callable[[str], Sequence[str]]
    code: str


def command_for_groups(
    images: Images, files: Iterable[str], label: str, classes: Collection[str]
) -> tuple[list[str], str] | None:
    """Files that tell the splits of groups of images, and what to type: a command that writes a table with
    the groups and splits; None where there are none.

    files: names of files that may tell splits. label: Python for the class of an image by its folders; empty
    where these do not give it. classes: their names.
    """
    for group in groups_told(images.root, files if label else ()):
        for way in _ways(group):
            if not part_groups(group, map(way.names, images.paths), classes):
                continue
            rest = rest_of(group)
            setup = f"{pairs_code(group)}{GROUPS}G=lambda f:next((g for g in {way.code} if g in P),None);"
            cells = f"f.as_posix(),{label},{f'P.get(g,{dumps(rest)})' if rest else 'P[g]'},g"
            only = "" if rest else " if g"
            rows = f"(({cells}) for f in F for g in [G(f)]{only})"
            columns = ("file_name", "label", "split", "group")
            command = f"{images.command(setup, rows, columns)} --group-column group"
            told = f"those of other groups become {rest}: " if rest else ""
            return [file.name for file in group], f"{told}{command}"
    return None


def groups_told(root: Path, files: Iterable[str]) -> Iterator[list[SplitFile]]:
    """Files that may belong together: one that tells several splits alone, else a list of each."""
    found = [told for name in files for told in _told(root, name)]
    several = [file for file in found if len({split for _, split in file.pairs}) > 1]
    yield from ([file] for file in several)
    lists: dict[str, SplitFile] = {}
    for file in found:
        if file not in several:
            lists.setdefault(file.pairs[0][1], file)
    if lists:
        yield list(lists.values())


def _told(root: Path, name: str) -> list[SplitFile]:
    """What a file tells of splits, also where no column of it names images."""
    file = split_file(root, name)
    if file is not None or not name.lower().endswith(SUFFIXES[:2]):
        return [] if file is None else [file]
    try:
        columns, delimiter = first_rows(root / name), delimiter_of(root / name)
    except AssayError:
        return []  # a hint more or less
    split, of_all = likely_split_column(columns, list(columns)), split_in(PurePosixPath(name).stem)
    if split is None and of_all is None:
        return []
    told = columns[split] if split is not None else [of_all or ""] * len(next(iter(columns.values()), []))
    cell = f"r[{dumps(split)}]" if split is not None else dumps(of_all)
    given = f'open({dumps(name)},encoding="utf-8-sig",newline="")'
    rows = f"csv.DictReader({given},delimiter={dumps(delimiter)})"
    return [
        SplitFile(
            name,
            list(zip(cells, told, strict=True)),
            f"((r[{dumps(column)}],{cell}) for r in {rows})",
        )
        for column, cells in columns.items()
        if column != split and cells
    ]


def _entry(text: str) -> str:
    return _BEHIND.sub("", text.strip().replace("\\", "/")).strip("/").lstrip("./")


def _ways(files: Sequence[SplitFile]) -> Iterable[_Way]:
    """As folders with as many parts as entries have; for entries of one part also as beginnings of names."""
    parts = _entry(files[0].pairs[0][0]).count("/") + 1

    def folders(path: str) -> list[str]:
        above = path.split("/")[:-1]
        return ["/".join(above[n : n + parts]) for n in range(len(above) - parts + 1)]

    yield _Way(folders, f'["/".join(f.parts[n:n+{parts}]) for n in range(len(f.parts)-{parts})]')
    if parts == 1:
        yield _Way(_beginnings, r'[f.stem[:m.start()] for m in re.finditer(r"[\W_]",f.stem)][::-1]')


def _beginnings(path: str) -> list[str]:
    """What a file's name begins with, before each of its signs, the longest first."""
    stem = PurePosixPath(path).stem
    return [stem[: sign.start()] for sign in re.finditer(r"[\W_]", stem)][::-1]


def part_groups(
    files: Sequence[SplitFile], names: Iterable[Sequence[str]], classes: Collection[str] = ()
) -> bool:
    """Whether nearly all entries are groups of images, which they part: several splits, none of one group.

    names: what each image may be called by. classes: their names, which are no groups.
    """
    splits: dict[str, set[str]] = {}
    for file in files:
        for entry, split in file.pairs:
            splits.setdefault(_entry(entry), set()).add(split_of(split) or split)
    splits.pop("", None)
    of_image = [next((name for name in own if name in splits), None) for own in names]
    met = {name for name in of_image if name is not None}
    if len(met) < max(_FEWEST, _SHARE * len(splits)) or any(len(told) > 1 for told in splits.values()):
        return False
    if len(met) == len(of_image) or met <= set(classes):  # single images, or classes: known and unseen ones
        return False
    known = {next(iter(splits[name])) for name in met}
    return len(known) > 1 or (None in of_image and bool(rest_of(files)))


def notes_on_splits(root: Path, ignored: Collection[str], classes: Mapping[str, str]) -> list[str]:
    """A note on files that tell the splits of images in folders of classes, or of whole groups of them.

    ignored: files that were not read. classes: the class of each image by its path.
    """
    label, images = label_of_folders(classes), Images(root, list(classes))
    found = command_for_groups(images, worth_a_look(ignored), label, set(classes.values()))
    if found is None:
        return notes_on_split_lists(root, ignored, classes)
    names, way = found
    shown = ", ".join(map(one_line, names[:3]))
    return [
        f"no split was read; {shown} may tell the splits of whole groups of images, such as patients "
        f"(this writes a table with them: {way})"
    ]
