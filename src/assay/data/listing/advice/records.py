"""JSON files and MATLAB files beside images of one folder: the labels may be there, and how to get them."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from json import dumps
from pathlib import Path, PurePosixPath
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import read_file
from assay.data.formats.text_table import LABEL_NAMES, usual_spelling
from assay.data.listing.advice.lists import Images
from assay.data.listing.tree import joined, split_in

#: How many files are looked into, and bytes of each; and names of images that must be there, and their share.
_LOOKED_INTO: Final = 5
_BYTES: Final = 32 << 20
_NAMES: Final = 3
_SHARE: Final = 0.9


def hints_on_json(images: Images, files: Iterable[str]) -> list[str]:
    """A hint on a JSON file that names images with their labels: `{name: label}`, `{label: [names]}`, or a
    list of objects; with the command for a table."""
    stems = len({PurePosixPath(path).stem for path in images.paths}) == len(images.paths)
    known = {form for path in images.paths for form in _forms(path)[: None if stems else 2]}
    setup = f"m={{k:f for f in F for k in (f.as_posix(),f.name{',f.stem' if stems else ''})}};"
    texts = [name for name in files if name.lower().endswith(".json")]
    for name in texts[:_LOOKED_INTO]:
        if rows := _rows(_content(images.root / name), known):
            content = f'd=json.load(open({dumps(name)},encoding="utf-8"));'
            command = images.command(setup + content, rows, ("file_name", "label"))
            return [f"{one_line(name)} may give the classes: this writes a table of them: {command}"]
    return []


def hints_on_matlab(images: Images, files: Iterable[str]) -> list[str]:
    """A hint on a MATLAB file of labels, with the command for a table, which needs scipy."""
    names = [name for name in files if name.lower().endswith(".mat")]
    labels = [name for name in names if "label" in PurePosixPath(name).stem.lower()]
    if not labels:
        return []
    setup = (
        f"from scipy.io import loadmat;v=[a.ravel().tolist() for k,a in loadmat({dumps(labels[0])}).items()"
        ' if k[0]!="_" and a.size==len(F)];'
    )
    command = images.command(setup, "zip((f.as_posix() for f in F),v[0])", ("file_name", "label"))
    return [
        f"{one_line(labels[0])} may give a class for each image in the order of their names: this writes a "
        f"table of them, by scipy: {command}"
    ]


def hints_on_annotations(root: Path, images: Mapping[str, Sequence[str]], files: Iterable[str]) -> list[str]:
    """A hint on MATLAB files of annotations of the images of each split, as those of Stanford Cars, with the
    command for a table, which needs scipy. images: names by folder, one for each split."""
    folders = {split: folder for folder in images if (split := split_in(folder.rpartition("/")[2]))}
    lists = {}
    for name in files:
        stem = PurePosixPath(name).stem.lower()
        split = split_in(stem) if name.lower().endswith(".mat") and "annos" in stem else None
        if split in folders and (split == "train" or "withlabels" in stem):
            lists[split] = name
    if "train" not in lists:
        return []
    paths = [joined(folders[split], name) for split in lists for name in images[folders[split]]]
    told = [[split, name, folders[split]] for split, name in lists.items()]
    setup = "from scipy.io import loadmat;m={(f.parent.as_posix(),f.name):f for f in F};"
    rows = (
        f'((m[p,str(x["fname"])].as_posix(),int(x["class"]),s) for s,t,p in {dumps(told)}'
        ' for x in loadmat(t,squeeze_me=True)["annotations"])'
    )
    command = Images(root, paths).command(setup, rows, ("file_name", "label", "split"))
    shown = ", ".join(map(one_line, lists.values()))
    return [f"{shown} may give the classes: this writes a table of them, by scipy: {command}"]


def _forms(path: str) -> tuple[str, ...]:
    pure = PurePosixPath(path)
    return path, pure.name, pure.stem


def _content(path: Path) -> object:
    try:
        text = read_file(path, _BYTES, follow_links=False)
        return json.loads(text)
    except (AssayError, ValueError, RecursionError):
        return None  # a hint more or less


def _rows(content: object, known: Collection[str]) -> str:
    """Python for the rows of a file, `d`; empty where it has no labels of images."""
    match content:
        case dict() if _hit(content, known) and _are_labels(content.values()):
            return "((m[k].as_posix(),v) for k,v in d.items() if k in m)"
        case dict() if (lists := [v for v in content.values() if isinstance(v, list)]) and (
            len(lists) == len(content) > 1 and _hit([name for one in lists for name in one], known)
        ):
            return "((m[k].as_posix(),v) for v,a in d.items() for k in a if k in m)"
        case list() if content and all(isinstance(row, dict) for row in content):
            keys = list(content[0])
            name = next((key for key in keys if _hit([row.get(key) for row in content], known)), None)
            usual = [key for key in keys if usual_spelling(key) in LABEL_NAMES]
            if name is None or len(usual) != 1 or not _are_labels([row.get(usual[0]) for row in content]):
                return ""
            one, other = dumps(name), dumps(usual[0])
            return f"((m[x[{one}]].as_posix(),x[{other}]) for x in d if x[{one}] in m)"
    return ""


def _hit(names: Collection[object], known: Collection[str]) -> bool:
    hits = sum(isinstance(name, str) and name in known for name in names)
    return hits >= max(_NAMES, _SHARE * len(names))


def _are_labels(values: Iterable[object]) -> bool:
    found = list(values)
    plain = all(isinstance(value, str | int) for value in found)
    return plain and 1 < len(set(map(str, found))) <= len(found) / 2
