"""Check `class-similarity`: classes with nearly equal mean images, and nearest-mean accuracy."""

from dataclasses import dataclass
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import not_evaluated, percent
from assay.audits.checks.neighborhoods import EASY, pairs_have
from assay.audits.measures.pixel_statistics import unit_class_means
from assay.audits.measures.pixel_sums import Measurements
from assay.audits.values import Finding, Verdict
from assay.core.arrays import Rows, spread_rows
from assay.data.values import BLOCK, BLOCK_BYTES, Split

#: Two mean images that correlate so highly share over 80 % of their variance (0.9 squared): the rest,
#: not the silhouette, must tell the classes apart.
ALIKE: Final = 0.9

#: Images that the neighbor correlation is measured on, evenly spread over train: it is a mean over
#: hundreds of pixels each, so that more images change only its third digit.
NEIGHBOR_SAMPLE: Final = 10_000

#: Pairs listed as evidence, and how many are kept in order.
_PAIRS: Final = 10
_LISTED: Final = 1000

#: Pixel values that are compared with all class means at once: as float64, 32 MB.
_VALUES: Final = 1 << 22

#: Classes compared with all others at once.
_CLASS_BLOCK: Final = 256


@dataclass(frozen=True)
class Spatial:
    """Nearest-mean accuracy, and correlation of neighboring pixels, on the training split.

    nearest_mean_accuracy: leave-one-out accuracy of answering the class with the nearest mean image.
    neighbor_correlation: of horizontally and vertically adjacent pixels, class means taken away; None
        where nothing varies or the images are a single pixel.
    """

    nearest_mean_accuracy: float
    majority_accuracy: float
    neighbor_correlation: float | None


def check_class_similarity(context: CheckContext) -> Checked:
    """Find the classes whose mean images are nearly alike, and how far a nearest-mean classifier gets."""
    classes = context.dataset.classes
    measurements = context.measurements["train"]
    if np.count_nonzero(measurements.counts) < 2:
        return not_evaluated("class-similarity", "fewer than two classes have training images")
    pairs, alike = similar_pairs(measurements, classes)
    spatial = measure_spatial(context.dataset.train, measurements, context.groups)
    easy = spatial.nearest_mean_accuracy >= EASY
    verdict: Verdict = "warn" if alike and not easy else "pass"
    return Checked(
        Finding(
            check="class-similarity",
            verdict=verdict,
            summary=_summary(alike, pairs, spatial),
            evidence={
                "most_similar": pairs[:_PAIRS],
                "pairs_alike": alike,
                "nearest_mean_accuracy": spatial.nearest_mean_accuracy,
                "majority_accuracy": spatial.majority_accuracy,
                "neighbor_correlation": spatial.neighbor_correlation,
            },
            threshold=f"mean images correlate at most {ALIKE:g}, unless the nearest mean is right for "
            f"{percent(EASY, 0)} of the images",
            reason="above this, two classes share over 80 % of what varies in their average pictures, so "
            "details at uncertain places must tell them apart; a nearest-mean classifier is the floor that a "
            "trained model has to beat",
            fix="Look at the scores of these classes; prefer a convolutional net."
            if verdict == "warn"
            else "",
        )
    )


def _summary(alike: int, pairs: list[dict[str, Any]], spatial: Spatial) -> str:
    floor = (
        f"The nearest class mean is right for {percent(spatial.nearest_mean_accuracy)} of the training "
        f"images (always the same answer: {percent(spatial.majority_accuracy)}); a trained model must beat "
        "both."
    )
    if not pairs:
        return f"No two class means can be compared. {floor}"
    top = pairs[0]
    pair = f"{top['first']} and {top['second']} (correlation {top['correlation']:.3f})"
    if not alike:
        return f"No two mean images are nearly alike; the nearest are {pair}. {floor}"
    first = "" if alike == 1 else "most alike "
    return f"{pairs_have(alike)} nearly the same mean image: {first}{pair}. {floor}"


def similar_pairs(measurements: Measurements, classes: tuple[str, ...]) -> tuple[list[dict[str, Any]], int]:
    """Pairs of classes by falling correlation of their mean images (the first 1,000), and all over `ALIKE`.

    Block by block: all pairs of 10,000 classes at once would take 3 GB.
    """
    unit = unit_class_means(measurements)
    values, first, second = np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64)
    count, floor = 0, -np.inf
    for start in range(0, len(unit), _CLASS_BLOCK):
        correlation = np.clip(unit[start : start + _CLASS_BLOCK] @ unit[start:].T, -1.0, 1.0)
        count += int(np.count_nonzero(np.triu(correlation > ALIKE, k=1)))
        rows, columns = np.nonzero(np.triu(correlation > floor, k=1))
        values = np.concatenate([values, correlation[rows, columns]])
        first, second = np.append(first, start + rows), np.append(second, start + columns)
        order = np.argsort(-values, kind="stable")[:_LISTED]
        values, first, second = values[order], first[order], second[order]
        floor = values[-1] if len(values) == _LISTED else -np.inf
    pairs = [
        {"first": classes[i], "second": classes[j], "correlation": float(value)}
        for i, j, value in zip(first.tolist(), second.tolist(), values, strict=True)
    ]
    return pairs, count


