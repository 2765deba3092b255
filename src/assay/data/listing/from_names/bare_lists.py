"""Lists of labels without names, a line for each image: in the order of the images' names, as a rule."""

from collections.abc import Iterable, Mapping, Sequence
from json import dumps
from pathlib import Path, PurePosixPath
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import read_file
from assay.data.listing.advice.images import Images
from assay.data.listing.exported.record_fields import are_labels
from assay.data.listing.names import natural_key
from assay.data.listing.tree import joined, split_in

_LISTS: Final = (".txt", ".lst", ".list", ".csv", ".labels")

#: Lists that are looked into, bytes of each, and characters of a label.
_LOOKED_INTO: Final = 50
_BYTES: Final = 16 << 20
_LONGEST: Final = 100

#: Python for the order of names: by their numbers, as people count them.
_NATURAL: Final = r'lambda f:[int(p) if p.isdigit() else p for p in re.split(r"(\d+)",f.name)]'


def hints_on_bare_lists(root: Path, images: Mapping[str, Sequence[str]], files: Iterable[str]) -> list[str]:
    """A hint on lists with a line for each image of one folder, or one for each folder of a split, with the
    command for a table where they go by the names of the images.

    images: names by folder. files: paths below the root.
    """
    texts = [name for name in files if name.lower().endswith(_LISTS)][:_LOOKED_INTO]
    lines = {name: _labels(root / name) for name in texts}
    found: list[tuple[str, str, str]] = []
    for folder, names in images.items():
        split = _split(folder) if len(images) > 1 else ""
        fits = [
            name
            for name, labels in lines.items()
            if len(labels) == len(names)
            and (len(images) == 1 or _split(name) == split)
            and are_labels(labels)
        ]
        if len(fits) != 1 or split is None:
            return []
        found.append((folder, fits[0], split))
    if not found:
        return []
    natural = any(sorted(names) != sorted(names, key=natural_key) for names in images.values())
    key = _NATURAL if natural else "str"
    rows = (
        f"((f.as_posix(),l.strip(){',s' if len(found) > 1 else ''}) for d,t,s in {dumps(found)} "
        "for f,l in zip(sorted((f for f in F if f.parent.as_posix()==(d or '.')),key=K),"
        'open(t,encoding="utf-8-sig").read().rstrip().split("\\n"),strict=True))'
    ).replace("'.'", '"."')
    paths = [joined(folder, name) for folder, names in images.items() for name in names]
    columns = ("file_name", "label", *(["split"] if len(found) > 1 else []))
    command = Images(root, paths).command(f"K={key};", rows, columns)
    shown = ", ".join(one_line(name) for _, name, _ in found)
    has = "has" if len(found) == 1 else "have"
    order = "the numbers in their names (for that of text write K=str)" if natural else "their names"
    return [
        f"{shown} {has} a line for each image and no names: where the lines go by {order}, "
        f"this writes a table of them: {command}"
    ]


def _split(path: str) -> str | None:
    """The split in a path, the last part first: of `train/labels.txt` as of `labels/y_train.txt`."""
    parts = [part.rpartition(".")[0] or part for part in reversed(PurePosixPath(path).parts)]
    return next(filter(None, map(split_in, parts)), None)


def _labels(path: Path) -> list[str]:
    """The lines of a list, those at its end that are empty left out; none where one is no label."""
    try:
        text = read_file(path, _BYTES, follow_links=False).decode("utf-8-sig")
    except (AssayError, UnicodeDecodeError):
        return []  # a hint more or less
    lines = [line.strip() for line in text.rstrip().split("\n")]
    return lines if max(map(len, lines)) <= _LONGEST else []
