"""Check `shortcuts`: can the class be told from what should not tell it?"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import not_evaluated, percent
from assay.audits.checks.leakage.column_groups import suspected_column
from assay.audits.checks.marked_classes import (
    RULE,
    Mark,
    easiest_class,
    laid_out,
    made_figures,
    marked_classes,
    skill_of,
    without_objects,
)
from assay.audits.measures.class_skill import DRAWS, skills_by_chance
from assay.audits.measures.restated_content import without_content
from assay.audits.values import Finding, Verdict
from assay.core.text import one_line
from assay.data.splitting.group_columns import columns_by_form
from assay.data.values import Split

#: Skill is (accuracy - chance) / (1 - chance). A single number, such as the mean brightness, that gives
#: half of the answers decides more than the content does; a fifth is common where classes of objects
#: naturally differ in size and tone. One class alone is told by at most 23 % in untouched Fashion-MNIST.
WARN_SKILL: Final = 0.4
FAIL_SKILL: Final = 0.7

_FEWEST: Final = 100

#: Sources in which the images of a class always lie together.
_FOLDERS: Final = ("folder", "archive")
_SORTED: Final = " The images are sorted by class: who splits them without shuffling parts the classes."

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

#: The column of groups. A group has mostly one class, which is no shortcut: whole groups are held out. All
#: other columns are judged, those of the user as well.
_GROUP: Final = "group"


def check_shortcuts(context: CheckContext) -> Checked:
    """Predict the class of training images from what is no content: brightness, border, size, order."""
    train = context.dataset.train
    if len(train) < _FEWEST or len(np.unique(train.labels)) < 2:
        return not_evaluated("shortcuts", f"fewer than {_FEWEST} training images or two classes")
    chance = float(train.counts(len(context.dataset.classes)).max() / len(train))
    sets = [name for name in columns_by_form({"train": train}) if not _is_of_groups(train, name)]
    figures = dict(nuisances(context, sets))
    sorted_file = _one_class_after_the_other(train.labels)
    by_folders = context.dataset.source in _FOLDERS
    if sorted_file:
        figures.pop("file order")
    elif (above := _folders_above(train, context.dataset.classes)) is not None:
        figures["file order"] = above
    deviation, sizes = context.image_stats["train"].deviation, context.tables_of("train").sizes
    restated = without_content(train, deviation, figures, sizes)
    skills = {name: skill_of(values, context) for name, values in figures.items()}
    told = {name: easiest_class(values, context) for name, values in figures.items()}
    reached = without_objects(context, skills, told)
    alone = marked_classes(context)
    made = made_figures(context, figures, laid_out(alone, context.dataset.classes), FAIL_SKILL)
    ranked = _ranked(_each_once(skills, told, made))
    by_chance = _by_chance(ranked[0], context, figures)
    if by_chance and alone:  # these are judged by more than how well they tell a class
        ranked, by_chance = [], ""
    found = _ranked([*ranked, *alone])
    worst = found[0]
    verdict: Verdict = (
        "fail" if _is_sure(worst) and not by_chance else "warn" if worst.skill > WARN_SKILL else "pass"
    )
    return Checked(
        Finding(
            check="shortcuts",
            verdict=verdict,
            summary=(by_chance or _summary(worst, verdict) + _told_unsure(worst, verdict))
            + ("" if by_chance else _others(worst, found[1:]))
            + _told_restated([name for name in restated if max(skills[name], told[name][1]) <= WARN_SKILL])
            + _told_reached(reached)
            + _told_sets(sets)
            + (_SORTED if sorted_file and not by_folders else ""),
            evidence={
                "skill": skills,
                "one_class": {name: {"class": c, "skill": value} for name, (c, value) in told.items()},
                "class_apart": [{"figure": m.figure, "class": m.label, "skill": m.skill} for m in alone],
                "may_be_content": [
                    m.figure for m in found if m.skill > FAIL_SKILL and not m.made and not by_chance
                ],
                "may_be_chance": bool(by_chance),
                "restates_content": restated,
                "objects_reach_the_border": reached,
                "names_small_sets": sets,
                "chance": chance,
                "sorted_by_class": sorted_file,
            },
            threshold=f"skill over chance at most {percent(WARN_SKILL, 0)} (warn), "
            f"{percent(FAIL_SKILL, 0)} (fail), for all classes together and for telling any one of them "
            "from the rest; no fail by what pictures may show: brightness, tint, grain, sharpness, a layout, "
            f"and borders and corners that are not one value in the class; {RULE}",
            reason="a model takes the easiest way: what brightness, border, size or order give away, it "
            "need not learn from the object, and fails where the shortcut is missing",
            fix=_OF_MORE_GROUPS if by_chance else _fix(worst) if verdict != "pass" else "",
        )
    )


def _ranked(marks: Sequence[Mark]) -> list[Mark]:
    return sorted(marks, key=lambda one: (not _is_sure(one), -one.skill))


def _is_sure(mark: Mark) -> bool:
    """Whether it tells the class well, and is no part of what pictures of the class may show."""
    return mark.made and mark.skill > FAIL_SKILL


#: What helps where groups are too few to tell.
_OF_MORE_GROUPS: Final = (
    "Collect images of more groups of each class: so few do not show whether a model could learn it instead."
)


def _by_chance(worst: Mark, context: CheckContext, figures: Mapping[str, NDArray[np.generic]]) -> str:
    """That few groups let a figure tell classes by chance; empty where none does, or it tells little."""
    if worst.skill <= WARN_SKILL:
        return ""
    train, groups = context.dataset.train, context.named_groups
    skills = skills_by_chance(figures.values(), train.labels, len(context.dataset.classes), groups)
    times = 0 if skills is None else int((skills >= worst.skill).sum())
    if not times:
        return ""
    return (
        f"The {called(worst.figure)} alone goes {percent(worst.skill, 0)} of the way from guessing to always "
        f"right for {_what(worst)}, which may be chance: the training images come in "
        f"{len(np.unique(groups)):,} groups, and where these exchange their labels, one of the figures "
        f"goes as far in {times} of {DRAWS} draws."
    )


def _fix(worst: Mark) -> str:
    if worst.made:
        return (
            f"Find out why the {called(worst.figure)} tells the class (camera, scanner, export), and "
            "remove the cause."
        )
    return (
        f"Find out whether the {called(worst.figure)} is what the class is. If its pictures were only made "
        "otherwise (camera, light, scanner, export), remove the cause; else nothing is to be fixed."
    )


def _told_reached(reached: Mapping[str, float]) -> str:
    """One note on what holds of a class by nature."""
    if not reached:
        return ""
    sides = ", ".join(name.split()[0] for name in reached)
    lines = "border line is" if len(reached) == 1 else "border lines are"
    return f" Objects of some classes reach the {sides} border more often: their {lines} not counted."


def _told_sets(names: Sequence[str]) -> str:
    """Columns that say what an image shows, as the number of an object does: groups, and no shortcut."""
    if not names:
        return ""
    told = " and ".join(one_line(name) for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    if len(names) == 1:
        return f" The column {told} seems to name groups of a few images each, and is not judged."
    return f" The columns {told}{more} seem to name groups of a few images each, and are not judged."


def _each_once(
    skills: Mapping[str, float], told: Mapping[str, tuple[str, float]], made: set[str]
) -> list[Mark]:
    """Each figure once: for one class where it tells that better than all of them, and well."""
    return [
        Mark(name, told[name][1], told[name][0], name in made)
        if told[name][1] > max(skill, WARN_SKILL)
        else Mark(name, max(skill, told[name][1]), made=name in made)
        for name, skill in skills.items()
    ]


def _what(mark: Mark) -> str:
    return f"whether an image is {mark.label}" if mark.label else "the class"


def _summary(worst: Mark, verdict: Verdict) -> str:
    way = f"{percent(max(worst.skill, 0), 0)} of the way from guessing to always right."
    if verdict == "pass":
        told = (
            f"Nothing besides the subject tells {_what(worst)} well: the {called(worst.figure)} comes closest"
        )
        return f"{told}, and goes {way}"
    return f"The {called(worst.figure)} alone predicts {_what(worst)} better than chance: it goes {way}"


def _told_unsure(worst: Mark, verdict: Verdict) -> str:
    """Both readings of a figure that may be what pictures show."""
    if verdict == "pass" or worst.made:
        return ""
    whose = f"what {worst.label} is" if worst.label else "what the classes are"
    return f" That may be {whose}, or how the pictures were made: the pixels cannot say."


def _told_restated(names: Sequence[str]) -> str:
    """Columns that follow from the picture, as the size of its file does."""
    say = "says" if len(names) == 1 else "say"
    told = " and ".join(f"the {called(name)}" for name in names)
    return f" {told[0].upper()}{told[1:]} {say} nothing that the pictures do not show." if names else ""


def called(figure: str) -> str:
    """What people call a figure."""
    return _CALLED.get(figure, figure)


def _others(worst: Mark, found: Sequence[Mark]) -> str:
    """` Besides, the corner color tells the class (55 %) and 2 more.`; empty without others.

    One for each class, so that one that everything tells hides no other.
    """
    named = [one for one in found if one.skill > WARN_SKILL]
    first = {one.label: one for one in reversed(named) if one.label != worst.label}
    shown = [one for one in named if first.get(one.label) is one][:_SHOWN]
    told = [f"the {called(one.figure)} tells {_what(one)} ({percent(one.skill, 0)})" for one in shown]
    more = len(named) - len(shown)
    if more:
        told.append(f"{more} more {'figure tells' if more == 1 else 'figures tell'} it or another class")
    return f" Besides, {', '.join(told)}." if told else ""


def _one_class_after_the_other(labels: NDArray[np.int64]) -> bool:
    """Whether the images of each class lie together, as in a folder for each; whatever order classes have."""
    return bool(np.count_nonzero(np.diff(labels)) + 1 == len(np.unique(labels)))


def _folders_above(train: Split, classes: Sequence[str]) -> NDArray[np.int64] | None:
    """The number of the folder above that of the class, `(n,)`: of sites, days or sizes, in their order.

    None unless images go by folders that are called as the class of their images. Within a site the order
    then tells what the folders are called, and no more.
    """
    folders = [id_.rpartition("/")[0] for id_ in train.ids]
    runs = 1 + sum(one != other for one, other in pairwise(folders))
    if runs != len(set(folders)):
        return None
    parts = [
        f"/{folder}/".casefold().rpartition(f"/{classes[label]}/".casefold())
        for folder, label in zip(folders, train.labels.tolist(), strict=True)
    ]
    numbers = {above: number for number, above in enumerate(dict.fromkeys(above for above, _, _ in parts))}
    return np.array([numbers[above] for above, _, _ in parts]) if all(name for _, name, _ in parts) else None


def nuisances(context: CheckContext, sets: Sequence[str] = ()) -> Mapping[str, NDArray[np.generic]]:
    """Name -> one value per training image of something that should not tell the class.

    sets: columns that name small sets of images, each of one class, and are left out.
    """
    look, train = context.image_stats["train"], context.dataset.train
    found: dict[str, NDArray[np.generic]] = {
        "mean brightness": look.mean,
        "corner color": look.corners,
        "top border color": look.top,
        "bottom border color": look.bottom,
        "left border color": look.left,
        "right border color": look.right,
        "file order": np.arange(len(train)),
    }
    suspected = suspected_column(context.dataset)  # told by `leakage`, as what it is
    for name, column in train.columns.items():
        if (
            name not in sets
            and not _is_of_groups(train, name)
            and (suspected is None or name != suspected.name)
        ):
            values = np.asarray(column)
            if values.ndim == 1 and values.dtype.kind in "biufUS":
                found[name] = values
    return found


def _is_of_groups(train: Split, name: str) -> bool:
    """Whether a column is that of the groups, or holds them, as the one does that they were taken from."""
    groups = train.columns.get(_GROUP)
    if groups is None or name == _GROUP:
        return name == _GROUP
    cells = zip(train.columns[name], groups, strict=True)
    pairs = [(value, group) for value, group in cells if group]
    return bool(pairs) and all(str(value) == str(group) for value, group in pairs)
