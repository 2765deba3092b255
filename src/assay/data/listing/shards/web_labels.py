"""The label of each sample of WebDataset shards: which of the things that are said of it is meant."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from shlex import quote
from typing import Final

from assay.core.errors import AssayError
from assay.core.text import counted, one_line, shortened
from assay.data.formats.shard_file import ShardFile
from assay.data.formats.tar_samples import CLASS, TEXT, TarSamples
from assay.data.formats.texts.column_names import LABEL_NAMES, chosen_column
from assay.data.listing.columns.one_hot import several_labels
from assay.data.listing.from_names.splits import splits_of_paths
from assay.data.listing.table_labels import table_labels
from assay.data.request import Request

#: So many texts, more than half of them unlike all others, are descriptions and no labels.
_MANY: Final = 8


@dataclass(frozen=True, eq=False)
class TarShard:
    """A shard that was listed: its file, split and samples.

    start: where these begin among those of all shards.
    """

    file: ShardFile
    split: str
    samples: TarSamples
    start: int

    def id_of(self, row: int) -> str:
        """The id of a sample: the name of its image below that of the shard."""
        return f"{self.file.name}/{self.samples.members[row]}"


def tar_labels(
    request: Request, shards: Sequence[TarShard], columns: Mapping[str, list[str]]
) -> tuple[list[str], list[str]]:
    """The label of each sample, "" where it is missing, and notes."""
    where = shards[0].file if len(shards) == 1 else f"{len(shards):,} shards"
    if not columns:
        return [""] * sum(len(shard.samples.keys) for shard in shards), []
    named = request.label_column or _told_label(where, columns)
    found, _, notes = table_labels(where, columns, replace(request, label_column=named), ())
    if odd := next((label for label in dict.fromkeys(found) if _holds_several(label)), None):
        raise several_labels(where, f"{one_line(named)} has labels such as {shortened(one_line(odd))}")
    kinds = defaultdict(list)
    for shard in shards:
        own = {
            label.isdecimal() for label in found[shard.start : shard.start + len(shard.samples.keys)] if label
        }
        for kind in own:
            kinds[kind].append(shard)
    if len(kinds) > 1 and not request.classes:
        what = f"labels are numbers in {kinds[True][0].file.name} and names in {kinds[False][0].file.name}"
        fix = "Write them alike, or name the classes in the order of the numbers with --classes."
        raise AssayError("table-value", where, one_line(what), fix)
    if not request.label_column and CLASS not in columns and len(shards) == 1:
        _refuse_folders(shards[0], named, found)
    return found, notes if request.label_column else [f"labels are those of {one_line(named)}", *notes]


def _holds_several(label: str) -> bool:
    """Whether a label is the JSON of a list of several, or of an object."""
    if label[:1] not in ("[", "{"):
        return False
    try:
        value = json.loads(label)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) or (isinstance(value, list) and len(value) != 1)


def _refuse_folders(shard: TarShard, named: str, labels: Sequence[str]) -> None:
    """Refuse a single tar that may as well be a tree of classes with a text beside each image."""
    folders = [member.rpartition("/")[0] for member in shard.samples.members]
    if len(set(folders)) < 2 or _one_to_one(folders, labels) or splits_of_paths(shard.samples.members):
        return
    name = one_line(named)
    what = f"the class of an image may be its folder ({one_line(folders[0])}) or its {name}"
    fix = f"Say --layout classes for the folders, or --label-column {one_line(quote(named))}."
    raise AssayError("ambiguous-layout", shard.file, what, fix)


def _told_label(where: object, columns: Mapping[str, Sequence[str]]) -> str:
    """The column of labels, where only one is told, or several tell the same."""
    folded = {name.strip().casefold(): name for name in reversed(list(columns))}
    usual = [folded[name] for name in LABEL_NAMES if name in folded]
    found = [*([CLASS] if CLASS in columns else []), *(name for name in usual if name != CLASS)]
    if not found and TEXT in columns:
        return _told_by_text(where, columns[TEXT])
    if not found:
        return chosen_column(where, list(columns), None, (CLASS, *LABEL_NAMES), "--label-column")
    for other in found[1:]:
        if not _one_to_one(columns[found[0]], columns[other]):
            raise _two_labels(where, columns, found[0], other)
    # Of two that tell the same, names say more than numbers.
    return next((name for name in found if not _are_numbers(columns[name])), found[0])


def _are_numbers(cells: Sequence[str]) -> bool:
    return all(cell.isdecimal() for cell in cells if cell)


def _told_by_text(where: object, texts: Sequence[str]) -> str:
    given = [text for text in texts if text]
    if len(given) >= _MANY and 2 * len(set(given)) > len(given):
        first = one_line(given[0])[:60]
        what = f"the members .txt look like descriptions ({first!r}), and there is no .cls and no .json"
        fix = f"Write a member .cls for each image; if the texts are the classes: --label-column {TEXT}."
        raise AssayError("column-missing", where, what, fix)
    return TEXT


def _one_to_one(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two columns part the samples alike, as far as both tell something."""
    pairs = {pair for pair in zip(some, others, strict=True) if all(pair)}
    return len({one for one, _ in pairs}) == len(pairs) == len({other for _, other in pairs})


def _two_labels(where: object, columns: Mapping[str, Sequence[str]], one: str, other: str) -> AssayError:
    def told(name: str) -> str:
        cells = Counter(cell for cell in columns[name] if cell)
        some = ", ".join(f"{one_line(cell)[:30]} ({count:,})" for cell, count in cells.most_common(3))
        return f"{one_line(name)}: {counted(len(cells), 'class', 'classes')}, {some}"

    first, second = one_line(one), one_line(other)
    what = f"{first} and {second} can both be the label, and they part the images differently"
    fix = " or ".join(f"--label-column {one_line(quote(name))}" for name in (one, other))
    return AssayError("ambiguous-layout", where, what, f"Say {fix}.", [told(one), told(other)])
