"""Sets whose splits stand in the names of files alone: they stop, with the command for a table."""

from collections.abc import Callable, Mapping, Sequence
from json import dumps
from pathlib import Path

from assay.core.errors import AssayError
from assay.data.listing.advice.images import Images
from assay.data.listing.advice.lists import label_of_folders
from assay.data.listing.advice.split_files import base_of
from assay.data.listing.from_names.splits import splits_in_names


def refuse_named_splits(
    root: Path, classes: Mapping[str, str], hints: Callable[[], Sequence[str]], by_name: bool
) -> None:
    """Raise AssayError `ambiguous-layout` where no split was read, and the names of all images tell some.

    classes: the class of each image by its path. hints: what else may give the classes where `by_name` says
    that names gave them, for the word of the split stands in these.
    """
    told = splits_in_names(classes)
    if told is None:
        return
    label, images = "" if by_name else label_of_folders(classes), Images(root, list(classes))
    way = [*hints()] if by_name else []
    if label:
        depth = int(label[len("f.parts[") : -1])
        base = "".join(f" and f.parts[{n}]=={dumps(name)}" for n, name in enumerate(base_of(classes, depth)))
        rows = f"((f.as_posix(),{label}) for f in F if len(f.parts)>{depth + 1}{base})"
        way = [f"this writes a table with them: {images.command('', rows, ('file_name', 'label'))}"]
    what = f"the names of the images tell splits ({told.told}), the folders none: all would be train"
    fix = "Do so, or say --layout classes where all are one set." if label else "Do so, or rename the files."
    raise AssayError("ambiguous-layout", root, "; ".join([what, *way]), fix)
