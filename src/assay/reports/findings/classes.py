"""What the classes of these very data look like beside each other, in sentences."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.measures.pixel_sums import Measurements
from assay.reports.findings.pixels import absent_sentence
from assay.reports.findings.wording import count, name, percent

#: Class means this highly correlated have nearly the same picture on average.
ALIKE: Final = 0.9

#: Means of classes explain this share of any pictures where images are few: more is told beside.
_OF_CHANCE: Final = 0.01


def distribution_finding(classes: tuple[str, ...], counts: Mapping[str, NDArray[np.int64]]) -> str:
    """Largest and smallest class of each split, and by how much the splits' shares differ.

    counts: per split, int64 `(k,)`.
    """
    sentences = [_balance_sentence(classes, split, per_class) for split, per_class in counts.items()]
    shares = [per_class / per_class.sum() for per_class in counts.values() if per_class.sum()]
    if len(shares) > 1:
        differences = np.ptp(np.stack(shares), axis=0)
        worst = int(differences.argmax())
        sentences.append(
            "Every class has the same share in all splits."
            if differences[worst] < 0.0005
            else f"Between splits the share of {name(classes[worst])} differs most: by "
            f"{100 * differences[worst]:.1f} percentage points."
        )
    return " ".join(sentences)


def _balance_sentence(classes: tuple[str, ...], split: str, counts: NDArray[np.int64]) -> str:
    present = np.flatnonzero(counts)
    if len(present) == 0:
        return f"{split}: no images."
    largest = present[counts[present].argmax()]
    smallest = present[counts[present].argmin()]
    absent = absent_sentence(classes, counts)
    if counts[largest] == counts[smallest]:
        each = f"{count(int(counts[largest]), 'image')} in every class"
        return f"{split}: {each}{' that has any' if absent else ''}, perfectly balanced.{absent}"
    return (
        f"{split}: {name(classes[largest])} is largest ({counts[largest]:,}), {name(classes[smallest])} "
        f"smallest ({counts[smallest]:,}), a ratio of {counts[largest] / counts[smallest]:.3g}.{absent}"
    )


def means_finding(classes: tuple[str, ...], measurements: Measurements, shown: NDArray[np.int64]) -> str:
    """The two mean images nearest to each other, and how much of the variance the class means explain.

    shown: int64, the labels that are compared.
    """
    present = [int(label) for label in shown if measurements.counts[label]]
    if len(present) < 2:
        return f"{count(len(present), 'class', 'classes')} with images: there is nothing to compare."
    means = measurements.class_means[present].reshape(len(present), -1)
    distances = np.sqrt(np.maximum(_squared_distances(means) / means.shape[1], 0))
    first, second = _smallest_pair(distances)
    return (
        f"Nearest to each other are the means of {name(classes[present[first]])} and "
        f"{name(classes[present[second]])}: {distances[first, second]:.1f} of 255 levels apart (root mean "
        f"square). The class of an image explains {percent(explained_variance(measurements))} of the "
        f"variance of its pixels{_of_any_labels(measurements.counts)}; the rest is variety within the "
        "classes, which no mean image shows."
    )


def _of_any_labels(counts: NDArray[np.int64]) -> str:
    """What the means of so few images explain whatever the labels are; empty where it is next to nothing."""
    by_chance = (np.count_nonzero(counts) - 1) / (counts.sum() - 1)
    return f", and labels at random {percent(by_chance)}" if by_chance > _OF_CHANCE else ""


def _squared_distances(points: NDArray[np.float64]) -> NDArray[np.float64]:
    squares = (points**2).sum(axis=1)
    return np.asarray(squares[:, None] + squares - 2 * points @ points.T)


def _smallest_pair(distances: NDArray[np.float64]) -> tuple[int, int]:
    apart = distances + np.where(np.tri(len(distances), dtype=bool), np.inf, 0)
    first, second = np.unravel_index(int(apart.argmin()), apart.shape)
    return int(first), int(second)


def explained_variance(measurements: Measurements) -> float:
    """Share of the pixels' variance around the mean image that lies between the class means, in [0, 1].

    (Eta squared: between-class over total sum of squares.) 0 where nothing varies.
    """
    total = int(measurements.counts.sum())
    if total == 0:
        return 0.0
    mean = measurements.sums.sum(axis=0) / total
    whole = float((measurements.square_sums.sum(axis=0) - total * mean**2).sum())
    between = measurements.counts[:, None, None, None] * (measurements.class_means - mean) ** 2
    return min(1.0, float(between.sum()) / whole) if whole > 0 else 0.0


def deviations_finding(classes: tuple[str, ...], measurements: Measurements, shown: NDArray[np.int64]) -> str:
    """Which class varies most and where, and which varies least."""
    present = [int(label) for label in shown if measurements.counts[label] > 1]
    if not present:
        return "No class has two images, so nothing can vary within one."
    images = measurements.class_deviations[present].mean(axis=3)
    spread = images.mean(axis=(1, 2))
    most, least = int(spread.argmax()), int(spread.argmin())
    if spread[most] == 0:
        return "Within each class all images are the same: nothing varies at all."
    return (
        f"{name(classes[present[most]])} varies most (on average {spread[most]:.1f} levels, most of all "
        f"{place(images[most])}), {name(classes[present[least]])} least ({spread[least]:.1f})."
    )


def place(image: NDArray[np.float64]) -> str:
    """Where an image is largest: which ninth of it has the highest mean (`at the top left`, ...)."""
    best, where = -np.inf, ""
    for row, band in _thirds(image, 0, ("top", "", "bottom")):
        for column, cell in _thirds(band, 1, ("left", "", "right")):
            if cell.mean() > best:
                best, where = cell.mean(), f"{row} {column}".strip()
    return f"at the {where}" if where else "in the middle"


def _thirds(
    image: NDArray[np.float64], axis: int, names: tuple[str, str, str]
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """The image cut into three named parts; uncut and nameless where it has fewer than three pixels."""
    if image.shape[axis] < 3:
        return iter([("", image)])
    return zip(names, np.array_split(image, 3, axis=axis), strict=True)


def correlation_finding(
    classes: tuple[str, ...], shown: NDArray[np.int64], correlation: NDArray[np.float64]
) -> str:
    """The most and the least alike class means, and how many pairs are nearly alike.

    correlation: float64 `(m, m)` of the m labels in `shown`; NaN where undefined.
    """
    pairs = [
        (float(correlation[i, j]), int(i), int(j))
        for i, j in zip(*np.triu_indices(len(shown), 1), strict=True)
        if not np.isnan(correlation[i, j])
    ]
    if not pairs:
        return "Fewer than two classes have a mean image that varies: nothing can be correlated."
    most, least = max(pairs), min(pairs)
    alike = [
        f"{name(classes[shown[i]])} / {name(classes[shown[j]])}"
        for r, i, j in sorted(pairs, reverse=True)
        if r > ALIKE
    ]
    verdict = (
        f"{count(len(alike), 'pair')} above {ALIKE:g} "
        f"({'; '.join(alike[:3])}{', ...' if len(alike) > 3 else ''}): there the average shape says almost "
        "nothing, and detail inside the image must decide."
        if alike
        else f"No pair is above {ALIKE:g}: the average shapes are distinct."
    )
    return (
        f"Most alike are {_pair(classes, shown, most)} with r = {most[0]:.3f}, least alike "
        f"{_pair(classes, shown, least)} with r = {least[0]:.3f}. {verdict}"
    )


def _pair(classes: tuple[str, ...], shown: NDArray[np.int64], pair: tuple[float, int, int]) -> str:
    return f"{name(classes[shown[pair[1]]])} and {name(classes[shown[pair[2]]])}"
