"""Check `shortcuts`: spurious features (brightness, border, size, order) that predict the class."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import not_evaluated, percent
from assay.audits.checks.shortcuts.marked_classes import (
    RULE,
    Mark,
    easiest_class,
    laid_out,
    made_figures,
    marked_classes,
    skill_of,
    without_objects,
)
from assay.audits.checks.shortcuts.nuisances import folders_above, is_of_groups, nuisances, sorted_by_class
from assay.audits.checks.shortcuts.sentences import (
    FAIL_SKILL,
    WARN_SKILL,
    called,
    fix_sentence,
    others_sentence,
    reached_sentence,
    restated_sentence,
    sets_sentence,
    summary_sentence,
    target_of,
    unsure_sentence,
)
from assay.audits.measures.class_skill import DRAWS, skills_by_chance
from assay.audits.measures.restated_content import without_content
from assay.audits.values import Finding, Verdict
from assay.data.splitting.group_columns import columns_by_form

_FEWEST: Final = 100

#: Sources in which the images of a class always lie together.
_FOLDERS: Final = ("folder", "archive")
_SORTED: Final = " The images are sorted by class: who splits them without shuffling parts the classes."

_THRESHOLD: Final = (
    f"skill over chance at most {percent(WARN_SKILL, 0)} (warn), {percent(FAIL_SKILL, 0)} (fail), for all "
    "classes together and for telling any one of them from the rest; no fail by what pictures may show: "
    "brightness, tint, grain, sharpness, a layout, and borders and corners that are not one value in the "
    f"class; {RULE}"
)

_REASON: Final = (
    "a model takes the easiest way: what brightness, border, size or order give away, it need not learn from "
    "the object, and fails where the shortcut is missing"
)


def check_shortcuts(context: CheckContext) -> Checked:
    """Predict the class of training images from what is no content: brightness, border, size, order."""
    train = context.dataset.train
    if len(train) < _FEWEST or len(np.unique(train.labels)) < 2:
        few = f"fewer than {_FEWEST} training images, or fewer than two classes"
        return not_evaluated("shortcuts", few)
    chance = float(train.counts(len(context.dataset.classes)).max() / len(train))
    sets = [name for name in columns_by_form({"train": train}) if not is_of_groups(train, name)]
    figures = dict(nuisances(context, sets))
    sorted_file = sorted_by_class(train.labels)
    by_folders = context.dataset.source in _FOLDERS
    if sorted_file:
        figures.pop("file order")
    elif (above := folders_above(train, context.dataset.classes)) is not None:
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
            summary=(by_chance or summary_sentence(worst, verdict) + unsure_sentence(worst, verdict))
            + ("" if by_chance else others_sentence(worst, found[1:]))
            + restated_sentence([name for name in restated if max(skills[name], told[name][1]) <= WARN_SKILL])
            + reached_sentence(reached)
            + sets_sentence(sets)
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
            threshold=_THRESHOLD,
            reason=_REASON,
            fix=_OF_MORE_GROUPS if by_chance else fix_sentence(worst) if verdict != "pass" else "",
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
        f"right for {target_of(worst)}, which may be chance: the training images come in "
        f"{len(np.unique(groups)):,} groups, and where these exchange their labels, one of the figures "
        f"goes as far in {times} of {DRAWS} draws."
    )


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
