"""Nuisance variables of training images: what should not tell the class."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext
from assay.audits.checks.leakage.column_groups import suspected_column
from assay.data.values import Split

#: The column of groups. A group has mostly one class, which is no shortcut: whole groups are held out. All
#: other columns are judged, those of the user as well.
_GROUP: Final = "group"


def sorted_by_class(labels: NDArray[np.int64]) -> bool:
    """Whether the images of each class lie together, as in a folder for each; whatever order classes have."""
    return bool(np.count_nonzero(np.diff(labels)) + 1 == len(np.unique(labels)))


def folders_above(train: Split, classes: Sequence[str]) -> NDArray[np.int64] | None:
    """The number of the folder above that of the class, `(n,)`: of sites, days or sizes, in their order.

    None unless images go by folders that are called as the class of their images. Within a site the order
    then tells what the folders are called, and no more.
    """
    folders = [id_.rpartition("/")[0] for id_ in train.ids]
    runs = 1 + sum(one != other for one, other in pairwise(folders))
    if runs != len(set(folders)):
        return None
    parts = [
        f"/{folder}/".casefold().rpartition(f"/{classes[label]}/".casefold())
        for folder, label in zip(folders, train.labels.tolist(), strict=True)
    ]
    numbers = {above: number for number, above in enumerate(dict.fromkeys(above for above, _, _ in parts))}
    return np.array([numbers[above] for above, _, _ in parts]) if all(name for _, name, _ in parts) else None


def nuisances(context: CheckContext, sets: Sequence[str] = ()) -> Mapping[str, NDArray[np.generic]]:
    """Name -> one value per training image of something that should not tell the class.

    sets: columns that name small sets of images, each of one class, and are left out.
    """
    look, train = context.image_stats["train"], context.dataset.train
    found: dict[str, NDArray[np.generic]] = {
        "mean brightness": look.mean,
        "corner color": look.corners,
        "top border color": look.top,
        "bottom border color": look.bottom,
        "left border color": look.left,
        "right border color": look.right,
        "file order": np.arange(len(train)),
    }
    suspected = suspected_column(context.dataset)  # told by `leakage`, as what it is
    for name, column in train.columns.items():
        if (
            name not in sets
            and not is_of_groups(train, name)
            and (suspected is None or name != suspected.name)
        ):
            values = np.asarray(column)
            if values.ndim == 1 and values.dtype.kind in "biufUS":
                found[name] = values
    return found


def is_of_groups(train: Split, name: str) -> bool:
    """Whether a column is that of the groups, or holds them, as the one does that they were taken from."""
    groups = train.columns.get(_GROUP)
    if groups is None or name == _GROUP:
        return name == _GROUP
    cells = zip(train.columns[name], groups, strict=True)
    pairs = [(value, group) for value, group in cells if group]
    return bool(pairs) and all(str(value) == str(group) for value, group in pairs)
