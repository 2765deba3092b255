"""What `leakage` says of groups that nobody named, and what to do about leaks."""

from assay.audits.checks.leakage.column_groups import fix_of_column
from assay.audits.checks.leakage.hidden_groups import HiddenGroups
from assay.audits.checks.leakage.suspected_groups import SuspectedGroups
from assay.core.text import one_line
from assay.data.splitting.group_columns import GroupColumn
from assay.data.splitting.version_names import NAMED_BY_TOOLS, VERSIONS


def told_by_names(suspected: SuspectedGroups | None, alone: bool = False) -> str:
    """A sentence on groups that names tell; empty where none do. alone: there is no split but train."""
    if suspected is None:
        return ""
    if suspected.pattern in (NAMED_BY_TOOLS, VERSIONS):
        return (
            f" {suspected.images:,} images{'' if alone else ' outside train'} are named as versions of "
            f"pictures that train has other versions of ({one_line(suspected.name)} as one of "
            f"{one_line(suspected.group)}): "
            f"{'a test split must not part them' if alone else 'the score is too good'}."
        )
    return (
        f" Names suggest groups (in {one_line(suspected.name)} it is {one_line(suspected.group)}): of "
        f"{suspected.images:,} images{'' if alone else ' outside train'} whose names go with others in "
        f"train, {suspected.alike:,} look most like one of these among all of their class "
        f"(by chance {suspected.by_chance:,.0f}). If such names mean one thing (a video, a patient, a "
        f"product), {'a test split must not part them' if alone else 'the score is too good'}."
    )


def told_by_distances(hidden: HiddenGroups | None, alone: bool = False) -> str:
    """The same of groups that distances tell."""
    if hidden is None:
        return ""
    few = "one training image" if hidden.others == 1 else f"up to {hidden.others} training images"
    other = "other " if alone else ""
    few = few.replace("training", f"{other}training")
    return (
        f" Images seem to come in groups that nobody named: of {hidden.images:,} "
        f"{'training images' if alone else 'images outside train'}, {hidden.close:,} lie far nearer to {few} "
        f"of their class than to all the rest (by chance {hidden.by_chance:,.0f}). Versions of one picture, "
        "frames of one film and views of one thing do; if these are, "
        f"{'a test split must not part them' if alone else 'the score is too good'}."
    )


def fix_of_leaks(
    issues: bool,
    suspected: SuspectedGroups | None,
    hidden: HiddenGroups | None,
    column: GroupColumn | None,
    grouped: bool = False,
) -> str:
    """What to do and to type. issues: images leak; grouped: groups or parts of one picture do."""
    told = []
    if issues:
        told.append(
            "Remove these images from train, or from the test, and read the score without them"
            + (
                "; or let Assay draw the test split, which keeps groups and parts of one picture on one side."
                if grouped
                else "."
            )
        )
    told += fix_of_column(column)
    if suspected is not None:
        told.append(
            f"Where names mean groups, give --group-pattern '{suspected.pattern}': a test split that Assay "
            "draws keeps them on one side, and groups on both sides of yours are counted."
        )
    if hidden is not None:
        told.append(
            "Find out which images belong together, and name the groups with --group-column or "
            "--group-pattern, so that the test split parts none; of pictures that were multiplied by "
            "augmentation, give the originals alone."
        )
    return " ".join(told)
