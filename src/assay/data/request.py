"""`Request`: what the user asked to be read, and how. Every source is given one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.events import OnEvent, ignore
from assay.data.formats.pixel_arrays import ArrayForm, ChannelOrder, FloatRange
from assay.data.formats.shard_file import PARQUET, TAR, shard_paths
from assay.data.values import Kind, Resize


@dataclass(frozen=True, eq=False)
class Request:
    """What to read.

    data: a name or a path as the user gave it; None where `arrays` are given.
    path: `data` as a path, where it is one that exists. arrays: images and labels from Python.
    address: `data` as the address of object storage, without wildcards. pattern: where `data` has wildcards,
    which of the files below `path` or `address` are meant.
    objects: the same as a data frame, a data set of torch or Hugging Face, or lists (`python_objects`).
    classes, name: the user's own names, before those that the source knows.
    floats: what the pixels of float arrays range from and to. channel_order: where the colors of flat rows
        lie. None where that was not said.
    size, resize: the working size of image files, and how they are brought to it.
    skip_bad: leave unreadable images out instead of stopping.
    label_column, path_column, split_column, group_column: where a table has what.
    group_pattern: a regular expression that finds the group of an image in its name.
    root: where the paths of a table begin. skip_unlabelled: leave rows without a label out.
    layout, split_names: what the folders of a tree are (see `listing.layout`): by split, the folder of it, or
    the word for it in a table (several parted by `|`).
    follow_links: read links that stay below the folder.
    test_fraction, seed: without a test split, take this share of train for it, drawn by the seed.
    recorded: these are the options of a finished run. Early versions kept their own word for `resize` where
    the source took none; what is not taken is passed over, as it was then.
    offline: no network. scratch: a folder to decode into, for a source that caches by itself.
    """

    data: str | None = None
    path: Path | None = None
    pattern: str | None = None
    arrays: Sequence[NDArray[Any]] | None = None
    objects: object = None
    classes: tuple[str, ...] | None = None
    name: str | None = None
    floats: FloatRange | None = None
    channel_order: ChannelOrder | None = None
    size: str | int | None = None
    resize: Resize | None = None
    skip_bad: bool = False
    label_column: str | None = None
    path_column: str | None = None
    split_column: str | None = None
    group_column: str | None = None
    group_pattern: str | None = None
    layout: Kind | None = None
    split_names: Mapping[str, str] | None = None
    follow_links: bool = False
    root: Path | None = None
    skip_unlabelled: bool = False
    test_fraction: float | None = None
    seed: int = 0
    recorded: bool = False
    offline: bool = False
    scratch: Path | None = None
    address: str | None = None
    on_event: OnEvent = ignore

    @property
    def array_form(self) -> ArrayForm:
        """What was said of arrays."""
        return ArrayForm(self.floats, self.channel_order)

    @cached_property
    def shards_there(self) -> Sequence[Path]:
        """Parquet files and tars at the path, as they were when this was first asked for."""
        return [] if self.path is None else shard_paths(self.path, (*PARQUET, *TAR), self.pattern)

    @property
    def columns(self) -> tuple[str | None, ...]:
        """The columns that were asked for."""
        return self.path_column, self.label_column, self.split_column, self.group_column


#: Fields of a request that change what is read, and what a user calls them. `name`, `skip_bad`, groups by
#: names, the test split and the network count for every source; all others only for sources that take them.
OPTIONS: Final[Mapping[str, str]] = {
    "classes": "--classes",
    "floats": "--floats",
    "channel_order": "--channel-order",
    "size": "--size",
    "resize": "--resize",
    "layout": "--layout",
    "split_names": "--split-names",
    "follow_links": "--follow-links",
    "root": "--root",
    "skip_unlabelled": "--skip-unlabelled",
    "path_column": "--path-column",
    "label_column": "--label-column",
    "split_column": "--split-column",
    "group_column": "--group-column",
}

#: What sources of arrays take, and sources of image files; of these, what concerns tables.
OF_ARRAYS: Final = frozenset({"classes", "floats", "channel_order", "skip_unlabelled"})
OF_IMAGES: Final = frozenset({"classes", "size", "resize"})
OF_FOLDERS: Final = frozenset({"layout", "split_names", "follow_links"})
OF_TABLES: Final = frozenset(
    {
        *("path_column", "label_column", "split_column", "split_names", "group_column"),
        *("root", "skip_unlabelled"),
    }
)


def refuse_unused(request: Request, taken: Collection[str], form: str) -> None:
    """Raise AssayError `option-not-used` for an option that was given and that the source would ignore.

    Not for those of a finished run.

    taken: the fields of `OPTIONS` that the source reads. form: what the data are, for the message.
    """
    if request.recorded:
        return
    unset = {field.name: field.default for field in fields(Request)}
    for field, option in OPTIONS.items():
        if field not in taken and getattr(request, field) != unset[field]:
            what = f"data of the form {form!r} have no use for it, so it would be ignored"
            raise AssayError("option-not-used", option, what, "Leave it out, or give data that it is for.")
