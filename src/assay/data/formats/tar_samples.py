"""The samples of one WebDataset shard: members of a tar whose names are equal up to the first dot."""

import json
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from shlex import quote
from typing import Any, Final

from assay.core.errors import AssayError
from assay.core.text import counted, each_once, one_line
from assay.data.formats.shard_file import ShardFile
from assay.data.formats.signatures import FORMAT_BY_NAME, REFUSED_SUFFIXES
from assay.data.formats.tar_members import CutShortError, Member, decompressed, tar_members

#: Members that may tell a label: an index or a name, fields, a text.
CLASS: Final = "cls"
TEXT: Final = "txt"
_FIELDS: Final = "json"

#: Bytes of a label or a text, and of a JSON object, that are read; real ones are far shorter.
_LONGEST: Final = {CLASS: 10_000, TEXT: 10_000, _FIELDS: 1 << 20}

#: Fields of a sample that are kept.
_MOST_FIELDS: Final = 100

_IMAGES: Final = frozenset(suffix[1:] for suffix in (*FORMAT_BY_NAME, *REFUSED_SUFFIXES))


@dataclass
class TarSamples:
    """The samples of one shard that have an image, in the order of their images.

    keys: unique. members: the name of each image. offsets, sizes: where its content lies.
    cells: what the shard says of each image by `cls`, `txt` and the fields of JSON, "" where nothing.
    without_image: keys of the samples that have none. others: members of other endings, counted.
    trouble: why the rest of the shard could not be read, or "".
    """

    keys: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    offsets: "array[int]" = field(default_factory=lambda: array("q"))
    sizes: "array[int]" = field(default_factory=lambda: array("q"))
    cells: dict[str, list[str]] = field(default_factory=dict)
    without_image: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    trouble: str = ""


def key_and_ending(name: str) -> tuple[str, str] | None:
    """The key of a member and the rest of its name in lower case; None for hidden files and such."""
    folder, slash, file = name.rpartition("/")
    stem, dot, ending = file.partition(".")
    if not (stem and dot and ending) or folder.split("/")[0] == "__MACOSX":
        return None
    return f"{folder}{slash}{stem}", ending.lower()


def is_image_ending(ending: str) -> bool:
    """Whether the rest of a name is that of an image, be it of a format that is not read."""
    return ending.rpartition(".")[2] in _IMAGES


def read_samples(file: ShardFile, image: str | None) -> TarSamples:
    """The samples of a shard. image: the ending of the images, where that was said.

    A shard that is cut short or damaged gives those before, with its `trouble`. Raises AssayError as
    `tar_members`, `ambiguous-layout` for samples of several images, and `table-value` for a label that is
    no text.
    """
    images: dict[str, list[tuple[str, Member]]] = {}
    told: dict[str, dict[str, str]] = {}
    found = TarSamples()
    key = ""
    for member in _members(file, found):
        parts = key_and_ending(member.name)
        key, ending = parts or ("", "")
        if parts and is_image_ending(ending):
            images.setdefault(key, []).append((ending, member))
        elif parts and member.content is not None:
            told.setdefault(key, {}).update(_told(file, ending, member))
        else:
            found.others[ending or "(hidden)"] += 1
    if found.trouble and key not in told:
        images.pop(key, None)  # its label was to come
    _choose(file, found, images, image)
    _add_cells(found, told)
    found.without_image += [key for key in told if key not in images]
    return found


def _members(file: ShardFile, found: TarSamples) -> Iterator[Member]:
    def wanted(name: str) -> int:
        parts = key_and_ending(name)
        return _LONGEST.get(parts[1], 0) + 1 if parts and parts[1] in _LONGEST else 0

    try:
        with file.glanced() as raw, decompressed(raw) as stream:
            yield from tar_members(file, stream, file.size, wanted)
    except CutShortError as error:
        found.trouble = str(error)


def _told(file: ShardFile, ending: str, member: Member) -> dict[str, str]:
    """What a member tells, by column."""
    where = f"{file}: {one_line(member.name)}"
    content = member.content or b""
    if len(content) > _LONGEST[ending]:
        if ending == TEXT:
            return {}  # a text of that length is no label
        raise _wrong(where, f"it has {member.size:,} bytes; at most {_LONGEST[ending]:,} are read")
    try:
        text = content.decode("utf-8-sig")
        if ending != _FIELDS:
            return {ending: text.strip()}
        return _fields(where, json.loads(text, object_pairs_hook=each_once))
    except UnicodeDecodeError as error:
        raise _wrong(where, "it is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise _wrong(where, f"it is no JSON ({error})") from error


def _fields(where: str, value: Any) -> dict[str, str]:
    """The fields of a JSON object that hold one value each; what holds several is told as JSON."""
    if not isinstance(value, dict):
        raise _wrong(where, "it is not one JSON object")
    fields = {}
    for name, one in list(value.items())[:_MOST_FIELDS]:
        column = f"{_FIELDS}.{name}" if name in (CLASS, TEXT) else name
        text = one if isinstance(one, str) else "" if one is None else json.dumps(one)
        if len(text) <= _LONGEST[TEXT]:
            fields[column] = text
    return fields


def _choose(
    file: ShardFile, found: TarSamples, images: Mapping[str, list[tuple[str, Member]]], asked: str | None
) -> None:
    """Take one image of each sample: of the ending that was asked for, or else of the only one there is."""
    plain = asked is None and any("." not in ending for own in images.values() for ending, _ in own)
    chosen: list[tuple[Member, str]] = []
    for key, own in images.items():
        fitting = [
            (ending, member)
            for ending, member in own
            if (ending == asked if asked else not plain or "." not in ending)
        ]
        if len(fitting) > 1:
            raise _several(file, key, [ending for ending, _ in fitting])
        found.others.update(f"{ending} (a second image)" for ending, _ in own if (ending, _) not in fitting)
        if fitting:
            chosen.append((fitting[0][1], key))
        else:
            found.without_image.append(key)
    for member, key in sorted(chosen, key=lambda pair: pair[0].offset):
        found.keys.append(key)
        found.members.append(member.name)
        found.offsets.append(member.offset)
        found.sizes.append(member.size)


def _several(file: ShardFile, key: str, endings: list[str]) -> AssayError:
    told = ", ".join(one_line(ending) for ending in endings[:4])
    what = f"the sample {one_line(key)!r} has {counted(len(endings), 'image', 'images')}: {told}"
    if len({ending.rpartition(".")[2] for ending in endings}) < len(endings):
        fix = "A key ends at the first dot of a name: write names without further dots, or choose: "
    else:
        fix = "Say which is meant: "
    fix += " or ".join(f"--path-column {one_line(quote(ending))}" for ending in endings[:2])
    return AssayError("ambiguous-layout", file, what, fix)


def _add_cells(found: TarSamples, told: Mapping[str, Mapping[str, str]]) -> None:
    names = dict.fromkeys(name for key in found.keys for name in told.get(key, ()))
    for name in names:
        found.cells[name] = [told.get(key, {}).get(name, "") for key in found.keys]


def _wrong(where: str, what: str) -> AssayError:
    return AssayError("table-value", where, what, "Write the shard again, or leave the sample out of it.")
