"""Class names that are alike but for a slip of the pen: parted otherwise, signs, plural, accents, a letter.

Names are compared word by word. A word with digits is a number of something and never a slip: `class_1` and
`class_2`, `f16` and `f18` are apart on purpose. So are short words: `cat` and `car`, `type_i` and `type_ii`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from html import unescape
from itertools import combinations
from typing import Final
from unicodedata import combining, normalize
from urllib.parse import unquote

from assay.core.text import one_line
from assay.data.listing.names import folded

#: What parts words. A sign of digits alone, as in 1-1 or -1, is a part of the number.
_PARTING: Final = re.compile(r"(?<=\w)[\s_-]+(?=[^\W\d_])|(?<=[^\W\d_])[\s_-]+(?=\w)")

#: Numbers in a name, with the signs around them.
_NUMBERS: Final = re.compile(r"[\W\d_]+")

#: Signs at the ends of a name that tell nothing; and zeros before a whole number.
_SIGNS: Final = " \t'\"`\u00b4\u2018\u2019\u201c\u201d.,:;!?_-()[]{}"
_ZEROS: Final = re.compile(r"(?<![\d.,])0+(?=\d)")

#: Letters of a word, at least, that is a letter apart from another by a slip more often than by chance; and
#: of one that has another form (plural, accents).
_LONG: Final = 6
_SHORTEST: Final = 3

#: Where more pairs than this share of the classes are a letter apart, names of this set are alike by design.
_BY_DESIGN: Final = 0.1
_FEW: Final = 3

#: Pairs that are shown.
_SHOWN: Final = 5


def notes_on_near_names(counts: Mapping[str, int]) -> Iterator[str]:
    """Notes on classes that may be one under two names. counts: images by class.

    Names that differ in case, spaces or Unicode's spelling have a note of their own (`notes_on_classes`).
    """
    told: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for one, other, how in near_pairs(counts):
        told[how].append((one, other))
    for how, pairs in told.items():
        if how == _A_LETTER and len(pairs) > max(_FEW, _BY_DESIGN * len(counts)):
            continue
        for one, other in pairs[:_SHOWN]:
            first = f"{one_line(one)!r} ({counts[one]:,} images) and {one_line(other)!r} ({counts[other]:,})"
            yield f"the classes {first} {how}: kept apart, but perhaps one class; if so, give both one name"
        if len(pairs) > _SHOWN:
            yield f"{len(pairs) - _SHOWN:,} more pairs of classes {how}"


def near_to(name: str, known: Collection[str]) -> str | None:
    """The one of some known names that a name may be a misspelling of: a letter apart, be the name short."""
    near = [other for other in known if how_near(name, other, long=_SHORTEST)]
    return near[0] if len(near) == 1 else None


def near_pairs(names: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """Pairs of names that are near, and how; in the order of the names. Takes time in proportion to all their
    letters, not to the pairs."""
    order = {name: place for place, name in enumerate(names)}
    together: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        for key in _keys(name):
            together[key].append(name)
    pairs = {pair for alike in together.values() if len(alike) > 1 for pair in combinations(alike, 2)}
    for one, other in sorted(pairs, key=lambda pair: (order[pair[0]], order[pair[1]])):
        if how := how_near(one, other):
            yield one, other, how


_PARTED: Final = "differ only in what parts their words"
_ODD_SIGNS: Final = "differ only in signs or in zeros before a number"
_ACCENTS: Final = "differ only in accents"
_PLURAL: Final = "are singular and plural"
_A_LETTER: Final = "differ by a letter"


def how_near(one: str, other: str, *, long: int = _LONG) -> str:
    """How two names differ that may be one; empty where they differ otherwise, or in case and spaces alone.

    long: letters of a word, at least, that may be a letter apart.
    """
    first, second = folded(one), folded(other)
    if first == second or min(len(first), len(second)) < _SHORTEST:
        return ""
    if one_word(one) == one_word(other):
        return _PARTED
    if _without_signs(one) == _without_signs(other) != "":
        return _ODD_SIGNS
    first, second = _bare(first), _bare(second)
    if first == second:
        return _ACCENTS
    words = list(zip(first.split(), second.split(), strict=False))
    odd = [pair for pair in words if pair[0] != pair[1]]
    if len(odd) != 1 or len(first.split()) != len(second.split()) or not "".join(odd[0]).isalpha():
        return ""
    shorter, longer = sorted(odd[0], key=lambda word: (len(word), word))
    if len(shorter) >= _SHORTEST and odd[0] == words[-1] and _is_plural(shorter, longer):
        return _PLURAL
    return _A_LETTER if len(longer) >= long and _is_a_slip(shorter, longer, long) else ""


def one_word(name: str) -> str:
    """A name without what parts its words, case and spaces at its ends: `Hot dog` and `hot_dog` are alike."""
    return _PARTING.sub("", folded(name))


def _without_signs(name: str) -> str:
    """A name without signs at its ends, zeros before its numbers, and what HTML or addresses write for signs;
    empty where no letter is left."""
    plain = _ZEROS.sub("", one_word(unescape(unquote(name))).strip(_SIGNS))
    return plain if any(map(str.isalpha, plain)) else ""


def _bare(name: str) -> str:
    """A name without accents, its words parted by spaces."""
    letters = "".join(letter for letter in normalize("NFD", name) if not combining(letter))
    return _PARTING.sub(" ", letters)


def _is_plural(one: str, more: str) -> bool:
    if one.endswith("s"):
        return False  # glass and glasses are two things more often than one
    return more in (f"{one}s", f"{one}es") or (one.endswith("y") and more == f"{one[:-1]}ies")


def _is_a_slip(shorter: str, longer: str, long: int) -> bool:
    """Whether two words differ by one letter: left out or put in, doubled, another one, or two exchanged.

    The first letter is as good as never wrong, and an ending often is another word's: `macaron`, `macaroni`.
    """
    if shorter[0] != longer[0]:
        return False
    start = next((n for n, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    if len(shorter) < len(longer):
        doubled = longer[start] == longer[start - 1]
        inside = start < len(shorter) and len(shorter) >= long
        return longer[:start] + longer[start + 1 :] == shorter and (doubled or inside)
    same_after = shorter[start + 1 :] == longer[start + 1 :]
    exchanged = shorter[start : start + 2] == longer[start : start + 2][::-1]
    return (same_after and start < len(shorter) - 1 and len(shorter) > long) or (
        exchanged and shorter[start + 2 :] == longer[start + 2 :]
    )


def _keys(name: str) -> set[str]:
    """Keys of which two names that are near share one: the name, and it without any one letter, all bare."""
    bare = _PARTING.sub("", _bare(folded(name)))
    singular = {f"{bare[:-3]}y"} if bare.endswith("ies") else {bare[:-2]} if bare.endswith("es") else set()
    letters = [place for place, letter in enumerate(bare) if letter.isalpha()]
    return (
        {bare, _without_signs(name), *singular, *(bare[:place] + bare[place + 1 :] for place in letters)}
        if letters
        else set()
    )


def names_meant(strange: Collection[str], missed: Collection[str]) -> dict[str, str]:
    """For each strange class the one of `missed` that it may be under another name, and none that may be
    several or is meant by several: one name goes on where the other ends or ends with it
    (`adenocarcinoma_left.lobe`, `0_cat`), they are near, or differ in numbers alone (`cat_120`, `cat_30`)."""
    known: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for name in missed:
        whole, ends, alike = _parts(name)
        for key in [("whole", whole), *(("end", end) for end in ends), *alike]:
            known[key].append(name)
    pairs = set()
    for name in strange:  # a few that share a key are as good as many: it is none of them
        whole, ends, alike = _parts(name)
        keys = [("end", whole), *(("whole", end) for end in ends), *alike]
        pairs |= {(name, b) for key in keys for b in known.get(key, ())[:_SHOWN] if _may_be(name, b)}
    ours, theirs = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    return {a: b for a, b in pairs if ours[a] == theirs[b] == 1}


def _parts(name: str) -> tuple[str, list[str], list[tuple[str, str]]]:
    """A name in one spelling, its beginnings and ends up to a sign, and keys that names alike share."""
    whole = folded(name)
    cuts = [place for place, sign in enumerate(whole) if not sign.isalnum()]
    ends = [end for place in cuts for end in (whole[:place], whole[place + 1 :])]
    return whole, ends, [("words", _NUMBERS.sub(" ", whole).strip()), *(("near", key) for key in _keys(name))]


def _may_be(one: str, other: str) -> bool:
    short, long = sorted((folded(one), folded(other)), key=len)
    if len(short) < len(long) and any(map(str.isalpha, short)):
        begins = long.startswith(short) and not long[len(short)].isalnum()
        if begins or (long.endswith(short) and not long[-len(short) - 1].isalnum()):
            return True
    words, others = (_NUMBERS.sub(" ", name).strip() for name in (short, long))
    return words == others != "" or bool(how_near(one, other))
