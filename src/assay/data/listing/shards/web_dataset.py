"""WebDataset shards as a `Listing`: tar files whose members KEY.jpg and KEY.cls make one sample."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate, repeat
from typing import Final, TypeAlias

from assay.core.errors import AssayError
from assay.core.text import counted, one_line
from assay.data.formats.safe_open import reading_errors
from assay.data.formats.shard_file import ShardFile, twice
from assay.data.formats.tar_images import TarContent, tar_images
from assay.data.formats.tar_members import CutShortError, decompressed, tar_members
from assay.data.formats.tar_samples import (
    CLASS,
    TEXT,
    TarSamples,
    is_image_ending,
    key_and_ending,
    read_samples,
)
from assay.data.formats.texts.column_names import chosen_column
from assay.data.listing.columns.groups import groups_of
from assay.data.listing.columns.splits import split_column, splits_of_cells
from assay.data.listing.from_names.splits import note_on_other_splits, splits_of_paths
from assay.data.listing.listing import Listing, Part, Payload, stamp_of
from assay.data.listing.names import ordered_splits
from assay.data.listing.shards.names import notes_on_shards, split_in_name
from assay.data.listing.shards.web_labels import TarShard, tar_labels
from assay.data.listing.shards.web_notes import left_out_of, notes_on_tars
from assay.data.request import Request
from assay.data.values import UNLABELLED, LeftOut

#: Members at the beginning of a shard by which its form is told.
_LOOKED_AT: Final = 1000

#: Samples of several shards, by their rows in each.
Rows: TypeAlias = list[tuple[TarShard, list[int]]]

_LABEL_ENDINGS: Final = (CLASS, "json", TEXT)


def is_web_dataset(file: ShardFile) -> bool:
    """Whether a tar holds, near its beginning, an image and a label of one key.

    Never raises for what is wrong with the file: who reads it says that. Raises AssayError of its storage.
    """
    endings: defaultdict[str, set[str]] = defaultdict(set)
    try:
        with file.glanced() as raw, decompressed(raw) as stream:
            for number, member in enumerate(tar_members(file, stream, file.size, lambda _: 0)):
                key, ending = key_and_ending(member.name) or ("", "")
                endings[key].add("image" if is_image_ending(ending) else ending)
                if key and "image" in endings[key] and endings[key] & {*_LABEL_ENDINGS}:
                    return True
                if number == _LOOKED_AT:
                    break
    except CutShortError:
        return False
    except AssayError as error:
        if error.code in ("data-changed", "data-unavailable"):
            raise
    return False


def list_web_dataset(request: Request, files: Sequence[ShardFile]) -> Listing:
    """The images in WebDataset shards, by the splits that a field tells, or the names of the shards, or the
    folders or names of all images; or all train.

    The label is the member `.cls`, or else a field of `.json`, or else `.txt`. A shard that cannot be read to
    its end is left out from there, as an unreadable image. Raises AssayError `ambiguous-layout` where the
    label may be meant in two ways, `table-value` for images without a label, `column-missing`, and those of
    `read_samples`.
    """
    shards = _read(request, files)
    columns = _columns(shards)
    splits, told, of_splits = _splits(request, shards, columns)
    labels, notes = tar_labels(request, shards, columns)
    by_split = _by_split(shards, splits)
    kept, left_out, about_missing = _set_aside(request, by_split, labels)
    extra = {name: cells for name, cells in _user_columns(request, columns).items() if name != told}
    parts = {split: _part(kept[split], labels, extra) for split in ordered_splits(kept)}
    return Listing(
        {split: part for split, part in parts.items() if part.ids},
        counted(len(files), "WebDataset shard", "WebDataset shards"),
        stamp_of_shards(request, files),
        None,
        (*left_out, *left_out_of(shards)),
        (
            *notes,
            *of_splits,
            *about_missing,
            *notes_on_tars(shards),
            *notes_on_shards([file.name for file in files]),
        ),
    )


def stamp_of_shards(request: Request, files: Sequence[ShardFile]) -> str:
    """The stamp of the listing, which need not be made for it."""
    return stamp_of(
        [
            *(file.stamp for file in files),
            str(request.columns),
            str(request.skip_unlabelled),
            str(request.split_names),
        ]
    )


def _read(request: Request, files: Sequence[ShardFile]) -> list[TarShard]:
    image = request.path_column.lstrip(".").lower() if request.path_column else None
    shards: list[TarShard] = []
    start = 0
    for file in files:
        samples = twice(partial(_samples, file, image))
        if samples.trouble:  # another program may still be writing it
            samples = _samples(file, image)
        shards.append(TarShard(file, split_in_name(file.name) or "train", samples, start))
        start += len(samples.keys)
    return shards


def _samples(file: ShardFile, image: str | None) -> TarSamples:
    with reading_errors(str(file)):
        return read_samples(file, image)


def _columns(shards: Sequence[TarShard]) -> dict[str, list[str]]:
    """What the shards say of each sample, "" where nothing is."""
    names = dict.fromkeys(name for shard in shards for name in shard.samples.cells)
    return {
        name: [
            cell
            for shard in shards
            for cell in shard.samples.cells.get(name, repeat("", len(shard.samples.keys)))
        ]
        for name in names
    }


def _splits(
    request: Request, shards: Sequence[TarShard], columns: Mapping[str, list[str]]
) -> tuple[list[str], str | None, list[str]]:
    """The split of each sample, the field that tells it, if one does, and notes."""
    where = shards[0].file if len(shards) == 1 else "the shards"
    used = {name for name in columns if name in (request.label_column, request.group_column, CLASS, TEXT)}
    told = split_column(where, columns, list(columns), request, used)
    named = [split_in_name(shard.file.name) for shard in shards]
    splits = [
        split or "train" for split, shard in zip(named, shards, strict=True) for _ in shard.samples.keys
    ]
    alone = told.name is not None and len(set(columns[told.name])) == 1
    if alone and request.split_column is None and len(set(named)) > 1:
        note = f"the field {told.name} says the same of all samples: the names of the shards give the splits"
        return splits, told.name, [note]
    if told.name is not None:
        splits, notes = splits_of_cells(where, told.name, columns[told.name], request.split_names)
        files = [f"{shard.file.name}/{member}" for shard in shards for member in shard.samples.members]
        return splits, told.name, [*notes, *told.notes, *note_on_other_splits(told.name, splits, files)]
    if not any(named):
        members = [member for shard in shards for member in shard.samples.members]
        if by_path := splits_of_paths(members, "a field split with train in each sample"):
            return by_path[0], None, [by_path[1]]
    return splits, None, list(told.notes)


def _by_split(shards: Sequence[TarShard], splits: Sequence[str]) -> dict[str, Rows]:
    """The samples of each split: of each shard that has some, their rows."""
    found: defaultdict[str, Rows] = defaultdict(list)
    for shard in shards:
        rows: defaultdict[str, list[int]] = defaultdict(list)
        for row, split in enumerate(splits[shard.start : shard.start + len(shard.samples.keys)]):
            rows[split].append(row)
        for split in rows:
            found[split].append((shard, rows[split]))
    return found


def _user_columns(request: Request, columns: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """What is kept of each image besides, with its group where one was asked for."""
    if request.group_column is None:
        return dict(columns)
    group = chosen_column("the shards", list(columns), request.group_column, (), "--group-column")
    return {**columns, "group": groups_of(group, columns[group])[0]}


def _set_aside(
    request: Request, by_split: Mapping[str, Rows], labels: Sequence[str]
) -> tuple[dict[str, Rows], list[LeftOut], list[str]]:
    """The samples of each split that have a label; the others, and notes on them.

    A split without any label is set aside; others only on request. Raises AssayError `table-value`.
    """
    kept: dict[str, Rows] = {}
    left_out: list[LeftOut] = []
    notes: list[str] = []
    for split, own in by_split.items():
        kept[split] = [(shard, [row for row in rows if labels[shard.start + row]]) for shard, rows in own]
        total = sum(len(rows) for _, rows in own)
        missing = [shard.id_of(row) for shard, rows in own for row in rows if not labels[shard.start + row]]
        if not missing:
            continue
        count = f"{len(missing):,} of {total:,} images of {split}"
        if len(missing) < total and not request.skip_unlabelled:
            what = f"{count} have no label, the first is {one_line(missing[0])}"
            fix = "Label or remove them, or leave them out with --skip-unlabelled."
            raise AssayError("table-value", own[0][0].file if len(own) == 1 else "the shards", what, fix)
        reason = f"the {split} split has no labels" if len(missing) == total else "no label"
        left_out += [LeftOut(name, UNLABELLED, reason, split) for name in missing]
        notes.append(f"{count} have no label and are left out, the first is {one_line(missing[0])}")
    return kept, left_out, notes


def _part(own: Rows, labels: Sequence[str], columns: Mapping[str, Sequence[str]]) -> Part:
    """The images of one split: of each of its shards the samples that are kept."""
    places = [shard.start + row for shard, rows in own for row in rows]
    kept = [(shard.file, TarContent.of(shard.samples, rows)) for shard, rows in own]
    ends = list(accumulate(len(rows) for _, rows in own))

    def some(wanted: range) -> Iterator[Payload]:
        for (file, content), end in zip(kept, ends, strict=True):
            start = end - len(content.sizes)
            here = range(max(wanted.start, start) - start, min(wanted.stop, end) - start)
            if here:
                yield from tar_images(file, content, here)

    return Part(
        [shard.id_of(row) for shard, rows in own for row in rows],
        [labels[place] for place in places],
        lambda: some(range(len(places))),
        {name: [values[place] for place in places] for name, values in columns.items()},
        some,
        [str(size) for _, content in kept for size in content.sizes],
    )
