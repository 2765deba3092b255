"""Whole groups: what `label-errors` says of groups that look unlike their class as a whole."""

from typing import Any, Final

from assay.audits.checks.context import CheckContext
from assay.estimators.noise.whole_groups import WholeGroup

#: Groups named in the sentence, and in the evidence.
_NAMED: Final = 2
_LISTED: Final = 20


def whole_groups_sentence(context: CheckContext) -> str:
    """Which groups look like another class, those most likely wrong first; empty where none does."""
    groups = _by_chance(context)
    if not groups:
        return ""
    classes = context.dataset.classes
    said = ", ".join(
        f"{_name(context, group)} ({len(group.rows)} images of {classes[group.label]}) looks like "
        f"{classes[group.suggested]}"
        for group in groups[:_NAMED]
    )
    more = len(groups) - _NAMED
    rest = f", and {more} more" if more > 0 else ""
    return f" A group is right or wrong as a whole, so look at one image of each: {said}{rest}."


def whole_groups_evidence(context: CheckContext) -> list[dict[str, Any]]:
    """The same groups with the chance that their label is wrong, at most the first 20."""
    classes = context.dataset.classes
    return [
        {
            "group": _name(context, group),
            "first_image": context.dataset.train.ids[int(group.rows[0])],
            "images": len(group.rows),
            "label": classes[group.label],
            "suggested": classes[group.suggested],
            "chance_wrong": group.chance,
        }
        for group in _by_chance(context)[:_LISTED]
    ]


def _by_chance(context: CheckContext) -> list[WholeGroup]:
    return sorted(context.whole_groups, key=lambda group: (-group.chance, int(group.rows[0])))


def _name(context: CheckContext, group: WholeGroup) -> str:
    """The name that the data give the group; of copies, which have none, the first image."""
    train, row = context.dataset.train, int(group.rows[0])
    column = train.columns.get("group")
    given = "" if column is None else str(column[row] or "")
    return f"group {given}" if given else f"{train.ids[row]} with its copies"
