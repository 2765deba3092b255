"""Names that come in sets: `12_rgb.png` and `12_depth.png`, `left_7.jpg` and `right_7.jpg`, `7L` and `7R`."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any, Final, Protocol

from assay.core.text import one_line
from assay.data.listing.columns.file_index import without_ending
from assay.data.listing.names import natural_key
from assay.data.listing.tree import has_split_word

_WORD: Final = "[A-Za-z][A-Za-z0-9]{0,15}"


@dataclass(frozen=True)
class _Form:
    """How names with a number come in sets. called: what they differ in. name: `of`, that of the set, and the
    `word`. patterns: for each way to know a set, whether folders count, and the pattern of its group, in
    which `{}` stands for the words."""

    called: str
    name: re.Pattern[str]
    patterns: tuple[tuple[bool, str], ...]


_FORMS: Final = (
    _Form(
        "last words",
        re.compile(rf"(?P<of>.*\d[^/]*?)[_ -]+(?P<word>{_WORD})"),
        ((True, r"^(.*?)[_ -]+(?:{})(?:\.\w+)?$"), (False, r"(?:^|/)([^/]*?)[_ -]+(?:{})(?:\.\w+)?$")),
    ),
    _Form(
        "last letters",
        re.compile(r"(?P<of>.*\d)(?P<word>[A-Za-z])"),
        ((True, r"^(.*\d)(?:{})(?:\.\w+)?$"), (False, r"(?:^|/)([^/]*\d)(?:{})(?:\.\w+)?$")),
    ),
    _Form(
        "first words",
        re.compile(rf"(?:.*/)?(?P<word>{_WORD})[_ -]+(?P<of>[^/]*\d[^/]*)"),
        ((False, r"(?:^|/)(?:{})[_ -]+([^/]*?)(?:\.\w+)?$"),),
    ),
)

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
    """A note where nearly every name stands there with each of a few first or last words, or letters, and
    what groups them.

    None where groups are named, and where such a word is the class, or a split.
    """
    if any("group" in images.columns for images in splits.values()):
        return []
    ids = [id_ for images in splits.values() for id_ in images.ids]
    labels = [label for images in splits.values() for label in images.labels]
    return next((note for form in _FORMS if (note := _note(form, ids, labels))), [])


def _note(form: _Form, ids: Sequence[str], labels: Sequence[Any]) -> list[str]:
    """The note for names that come in sets in one way."""
    first = form.name.fullmatch(without_ending(ids[0])) if ids else None
    found = [form.name.fullmatch(without_ending(id_)) for id_ in ids] if first else []
    parts = [(match["of"], match["word"]) for match in found if match]
    words = {word for _, word in parts}
    if not 1 < len(words) <= _WORDS or len(parts) < _SHARE * len(ids) or any(map(has_split_word, words)):
        return []
    of_word = defaultdict(set)
    for match, label in zip(found, labels, strict=True):
        if match:
            of_word[match["word"]].add(label)
    if all(len(own) == 1 for own in of_word.values()):
        return []
    for whole, pattern in form.patterns:
        names = [name if whole else name.rpartition("/")[2] for name, _ in parts]
        sets = defaultdict(list)
        for name, (_, word) in zip(names, parts, strict=True):
            sets[name].append(word)
        several = [own for own in sets.values() if len(own) > 1 and len(set(own)) == len(own)]
        if len(several) >= _FEWEST and sum(map(len, several)) >= _SHARE * len(ids):
            told = sorted(words, key=natural_key)
            way = pattern.format("|".join(told))
            return [_told(len(several), form.called, told, way, one_line(ids[0]))]
    return []


def _told(count: int, called: str, words: Sequence[str], pattern: str, name: str) -> str:
    way = f"--group-pattern {quote(pattern)} keeps each on one side of a split that Assay draws"
    return (
        f"{count:,} names come with several {called} ({', '.join(words[:4])}), as {name} does: where these "
        f"are views of one thing, a test split must not part them ({way})"
    )
