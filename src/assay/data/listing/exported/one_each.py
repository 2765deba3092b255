"""A file for each image, as Label Me, Supervisely, Pascal VOC and YOLO write: the class may stand there.

JSON with a record each, XML with objects, YAML with fields, a word of text, or rows of boxes.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from json import dumps
from pathlib import Path, PurePosixPath
from typing import Any, Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import read_file
from assay.data.listing.advice.images import Images
from assay.data.listing.exported.in_splits import folders_of_splits
from assay.data.listing.exported.label_files import FIELD, UNQUOTED, UNQUOTED_CODE
from assay.data.listing.exported.record_fields import FIELDS_CODE, are_labels, fields_of, label_field
from assay.data.listing.tree import joined, split_in, words_of

_ENDINGS: Final = (".json", ".xml", ".yaml", ".yml", ".txt")

#: So many folders of classes are asked whether each is of one image; and words in names of files of labels.
_FOLDERS: Final = 8
_OF_LABELS: Final = frozenset("label labels class category target gt diagnosis meta metadata info".split())

#: So many images must have a file, and such a share of them; so many files are read, with bytes of each.
_FEWEST: Final = 3
_SHARE: Final = 0.9
_READ: Final = 500
_BYTES: Final = 16 << 20

_NAME: Final = r"<object>.*?<name>\s*(.*?)\s*</name>"
_BOX: Final = re.compile(r"\d+(\s+[-+.\deE]+){4,}")


@dataclass(frozen=True)
class _Found:
    """Files of one ending beside images. folders: of images, with those of the files. files: by image."""

    ending: str
    folders: Mapping[str, str]
    files: Mapping[str, str]


def hints_on_files_for_images(
    root: Path, images: Mapping[str, Sequence[str]], files: Iterable[str]
) -> list[str]:
    """A hint on files that lie beside nearly all images, one for each, with the command for a table where
    they tell one class for each.

    images: names by folder. files: paths of all that lies below the root.
    """
    for found in _beside(images, files):
        first, others = min(found.files.values()), len(found.files) - 1
        what = f"{one_line(first)} and {others:,} more, one for each image,"
        code = _label_code(root, found)
        if not code:
            return [
                f"{what} may tell the classes, and more of them than one for an image, or none that is seen: "
                "write a table of path and label"
            ]
        setup, labels = code
        splits = {own: split for split, folders in folders_of_splits(images).items() for own in folders}
        places = dumps([[own or ".", other, splits.get(own, "")] for own, other in found.folders.items()])
        split = ",s" if splits else ""
        rows = (
            f'((f.as_posix(),min(v) if len(v)==1 else ""{split}) for a,b,s in {places} for f in F'
            " if f.parent.as_posix()==a"
            " for t in [next((t for t in (Path(b,f.stem+E),Path(b,f.name+E)) if t.is_file()),None)] if t"
            f' for c in [t.read_text("utf-8-sig")] for v in [{labels}])'
        )
        paths = [joined(folder, name) for folder, names in images.items() for name in names]
        setup = f"E={dumps(found.ending)};{setup}"
        columns = ("file_name", "label", *(["split"] if splits else []))
        command = Images(root, paths).command(setup, rows, columns)
        return [f"{what} may give the classes: this writes a table of them: {command}"]
    return []


def _beside(images: Mapping[str, Sequence[str]], files: Iterable[str]) -> Iterator[_Found]:
    """Files of each ending that lie beside nearly all images: with them, or in a folder beside theirs."""
    by_ending: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path in files:
        folder, _, name = path.rpartition("/")
        if name.lower().endswith(_ENDINGS):
            at = name.rindex(".")
            by_ending[name[at:]][folder].add(name[:at])
    total = sum(map(len, images.values()))
    for ending, stems in by_ending.items():
        folders: dict[str, str] = {}
        found: dict[str, str] = {}
        for folder, names in images.items():
            best: dict[str, str] = {}
            for other in _near(folder, stems):
                own = {name: key for name in names for key in [_key(name, stems[other])] if key}
                if len(own) > len(best):
                    best, folders[folder] = own, other
            found |= {
                joined(folder, name): joined(folders[folder], f"{key}{ending}") for name, key in best.items()
            }
        # One file for two images of a name, `1.jpg` and `1.png`, would be the label of both.
        if len(found) >= max(_FEWEST, _SHARE * total) and len(set(found.values())) == len(found):
            yield _Found(ending, folders, found)


def _key(name: str, stems: set[str]) -> str:
    return next((key for key in (PurePosixPath(name).stem, name) if key in stems), "")


def _near(folder: str, others: Iterable[str]) -> list[str]:
    """The folder itself, and those whose paths differ from its in one part: `images/a`, `labels/a`."""
    own = folder.split("/")
    return [
        other
        for other in others
        if other == folder
        or (
            len(parts := other.split("/")) == len(own)
            and sum(one != two for one, two in zip(parts, own, strict=True)) == 1
        )
    ]


def _label_code(root: Path, found: _Found) -> tuple[str, str] | None:
    """Python for the set of labels in the text `c` of a file, with statements before it; None where files
    give none, or several."""
    return _code_for(root, found.ending, sorted(found.files.values()))


def _code_for(root: Path, ending: str, files: Sequence[str]) -> tuple[str, str] | None:
    step = max(1, len(files) // _READ)
    read = [_text(root / path) for path in files[::step]]
    texts = [text for text in read if text is not None]
    if not texts or len(texts) < len(read):
        return None
    ways = {".json": _of_json, ".xml": _of_xml, ".txt": _of_text}
    for labels, setup, code in ways.get(ending.lower(), _of_yaml)(texts):
        several = sum(len(own) > 1 for own in labels)
        if several <= (1 - _SHARE) * len(labels) and are_labels(
            [min(own) if len(own) == 1 else "" for own in labels]
        ):
            return setup, code
    return None


def refuse_folders_of_images(root: Path, images: Mapping[str, Sequence[str]], files: Iterable[str]) -> None:
    """Raise AssayError `ambiguous-layout` where folders that are read as classes each have a file of labels,
    of which there are fewer: a folder for each image, `sample_1/image.png` beside `sample_1/label.txt`.

    images: names by folder. files: paths of all that lies below the root.
    """
    if len(images) < _FOLDERS:
        return
    by_name: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for path in files:
        folder, _, name = path.rpartition("/")
        if folder in images and name.lower().endswith(_ENDINGS):
            by_name[
                "*" + name.removeprefix(last) if name.startswith(last := folder.rpartition("/")[2]) else name
            ][folder] = path
    for name, own in by_name.items():
        stem, ending = PurePosixPath(name).stem, PurePosixPath(name).suffix
        if len(own) < _SHARE * len(images) or not words_of(stem) & _OF_LABELS:
            continue
        code = _code_for(root, ending, sorted(own.values()))
        if code is None:
            continue
        place = f"f.parent.name+{dumps(name[1:])}" if name.startswith("*") else dumps(name)
        split = _split_code(list(images))
        rows = (
            f'((f.as_posix(),min(v) if len(v)==1 else "",f.parent.as_posix(){split}) for f in F'
            f" for t in [f.parent/({place})] if t.is_file()"
            f' for c in [t.read_text("utf-8-sig")] for v in [{code[1]}])'
        )
        paths = [joined(folder, one) for folder, names in images.items() for one in names]
        columns = ("file_name", "label", "folder", *(["split"] if split else []))
        command = Images(root, paths).command(code[0], rows, columns)
        first = one_line(min(own.values()))
        what = f"each of {len(images):,} folders would be a class, and has a file that may tell one, {first}"
        fix = f"This writes a table of what they tell: {command}. Do so, or say --layout classes."
        raise AssayError("ambiguous-layout", root, what, fix)


def _split_code(folders: Sequence[str]) -> str:
    """Python for the split of an image `f`, with a comma before it, where all folders lie in those of splits
    at one depth; else empty."""
    for level, parts in enumerate(zip(*(folder.split("/") for folder in folders), strict=False)):
        splits = {part: split_in(part) for part in set(parts)}
        if len(splits) > 1 and all(splits.values()):
            return f",{dumps(splits)}[f.parts[{level}]]"
    return ""


def _text(path: Path) -> str | None:
    try:
        return read_file(path, _BYTES, follow_links=False).decode("utf-8-sig")
    except (AssayError, UnicodeDecodeError):
        return None  # a command less


_Ways = Iterator[tuple[Sequence[set[str]], str, str]]


def _of_json(texts: Sequence[str]) -> _Ways:
    """The flag that is true, as Label Me's; else the field that is called like a label, or the only text."""
    try:
        fields = [fields_of(json.loads(text)) for text in texts]
    except (ValueError, RecursionError):
        return
    for above in dict.fromkeys(path.rpartition(".")[0] for own in fields for path in own):
        start = f"{above}."
        own = [{k: v for k, v in one.items() if k.startswith(start)} for one in fields]
        if all(isinstance(v, bool) for one in own for values in one.values() for v in values):
            true = [{k[len(start) :] for k, values in one.items() if True in values} for one in own]
            flags = f"k.startswith({dumps(start)}) and v is True"
            yield true, FIELDS_CODE, f"{{k[{len(start)}:] for k,v in W(json.loads(c)) if {flags}}}"
    field = label_field(fields, len(fields))
    if field is not None:
        labels = [set(map(str, one.get(field, []))) for one in fields]
        yield labels, FIELDS_CODE, f"{{str(v) for k,v in W(json.loads(c)) if k=={dumps(field)}}}"


