import numpy as np

from assay.data.values import Split, numbered_ids
from assay.reports.findings import similar_images
from assay.reports.findings.similar_images import nearest_in_train, pixel_cells


def split_of(images: np.ndarray) -> Split:
    return Split.from_arrays(images, np.zeros(len(images), np.int64), numbered_ids("x", len(images)))


def pictures(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 9, 12, 3), dtype=np.uint8)


def test_the_nearest_are_found_over_blocks(monkeypatch) -> None:
    """The same rows as comparing each pair, in order, though train comes in blocks of ten."""
    monkeypatch.setattr(similar_images, "_BLOCK", 10)
    train, test = split_of(pictures(47, 0)), split_of(pictures(6, 1))
    rows = np.array([5, 0, 3])
    cells, asked = pixel_cells(train.images), pixel_cells(test.images[rows])
    apart = np.square(asked[:, None].astype(float) - cells[None]).sum(axis=2)
    expected = np.argsort(apart, axis=1, kind="stable")[:, :3]
    assert np.array_equal(nearest_in_train(train, test, rows, 3), expected)


def test_a_copy_is_nearest_to_itself() -> None:
    """An image that train holds too is found first."""
    images = pictures(30, 2)
    found = nearest_in_train(split_of(images), split_of(images[[17, 4]]), np.array([0, 1]), 2)
    assert found[:, 0].tolist() == [17, 4]


def test_small_and_empty_sets() -> None:
    """Fewer training images than asked for: so many columns; no question: no row."""
    train = split_of(pictures(2, 3))
    assert nearest_in_train(train, train, np.array([1]), 3).tolist() == [[1, 0]]
    assert nearest_in_train(train, train, np.zeros(0, np.int64), 3).shape == (0, 2)
