"""The proof that a file answers as its model does: both are asked about the same images."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.deployment.onnx_model import OnnxModel
from assay.training.classifier import Model
from assay.training.inference.blend import share_of
from assay.training.recipes import validated

#: Largest difference of a probability; of sums over thousands of random waves and of the pretrained net's
#: fifty layers, which round by the order of their sums.
TOLERANCE: Final = 1e-5
TOLERANCE_OF_LONG_SUMS: Final = 1e-4

#: Difference of a distance, as a share of it, within which a picture may fall on either side of the gate.
DISTANCE_TOLERANCE: Final = 1e-3

HOSTILE_IMAGES: Final = 1_000
_BLOCK: Final = 128


@dataclass(frozen=True)
class Proof:
    """How the file's answers compare with the model's.

    images: compared, `hostile` of them made up. other_labels, other_answers: images with another class, or
    another decision to answer although neither bound is near. largest_difference: of a probability;
    largest_distance_difference: of `ood_score`, as a share of it (0 without a gate).
    """

    images: int
    hostile: int
    other_labels: int
    other_answers: int
    largest_difference: float
    largest_distance_difference: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Is every class equal and every figure within its bound?"""
        return (
            self.other_labels == 0
            and self.other_answers == 0
            and self.largest_difference <= self.tolerance
            and self.largest_distance_difference <= DISTANCE_TOLERANCE
        )

    def as_record(self) -> dict[str, Any]:
        """The figures as JSON types."""
        return {**asdict(self), "distance_tolerance": DISTANCE_TOLERANCE, "holds": self.holds}

    def demand(self, where: object) -> None:
        """Raise AssayError `export-differs` unless the proof holds."""
        if not self.holds:
            what = (
                f"{self.other_labels} of {self.images} images get another class, {self.other_answers} "
                f"another decision, and probabilities differ by up to {self.largest_difference:.2g}"
            )
            raise AssayError("export-differs", where, what, "Use the run itself, and report this as a fault.")


def hostile_images(shape: tuple[int, int, int], count: int = HOSTILE_IMAGES) -> NDArray[np.uint8]:
    """Images unlike any photograph, always the same: all 0, all 255, then noise of every strength."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, *shape), np.uint8)
    images[1::3] = np.where(images[1::3] > 127, 255, 0)
    images[2::3] //= 16
    images[0], images[1] = 0, 255
    return images


def prove(model: Model, file: OnnxModel, blocks: Iterable[NDArray[np.uint8]]) -> Proof:
    """Compare the file with its model on the images of the blocks and on `hostile_images`."""
    hostile = hostile_images(model.preprocessing.shape)
    found = [_compared(model, file, part) for part in _parts(chain(blocks, [hostile]))]
    images, labels, answers = (sum(int(row[i]) for row in found) for i in range(3))
    of_probability, of_distance = (max(float(row[i]) for row in found) for i in (3, 4))
    return Proof(images, len(hostile), labels, answers, of_probability, of_distance, tolerance_of(model))


def tolerance_of(model: Model) -> float:
    """The largest difference of a probability that the proof allows."""
    recipe = validated(model.recipe)
    long = recipe.model in ("reference", "pretrained", "finetuned") or share_of(recipe, len(model.classes))
    return TOLERANCE_OF_LONG_SUMS if long else TOLERANCE


def _parts(blocks: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    for block in blocks:
        yield from (block[start : start + _BLOCK] for start in range(0, len(block), _BLOCK))


def _compared(model: Model, file: OnnxModel, images: NDArray[np.uint8]) -> tuple[float, ...]:
    wanted, distances = model.predict_proba(images), model.distances(images)
    given = file.run(images)
    difference = _largest(np.abs(given.probabilities - wanted))
    labels = int((given.label != wanted.argmax(axis=1)).sum())
    labels += int((given.label >= len(model.classes)).sum())
    away = 0.0
    if distances is not None:
        away = _largest(np.abs(given.ood_score - distances) / np.maximum(distances, 1e-3))
    other = _other_answers(model, given.answered, wanted.max(axis=1), distances)
    return len(images), labels, other, difference, away


def _largest(differences: NDArray[np.floating[Any]]) -> float:
    """The largest; what is no number counts as infinitely far."""
    return float(np.nan_to_num(differences, nan=np.inf).max(initial=0.0))


def _other_answers(
    model: Model,
    given: NDArray[np.bool_],
    confidence: NDArray[np.float64],
    distances: NDArray[np.float32] | None,
) -> int:
    limits = model.limits
    wanted = limits.answered(confidence, distances)
    if wanted is None:
        return int((~given).sum())
    near = np.zeros(len(given), bool)
    if limits.rule is not None and limits.rule.threshold is not None:
        near |= np.abs(confidence - limits.rule.threshold) <= tolerance_of(model)
    if limits.gate is not None and distances is not None:
        near |= np.abs(distances / limits.gate.threshold - 1) <= DISTANCE_TOLERANCE
    return int(((given != wanted) & ~near).sum())