def _of_xml(texts: Sequence[str]) -> _Ways:
    labels = [{unescape(name) for name in re.findall(_NAME, text, re.DOTALL)} for text in texts]
    yield labels, "import html;", f"{{html.unescape(v) for v in re.findall({dumps(_NAME)},c,re.S)}}"


def _of_yaml(texts: Sequence[str]) -> _Ways:
    """A field of flat YAML, without a library for it."""
    pairs = [re.findall(FIELD, text) for text in texts]
    fields: list[dict[str, list[Any]]] = []
    for own in pairs:
        fields.append({})
        for key, value in own:
            fields[-1].setdefault(f".{key}", []).append(UNQUOTED.sub(r"\2", value))
    field = label_field(fields, len(fields))
    if field is not None:
        labels = [set(own.get(field, [])) for own in fields]
        code = f"Q(v) for k,v in re.findall({dumps(FIELD)},c) if k=={dumps(field[1:])}"
        yield labels, UNQUOTED_CODE, f"{{{code}}}"


def _of_text(texts: Sequence[str]) -> _Ways:
    """The number of the class of all boxes, as of YOLO; else the one word or line."""
    lines = [[line.strip() for line in text.splitlines() if line.strip()] for text in texts]
    if all(map(_BOX.fullmatch, (line for own in lines for line in own))):
        boxes = [{line.split()[0] for line in own} for own in lines]
        yield boxes, "", "{l.split()[0] for l in c.splitlines() if l.strip()}"
    else:
        yield [set(own) for own in lines], "", "{l.strip() for l in c.splitlines() if l.strip()}"
