"""Folders of clips or samples that are called after their class: `v_Archery_g01_c01`, `v_Archery_g02_c01`."""

import re
from collections import Counter
from collections.abc import Mapping
from json import dumps
from pathlib import Path
from typing import Final

from assay.core.text import one_line
from assay.data.listing.advice.lists import Images, label_of_folders
from assay.data.listing.advice.split_files import base_of
from assay.data.listing.names import natural_key

#: What numbers a name: `_g01_c01`, ` (12)`, `03`.
_NUMBERS: Final = r"([\W_]+[^\W\d_]?\d+)*\d*\)?$"

#: A word of a name.
_WORD: Final = re.compile(r"[^\W\d_]{2}")


def notes_on_clips(root: Path, classes: Mapping[str, str]) -> list[str]:
    """A note where the folders of two classes and more differ in numbers alone, each from others of its own.

    Phones may be called so; so are videos that were cut into pictures. classes: the class of each image by
    its path, which the folders gave.
    """
    names = set(classes.values())
    words = {name: re.sub(_NUMBERS, "", name) for name in names}
    many = Counter(words.values())
    if len(many) < 2 or min(many.values()) < 2:
        return []
    if not all(re.search(r"\d", name[len(word) :]) and _WORD.search(word) for name, word in words.items()):
        return []
    label = label_of_folders(classes)
    if not label:
        return []
    depth = int(label[len("f.parts[") : -1])
    base = "".join(f" and f.parts[{n}]=={dumps(name)}" for n, name in enumerate(base_of(classes, depth)))
    rows = (
        f'((f.as_posix(),re.sub(r"{_NUMBERS}","",{label}),{label}) '
        f"for f in F if len(f.parts)>{depth + 1}{base})"
    )
    command = Images(root, list(classes)).command("", rows, ("file_name", "label", "folder"))
    first, second = sorted(
        (name for name in names if words[name] == many.most_common(1)[0][0]), key=natural_key
    )[:2]
    some = sorted(many, key=natural_key)
    more = f" and {len(some) - 3:,} more" if len(some) > 3 else ""
    return [
        f"the folders {one_line(first)} and {one_line(second)} differ in their numbers alone, and so do the "
        f"others: if they are clips, people or samples of {', '.join(map(one_line, some[:3]))}{more}, this "
        f"writes a table with these as the classes: {command} --group-column folder"
    ]
