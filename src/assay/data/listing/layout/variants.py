"""Folders called after parts, copies or folds of one data set, which are no classes."""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.listing.names import SPLIT_ORDER, natural_key, split_of
from assay.data.listing.tree import besides_split, has_split_word, words_of

#: Words for a lot of pictures, or for a part of one: `colon_image_sets`, `images_background`, `data_large`.
_COLLECTION: Final = frozenset(
    "images imgs pictures photos data dataset datasets set sets part parts batch batches chunk chunks".split()
)


#: Words for a set that was kept, or made anew, beside the one that counts.
_COPIES: Final = frozenset(
    "old backup backups bak bkp copy copies kopie orig original originals aug augmented augmentation "
    "augmentations deprecated unused trash small mini tiny subset sample samples reduced toy".split()
)


#: Words for what was done to pictures, or not yet.
VERSIONS: Final = frozenset(
    "raw original originals orig processed preprocessed prepared augmented augmentation aug resized cropped "
    "crops enhanced filtered normalized normalised denoised".split()
)


#: Those that are said of pictures alone: hides and water are raw, filtered or processed, too.
_OF_PICTURES: Final = frozenset(
    "preprocessed augmented augmentation aug resized normalized normalised denoised".split()
)


#: Words for all of a set, beside which such a one lies.
_WHOLE: Final = frozenset("full all whole complete large big".split())

_DIGITS: Final = re.compile(r"\d+")


_LETTERS_OR_DIGITS: Final = re.compile(r"[^\W\d_]+|\d+")


def refuse_parts(root: Path, classes: Collection[str], hints: Sequence[str]) -> None:
    """Raise AssayError `ambiguous-layout` where all classes are called like numbered parts of one lot of
    pictures, `images_part_1`, `images_part_2`, or like its versions, `raw`, `augmented`. hints: what else
    lies there."""
    bare = {_DIGITS.sub("", name.casefold()) for name in classes}
    words = [words_of(name) for name in classes]
    parts = len(bare) == 1 and bool(words and words[0] & _COLLECTION)
    versions = any(own & _OF_PICTURES for own in words) and all(
        own and own <= VERSIONS | _COLLECTION for own in words
    )
    if len(classes) < 2 or not (parts or versions):
        return
    first, second = sorted(classes, key=natural_key)[:2]
    what = (
        f"the folders {one_line(first)}, {one_line(second)} are called like "
        f"{'numbered parts' if parts else 'versions'} of one set, not after classes"
    )
    fix = "Put the images into folders of classes, give a table of labels, or say --layout classes."
    raise AssayError("ambiguous-layout", root, "; ".join([what, *hints]), fix)


def refuse_copies_of_splits(root: Path, splits: Mapping[str, str]) -> None:
    """Raise AssayError `ambiguous-layout` where a folder is called after a copy of another of its split.

    The images of `train_old` beside `train` may be those of train once more. splits: by folder.
    """
    plain = {split: name for name, split in splits.items() if split_of(name) or besides_split(name) & _WHOLE}
    copies = [name for name, split in splits.items() if split in plain and besides_split(name) & _COPIES]
    if not copies:
        return
    told = ", ".join(one_line(name) for name in copies[:3])
    what = f"{told} may be a copy of {one_line(plain[splits[copies[0]]])}, or more images of that split"
    kept = {split: [n for n in splits if splits[n] == split and n not in copies] for split in SPLIT_ORDER}
    meant = ",".join(f"{split}={names[0]}" for split, names in kept.items() if names)
    alone = all(len(names) < 2 for names in kept.values())
    way = f"--split-names {quote(meant)} leaves it out" if alone else "move it away"
    fix = f"Say which is right: {one_line(way)}, or --layout splits reads all."
    raise AssayError("ambiguous-layout", root, what, fix)


def refuse_sets_of_splits(root: Path, splits: Mapping[str, str]) -> None:
    """Raise AssayError `ambiguous-layout` where folders are called after splits and one of several things
    each: `train_fold1`, `test_fold1`, `train_fold2`, `test_fold2`. Joined, the test images of one fold would
    be training images of another. splits: by folder."""
    sets: dict[tuple[str, ...], dict[str, str]] = {}
    for name, split in splits.items():
        more = tuple(part for part in _LETTERS_OR_DIGITS.findall(name.casefold()) if not has_split_word(part))
        sets.setdefault(more, {}).setdefault(split, name)
    whole = [names for names in sets.values() if "train" in names and len(names) > 1]
    if len(whole) < 2:
        return
    told = " and ".join(", ".join(map(one_line, names.values())) for names in whole[:2])
    what = f"{told} may each be a whole data set, such as a fold or a version of one, or parts of the splits"
    meant = ",".join(f"{split}={whole[0][split]}" for split in SPLIT_ORDER if split in whole[0])
    fix = f"Say which is right: --split-names {one_line(quote(meant))} reads the first, --layout splits all."
    raise AssayError("ambiguous-layout", root, what, fix)
