"""Warnings before training: augmentation after which pictures of these data are not recognized.

A small reference classifier is fitted to some of the training images and asked about others, as they are and
changed. Where a change makes them unrecognizable, either the data never show that side of a thing, which is
what such changes are good for, or the changed picture is something else: only a person can tell.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Bytes, spread_rows
from assay.data.values import Split
from assay.features.hand_made import describe, describe_block, map_blocks
from assay.features.quick_classifier import fit_quick_classifier
from assay.training.recipes import NetRecipe

#: Images looked at, of which two thirds are learned from; with fewer than the least nothing is said.
_IMAGES: Final = 6_000
_LEAST_IMAGES: Final = 150
_MOST_CLASSES: Final = 200

#: A change is reported when so much of the accuracy goes: three standard errors of 2,000 answers at .9. And a
#: class is named when half of its images are lost, of at least so many.
_LOST: Final = 0.02
_LOST_OF_CLASS: Final = 0.5
_LEAST_OF_CLASS: Final = 10


def training_warnings(
    split: Split, rows: NDArray[np.int64], classes: Sequence[str], recipe: NetRecipe
) -> Iterator[str]:
    """A sentence for each change of the recipe after which training images are no longer recognized.

    rows: those to train on. Nothing is said of fewer than 150 images or more than 200 classes.
    """
    changes = list(_changes(recipe, split.shape))
    if not changes or len(rows) < _LEAST_IMAGES or len(classes) > _MOST_CLASSES:
        return
    chosen = rows[spread_rows(len(rows), _IMAGES)]
    asked = np.random.default_rng(0).permutation(len(chosen)) % 3 == 0  # labels may alternate
    learned, others = chosen[~asked], chosen[asked]
    labels = split.labels[others]
    scores = fit_quick_classifier(describe(split, learned), split.labels[learned], len(classes))
    known = scores(describe(split, others)).argmax(axis=1) == labels
    for name, option, change in changes:
        still = scores(map_blocks(_described(change), split, others)).argmax(axis=1) == labels
        if known.mean() - still.mean() > _LOST:
            yield _told(name, option, known, still, labels, classes)


def _changes(
    recipe: NetRecipe, shape: tuple[int, int, int]
) -> Iterator[tuple[str, str, Callable[[Bytes], Bytes]]]:
    """What it is called, how it is turned off, and the change itself."""
    if recipe.mirror:
        off = "--set mirror=false --set mirror_averaging=false"
        yield "mirrored", off, lambda images: np.ascontiguousarray(images[:, :, ::-1])
    if 0 < recipe.shift < shape[1]:
        places = np.maximum(np.arange(shape[1]) - recipe.shift, 0)
        yield f"moved by {recipe.shift} pixels", "--set shift=0", lambda images: images[:, :, places]


def _described(change: Callable[[Bytes], Bytes]) -> Callable[[Bytes], NDArray[Any]]:
    return lambda images: describe_block(change(images))


def _told(
    name: str,
    option: str,
    known: NDArray[np.bool_],
    still: NDArray[np.bool_],
    labels: NDArray[np.int64],
    classes: Sequence[str],
) -> str:
    lost = [_lost(known, still, labels == label) for label in range(len(classes))]
    worst = [classes[label] for label in np.argsort(lost)[::-1] if lost[label] >= _LOST_OF_CLASS]
    more = f" and {len(worst) - 3} more" if len(worst) > 3 else ""
    most = f", most of all {', '.join(worst[:3])}{more}" if worst else ""
    return (
        f"training images {name} look like other classes: the reference knows {100 * known.mean():.0f} % of "
        f"them as they are and {100 * still.mean():.0f} % so changed{most}. That is right where the thing "
        f"stays what it is, and wrong where it becomes another ({option})"
    )


def _lost(known: NDArray[np.bool_], still: NDArray[np.bool_], of_class: NDArray[np.bool_]) -> float:
    """The share of a class's images that the change makes unknown; 0 where there are few of them."""
    if of_class.sum() < _LEAST_OF_CLASS:
        return 0.0
    return float(known[of_class].mean() - still[of_class].mean())
