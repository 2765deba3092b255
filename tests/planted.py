"""Made data sets without faults, for tests to plant known faults in."""

from dataclasses import replace

import numpy as np

from assay.data.values import Dataset, Split, numbered_ids

CLASSES = ("stripes", "rings", "blocks")


def colored_picture(rng: np.random.Generator, label: int, height: int, width: int) -> np.ndarray:
    """A colored pattern of one of three kinds, no two of them alike: phase, scale, tilt, colors, spots."""
    y, x = np.mgrid[:height, :width].astype(float)
    tilt, scale = rng.uniform(0, np.pi), rng.uniform(4, 9)
    along = x * np.cos(tilt) + y * np.sin(tilt)
    across = y * np.cos(tilt) - x * np.sin(tilt)
    center = rng.uniform(0.3, 0.7, 2) * (height, width)
    pattern = (
        np.sin(2 * np.pi * (along / scale + rng.random())),
        np.sin(2 * np.pi * np.hypot(y - center[0], x - center[1]) / scale),
        np.sign(np.sin(np.pi * along / scale)) * np.sign(np.sin(np.pi * across / scale)),
    )[label]
    field = np.kron(rng.normal(size=(5, 5)), np.ones((-(-height // 5), -(-width // 5))))[:height, :width]
    colors = np.stack([rng.uniform(20, 110, 3), rng.uniform(145, 235, 3)])
    mixed = 0.5 + 0.3 * pattern + 0.15 * field
    picture = colors[0] * mixed[..., None] + colors[1] * (1 - mixed[..., None])
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def photograph(rng: np.random.Generator, side: int) -> np.ndarray:
    """A colored picture with structure of all sizes, as photographs have: power falls as 1 / frequency."""
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side))
    frequency[0, 0] = np.inf
    noise = rng.normal(size=(side, frequency.shape[1])) + 1j * rng.normal(size=(side, frequency.shape[1]))
    gray = np.fft.irfft2(noise / frequency, (side, side))
    tint = rng.uniform(0.7, 1.3, 3)
    picture = 128 + 45 * (gray / gray.std())[..., None] * tint
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def colored_split(name: str, per_class: int, seed: int, shape: tuple[int, int] = (40, 48)) -> Split:
    """`per_class` colored pictures of each of the three classes, in random order."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(3), per_class)).astype(np.int64)
    images = np.stack([colored_picture(rng, label, *shape) for label in labels])
    return Split.from_arrays(images, labels, numbered_ids(name, len(labels)))


def colored(train: int = 120, test: int = 40, shape: tuple[int, int] = (40, 48)) -> Dataset:
    """A clean data set of colored pictures. train, test: images per class."""
    splits = {"train": colored_split("train", train, 0, shape), "test": colored_split("test", test, 1, shape)}
    return Dataset("colored", CLASSES, splits, "made for a test")


def with_images(dataset: Dataset, name: str, images: np.ndarray, labels: np.ndarray | None = None) -> Dataset:
    """The data set with the pictures (and labels) of one split replaced; ids and columns stay."""
    old = dataset.splits[name]
    split = Split.from_arrays(images, old.labels if labels is None else labels, old.ids, old.columns)
    return replace(dataset, splits={**dataset.splits, name: split}, fingerprints={})


def with_more(
    dataset: Dataset, name: str, images: np.ndarray, labels: np.ndarray, classes: tuple[str, ...] = ()
) -> Dataset:
    """The data set with pictures added at the end of one split; classes: its names, if new ones come."""
    old = dataset.splits[name]
    split = Split.from_arrays(
        np.concatenate([old.images, images]),
        np.concatenate([old.labels, labels]),
        numbered_ids(name, len(old) + len(images)),
    )
    splits = {**dataset.splits, name: split}
    return replace(dataset, classes=classes or dataset.classes, splits=splits, fingerprints={})
