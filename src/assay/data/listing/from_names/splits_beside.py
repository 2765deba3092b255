"""The other splits of a set, beside the file or folder of train that was given alone."""

import os
from collections.abc import Collection
from pathlib import Path
from shlex import quote

from assay.core.text import one_line
from assay.data.listing.tree import besides_split, split_in


def notes_on_splits_beside(path: Path | None, splits: Collection[str], source: str) -> list[str]:
    """A note where what was given is called after train, was read as train alone, and what lies beside it is
    called like it but for the split: `train.npz` and `test.npz`, `train/` and `test/`.

    source: the one that read it; tables have a note of their own.
    """
    if path is None or source == "table" or set(splits) != {"train"} or split_in(_stem(path)) != "train":
        return []
    folder = path.absolute().parent
    others = [
        name
        for name in sorted(os.listdir(folder))  # noqa: PTH208  texts: there may be a million
        if _is_alike(path, folder / name)
    ]
    if not others:
        return []
    told, lie = ", ".join(map(one_line, others[:3])), "lies" if len(others) == 1 else "lie"
    way = f"give {one_line(quote(str(folder)))} for all of it"
    way = "unpack all into one folder, and give that" if source == "archive" else way
    return [f"{told} {lie} beside it, not read: all images here are train ({way})"]


def _is_alike(path: Path, other: Path) -> bool:
    own, stem = _stem(path), _stem(other)
    if split_in(stem) in (None, "train") or besides_split(stem) != besides_split(own):
        return False
    return other.suffix.lower() == path.suffix.lower() and other.is_dir() == path.is_dir()


def _stem(path: Path) -> str:
    return path.name if path.is_dir() else path.name.partition(".")[0]
