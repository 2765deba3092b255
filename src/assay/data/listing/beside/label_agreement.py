"""Agreement of the labels in a table with the classes by folders: the same, finer or coarser, or unlike."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.data.formats.texts.column_names import LABEL_NAMES, PATH_NAMES, optional_column, usual_spelling
from assay.data.listing.columns.missing import is_missing, without_minus_one
from assay.data.listing.columns.one_hot import is_yes, one_hot_columns
from assay.data.listing.columns.path_columns import (
    FEWEST_ROWS,
    bare_name,
    first_rows,
    names_images,
    path_column,
)

#: Columns that tell of files, or which images are used, and not what they show; and those of `other_labels`.
_OTHERWISE_ASKED: Final = frozenset(
    (*"width height size bytes format mode channels date time split fold".split(), *LABEL_NAMES)
)

#: Where one tells the other in this share of the images, they are the same, or one is a part of the other.
_TELLS: Final = 0.9


@dataclass(frozen=True)
class OtherLabels:
    """Labels of a table that part the images otherwise than their folders do.

    images: how many of those looked at it names. labels: some of its labels. apart: whether the folders tell
    nothing of them, nor they of the folders; else one is a part of the other, as breeds are of dogs.
    disputed: how many have another of the same classes; 0 where there are other classes.
    """

    images: int
    labels: tuple[str, ...]
    apart: bool
    disputed: int = 0

    @property
    def told(self) -> str:
        """What the table or list does, behind its name."""
        if self.disputed:
            return f"gives {self.disputed:,} of {self.images:,} images another of these classes"
        shown = ", ".join(map(one_line, self.labels))
        return f"gives {self.images:,} of the images other classes ({shown} ...)"


def other_labels(table: Path, classes: Mapping[str, str]) -> OtherLabels | None:
    """What a table says of images otherwise than their folders; None where it says the same, or nothing.

    classes: the class of each image by its path, as the folders have it. Images are known by their paths, or
    by their names without endings. Raises AssayError as `read_table`.
    """
    rows = labelled_images(table, classes)
    other = parted_otherwise([(folder, label) for _, label, folder in rows])
    if other is None:
        return None
    disputed = {image for image, label, folder in rows if folder != label} if other.disputed else ()
    return replace(other, images=len({image for image, _, _ in rows}), disputed=len(disputed))


def parted_otherwise(pairs: Sequence[tuple[str, str]]) -> OtherLabels | None:
    """What labels say of images otherwise than their folders; None as for `other_labels`. pairs: the folder
    and the label of each image."""
    given = without_minus_one([label for _, label in pairs])
    pairs = [(known, label) for (known, _), label in zip(pairs, given, strict=True) if not is_missing(label)]
    labels = {label for _, label in pairs}
    if len(pairs) < FEWEST_ROWS or len(labels) < 2:
        return None
    by_table = _told([(label, known) for known, label in pairs])
    by_folder = _told(pairs)
    if by_table >= _TELLS and by_folder >= _TELLS:
        return None
    known = {folder for folder, _ in pairs}
    apart = len(known) == 1 or max(by_table, by_folder) < _TELLS
    disputed = sum(folder != label for folder, label in pairs) if labels <= known else 0
    return OtherLabels(len(pairs), tuple(sorted(labels)[:4]), apart, disputed)


def parting_columns(table: Path, classes: Mapping[str, str]) -> list[str]:
    """The columns of a table, without usual ones for labels, whose few values part images otherwise than
    their classes do. classes: as for `other_labels`. Empty where it cannot be read, or does not name them."""
    try:
        columns = first_rows(table)
    except AssayError:
        return []
    if not names_images(columns, classes):
        return []
    path, known = path_column(columns), {bare_name(image): label for image, label in classes.items()}
    found = []
    for name, cells in columns.items():
        if (
            name != path
            and usual_spelling(name) not in _OTHERWISE_ASKED
            and len(set(cells)) <= len(cells) / 2
        ):
            both = zip(columns[path or ""], cells, strict=True)
            pairs = [(known[bare_name(image)], cell) for image, cell in both if bare_name(image) in known]
            other = parted_otherwise(pairs)
            found += [name] if other and other.apart else []
    return found


def contradictions(pairs: Sequence[tuple[str, str, str]]) -> list[str]:
    """The images whose label is not that of their folder, where both otherwise tell the same classes.

    pairs: image, label in a table, folder. Empty where the two tell different things.
    """
    both = [(label, folder) for _, label, folder in pairs]
    turned = [(folder, label) for label, folder in both]
    if len(both) < FEWEST_ROWS or len({label for label, _ in both}) < 2:
        return []
    if min(_told(both), _told(turned)) < _TELLS:
        return []
    together: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for label, folder in both:
        together[label][folder] += 1
    usual = {label: counts.most_common(1)[0][0] for label, counts in together.items()}
    if len(set(usual.values())) < len(usual):
        return []
    return [image for image, label, folder in pairs if usual[label] != folder]


def note_on_contradictions(table: str, images: Sequence[str], read: str) -> list[str]:
    """A note on images whose label in a table contradicts their folder. read: which of both was read."""
    if not images:
        return []
    count = counted(len(images), "image", "images")
    return [
        f"{one_line(table)} gives {count} another class than the folder, {one_line(images[0])} the first: "
        f"the {read} was read"
    ]


def labelled_images(table: Path, classes: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Image, label in a table and folder, of the images that both know: by their paths or, where these are
    others, by their names. classes: as for `other_labels`."""
    paths: dict[str, str | None] = {}
    for path in classes:
        for name in {bare_name(path), "/".join(path.split("/")[-2:]), path}:
            paths[name] = None if name in paths else path
    found = []
    for cell, label in _labels(table):
        name = cell.strip().replace("\\", "/").lstrip("./")
        known = paths.get(name) or paths.get("/".join(name.split("/")[-2:])) or paths.get(bare_name(cell))
        found += [(known, label, classes[known])] if known is not None else []
    return found


def _labels(table: Path) -> list[tuple[str, str]]:
    """The path of each image and its label, where a table has usual columns for both."""
    try:
        columns = first_rows(table)
        names = list(columns)
        path = optional_column(table, names, None, PATH_NAMES, "--path-column")
        label = optional_column(table, names, None, LABEL_NAMES, "--label-column")
    except AssayError:
        return []
    if path is None:
        return []
    if label is not None:
        labels: Sequence[str] = columns[label]
    elif hot := one_hot_columns(columns, [name for name in names if name != path]):
        rows = zip(*(columns[name] for name in hot), strict=True)
        ones = [[name for name, cell in zip(hot, row, strict=True) if is_yes(cell)] for row in rows]
        labels = [one[0] if len(one) == 1 else "" for one in ones]
    else:
        return []
    rows_ = zip(columns[path], without_minus_one(labels), strict=True)
    return [(cell, label) for cell, label in rows_ if not is_missing(label)]


def _told(pairs: Sequence[tuple[str, str]]) -> float:
    """The share of pairs whose second is the most usual one beside their first."""
    together: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one, other in pairs:
        together[one][other] += 1
    return sum(counts.most_common(1)[0][1] for counts in together.values()) / len(pairs)
