"""Labels of images in a folder for each split, told by a file for each: `train/_annotations.coco.json`."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from json import dumps
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import read_file
from assay.data.listing.advice.images import Images
from assay.data.listing.columns.path_columns import first_rows
from assay.data.listing.exported.label_file_hints import names_of_images
from assay.data.listing.exported.label_files import SPELLINGS_CODE, Labelled, labels_in_json
from assay.data.listing.metadata import has_labels
from assay.data.listing.names import SPLIT_ORDER, natural_key
from assay.data.listing.tree import joined, split_in

#: How many files are looked into for each split, and bytes of each.
_LOOKED_INTO: Final = 5
_BYTES: Final = 32 << 20

#: So many images or fewer may have too many classes for their number.
_FEW: Final = 20
_ALIKE: Final = Labelled((), "", "")

#: A table of this name is read with the folder of its split.
_READ: Final = "metadata.csv"

#: Python for the images of a folder by the names that they may have in a file.
KNOWN_CODE: Final = (
    "from collections import Counter;"
    "M=lambda G,n,e:{k:f for f in G for k in [f.as_posix()]+[f.name]*(n[f.name]<2)+[f.stem]*(e[f.stem]<2)};"
    "B=lambda p:(lambda G:M(G,Counter(f.name for f in G),Counter(f.stem for f in G)))"
    "([f for f in F if f.parent.as_posix() in p]);"
)


def hints_on_files_of_splits(
    root: Path, images: Mapping[str, Sequence[str]], files: Iterable[str]
) -> list[str]:
    """A hint on a JSON file for the images of each split, with the command for a table.

    images: names by folder, each folder of a split. files: paths of all that lies below the root.
    """
    folders = folders_of_splits(images)
    return _on_json(root, images, folders, by_depth(files)) if folders else []


def hints_on_tables_of_splits(root: Path, images: Iterable[str], files: Iterable[str]) -> list[str]:
    """A hint on a table of labels in the folder of each split, with the command after which they are read.

    images: folders with images, each of a split.
    """
    folders = folders_of_splits(images)
    return _on_tables(root, folders, by_depth(files)) if folders else []


def folders_of_splits(images: Iterable[str]) -> Mapping[str, list[str]]:
    """The folders of each split; empty where one is of none, or none of train."""
    folders: defaultdict[str, list[str]] = defaultdict(list)
    for folder in images:
        folders[_split(folder) or ""].append(folder)
    return {} if "" in folders or "train" not in folders or len(folders) < 2 else folders


def by_depth(files: Iterable[str]) -> list[str]:
    """The files, those in the root first."""
    return sorted(files, key=lambda name: (name.count("/"), natural_key(name)))


def _split(path: str) -> str | None:
    """The split that the last part of a path with a word for one tells."""
    return next(filter(None, (split_in(part) for part in reversed(path.split("/")))), None)


def files_of_split(split: str, files: Iterable[str], endings: tuple[str, ...]) -> list[str]:
    """The files that are called after a split, or lie in a folder that is."""
    return [
        name
        for name in files
        if name.lower().endswith(endings) and _split(PurePosixPath(name).with_suffix("").as_posix()) == split
    ]


def _on_json(
    root: Path,
    images: Mapping[str, Sequence[str]],
    folders: Mapping[str, Sequence[str]],
    files: Sequence[str],
) -> list[str]:
    found: dict[str, tuple[str, Labelled]] = {}
    for split, own in folders.items():
        paths = [joined(folder, name) for folder in own for name in images[folder]]
        known = names_of_images(paths)
        for name in files_of_split(split, files, (".json",))[:_LOOKED_INTO]:
            content = _content(root / name)
            labelled = labels_in_json(content, known)
            if labelled is None and content is not None and len(paths) <= _FEW:
                labelled = _ALIKE  # too few to tell labels from other fields: as train has them
            if labelled:
                found[split] = name, labelled
                break
    ways = {(labelled.setup, labelled.pairs_code) for _, labelled in found.values() if labelled is not _ALIKE}
    if found.get("train", ("", _ALIKE))[1] is _ALIKE or len(ways) > 1:
        return []
    ((setup, pairs),) = ways
    told = [[split, found[split][0], folders[split]] for split in SPLIT_ORDER if split in found]
    rows = (
        f"((f.as_posix(),v,s) for s,t,p in {dumps(told)} for m in [B(p)]"
        f' for d in [json.load(open(t,encoding="utf-8-sig"))] for k,v,*_ in {pairs}'
        " for f in [next((m[x] for x in N(str(k)) if x in m),None)] if f)"
    )
    paths = [joined(folder, name) for split in found for folder in folders[split] for name in images[folder]]
    command = Images(root, paths).command(
        f"{KNOWN_CODE}{SPELLINGS_CODE}{setup}", rows, ("file_name", "label", "split")
    )
    shown = ", ".join(one_line(name) for name, _ in found.values())
    rest = ", ".join(split for split in folders if split not in found)
    lacks = f" (nothing tells those of {rest})" if rest else ""
    return [f"{shown} may give the classes{lacks}: this writes a table of them: {command}"]


def _content(path: Path) -> object:
    try:
        return json.loads(read_file(path, _BYTES, follow_links=False))
    except (AssayError, ValueError, RecursionError):
        return None  # a hint less


def _on_tables(root: Path, folders: Mapping[str, Sequence[str]], files: Sequence[str]) -> list[str]:
    """Tables of labels in the folders of the splits: as `metadata.csv` they are read with them."""
    found = {}
    for split in (split for split in SPLIT_ORDER if split in folders):
        tops = {folder.split("/")[0] for folder in folders[split]}
        if len(tops) != 1 or _split(top := tops.pop()) != split:
            return []
        tables = [name for name in files_of_split(split, files, (".csv",)) if name.rpartition("/")[0] == top]
        labelled = [name for name in tables[:_LOOKED_INTO] if _is_labelled(root / name)]
        if len(labelled) == 1 and labelled[0].rpartition("/")[2] != _READ:
            found[split] = labelled[0]
    if len(found) < len(folders):
        return []
    copies = " && ".join(
        f"cp -n {quote(f'./{name}')} {quote('./' + joined(name.rpartition('/')[0], _READ))}"
        for name in found.values()
    )
    shown = ", ".join(map(one_line, found.values()))
    command = one_line(f"(cd {quote(str(root))} && {copies}) ; then give {quote(str(root))}")
    return [f"{shown} give the classes; under the name {_READ} they are read with their folders: {command}"]


def _is_labelled(path: Path) -> bool:
    try:
        return has_labels(path, first_rows(path))
    except AssayError:
        return False  # a hint less
