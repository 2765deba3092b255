"""Images that all lie in one folder: what else may give their classes."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.listing.advice.file_names import hints_on_file_names
from assay.data.listing.advice.lists import Images, hints_on_labels
from assay.data.listing.advice.records import hints_on_annotations, hints_on_json, hints_on_matlab
from assay.data.listing.tree import joined
from assay.data.listing.walk import Walk


def hints_on_labels_of(found: Walk, images: Mapping[str, Sequence[str]]) -> list[str]:
    """Hints on what gives the classes of images in one folder, or in one for each split: lists, other files,
    or the names themselves."""
    if len(images) == 1:
        ((folder, names),) = images.items()
        all_ = Images(found.root, [joined(folder, name) for name in names])
        hints = hints_on_labels(all_, found.files) or hints_on_json(all_, found.files)
        if hints := hints or hints_on_matlab(all_, found.files):
            return hints
    if hints := hints_on_annotations(found.root, images, found.files):
        return hints
    return hints_on_file_names(found.root, images)


def refuse_one_class(root: Path, classes: Collection[str], hints: Sequence[str]) -> None:
    """Raise AssayError `ambiguous-layout` where all images are of one class, and something may tell others.

    hints: what may, with what to type.
    """
    if len(classes) == 1 and hints:
        what = f"all images lie in the folder of one class, {one_line(next(iter(classes)))}"
        fix = "Do so, or say --layout classes where they are of one class."
        raise AssayError("ambiguous-layout", root, "; ".join([what, *hints]), fix)
