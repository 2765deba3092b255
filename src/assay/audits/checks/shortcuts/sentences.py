"""The sentences of the finding of `shortcuts`."""

from collections.abc import Mapping, Sequence
from typing import Final

from assay.audits.checks.issues import percent
from assay.audits.checks.shortcuts.marked_classes import Mark
from assay.audits.values import Verdict
from assay.core.text import one_line

#: Skill is (accuracy - chance) / (1 - chance). A single number, such as the mean brightness, that gives
#: half of the answers decides more than the content does; a fifth is common where classes of objects
#: naturally differ in size and tone. One class alone is told by at most 23 % in untouched Fashion-MNIST.
WARN_SKILL: Final = 0.4
FAIL_SKILL: Final = 0.7

#: How columns are called that Assay itself made; others have the user's own name.
_CALLED: Final = {
    "JPEG blocks": "strength of JPEG blocks",
    "bytes": "file size",
    "format": "file format",
    "mode": "color mode",
    "width": "image width",
} | {"height": "image height"}

#: Shortcuts that the summary names beside the worst.
_SHOWN: Final = 3


def fix_sentence(worst: Mark) -> str:
    """What to do about a figure that tells the class."""
    if worst.made:
        return (
            f"Find out why the {called(worst.figure)} tells the class (camera, scanner, export), and "
            "remove the cause."
        )
    return (
        f"Find out whether the {called(worst.figure)} is what the class is. If its pictures were only made "
        "otherwise (camera, light, scanner, export), remove the cause; else nothing is to be fixed."
    )


def reached_sentence(reached: Mapping[str, float]) -> str:
    """One note on what holds of a class by nature."""
    if not reached:
        return ""
    sides = ", ".join(name.split()[0] for name in reached)
    lines = "border line is" if len(reached) == 1 else "border lines are"
    return f" Objects of some classes reach the {sides} border more often: their {lines} not counted."


def sets_sentence(names: Sequence[str]) -> str:
    """Columns that say what an image shows, as the number of an object does: groups, and no shortcut."""
    if not names:
        return ""
    told = " and ".join(one_line(name) for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    if len(names) == 1:
        return f" The column {told} seems to name groups of a few images each, and is not judged."
    return f" The columns {told}{more} seem to name groups of a few images each, and are not judged."


def target_of(mark: Mark) -> str:
    """What a figure predicts: one class against the rest, or all of them."""
    return f"whether an image is {mark.label}" if mark.label else "the class"


def summary_sentence(worst: Mark, verdict: Verdict) -> str:
    """The figure that tells the class best, and its skill."""
    way = f"{percent(max(worst.skill, 0), 0)} of the way from guessing to always right."
    if verdict == "pass":
        told = f"Nothing besides the subject tells {target_of(worst)} well: the {called(worst.figure)}"
        return f"{told} comes closest, and goes {way}"
    return f"The {called(worst.figure)} alone predicts {target_of(worst)} better than chance: it goes {way}"


def unsure_sentence(worst: Mark, verdict: Verdict) -> str:
    """Both readings of a figure that may be what pictures show."""
    if verdict == "pass" or worst.made:
        return ""
    whose = f"what {worst.label} is" if worst.label else "what the classes are"
    return f" That may be {whose}, or how the pictures were made: the pixels cannot say."


def restated_sentence(names: Sequence[str]) -> str:
    """Columns that follow from the picture, as the size of its file does."""
    say = "says" if len(names) == 1 else "say"
    told = " and ".join(f"the {called(name)}" for name in names)
    return f" {told[0].upper()}{told[1:]} {say} nothing that the pictures do not show." if names else ""


def called(figure: str) -> str:
    """What people call a figure."""
    return _CALLED.get(figure, figure)


def others_sentence(worst: Mark, found: Sequence[Mark]) -> str:
    """` Besides, the corner color tells the class (55 %) and 2 more.`; empty without others.

    One for each class, so that one that everything tells hides no other.
    """
    named = [one for one in found if one.skill > WARN_SKILL]
    first = {one.label: one for one in reversed(named) if one.label != worst.label}
    shown = [one for one in named if first.get(one.label) is one][:_SHOWN]
    told = [f"the {called(one.figure)} tells {target_of(one)} ({percent(one.skill, 0)})" for one in shown]
    more = len(named) - len(shown)
    if more:
        told.append(f"{more} more {'figure tells' if more == 1 else 'figures tell'} it or another class")
    return f" Besides, {', '.join(told)}." if told else ""
