"""JSON, XML, YAML and MATLAB files beside images: the labels may be there, and how to get them."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from json import dumps
from pathlib import Path, PurePosixPath
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import read_file
from assay.data.listing.advice.images import Images
from assay.data.listing.exported.label_files import (
    SPELLINGS_CODE,
    Labelled,
    labels_in_json,
    labels_in_xml,
    labels_in_yaml,
    spellings,
)
from assay.data.listing.exported.several_lists import LabelLists
from assay.data.listing.names import SPLIT_ORDER
from assay.data.listing.tree import besides_split, joined, split_in

#: How many files are looked into, and bytes of each. More files in a folder are one for each image.
_LOOKED_INTO: Final = 5
_BYTES: Final = 32 << 20
_TOGETHER: Final = 20

#: Files of JSON; Edge Impulse writes `info.labels`.
_JSON: Final = (".json", ".labels")

#: Files of JSON with an object a line: SageMaker's and Labelbox's.
_LINES: Final = (".manifest", ".ndjson")


def hints_on_json(
    images: Images, files: Iterable[str], splits: Mapping[str, Sequence[str]] | None = None
) -> list[str]:
    """A hint on a JSON file, or one of CVAT, that names images with their labels, with the command for a
    table. splits: the folders of each split, where they lie in such."""
    for found in json_lists(images, files, splits):
        shown = ", ".join(map(one_line, found.names))
        return [f"{shown} may give the classes: this writes a table of them: {found.command}"]
    return []


def json_lists(
    images: Images, files: Iterable[str], splits: Mapping[str, Sequence[str]] | None = None
) -> Iterator[LabelLists]:
    """The JSON files, and those of CVAT's XML, that give the class of each image; see `exports`. Those of one
    form that are called alike but for the split are one, where no folders tell splits."""
    known = names_of_images(images.paths)
    setup = (
        "from collections import Counter;n=Counter(f.name for f in F);e=Counter(f.stem for f in F);"
        "m={k:f for f in F for k in [f.as_posix()]+[f.name]*(n[f.name]<2)+[f.stem]*(e[f.stem]<2)};"
        f"{SPELLINGS_CODE}"
        "K=lambda v:next((m[k] for k in N(str(v)) if k in m),None);"
    )
    of = {folder: split for split, folders in (splits or {}).items() for folder in folders}
    texts = [name for name in files if name.lower().endswith((*_JSON, *_LINES, ".xml", ".yaml", ".yml"))]
    many = Counter(name.rpartition("/")[0] for name in texts)
    texts = [name for name in texts if many[name.rpartition("/")[0]] <= _TOGETHER]
    told: dict[str, tuple[Labelled, list[tuple[str, str]]]] = {}
    for name in texts[:_LOOKED_INTO]:
        found = _labelled(images.root / name, known)
        pairs = [(path, label) for key, label in found.pairs if (path := _path(key, known))] if found else []
        if found is not None and pairs:
            told[name] = found, pairs
    groups: list[list[str]] = [[one] for one in told] if of else _by_split(told)
    for names in groups:
        found = told[names[0]][0]
        split = f"{dumps(of)}[f.parent.as_posix()]" if of else "s" if len(names) > 1 else ""
        cells, columns = f"f.as_posix(),v{f',{split}' if split else ''}", ["file_name", "label"]
        if not split and found.with_splits:
            cells, split = f"{cells},*more", "more"
        columns += ["split"] if split else []
        lists = [[name, split_in(PurePosixPath(name).stem) or ""] for name in names]
        opened = 'open(t,encoding="utf-8-sig")'
        load = f"json.load({opened})" if names[0].lower().endswith(_JSON) else f"{opened}.read()"
        if names[0].lower().endswith(_LINES):
            load = f"[json.loads(l) for l in {opened} if l.strip()]"
        rows = (
            f"(({cells}) for t,s in {dumps(lists)} for d in [{load}] for k,v,*more in {found.pairs_code} "
            "for f in [K(k)] if f)"
        )
        command = images.command(f"{setup}{found.setup}", rows, columns)
        yield LabelLists(names, [pair for name in names for pair in told[name][1]], command)


def _by_split(told: Mapping[str, tuple[Labelled, list[tuple[str, str]]]]) -> list[list[str]]:
    """The names of files, those together that are called alike but for the split, read alike, and name other
    images each; files of train first."""
    groups: dict[tuple[object, ...], dict[str, str]] = {}
    for name, (labelled, _) in told.items():
        split, stem = split_in(PurePosixPath(name).stem), PurePosixPath(name).stem
        own = (besides_split(stem), labelled.setup, labelled.pairs_code) if split else (name,)
        groups.setdefault((name.rpartition("/")[0], *own), {}).setdefault(split or "", name)
    found = []
    for own_names in groups.values():
        together = [own_names[split] for split in ("", *SPLIT_ORDER) if split in own_names]
        paths = [path for name in together for path in {path for path, _ in told[name][1]}]
        found += [together] if len(set(paths)) == len(paths) else [[name] for name in together]
    return found


def names_of_images(paths: Sequence[str]) -> dict[str, str]:
    """Each image by the names that it may have in a file: its path, its name and, of all, the name without
    its ending, where no other is called so."""
    names = Counter(PurePosixPath(path).name for path in paths)
    stems = Counter(PurePosixPath(path).stem for path in paths)
    known = {name: path for path in paths if names[name := PurePosixPath(path).name] == 1}
    if max(stems.values(), default=0) == 1:
        known |= {PurePosixPath(path).stem: path for path in paths}
    return known | {path: path for path in paths}


def _path(key: str, known: Mapping[str, str]) -> str:
    return next((known[form] for form in spellings(key) if form in known), "")


def _labelled(path: Path, known: Mapping[str, str]) -> Labelled | None:
    if path.suffix.lower() in _JSON:
        return labels_in_json(_content(path), known)
    try:
        text = read_file(path, _BYTES, follow_links=False).decode("utf-8-sig", "replace")
        if path.suffix.lower() in _LINES:
            return labels_in_json([json.loads(line) for line in text.splitlines() if line.strip()], known)
    except (AssayError, ValueError, RecursionError):
        return None  # a hint more or less
    return labels_in_xml(text) if path.suffix.lower() == ".xml" else labels_in_yaml(text, known)


#: A MATLAB file of splits, and words of its arrays for each: `trnid`, `valid`, `tstid`.
_SPLITS: Final = re.compile("setid|split")
_KEYS: Final = (("tr", "train"), ("val", "validation"), ("tst", "test"), ("test", "test"))


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
    columns, rows = ["file_name", "label"], "zip((f.as_posix() for f in F),v[0])"
    splits = next((name for name in names if _SPLITS.search(PurePosixPath(name).stem.lower())), None)
    if splits:  # numbers of images from 1 on, under a name for each split
        setup += (
            f"P={{i:s for d in [loadmat({dumps(splits)})] for w,s in {dumps(_KEYS)} "
            'for k in sorted(k for k in d if k[0]!="_" and w in k.lower())[:1] '
            "for i in d[k].ravel().tolist()};"  # of trn1, trn2 and trn3 the first
        )
        columns.append("split")
        rows = f'((*r,P.get(n,"train")) for n,r in enumerate({rows},1))'
    of = f" and {one_line(splits)} their splits" if splits else ""
    return [
        f"{one_line(labels[0])} may give a class for each image in the order of their names{of}: this writes "
        f"a table of them, by scipy: {images.command(setup, rows, columns)}"
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


def _content(path: Path) -> object:
    try:
        text = read_file(path, _BYTES, follow_links=False)
        return json.loads(text)
    except (AssayError, ValueError, RecursionError):
        return None  # a hint more or less
