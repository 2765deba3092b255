"""The IDX files of an image set: MNIST and all its relatives, EMNIST's and KMNIST's names included."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from json import dumps
from pathlib import Path
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.events import OnEvent, ignore, warn
from assay.core.text import one_line
from assay.data.formats.idx import read_idx
from assay.data.request import Request
from assay.data.sources.array_dataset import dataset_from_arrays
from assay.data.sources.array_forms import transposition_note
from assay.data.sources.packed.unlabelled_rows import RawSplit
from assay.data.values import Dataset

#: For instance train-images-idx3-ubyte.gz, t10k-labels.idx1-ubyte, emnist-letters-test-images-idx3-ubyte:
#: a lead for one set of several, the split, what it holds, and maybe the compression.
_NAME: Final = re.compile(r"(?:(.+)-)?(train|t10k|test)-(images|labels)[-.]idx[13]-ubyte(?:\.gz)?")

_SPLITS: Final = {"train": "train", "t10k": "test", "test": "test"}

#: How far down such files are looked for where a folder holds nothing else; and entries of a folder there.
_DEEPEST: Final = 3
_MOST_ENTRIES: Final = 100
_BESIDE: Final = (".txt", ".md", ".html", ".pdf")

#: Split -> what it holds -> file.
_Files = Mapping[str, Mapping[str, Path]]

#: The options of a request that this source reads.
TAKES: Final = frozenset({"classes", "skip_unlabelled"})


def matches(request: Request) -> bool:
    """Whether the path is a file with an IDX name, or a folder that holds one."""
    path = request.path
    if path is None:
        return False
    return bool(_files(path)) if path.is_dir() else _NAME.fullmatch(path.name) is not None


def read(request: Request) -> Dataset:
    """The data set in the folder; without class names the classes are "0", "1", ...

    Raises AssayError `file-missing` where a file of a pair is not there, `unknown-data` where several
    sets lie in the folder, and those of `read_idx` and `dataset_from_arrays`.
    """
    assert request.path is not None  # `matches` said so
    folder, lead, files = _chosen(request.path)
    parts = {
        split: read_pair(files[split]["images"], files[split]["labels"], on_event=request.on_event)
        for split in ("train", "test")
        if split in files or split == "train"
        if _complete(folder, lead, split, files)
    }
    name = request.name or lead or folder.name
    found = dataset_from_arrays(
        name, parts, "idx", request.classes, str(folder), skip_unlabelled=request.skip_unlabelled
    )
    below = [] if folder in (request.path, request.path.parent) else [f"read from {folder.name}"]
    transposed = transposition_note(lead or folder.name, found.shape)
    return replace(found, notes=(*below, *found.notes, *transposed))


def read_pair(images: Path, labels: Path, on_event: OnEvent = ignore) -> RawSplit:
    """The raw arrays of an image file and its label file."""
    read_images, read_labels = read_idx(images), read_idx(labels)
    for path, content in ((images, read_images), (labels, read_labels)):
        if content.compressed != (path.suffix.lower() == ".gz"):
            actual = "compressed" if content.compressed else "not compressed"
            warn(on_event, "load", f"{path}: the file is {actual}, whatever its name says; read by content")
    return RawSplit(read_images.values, read_labels.values, str(images), str(labels))


def _chosen(path: Path) -> tuple[Path, str, _Files]:
    """The folder, the lead of the file names, and the files of the set that is meant."""
    found = _files(path) if path.is_dir() else [file for file in path.parent.iterdir() if file.is_file()]
    folders = sorted({_folder_of(file) for file in found})
    if len(folders) > 1:
        some = ", ".join(one_line(folder.relative_to(path).as_posix()) for folder in folders[:3])
        what = f"it holds IDX files in several folders: {some}"
        raise AssayError("unknown-data", path, what, "Give the path of one of them.")
    folder = folders[0]
    sets: dict[str, dict[str, dict[str, Path]]] = {}
    for file in sorted(found, reverse=True):  # reversed: an unpacked file goes before its .gz
        if named := _NAME.fullmatch(file.name):
            lead, split, kind = named[1] or "", _SPLITS[named[2]], named[3]
            sets.setdefault(lead, {}).setdefault(split, {})[kind] = file
    if path.is_dir() and len(sets) > 1:
        raise AssayError(
            "unknown-data",
            folder,
            f"it holds several sets: {', '.join(sorted(sets))}",
            "Give the path of one set's train-images file.",
        )
    meant = _NAME.fullmatch(path.name)
    lead = (meant[1] or "") if meant and not path.is_dir() else next(iter(sets))
    return folder, lead, sets[lead]


def _files(folder: Path) -> list[Path]:
    """The IDX files in a folder; where there are none, those below it, if there is hardly anything else."""
    level = [folder]
    for _ in range(_DEEPEST):
        entries = [_entries(place) for place in level]
        files = [entry for own in entries for entry in own if os.path.isfile(entry)]  # noqa: PTH113  of a link that leads to itself an entry raises
        if found := [Path(entry.path) for entry in files if _NAME.fullmatch(entry.name)]:
            others = [entry.name for entry in files if not _NAME.fullmatch(entry.name)]
            return found if level == [folder] or all(name.endswith(_BESIDE) for name in others) else []
        folders = [Path(entry.path) for own in entries for entry in own if os.path.isdir(entry)]  # noqa: PTH112
        if max(map(len, entries), default=0) > _MOST_ENTRIES or len(folders) > _MOST_ENTRIES:
            return []
        level = folders
    return []


def _entries(folder: Path) -> "list[os.DirEntry[str]]":
    """Some of what a folder holds; nothing of one that may not be read, which the reading of images tells."""
    with suppress(PermissionError), os.scandir(folder) as found:
        return list(islice(found, _MOST_ENTRIES + 1))
    return []


def _folder_of(file: Path) -> Path:
    """Where a file lies; some archives are unpacked to a folder for each, of the same name."""
    return file.parent.parent if file.parent.name == file.name else file.parent


def _complete(folder: Path, lead: str, split: str, files: _Files) -> bool:
    """True; raises `file-missing` where images or labels of a split are not there."""
    for kind, number in (("images", 3), ("labels", 1)):
        if kind not in files.get(split, {}):
            start = f"{lead}-" if lead else ""
            prefix = "train" if split == "train" else "t10k"
            name = f"{start}{prefix}-{kind}-idx{number}-ubyte"
            fix = _from_rows(folder, name) or "Put the file there (.gz or not), or take its partner away."
            what = f"the {kind} of the {split} split are not there"
            raise AssayError("file-missing", folder / f"{name}.gz", what, fix)
    return True


def _from_rows(folder: Path, name: str) -> str:
    """What to type where QMNIST's file of labels is there: eight numbers an image, of which the first is the
    class; empty where it is not. name: of the file that is wanted."""
    wanted = {f"{one.removesuffix('idx1-ubyte')}idx2-int" for one in (name, name.replace("t10k-", "test-"))}
    found = sorted(file.name for file in folder.iterdir() if file.name.removesuffix(".gz") in wanted)
    if not found:
        return ""
    there = found[0]
    opened = f"{'gzip.open' if there.endswith('.gz') else 'open'}({dumps(there)},'rb')"
    code = (
        f"import gzip,struct;d={opened}.read();"
        "n,k=struct.unpack('>II',d[4:12]);y=struct.unpack(f'>{n*k}i',d[12:])[::k];"
        f"open({dumps(name)},'xb').write(struct.pack('>II',0x801,n)+bytes(y))"
    )
    command = one_line(f"(cd {quote(str(folder))} && python3 -c {quote(code)})")
    return (
        f"{one_line(there)} holds several numbers an image; this writes the first of each there: {command}."
    )
