"""Lists called after a class and a split that say 1 or -1 of each image: Pascal VOC's `cat_train.txt`."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from json import dumps
from pathlib import Path, PurePosixPath
from typing import Final

from assay.core.text import counted, one_line
from assay.data.listing.advice.images import Images
from assay.data.listing.advice.named_images import lines_of
from assay.data.listing.names import SPLIT_ORDER, natural_key
from assay.data.listing.tree import joined

#: Lists that are looked into, and the share of their lines that must name an image.
_LOOKED_INTO: Final = 400
_SHARE: Final = 0.9

#: A class and a split in the name of a list; `trainval` is both at once, and counts where there is no train.
_NAME: Final = re.compile(r"(.+?)[ _-](trainval|train|val|valid|validation|test)", re.IGNORECASE)
_SPLITS: Final = {"train": "train", "test": "test", "trainval": "train"}

_LINE: Final = re.compile(r"(\S+)\s+(-?1|0)")


def hints_on_yes_or_no_lists(
    root: Path, images: Mapping[str, Sequence[str]], files: Iterable[str]
) -> list[str]:
    """A hint on lists that say of each image whether it is of a class, with the command for a table.

    An image of several classes, or of none, has no label there.
    """
    found = _lists(name for name in files if name.lower().endswith(".txt"))
    if len({of for of, _, _ in found}) < 2:
        return []
    named = {
        match[1]
        for name in found.values()
        for line in lines_of(root / name)
        if (match := _LINE.fullmatch(line))
    }
    stems = {folder: {PurePosixPath(name).stem for name in names} for folder, names in images.items()}
    folder = max(stems, key=lambda one: (len(named & stems[one]), -len(stems[one])), default=None)
    if folder is None or not named or len(named & stems[folder]) < _SHARE * len(named):
        return []
    told = [[of, split, name] for (of, split, _), name in found.items()]
    setup = (
        f"m={{f.stem:f for f in F if f.parent.as_posix()=={dumps(folder or '.')}}};D={{}};S={{}};"
        f"[(S.setdefault(k,s),v=='1' and D.setdefault(k,[]).append(c)) for c,s,t in {dumps(told)} "
        'for l in open(t,encoding="utf-8-sig") if l.strip() for k,v in [l.split()[:2]]];'
    ).replace("'1'", '"1"')
    rows = '((m[k].as_posix(),D[k][0] if len(D.get(k,()))==1 else "",s) for k,s in S.items() if k in m)'
    all_ = Images(root, [joined(folder, name) for name in images[folder]])
    command = all_.command(setup, rows, ("file_name", "label", "split"))
    names = list(dict.fromkeys(of for of, _, _ in found))
    shown = ", ".join(one_line(PurePosixPath(name).name) for name in list(found.values())[:2])
    classes = f"{counted(len(names), 'class', 'classes')}, {', '.join(map(one_line, names[:3]))}"
    return [
        f"{shown} and others say of each image whether it is of one of {classes}: this writes a table in "
        f"which images of several of them, or of none, have no label (--skip-unlabelled): {command}"
    ]


def _lists(files: Iterable[str]) -> dict[tuple[str, str, str], str]:
    """Lists of yes and no by class, split and folder, those of the folder with most of them."""
    by_folder: defaultdict[str, dict[tuple[str, str, str], str]] = defaultdict(dict)
    for name in sorted(files, key=natural_key)[:_LOOKED_INTO]:
        folder, _, file = name.rpartition("/")
        if match := _NAME.fullmatch(PurePosixPath(file).stem):
            word = match[2].lower()
            by_folder[folder][match[1], _SPLITS.get(word, "validation"), word] = name
    found = max(by_folder.values(), key=len, default={})
    words = {word for _, _, word in found}
    kept = {key: name for key, name in found.items() if key[2] != "trainval" or "train" not in words}
    return dict(
        sorted(kept.items(), key=lambda item: (SPLIT_ORDER.index(item[0][1]), natural_key(item[0][0])))
    )