def measure_spatial(split: Split, measurements: Measurements, groups: Rows | None = None) -> Spatial:
    """The nearest-mean accuracy over all images and the neighbor correlation over a sample of them."""
    counts = measurements.counts
    return Spatial(
        nearest_mean_accuracy=nearest_mean_accuracy(split, measurements, groups),
        majority_accuracy=float(counts.max() / counts.sum()),
        neighbor_correlation=neighbor_correlation(split, measurements),
    )


def nearest_mean_accuracy(split: Split, measurements: Measurements, groups: Rows | None = None) -> float:
    """Leave-one-out accuracy of the nearest class mean (squared distance, ties to the first class).

    An image's own class mean is taken without the image. That needs no second pass: leaving x out of a
    mean m of n images scales its squared distance to m by (n / (n - 1))^2. An image alone in its class
    cannot be recognized and counts as wrong.
    groups: int64 `(n,)`, equal for images that are left out together: then of all their classes' means.
    """
    means = measurements.class_means.reshape(len(measurements.counts), -1)
    squares = (means**2).sum(axis=1)
    squares[measurements.counts == 0] = np.inf
    several = _in_groups(groups, len(split))
    correct = done = 0
    for block in split.blocks(size=max(1, min(BLOCK, _VALUES // max(prod(split.shape), 1)))):
        alone = ~several[done : done + len(block)]
        labels = split.labels[done : done + len(block)][alone]
        correct += _nearest_mean_hits(block[alone], labels, means, squares, measurements.counts)
        done += len(block)
    if groups is not None:
        members = np.flatnonzero(several)
        members = members[np.argsort(groups[members], kind="stable")]
        borders = np.flatnonzero(np.diff(groups[members])) + 1
        for rows in np.split(members, borders) if len(members) else ():
            correct += _hits_without_group(split, rows, means, squares, measurements.counts)
    return correct / len(split)


def _in_groups(groups: Rows | None, count: int) -> NDArray[np.bool_]:
    """Which images share a group with another."""
    if groups is None:
        return np.zeros(count, bool)
    _, code, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    several: NDArray[np.bool_] = sizes[code.ravel()] > 1
    return several


def _hits_without_group(
    split: Split,
    rows: Rows,
    means: NDArray[np.float64],
    squares: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> int:
    """How many images of one group the class means recognize that were taken without the group."""
    flat = np.concatenate([block.reshape(len(block), -1) for block in split.blocks(rows)]).astype(np.float64)
    labels = split.labels[rows]
    distances = np.einsum("nd,nd->n", flat, flat)[:, None] - 2 * flat @ means.T + squares
    for label in np.unique(labels):
        own = labels == label
        left = int(counts[label]) - int(own.sum())
        rest = (counts[label] * means[label] - flat[own].sum(axis=0)) / max(left, 1)
        distances[:, label] = np.square(flat - rest).sum(axis=1) if left else np.inf
    known = np.isfinite(distances[np.arange(len(rows)), labels])
    return int(((distances.argmin(axis=1) == labels) & known).sum())


def _nearest_mean_hits(
    block: NDArray[np.uint8],
    labels: NDArray[np.int64],
    means: NDArray[np.float64],
    squares: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> int:
    flat = block.reshape(len(block), means.shape[1]).astype(np.float64)
    distances = np.einsum("nd,nd->n", flat, flat)[:, None] - 2 * flat @ means.T + squares
    rows = np.arange(len(block))
    n = counts[labels]
    with np.errstate(divide="ignore"):
        without_itself = np.where(n > 1, (n / (n - 1)) ** 2, np.inf)
    own = np.maximum(distances[rows, labels], 0)
    distances[rows, labels] = np.where(n > 1, own * np.where(n > 1, without_itself, 1), np.inf)
    nearest = distances.argmin(axis=1)
    return int(((nearest == labels) & (n > 1)).sum())


def neighbor_correlation(split: Split, measurements: Measurements) -> float | None:
    """Pearson correlation of adjacent pixels' deviations from their class mean, right and below together.

    Near 1: surfaces and edges. Near 0: neighbors tell nothing of each other, as in shuffled pixels.
    """
    rows = spread_rows(len(split), NEIGHBOR_SAMPLE)
    products = lefts = rights = 0.0
    done, channels = 0, split.shape[2]
    # Deviations are float64, and several at a time: of photographs fewer are taken.
    for block in split.blocks(rows, size=max(1, min(1024, BLOCK_BYTES // max(prod(split.shape), 1)))):
        labels = split.labels[rows[done : done + len(block)]]
        deviation = measurements.class_means[labels]
        np.subtract(block, deviation, out=deviation)
        lines = deviation.reshape(*deviation.shape[:2], -1)  # long ones: channels are short
        for a, b in ((lines[..., :-channels], lines[..., channels:]), (lines[:, :-1], lines[:, 1:])):
            products += float(np.einsum("nij,nij->", a, b))
            lefts += float(np.einsum("nij,nij->", a, a))
            rights += float(np.einsum("nij,nij->", b, b))
        done += len(block)
    scale = np.sqrt(lefts * rights)
    return float(np.clip(products / scale, -1, 1)) if scale > 1e-6 else None
