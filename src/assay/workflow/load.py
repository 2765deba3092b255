"""`load`: a labelled image set by name, from a path, or from arrays, with a test split if asked for."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.events import OnEvent, stage
from assay.core.text import counted, one_line
from assay.data.checked_images import IN_MEMORY
from assay.data.formats.pixel_arrays import ChannelOrder
from assay.data.load import as_request, read
from assay.data.request import Request
from assay.data.splitting.test_split import checked_fraction, with_test_split
from assay.data.storage.cache import cached
from assay.data.values import Dataset, Kind, LeftOut, Resize
from assay.workflow.shown.progress import shown

#: What is kept of a test split that was drawn; a change makes kept ones be drawn again.
_KEPT: Final = "splits, places"

#: What was left out of the images, by the kind of `LeftOut`.
_LOST: Final = {
    "unreadable": ("unreadable image was", "unreadable images were"),
    "unlabelled": ("image without a class was", "images without a class were"),
}

#: Reasons that are told one by one.
_REASONS: Final = 5


def load(
    data: object = None,
    *,
    arrays: Sequence[NDArray[Any]] | None = None,
    classes: str | Sequence[str] | None = None,
    name: str | None = None,
    floats: bool | str = False,
    channel_order: ChannelOrder | None = None,
    size: str | int | None = None,
    resize: Resize | None = None,
    skip_bad: bool = False,
    label_column: str | None = None,
    path_column: str | None = None,
    split_column: str | None = None,
    group_column: str | None = None,
    group_pattern: str | None = None,
    layout: Kind | None = None,
    split_names: str | Mapping[str, str] | None = None,
    follow_links: bool = False,
    root: str | Path | None = None,
    skip_unlabelled: bool = False,
    test_fraction: float | None = None,
    seed: int = 0,
    offline: bool = False,
    on_event: OnEvent = shown,
) -> Dataset:
    """A labelled image set, read and checked.

    data: a name (`fashion-mnist`, the default, or `fashion-mnist-sample`; `hf:owner/name`), or the path of
        a folder, table, archive, or of an `.npz`, Parquet or IDX file; or the tuple of `arrays`; or objects:
        a data frame with a column of paths or images and one of labels, a map-style data set of torch or
        Hugging Face (a mapping of split to data set, too), lists of images or paths with labels.
    arrays: instead of `data`, `(X, y)` or `(X, y, X_test, y_test)`; X uint8 `(n, h, w)` or
        `(n, h, w, c)`, y whole numbers `(n,)`.
    classes: class names in label order, or what `--classes` takes: "a,b,c" or a file.
    name: what to call the set. floats: "0-1" or "0-255" where arrays hold
        pixels as floats in that range; True is "0-1". channel_order: "last" or "first",
        where the colors of flat rows lie.
    size, resize: the working size of image files (64, or "48x64": height x width), and how they get there:
        `fit` (whole, black at the sides), `crop` (the middle) or `stretch`. Unasked: their common size,
        or else a square of the median side, at most 64; and `crop`, or `fit` where that would cut off half.
    skip_bad: leave unreadable images out (they stand in `left_out`) instead of stopping.
    path_column, label_column, split_column, group_column: where tables have what.
    group_pattern: a regular expression that finds each image's group in its name, as "/([^/_]+)_": what
        stands in its parentheses, or all of it. No name may be without.
    layout: what the first folders of a tree are: `classes`, `splits`, or `nested` (the classes are one level
        down). split_names: the folder of each split, "train=A,test=B" or a mapping. Unasked, see
        docs/data.md.
    follow_links: read links in a folder that stay below it.
    root: where a table's paths begin, other than at its own folder.
    skip_unlabelled: leave rows of a table without a label out, counted, instead of stopping.
    test_fraction, seed: take this share of train as test split where there is none; copies, near copies and
        images of one group stay on one side.
    offline: never use the network. on_event: receives progress and warnings.

    Raises AssayError: `unknown-data`, and whatever is wrong with the data (docs/errors.md).

    >>> import assay, numpy as np
    >>> assay.load("fashion-mnist-sample")
    Dataset('fashion-mnist-sample', 10 classes, train: 2,000, test: 500)
    >>> images, labels = np.zeros((4, 8, 8), np.uint8), np.array([0, 1, 0, 1])
    >>> assay.load(arrays=(images, labels), classes=["cat", "dog"], name="pets")
    Dataset('pets', 2 classes, train: 4)
    """
    request = as_request(
        data,
        arrays=arrays,
        classes=classes,
        name=name,
        floats=floats,
        channel_order=channel_order,
        size=size,
        resize=resize,
        skip_bad=skip_bad,
        label_column=label_column,
        path_column=path_column,
        split_column=split_column,
        group_column=group_column,
        group_pattern=group_pattern,
        layout=layout,
        split_names=split_names,
        follow_links=follow_links,
        root=root,
        skip_unlabelled=skip_unlabelled,
        test_fraction=test_fraction,
        seed=seed,
        offline=offline,
        on_event=on_event,
    )
    with stage(on_event, "load") as figures:
        dataset = load_request(request)
        figures.update(loaded(dataset))
    return dataset


def loaded(dataset: Dataset) -> dict[str, Any]:
    """What the end of the stage `load` tells: of what the data are, and how they were read."""
    return {
        "name": dataset.name,
        "location": dataset.location,
        "classes": list(dataset.classes),
        "partition": dataset.partition_table(),
        "notes": list(dataset.notes),
        "left_out": losses(dataset.left_out),
    }


def losses(left_out: Sequence[LeftOut]) -> list[str]:
    """The images that are missing from all that follows, in a sentence a reason, the most frequent few first;
    stray files are no loss."""
    told = []
    for kind, what in _LOST.items():
        left = [item for item in left_out if item.kind == kind]
        reasons = Counter(item.reason for item in left).most_common()
        for reason, count in reasons[:_REASONS]:
            first = one_line(next(item.id for item in left if item.reason == reason))
            which = first if count == 1 else f"the first is {first}"
            told.append(f"{counted(count, *what)} left out: {reason} ({which})")
        if rest := sum(count for _, count in reasons[_REASONS:]):
            told.append(f"{rest:,} more {counted(rest, *what).partition(' ')[2]} left out for other reasons")
    return told


def load_request(request: Request) -> Dataset:
    """The data set that a request asks for, with a test split drawn if it asks for one. Raises as `load`."""
    checked_fraction(request.test_fraction)
    return _with_test_split(read(request), request)


def _with_test_split(dataset: Dataset, request: Request) -> Dataset:
    """The data set with a test split, in memory or, where it is large, in a cache entry of its own."""
    fraction = request.test_fraction
    if fraction is None or "test" in dataset.splits:
        return dataset
    # Only now: the rooms of the search take a tenth of a second to load.
    from assay.duplicates.cached_pairs import near_pairs, pairs_version

    size = len(dataset.train) * int(np.prod(dataset.train.shape))
    if size <= IN_MEMORY:
        return with_test_split(dataset, fraction, request.seed, near_pairs)
    kept = cached(
        _key(dataset, fraction, request.seed, pairs_version()),
        lambda scratch: with_test_split(dataset, fraction, request.seed, near_pairs, scratch),
        size,
        request.on_event,
    )
    return replace(kept, location=dataset.location)


def _key(dataset: Dataset, fraction: float, seed: int, version: str) -> str:
    """The name of the cache entry: another one whenever data, share, seed or search changes."""
    whole = hashlib.sha256(
        json.dumps([fraction, seed, version, _KEPT, dataset.name, *dataset.notes]).encode()
    )
    for name, split in dataset.splits.items():
        columns = {key: np.asarray(values).tolist() for key, values in split.columns.items()}
        whole.update(json.dumps([name, list(split.ids), columns], sort_keys=True, default=str).encode())
        whole.update(np.ascontiguousarray(split.digests).tobytes() + split.labels.tobytes())
    return f"split-{whole.hexdigest()[:24]}"
