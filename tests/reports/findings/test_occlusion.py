import numpy as np
import pytest

from assay.data.values import Split, numbered_ids
from assay.evaluation.values import Evaluation
from assay.reports.figures.saliency import saliency_finding, saliency_record
from assay.reports.findings import occlusion
from assay.reports.findings.occlusion import look_where

SHAPE = (20, 30, 1)
SPOT = (slice(4, 8), slice(20, 24))


def by_the_spot(blocks) -> np.ndarray:
    """A classifier that looks at one spot alone: the brighter it is, the surer of class 1."""
    shares = [block[(slice(None), *SPOT)].mean(axis=(1, 2, 3)) / 255 for block in blocks]
    p = 0.05 + 0.9 * np.concatenate(shares)
    return np.stack([1 - p, p], axis=1)


def judged(count: int) -> tuple[Split, Evaluation]:
    """Bright images labelled 0, which the classifier takes for 1; darker ones toward the end."""
    images = np.full((count, *SHAPE), 220, np.uint8)
    images[:] -= np.arange(count, dtype=np.uint8)[:, None, None, None]
    split = Split.from_arrays(images, np.zeros(count, np.int64), numbered_ids("x", count))
    return split, Evaluation(("a", "b"), split.labels, by_the_spot([images]))


def test_the_spot_that_decides_is_found() -> None:
    """The map is highest where the classifier looks, and 0 where a cover cannot reach that."""
    split, score = judged(3)
    found = look_where(by_the_spot, 10, split, score, np.zeros(SHAPE), score.mistakes(2))
    assert found.rows.tolist() == [0, 1]
    assert found.maps.shape == (2, 20, 30)
    row, column = np.unravel_index(found.maps[0].argmax(), (20, 30))
    assert 3 <= row < 9
    assert 18 <= column < 26
    assert not found.maps[0][:, :12].any()
    assert (found.maps[0][SPOT] > 0).all()


def test_a_right_answer_is_held_against_the_next_best() -> None:
    """Of three classes the label is answered: covering what speaks for it helps the second."""
    split, _ = judged(1)

    def three(blocks) -> np.ndarray:
        two = by_the_spot(blocks)
        return np.concatenate([0.9 * two, np.full((len(two), 1), 0.1)], axis=1)

    score = Evaluation(("a", "b", "c"), np.array([1]), three([split.images]))
    assert score.predicted.tolist() == [1]
    found = look_where(three, 10, split, score, np.zeros(SHAPE), np.array([0]))
    assert (found.maps[0][SPOT] > 0).all()
    assert not found.maps[0][:, :12].any()


def test_a_cover_equal_to_the_image_changes_nothing() -> None:
    """Covering with what is there already: no place matters."""
    split, score = judged(1)
    assert not look_where(by_the_spot, 10, split, score, np.full(SHAPE, 220.0), score.mistakes(1)).maps.any()


def test_costly_nets_are_asked_less(monkeypatch) -> None:
    """The number of predictions follows the budget, and never falls below four steps each way."""
    split, score = judged(2)
    for multiply_adds, most in ((10, 2 * 145), (10**12, 2 * 17)):
        asked = []

        def counting(blocks, asked=asked):
            blocks = list(blocks)
            asked.append(sum(map(len, blocks)))
            return by_the_spot(blocks)

        look_where(counting, multiply_adds, split, score, np.zeros(SHAPE), score.mistakes(2))
        assert asked == [most]
    assert occlusion._steps(0) == 12


def test_fewer_images_are_covered_unasked_the_more_a_net_costs() -> None:
    """As many as the budget holds at four steps each way: 30 G / (17 x 634,651,409) = 2.8; at least four."""
    assert occlusion.affordable(634_651_409) == 4
    assert occlusion.affordable(100_000_000) == 17
    assert occlusion.affordable(0) > 1_000


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 40, 1), (3, 2, 1)])
def test_any_shape(shape: tuple[int, int, int]) -> None:
    """Single pixels and strips have a map of their own shape."""
    images = np.full((2, *shape), 9, np.uint8)
    split = Split.from_arrays(images, np.zeros(2, np.int64), numbered_ids("x", 2))
    score = Evaluation(("a", "b"), split.labels, np.array([[0.1, 0.9]] * 2))

    def unmoved(blocks) -> np.ndarray:
        return np.concatenate([np.tile([[0.1, 0.9]], (len(block), 1)) for block in blocks])

    found = look_where(unmoved, 1, split, score, np.zeros(shape), score.mistakes(5))
    assert found.maps.shape == (2, *shape[:2])
    assert saliency_record(found)["outer_share"] is None


def test_weight_in_the_outer_ring_by_hand() -> None:
    """All of one map's weight in a corner, none of the other's: half on average; negative weight is none."""
    maps = np.zeros((2, 20, 20))
    maps[0, 0, 0] = 2.0
    maps[1, 10, 10] = 1.0
    maps[1, 0, 0] = -5.0
    record = saliency_record(occlusion.Saliency(np.array([4, 7]), maps))
    assert record == {"rows": [4, 7], "outer_shares": [1.0, 0.0], "outer_share": 0.5, "outer_area": 0.51}


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        ([0.8], ": one answer says nothing of others."),
        ([0.9, 0.8, 0.3], ": the model looks toward the border, which may be chance in so few."),
        ([0.9, 0.8, 0.85, 0.9], ": the model looks toward the border."),
        ([0.1, 0.2, 0.1, 0.15], ": the model looks toward the middle."),
        ([0.5, 0.55, 0.5], ": the model looks at no one place."),
    ],
)
def test_where_the_model_looks_is_said_beyond_chance(shares: list[float], told: str) -> None:
    """The ring is half of the picture. Of one mistake with 60 % in it "the model looks toward the border"."""
    record = {"outer_shares": [*shares, None], "outer_share": np.mean(shares), "outer_area": 0.5}
    assert saliency_finding(record, "3 most confident mistakes").endswith(told)
