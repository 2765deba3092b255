"""Suspected groups in a metadata column that was not given as the column of groups, in words."""

from shlex import quote

from assay.core.text import one_line
from assay.data.splitting.group_columns import GroupColumn, group_columns
from assay.data.values import Dataset


def suspected_column(dataset: Dataset) -> GroupColumn | None:
    """The column whose groups the splits part most, or would; None where there is none."""
    return next(iter(group_columns(dataset.splits)), None)


def told_by_column(found: GroupColumn | None) -> str:
    """A sentence for the finding; empty where there is no such column."""
    if found is None:
        return ""
    name = one_line(found.name)
    if not found.across:
        return (
            f" The column {name} seems to name groups: {found.images:,} images are of {found.groups:,} with "
            "several, and a test split must not part them."
        )
    told = " and ".join(f"{count:,} images of {split}" for split, count in found.across.items())
    return (
        f" The column {name} seems to name groups: {told} are of groups that lie in train too. Where it "
        "means one thing (a patient, a video, a product), the score is too good."
    )


def doubt_by_column(dataset: Dataset) -> str:
    """A sentence for what rests on the reference: it knows images of a group by others of that group.

    That is so of train, wherever the other images of a group lie.
    """
    found = group_columns({"train": dataset.train})
    if not found:
        return ""
    name = one_line(found[0].name)
    return (
        f" Where the column {name} names groups, this is too good, and labels that are wrong of a whole "
        f"group are not seen: --group-column {quote(name)} leaves its images out together."
    )


def fix_of_column(found: GroupColumn | None) -> list[str]:
    """What to type."""
    if found is None:
        return []
    quoted = quote(one_line(found.name))
    return [
        f"Where the column means groups, give --group-column {quoted}: a test split that Assay "
        "draws keeps them on one side, and groups on both sides of yours are counted."
    ]
