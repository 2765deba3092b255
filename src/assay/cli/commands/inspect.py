"""`assay inspect`: what was found and how it would be read, in seconds."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from assay.cli import options as o
from assay.cli.given_settings import settings_from
from assay.cli.option_groups import shell_line, with_options

if TYPE_CHECKING:
    from assay.data.inspect import Inspection

#: Lines of one kind that are shown; --json has them all.
_SHOWN = 10


@with_options(o.READING)
def inspect(
    data: o.Data = None,
    offline: o.Offline = False,
    json: o.Json = False,
    debug: o.Debug = False,  # noqa: ARG001  read from the raw arguments, before parsing can fail
    **given: Any,
) -> None:
    """Show what is there and how it would be read.

    Layout, classes, sizes, what is ignored, the first problems: in seconds, without training.
    """
    settings = settings_from({"data": data, **given})
    output = o.Output(json, quiet=False, verbose=False)
    import sys

    from assay.cli.closing import close_plain
    from assay.core.durable import json_text
    from assay.core.text import one_line
    from assay.data.inspect import inspect as look

    settings.pop("recipe")
    found = look(settings.pop("data", None), offline=offline, **settings)
    if json:
        sys.stdout.write(json_text(found.as_record()))
        return
    asked = {"data": data, **given}
    following = shell_line("assay audit", asked, o.READING)
    if "train" not in found.splits:  # nothing to learn from, but a run on other images may be judged on them
        own = {**asked, "size": None, "resize": None}  # the model has its own
        following = f"{shell_line('assay evaluate RUN', own, o.READING)} --other-data"
    close_plain("\n".join(map(one_line, _lines(found))), [*_conversions(found), following], output)


def _conversions(found: "Inspection") -> list[str]:
    """How files of formats that are not read become such as are: a command for each format."""
    from assay.core.text import counted
    from assay.data.formats.refused.images import way_to_convert

    ways = Counter(way for left in found.left_out if (way := way_to_convert(left.reason)))
    return [f"{way}  ({counted(count, 'file', 'files')})" for way, count in ways.most_common()]


def _lines(found: "Inspection") -> Iterator[str]:
    from assay.data.listing.advice.near_names import notes_on_near_names
    from assay.data.listing.class_numbers import notes_on_a_number_apart
    from assay.data.listing.names import notes_on_classes

    yield f"{found.name}: {found.form}"
    yield f"in {found.location}" if found.location else "from memory"
    classes = _some([f"{index} {name}" for index, name in enumerate(found.classes)])
    count = len(found.classes)
    yield f"{count} {'class' if count == 1 else 'classes'}, by index: {classes}"
    alike = tuple(notes_on_classes(found.classes))
    yield from alike
    counts = [sum(counted) for counted in zip(*found.per_class.values(), strict=True)]
    by_name = dict(zip(found.classes, counts, strict=True)) if counts else {}
    odd = (*notes_on_near_names(by_name), *notes_on_a_number_apart(by_name))
    yield from odd
    yield from (f"note: {note}" for note in found.notes if note not in (*alike, *odd))
    if "train" not in found.splits:
        yield "note: there is no train split, so nothing to learn from: RUN is a run on other images"
    for name, count in found.splits.items():
        per_class = found.per_class[name]
        spread = f"{min(per_class):,} to {max(per_class):,} in each class" if per_class else ""
        yield f"{name:<12}{count:>9,} images, {spread}"
        named = [f"{label} {many:,}" for label, many in zip(found.classes, per_class, strict=True)]
        yield f"  {_some(named)}"
    if found.shape is not None:
        yield f"read as {' x '.join(map(str, found.shape))} (height, width, channels)"
    if found.sampled:
        counted = (_counted(counts) for counts in (found.sizes, found.modes, found.formats) if counts)
        yield f"of {found.sampled:,} images looked at: {'; '.join(counted)}"
    if found.columns:
        yield f"known of each image: {', '.join(found.columns)}"
    if found.left_out:
        reasons = Counter(f"{left.kind}: {left.reason}" for left in found.left_out)
        yield f"left out: {len(found.left_out):,}"
        yield from (f"  {count:,} {reason}" for reason, count in reasons.most_common(_SHOWN))
        yield from (f"  {left.id}: {left.reason}" for left in found.left_out[:_SHOWN])


def _counted(counts: Mapping[str, int]) -> str:
    return _some([f"{count:,} {name}" for name, count in counts.items()])


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
