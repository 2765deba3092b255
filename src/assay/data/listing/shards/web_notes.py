"""What was left out of WebDataset shards, and what the user should know of them."""

from collections import Counter
from collections.abc import Iterator, Sequence

from assay.core.text import counted, one_line
from assay.data.listing.shards.names import some_names
from assay.data.listing.shards.web_labels import TarShard
from assay.data.values import LeftOut


def left_out_of(shards: Sequence[TarShard]) -> Iterator[LeftOut]:
    """What of the shards became no image: samples without one, and what follows where a shard breaks off."""
    for shard in shards:
        name = shard.file.name
        for key in shard.samples.without_image:
            yield LeftOut(f"{name}/{key}", "ignored", "a sample without an image")
        if shard.samples.trouble:
            read = counted(len(shard.samples.keys), "image", "images")
            yield LeftOut(name, "unreadable", f"{shard.samples.trouble} after {read}", shard.split)


def notes_on_tars(shards: Sequence[TarShard]) -> Iterator[str]:
    """Notes on keys that several shards have, empty shards, shards that were not read whole, and the rest."""
    first: dict[str, TarShard] = {}
    twice_there: list[tuple[str, TarShard, TarShard]] = []
    for shard in shards:
        for key in shard.samples.keys:
            other = first.setdefault(key, shard)
            if other is not shard:
                twice_there.append((key, other, shard))
    if twice_there:
        key, one, two = twice_there[0]
        count = counted(len(twice_there), "key occurs", "keys occur")
        where = f"{one_line(key)!r} in {one_line(one.file.name)} and {one_line(two.file.name)}"
        yield f"{count} in several shards, the first is {where}: each is an image of its own"
    empty = [shard.file.name for shard in shards if not shard.samples.keys and not shard.samples.trouble]
    if empty:
        yield f"{counted(len(empty), 'shard has', 'shards have')} no images: {some_names(empty)}"
    if cut := [shard.file.name for shard in shards if shard.samples.trouble]:
        yield f"{counted(len(cut), 'shard', 'shards')} could not be read to the end: {some_names(cut)}"
    if none := sum(len(shard.samples.without_image) for shard in shards):
        yield f"{counted(none, 'sample has', 'samples have')} no image"
    others: Counter[str] = sum((shard.samples.others for shard in shards), Counter())
    for ending, times in others.most_common(5):
        yield f"{counted(times, 'member', 'members')} .{one_line(ending)} not read"
