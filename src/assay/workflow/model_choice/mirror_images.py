"""Classes that are mirror images of each other: mirroring makes a net mix them up.

Asked of the training images before a recipe that mirrors is trained, by a linear classifier on hand-made
features (docs/decisions/0330-classes-that-are-mirror-images.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, Float32s, Rows, spread_rows
from assay.core.events import Event, OnEvent
from assay.core.text import one_line
from assay.data.splitting.stratified import hold_out, left_out_together
from assay.data.values import Dataset, Split
from assay.estimators.mcnemar import groups_test, mcnemar
from assay.features.hand_made import describe, describe_block, map_blocks
from assay.features.quick_classifier import fit_quick_classifier
from assay.training.recipes import NetRecipe, Recipe
from assay.workflow.settings import Settings

#: Images that are asked about, evenly spread, and the number of classes beyond which nothing is asked.
_IMAGES: Final = 3_000
_MOST_CLASSES: Final = 200

#: Each image is judged by a classifier that learned from the other parts.
_PARTS: Final = 3

#: Two classes are mirror images where of the pictures that are known, so many at least of each, at least this
#: share of the mirrored ones is classified as the other class.
_LEAST_KNOWN: Final = 10
_BECOMES: Final = 0.5

#: ... and where mirrored pictures, learned as well, harm telling the two apart more than chance does.
_SIGNIFICANT: Final = 0.01

_SHOWN: Final = 3


@dataclass(frozen=True)
class MirrorPair:
    """Two classes, by index, each of which looks like the other when mirrored.

    images: how many of both were asked about. plain, mirrored: the share of them that was known by a
    classifier that learned from pictures as they are, and by one that learned from their mirror images, too,
    and was asked about both.
    """

    first: int
    second: int
    images: int
    plain: float
    mirrored: float


def without_mirroring(
    dataset: Dataset, settings: Settings, recipes: Sequence[Recipe], on_event: OnEvent
) -> tuple[tuple[Recipe, ...], str]:
    """The recipes of a run, with `mirror` off where classes are mirror images and nobody set it; and why."""
    free = [recipe for recipe in recipes if _mirrors(recipe) and not _is_given(settings, recipe.name)]
    if not free or len(dataset.classes) > _MOST_CLASSES:
        return tuple(recipes), ""
    fraction = 0.0 if "validation" in dataset.splits else settings.validation
    rows = hold_out(dataset.train, fraction, settings.data_seed).train
    pairs = mirror_pairs(dataset.train, rows, len(dataset.classes))
    if not pairs:
        return tuple(recipes), ""
    text = _told(pairs, dataset.classes)
    on_event(Event("choice", "load", {"message": text, "recipe": free[0].name}))
    off = {"mirror": False, "mirror_averaging": False}
    return tuple(recipe.model_copy(update=off) if recipe in free else recipe for recipe in recipes), text


def mirror_pairs(split: Split, rows: Rows, class_count: int) -> list[MirrorPair]:
    """The pairs of classes that are each other's mirror images in some of the rows, the most harmed first."""
    chosen = rows[spread_rows(len(rows), _IMAGES)]
    labels, groups = split.labels[chosen], left_out_together(split)[chosen]
    plain, turned = describe(split, chosen), map_blocks(_describe_mirrored, split, chosen)
    answers, of_mirrored, of_both = _answers(plain, turned, labels, groups, class_count)
    known = answers == labels
    becomes = np.zeros((class_count, class_count), np.int64)
    np.add.at(becomes, (labels[known], of_mirrored[known]), 1)
    counts = becomes.sum(axis=1)
    often = (becomes >= _BECOMES * counts[:, None]) & (counts[:, None] >= _LEAST_KNOWN)
    found = []
    for first, second in np.argwhere(np.triu(often & often.T, 1)).tolist():
        of_pair = (labels == first) | (labels == second)
        before, after = known[of_pair], (of_both == labels)[of_pair]
        if _is_worse(before, after, groups[of_pair]):
            shares = float(before.mean()), float(after.mean())
            found.append(MirrorPair(first, second, int(of_pair.sum()), *shares))
    return sorted(found, key=lambda pair: pair.mirrored - pair.plain)


def _is_worse(before: NDArray[np.bool_], after: NDArray[np.bool_], groups: Rows) -> bool:
    """Whether fewer images are known after than before, by more than chance, groups taken as a whole.

    Where there are too few groups for a test of groups to tell, all that differ have to lose, and the images
    taken singly by more than chance.
    """
    if after.mean() >= before.mean():
        return False
    if groups_test(before, after, groups) < _SIGNIFICANT:
        return True
    change = np.bincount(np.unique(groups, return_inverse=True)[1].ravel(), after.astype(float) - before)
    differ = int((change != 0).sum())
    too_few = differ > 1 and mcnemar(differ, 0) >= _SIGNIFICANT
    return too_few and bool((change <= 0).all()) and _of_images(before, after) < _SIGNIFICANT


def _of_images(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> float:
    return mcnemar(int((before & ~after).sum()), int((after & ~before).sum()))


def _answers(
    plain: Float32s, turned: Float32s, labels: Rows, groups: Rows, class_count: int
) -> tuple[Rows, Rows, Rows]:
    """Labels given to images as they are; to their mirror images; and to both together by a classifier that
    learned from both."""
    own, place = np.unique(groups, return_inverse=True)
    parts = np.random.default_rng(0).permutation(len(own))[place.ravel()] % _PARTS  # labels may alternate
    answers, of_mirrored, of_both = (np.full(len(labels), -1) for _ in range(3))
    for part in range(_PARTS):
        asked = parts == part
        if not asked.any() or asked.all():
            continue
        learned = labels[~asked]
        scores = fit_quick_classifier(plain[~asked], learned, class_count)
        answers[asked], of_mirrored[asked] = (
            scores(given[asked]).argmax(axis=1) for given in (plain, turned)
        )
        both = np.concatenate([plain[~asked], turned[~asked]])
        scores = fit_quick_classifier(both, np.concatenate([learned, learned]), class_count)
        of_both[asked] = (scores(plain[asked]) + scores(turned[asked])).argmax(axis=1)
    return answers, of_mirrored, of_both


def _describe_mirrored(images: Bytes) -> NDArray[Any]:
    return describe_block(np.ascontiguousarray(images[:, :, ::-1]))


def _mirrors(recipe: Recipe) -> bool:
    return isinstance(recipe, NetRecipe) and recipe.mirror


def _is_given(settings: Settings, recipe: str) -> bool:
    """Whether somebody said whether this recipe mirrors, or averages over mirror images."""
    given = {**settings.recipe, **(settings.recipes or {}).get(recipe, {})}
    return bool(given.keys() & {"mirror", "mirror_averaging"})


def _told(pairs: Sequence[MirrorPair], classes: Sequence[str]) -> str:
    shown = [
        f"{one_line(classes[pair.first])} and {one_line(classes[pair.second])} (a linear classifier knows "
        f"{100 * pair.plain:.0f} % of these {pair.images:,} images, and {100 * pair.mirrored:.0f} % once it "
        "learns from mirror images, too)"
        for pair in pairs[:_SHOWN]
    ]
    more = len(pairs) - len(shown)
    told = "; ".join(shown) + (f"; and {more} more" if more else "")
    return (
        f"pictures are not mirrored in training, for mirrored these classes become each other: {told}; "
        "--set mirror=true --set mirror_averaging=true mirrors them all the same"
    )
