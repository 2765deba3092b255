import numpy as np
import pytest

from assay.audits.measures.pixel_sums import measure
from assay.data.values import Split, numbered_ids
from assay.reports.figures.typical import distances_to_mean, typical


def levels(values: list[int], labels: list[int]) -> Split:
    images = np.array(values, np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    return Split.from_arrays(images, np.array(labels, np.int64), numbered_ids("train", len(values)))


def test_distances_by_hand() -> None:
    """Four pixels at 10, 20 and 60 around a mean of 30: twice 20, 10 and 30 away."""
    split = levels([10, 20, 60, 5], [0, 0, 0, 1])
    assert distances_to_mean(split, measure(split, 2)) == pytest.approx([40, 20, 60, 0])


def test_the_ends_of_each_class(content_of, dataset_of) -> None:
    """Nearest first on the left, farthest first on the right, no image twice, few images shared out."""
    content = content_of(dataset_of(("a", "b", "c"), [14, 3, 1], [2, 2, 2]))
    train = content.dataset.train
    distances = distances_to_mean(train, content.measurements["train"])
    record = typical(content).record
    own = np.flatnonzero(train.labels == 0)
    order = own[np.argsort(distances[own], kind="stable")].tolist()
    assert record["a"]["most"] == order[:5]
    assert record["a"]["least"] == order[:-6:-1]
    assert record["a"]["farthest_by_median"] == pytest.approx(
        distances[own].max() / np.median(distances[own])
    )
    assert len(record["b"]["most"] + record["b"]["least"]) == 3
    assert record["c"] == {"most": [17], "least": [], "farthest_by_median": None}
