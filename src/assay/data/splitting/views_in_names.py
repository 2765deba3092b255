"""Names that come in sets: `12_rgb.png` beside `12_depth.png`, `7_left.jpg` beside `7_right.jpg`."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Any, Final, Protocol

from assay.core.text import one_line
from assay.data.listing.columns.file_index import without_ending
from assay.data.listing.names import natural_key
from assay.data.listing.tree import has_split_word

#: A name with a number in it, and a last word behind a mark.
_NAME: Final = re.compile(r"(.*\d[^/]*?)[_ -]+([A-Za-z][A-Za-z0-9]{0,15})")

#: So many names of sets there must be; so many words at most; and such a share of all images in sets of two
#: or more.
_FEWEST: Final = 20
_WORDS: Final = 8
_SHARE: Final = 0.9


class _Images(Protocol):
    """A split, or a part of a listing."""

    @property
    def labels(self) -> Any: ...

    @property
    def ids(self) -> Sequence[str]: ...
    @property
    def columns(self) -> Mapping[str, Any]: ...


def notes_on_views(splits: Mapping[str, _Images]) -> list[str]:
    """A note where nearly every name stands there with each of a few last words, with what groups them.

    None where groups are named, and where such a word is the class, or a split.
    """
    if any("group" in images.columns for images in splits.values()):
        return []
    ids = [id_ for images in splits.values() for id_ in images.ids]
    first = _NAME.fullmatch(without_ending(ids[0])) if ids else None
    found = [_NAME.fullmatch(without_ending(id_)) for id_ in ids] if first else []
    parts = [(match[1], match[2]) for match in found if match]
    words = {word for _, word in parts}
    if not 1 < len(words) <= _WORDS or len(parts) < _SHARE * len(ids) or any(map(has_split_word, words)):
        return []
    labels = [label for images in splits.values() for label in images.labels]
    of_word = defaultdict(set)
    for match, label in zip(found, labels, strict=True):
        if match:
            of_word[match[2]].add(label)
    if all(len(own) == 1 for own in of_word.values()):
        return []
    for start, group in (("^", ".*?"), ("(?:^|/)", "[^/]*?")):
        names = [name if start == "^" else name.rpartition("/")[2] for name, _ in parts]
        sets = defaultdict(list)
        for name, (_, word) in zip(names, parts, strict=True):
            sets[name].append(word)
        several = [own for own in sets.values() if len(own) > 1 and len(set(own)) == len(own)]
        if len(several) >= _FEWEST and sum(map(len, several)) >= _SHARE * len(ids):
            told = sorted(words, key=natural_key)
            pattern = rf"{start}({group})[_ -]+(?:{'|'.join(told)})(?:\.\w+)?$"
            return [_told(len(several), told, pattern, one_line(ids[0]))]
    return []


def _told(count: int, words: Sequence[str], pattern: str, name: str) -> str:
    way = f"--group-pattern {quote(pattern)} keeps each on one side of a split that Assay draws"
    return (
        f"{count:,} names come with several last words ({', '.join(words[:4])}), as {name} does: where these "
        f"are views of one thing, a test split must not part them ({way})"
    )
