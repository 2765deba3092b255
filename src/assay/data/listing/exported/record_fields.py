"""Fields of records in JSON: their values by path, and the field that gives the class of each record."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from assay.data.formats.texts.column_names import LABEL_NAMES, usual_spelling
from assay.data.listing.columns.missing import is_missing
from assay.data.listing.names import split_of

#: How fields are called that hold the class of an image, besides the usual names of columns.
_OF_LABELS: Final = frozenset((*LABEL_NAMES, "choices", "label_id", "category", "class_name", "class-name"))

_LABELLED: Final = 0.5

#: Python for the fields of a record: pairs of a path, in which places of lists are stars, and a value.
FIELDS_CODE: Final = (
    'W=lambda x,p="":[z for k,y in (x.items() if isinstance(x,dict) else [("*",y) for y in x])'
    ' for z in W(y,p+"."+str(k))] if isinstance(x,(dict,list)) else [(p,x)];'
)


def are_labels(values: Sequence[str]) -> bool:
    """Whether texts may be the classes of images: several, and each of two images in the mean; half may be
    missing."""
    some = [value for value in values if not is_missing(value)]
    return len(some) >= _LABELLED * len(values) and 1 < len(set(some)) <= len(some) / 2


def split_field(fields: Sequence[Mapping[str, Sequence[Any]]]) -> str | None:
    """The field that tells the split of each record, train and another one: `subset`, FiftyOne's tags."""
    for path in fields[0] if fields else ():
        words = [set(map(str, own.get(path, ()))) for own in fields]
        splits = {split_of(word) for some in words for word in some}
        if (
            all(len(some) == 1 for some in words)
            and None not in splits
            and "train" in splits
            and len(splits) > 1
        ):
            return path
    return None


def label_field(fields: Sequence[Mapping[str, Sequence[Any]]], count: int, name: str = "") -> str | None:
    """The field of records that gives the class of each; None where there is none, or several may.

    fields: of each record, as `fields_of` gives them. count: of records. name: the field that names images.
    """
    labels: dict[str, list[str]] = {}
    for field in dict.fromkeys(path for own in fields for path in own):
        values = [own[field] for own in fields if field in own]
        usual = _last(field) in _OF_LABELS
        plain = all(
            len(set(map(str, one))) == 1 and (is_plain(one[0]) or (usual and isinstance(one[0], bool)))
            for one in values
        )
        texts = [str(one[0]) for one in values]
        of_splits = all(map(split_of, set(texts)))  # training and testing, as Edge Impulse has it
        if (
            field != name
            and plain
            and not of_splits
            and len(values) >= _LABELLED * count
            and are_labels(texts)
        ):
            labels[field] = texts
    return _chosen(labels, fields)


def _chosen(labels: Mapping[str, Sequence[str]], fields: Sequence[Mapping[str, Sequence[Any]]]) -> str | None:
    """The field of labels: one with a usual name or, of others, the only text; None where several may be.

    What a model predicted counts only where nothing else does."""
    labels = {path: labels[path] for path in labels if "predict" not in path.lower()} or labels
    usual = [path for path in labels if _last(path) in _OF_LABELS]
    texts = [path for path in labels if all(isinstance(own[path][0], str) for own in fields if path in own)]
    for some in ([path for path in usual if path in texts], usual, texts):
        if some:
            parts = {tuple(labels[path]) for path in some}
            return some[0] if len(parts) == 1 else None
    return None


def _last(path: str) -> str:
    return usual_spelling([part for part in path.split(".") if part != "*"][-1])


def fields_of(record: object, path: str = "") -> dict[str, list[Any]]:
    """The values of a record by their paths, in which places of lists are stars."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    waiting: list[tuple[object, str]] = [(record, path)]
    while waiting:
        item, where = waiting.pop()
        if isinstance(item, dict):
            waiting += [(value, f"{where}.{key}") for key, value in item.items()]
        elif isinstance(item, list):
            waiting += [(value, f"{where}.*") for value in item]
        else:
            found[where].append(item)
    return found


def only_value(values: Iterable[Any]) -> Any:
    """The value where there is one alone; else None."""
    found = list(values)
    return found[0] if len(found) == 1 else None


def is_plain(value: object) -> bool:
    """Whether a value may be a label, or say that there is none: text, a whole number, null, NaN."""
    if isinstance(value, float):
        return value != value or value.is_integer()
    return value is None or (isinstance(value, str | int) and not isinstance(value, bool))
