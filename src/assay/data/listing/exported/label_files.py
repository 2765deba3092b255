"""Exports of labelling tools beside images: which image has which label, and Python for it.

JSON with a record for each image, however deep its label stands; COCO's three lists, FiftyOne's numbers, and
the tags of CVAT's XML.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from json import dumps
from typing import Any, Final

from assay.data.listing.exported.record_fields import (
    FIELDS_CODE,
    are_labels,
    fields_of,
    is_plain,
    label_field,
    only_value,
    split_field,
)
from assay.data.listing.names import split_of

#: So many names of images must be there, and such a share of the records; and have a label, at least.
_NAMES: Final = 3
_SHARE: Final = 0.9

#: So many records are looked at.
_MOST: Final = 5_000

#: Before the name of an uploaded file Label Studio puts eight digits of a hash.
_UPLOADED: Final = re.compile(r"^[0-9a-f]{8}-")

#: An image of CVAT with its first tag.
_CVAT: Final = re.compile(r'<image [^>]*?name="([^"]*)"[^>]*>\s*<tag [^>]*?label="([^"]*)"')

#: A field of flat YAML, and what takes quotes from around its value; Python for that.
FIELD: Final = r"(?m)^[\s-]*([\w ./\\-]+?)\s*:[ \t]+(\S.*?)\s*$"
UNQUOTED: Final = re.compile(r"""^(["'])(.*)\1$""")
UNQUOTED_CODE: Final = f'Q=lambda v:re.sub({dumps(UNQUOTED.pattern)},r"\\2",v);'
_ITEM: Final = r"(?m)^\s*-\s+"
_ENTRY: Final = r"(?m)^([^\s#-][^:\n]*?)\s*:[ \t]+(\S.*?)\s*$"

#: Python for the spellings of a name that may be an image's, best first.
SPELLINGS_CODE: Final = (
    r'N=lambda v:[v.lstrip("./"),*(lambda e:[e,re.sub("^[0-9a-f]{8}-","",e)])(re.split(r"[\\/=]",v)[-1])];'
)


@dataclass(frozen=True)
class Labelled:
    """What a file tells: pairs of an image, as it is called there, and its label; and the Python for them.

    setup: Python statements; pairs_code: an iterable of pairs or, with_splits, of both and a split. `d` is
    the content of the file.
    """

    pairs: Sequence[tuple[str, str]]
    setup: str
    pairs_code: str
    with_splits: bool = False


def spellings(value: str) -> tuple[str, ...]:
    """A name as it stands in a file, without folders, and without what an upload puts before it."""
    end = re.split(r"[\\/=]", value)[-1]
    return value.lstrip("./"), end, _UPLOADED.sub("", end)


def labels_in_json(content: object, known: Collection[str]) -> Labelled | None:
    """The labels of images in the content of a JSON file; None where there are none, or several.

    known: the names of images, in all forms in which one may stand for one image.
    """
    return _usable(_readings(content, known), known)


def _usable(readings: Iterable[Labelled], known: Collection[str]) -> Labelled | None:
    """The first reading whose names are nearly all those of images, and whose labels may be such."""
    for found in readings:
        hits = [(name, label) for name, label in found.pairs if _is_known(name, known)]
        if len(hits) >= max(_NAMES, _SHARE * len(found.pairs)) and are_labels([label for _, label in hits]):
            return found
    return None


def labels_in_xml(text: str) -> Labelled | None:
    """The tags of images in CVAT's XML. `d` is the text."""
    pairs = [(unescape(name), unescape(label)) for name, label in _CVAT.findall(text)]
    code = f"[(unescape(k),unescape(v)) for k,v in re.findall({_CVAT.pattern!r},d)]"
    return Labelled(pairs, "from html import unescape;", code) if pairs else None


def labels_in_yaml(text: str, known: Collection[str]) -> Labelled | None:
    """The labels of images in flat YAML, a map or records, which needs no library. `d` is the text."""
    pairs = [(_unquoted(name), _unquoted(label)) for name, label in re.findall(_ENTRY, text)]
    code = f"[(Q(k),Q(v)) for k,v in re.findall({dumps(_ENTRY)},d)]"
    found: list[Labelled] = [Labelled(pairs, UNQUOTED_CODE, code)] if pairs else []
    blocks = re.split(_ITEM, text)[1:]
    records = [{k: _unquoted(v) for k, v in re.findall(FIELD, block)} for block in blocks[:_MOST]]
    if len(records) >= _NAMES:
        code = f"[{{k:Q(v) for k,v in re.findall({dumps(FIELD)},b)}} for b in re.split({dumps(_ITEM)},d)[1:]]"
        if of_records := _of_records(None, records, code, known):
            setup = of_records.setup + UNQUOTED_CODE
            found.append(Labelled(of_records.pairs, setup, of_records.pairs_code))
    return _usable(found, known)


def _unquoted(text: str) -> str:
    return UNQUOTED.sub(r"\2", text)


def _is_known(name: object, known: Collection[str]) -> bool:
    return isinstance(name, str) and any(form in known for form in spellings(name))


def _readings(content: object, known: Collection[str]) -> Iterator[Labelled]:
    if isinstance(content, dict):
        yield from _of_splits(content, known)
        yield from _of_names(content)
        yield from _of_coco(content)
        yield from _of_fiftyone(content)
    for records, code in _records(content):
        if found := _of_records(content, records, code, known):
            yield found


def _of_splits(content: Mapping[str, Any], known: Collection[str]) -> Iterator[Labelled]:
    """What a file holds by split: `{name: label}`, lists that begin with a name and end with a label, as CoOp
    has them, or objects."""
    if len(content) < 2 or not all(map(split_of, content)):
        return
    parts = [(split, part) for split, part in content.items()]
    if all(isinstance(part, dict) for _, part in parts):
        pairs = [(name, str(label)) for _, part in parts for name, label in part.items() if is_plain(label)]
        yield Labelled(pairs, "", "((k,v,s) for s,a in d.items() for k,v in a.items())", with_splits=True)
    elif all(isinstance(part, list) for _, part in parts):
        entries = [(split, entry) for split, part in parts for entry in part]
        if all(isinstance(entry, list) and len(entry) > 1 for _, entry in entries):
            pairs = [(str(entry[0]), str(entry[-1])) for _, entry in entries]
            yield Labelled(pairs, "", "((x[0],x[-1],s) for s,a in d.items() for x in a)", with_splits=True)
        elif all(isinstance(entry, dict) for _, entry in entries):
            records = [{**entry, "split": split} for split, entry in entries]
            code = '[{**x,"split":s} for s,a in d.items() for x in a]'
            if len(records) >= _NAMES and (found := _of_records(content, records[:_MOST], code, known)):
                yield found


def _of_names(content: Mapping[str, Any]) -> Iterator[Labelled]:
    """`{name: label}`, or `{label: [names]}`."""
    if all(is_plain(value) or isinstance(value, bool) for value in content.values()):
        yield Labelled([(name, str(value)) for name, value in content.items()], "", "d.items()")
    if len(content) > 1 and all(
        isinstance(value, list) and all(isinstance(name, str) for name in value) for value in content.values()
    ):
        pairs = [(name, label) for label, names in content.items() for name in names]
        yield Labelled(pairs, "", "((k,v) for v,a in d.items() for k in a)")


def _of_coco(content: Mapping[str, Any]) -> Iterator[Labelled]:
    """COCO's lists of images, annotations and categories, where each image is of one category."""
    lists = [content.get(key) for key in ("images", "annotations", "categories")]
    if not all(isinstance(rows, list) and all(isinstance(row, dict) for row in rows) for rows in lists):
        return
    images = {_key(row.get("id")): row.get("file_name") for row in lists[0] or ()}
    names = {_key(row.get("id")): row.get("name") for row in lists[2] or ()}
    found = dict.fromkeys(
        (images.get(_key(row.get("image_id"))), names.get(_key(row.get("category_id"))))
        for row in lists[1] or ()
    )
    pairs = [(str(name), str(label)) for name, label in found if name is not None and label is not None]
    if len(pairs) == len(found) == len({name for name, _ in pairs}):
        code = (
            '(lambda I,C:dict.fromkeys((I[a["image_id"]],C[a["category_id"]]) for a in d["annotations"]))'
            '({x["id"]:x["file_name"] for x in d["images"]},{x["id"]:x["name"] for x in d["categories"]})'
        )
        yield Labelled(pairs, "", code)


def _of_fiftyone(content: Mapping[str, Any]) -> Iterator[Labelled]:
    """FiftyOne's `{"classes": [...], "labels": {name: number}}`."""
    classes, labels = content.get("classes"), content.get("labels")
    if not (isinstance(classes, list) and isinstance(labels, dict)):
        return
    if all(isinstance(value, int) and 0 <= value < len(classes) for value in labels.values()):
        pairs = [(name, str(classes[value])) for name, value in labels.items()]
        yield Labelled(pairs, "", '((k,d["classes"][v]) for k,v in d["labels"].items())')


def _records(content: object) -> Iterator[tuple[list[Any], str]]:
    """The lists of objects in a file that may be one for each image, with Python for each."""
    places = [(content, "d")]
    if isinstance(content, dict):
        places += [(value, f"d[{dumps(key)}]") for key, value in content.items()]
    for place, code in places:
        if isinstance(place, dict):
            place, code = list(place.values()), f"{code}.values()"
        if isinstance(place, list) and len(place) >= _NAMES and all(isinstance(x, dict) for x in place):
            yield place[:_MOST], code


def _of_records(
    content: object, records: Sequence[Any], code: str, known: Collection[str]
) -> Labelled | None:
    """Records of which one field names the image, and one other, at whatever depth, gives its class."""
    fields = [fields_of(record) for record in records]
    hits = Counter(
        path for own in fields for path, values in own.items() if _is_known(only_value(values), known)
    )
    if not hits:
        return None
    name, count = hits.most_common(1)[0]
    if count < max(_NAMES, _SHARE * len(records)):
        return None
    path = label_field(fields, len(records), name)
    if path is None:
        return None
    numbers = _names_of_numbers(content) if path.endswith("label_id") else []
    pairs = [(str(own[name][0]), str(own[path][0])) for own in fields if name in own and path in own]
    if numbers:
        pairs = [(one, numbers[int(label)]) for one, label in pairs]
    value = f"w[{dumps(path)}]"
    value = f'd["categories"]["label"]["labels"][{value}]["name"]' if numbers else value
    split = split_field(fields)
    value = f"{value},w[{dumps(split)}]" if split else value
    same = f"((w[{dumps(name)}],{value}) for w in (dict(W(x)) for x in {code}) if {dumps(path)} in w)"
    return Labelled(pairs, FIELDS_CODE, same, split is not None)


def _names_of_numbers(content: object) -> list[str]:
    """The names of labels that Datumaro keeps apart."""
    try:
        rows = content["categories"]["label"]["labels"]  # type: ignore[index]
        return [str(row["name"]) for row in rows]
    except (KeyError, TypeError):
        return []


def _key(value: object) -> object:
    return value if isinstance(value, str | int) else None
