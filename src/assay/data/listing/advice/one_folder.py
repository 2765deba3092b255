"""What else than folders may give the classes of images: of those in one folder, and of others."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.listing.advice.attributes import hints_on_attributes
from assay.data.listing.advice.file_names import hints_on_file_names
from assay.data.listing.advice.images import Images
from assay.data.listing.advice.links import hints_on_links
from assay.data.listing.advice.lists import hints_on_labels, label_lists
from assay.data.listing.beside.label_agreement import parted_otherwise
from assay.data.listing.exported.in_splits import folders_of_splits, hints_on_files_of_splits
from assay.data.listing.exported.label_file_hints import (
    hints_on_annotations,
    hints_on_json,
    hints_on_matlab,
    json_lists,
)
from assay.data.listing.exported.lists_in_splits import hints_on_lists_of_splits
from assay.data.listing.exported.one_each import hints_on_files_for_images
from assay.data.listing.from_names.bare_lists import hints_on_bare_lists
from assay.data.listing.from_names.class_lists import hints_on_class_lists
from assay.data.listing.from_names.yes_or_no_lists import hints_on_yes_or_no_lists
from assay.data.listing.names import natural_key
from assay.data.listing.tree import joined, may_be_groups, split_in, words_of
from assay.data.listing.walk import Walk

#: Files that may be lists of labels; more of them in a folder are one for each image.
_LISTS: Final = (".txt", ".lst", ".list", ".json", ".labels", ".xml", ".yaml", ".yml")
_TOGETHER: Final = 20

#: Words of which people make the names of files with labels.
_LABEL_WORDS: Final = frozenset(
    "label labels class classes category categories annotation annotations gt truth target targets tags tag "
    "diagnosis diagnoses species breed answers samples".split()
)


def hints_on_labels_of(found: Walk, images: Mapping[str, Sequence[str]]) -> list[str]:
    """Hints on what gives the classes of images in one folder, or in one for each split: lists, other files,
    or the names themselves."""
    if hints := hints_on_links(found):
        return hints
    if len(images) == 1:
        ((folder, names),) = images.items()
        all_ = Images(found.root, [joined(folder, name) for name in names])
        hints = hints_on_labels(all_, found.files) or hints_on_json(all_, found.files)
        hints = [*hints, *hints_on_attributes(all_, found.files)]  # people are classes, too: one may be meant
        if hints := hints or hints_on_class_lists(all_, found.files) or hints_on_matlab(all_, found.files):
            return hints
    for look in (
        hints_on_yes_or_no_lists,
        hints_on_bare_lists,
        hints_on_files_of_splits,
        hints_on_lists_of_splits,
        hints_on_annotations,
        hints_on_files_for_images,
    ):
        if hints := look(found.root, images, found.files):
            return hints
    splits = folders_of_splits(images)
    all_ = Images(found.root, [joined(folder, name) for folder, names in images.items() for name in names])
    hints = hints_on_json(all_, found.files, splits) if splits else []
    return hints or hints_on_file_names(found.root, images)


def refuse_one_class(root: Path, classes: Collection[str], hints: Sequence[str]) -> None:
    """Raise AssayError `ambiguous-layout` where all images are of one class, and something may tell others.

    hints: what may, with what to type.
    """
    if len(classes) == 1 and hints:
        what = f"all images lie in the folder of one class, {one_line(next(iter(classes)))}"
        fix = "Do so, or say --layout classes where they are of one class."
        raise AssayError("ambiguous-layout", root, "; ".join([what, *hints]), fix)


def notes_on_other_lists(root: Path, files: Iterable[str], classes: Mapping[str, str]) -> list[str]:
    """Notes on lists and exports that part the images otherwise than folders of several classes do.

    files: paths below the root. classes: the class of each image by its path. Raises AssayError
    `ambiguous-layout` where one is called after labels or a split, and the folders tell nothing of them; or
    where it has fewer classes than the folders, which are called like videos or patients.
    """
    texts = [name for name in files if name.lower().endswith(_LISTS)]
    many = Counter(name.rpartition("/")[0] for name in texts)
    texts = [name for name in texts if many[name.rpartition("/")[0]] <= _TOGETHER]
    images = Images(root, list(classes)) if texts else Images(root, ())
    notes = []
    for found in (*label_lists(images, texts), *json_lists(images, texts)) if texts else ():
        other = parted_otherwise([(classes[path], label) for path, label in found.pairs])
        if other is None:
            continue
        names = ", ".join(map(one_line, found.names))
        what = f"{names} {other.told}"
        grouped = _tells_of_groups(found.pairs, classes)
        if grouped or (other.apart and any(_of_labels(name) for name in found.names)):
            some = ", ".join(map(one_line, sorted(set(classes.values()), key=natural_key)[:3]))
            unlike = "" if other.disputed or not other.apart else ", of which the folders tell nothing"
            unlike = ", and they are called like videos or patients" if grouped else unlike
            what = f"by its folders the classes are {some}; {what}{unlike}"
            what = f"{what}: this writes a table of them: {found.command}"
            raise AssayError("ambiguous-layout", root, what, "Do so, or say --layout classes.")
        kind = "others than" if other.apart else "coarser or finer than"
        notes.append(
            f"{what}, {kind} those of the folders, which were read; this writes a table of them: "
            f"{found.command}"
        )
    return notes


def _tells_of_groups(pairs: Collection[tuple[str, str]], classes: Mapping[str, str]) -> bool:
    """Whether labels of most images are fewer than the folders, which are numbered alike as groups are."""
    folders = {classes[path] for path, _ in pairs}
    fewer = len({label for _, label in pairs}) < len(folders)
    return fewer and len(pairs) * 2 > len(classes) and may_be_groups(folders)


def _of_labels(name: str) -> bool:
    """Whether a file is called after labels, or the split whose labels it may have."""
    stem = PurePosixPath(name).stem
    return bool(words_of(stem) & _LABEL_WORDS) or split_in(stem) is not None
