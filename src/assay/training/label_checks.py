"""Checks of labels and images before training starts, whatever is trained."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.events import OnEvent, warn
from assay.data.values import Split


def check_labels(labels: NDArray[np.int64], classes: Sequence[str], on_event: OnEvent) -> None:
    """Raise AssayError `too-few-classes` for fewer than two; warn of classes without an image."""
    counts = np.bincount(labels, minlength=len(classes))
    if np.count_nonzero(counts) < 2:
        raise AssayError(
            "too-few-classes",
            "train",
            f"its {len(labels):,} images show {np.count_nonzero(counts)} class, a classifier needs 2",
            "Give images of at least two classes.",
        )
    missing = [classes[label] for label in np.flatnonzero(counts == 0).tolist()]
    if missing:
        few = ", ".join(missing[:5]) + (" ..." if len(missing) > 5 else "")
        message = (
            f"{len(missing)} of {len(classes)} classes have no training image ({few}): none will be found"
        )
        warn(on_event, "train", message, classes=missing)


def warn_of_constant_images(split: Split, rows: NDArray[np.int64], on_event: OnEvent) -> None:
    """Warn of images that show nothing."""
    flat = (block.reshape(len(block), -1) for block in split.blocks(rows))
    constant = sum(int(np.count_nonzero(b.min(axis=1) == b.max(axis=1))) for b in flat)
    if constant:
        message = (
            f"{constant:,} of {len(rows):,} training images have one value everywhere: no shape to learn from"
        )
        warn(on_event, "train", message, constant=constant)


def watched(
    split: Split, held: NDArray[np.int64], validation: Split | None
) -> tuple[Split, NDArray[np.int64]]:
    """The validation images as a split and which of its rows: `held`, or all of a split of their own."""
    if validation is None:
        return split, held
    return validation, np.arange(len(validation))
