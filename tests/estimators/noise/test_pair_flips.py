"""Labels of one class that were given as another, told from classes that are merely alike."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import comb

import numpy as np
import pytest

from assay.estimators.noise.noise_matrix import NoiseMatrix, exchanged_from, fit_noise_matrix, wrong_chances
from assay.estimators.noise.pair_flips import (
    PairFlip,
    binomial_tail,
    chances_of_flips,
    find_pair_flips,
    smallest_share,
)

NOISE = {"one way": (0.3, 0.0), "few": (0.15, 0.0), "both ways": (0.3, 0.3)}


def world(n: int, k: int, seed: int, spread: float = 0.08) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a classifier that is right as often as it says, and right labels drawn from them."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(k, spread), n)
    return p, (p.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1).clip(0, k - 1)


def alike(n: int, error: float, seed: int, second: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Two classes of the same normal distribution at two places, and what is known of each image."""
    rng = np.random.default_rng(seed)
    distance = {0.05: 3.29, 0.15: 2.07, 0.25: 1.35}[error]
    labels = (rng.random(n) < second).astype(np.int64)
    odds = distance * (rng.normal(0, 1, n) + (labels - 0.5) * distance) + np.log(second / (1 - second))
    right = 1 / (1 + np.exp(-odds))
    return np.stack([1 - right, right], axis=1), labels


def mixed_up(
    p: np.ndarray, labels: np.ndarray, forth: float, back: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Some labels 1 given as 2 and the other way round, and what a classifier learns of such labels."""
    rng = np.random.default_rng(9)
    matrix = np.eye(p.shape[1])
    matrix[1, 1:3], matrix[2, 1:3] = (1 - forth, forth), (back, 1 - back)
    given, drawn = labels.copy(), rng.random(len(labels))
    given[(labels == 1) & (drawn < forth)] = 2
    given[(labels == 2) & (drawn < back)] = 1
    return p @ matrix, given, given != labels


@pytest.mark.parametrize("way", NOISE)
def test_classes_that_were_mixed_up_are_told_with_about_how_many(way: str) -> None:
    """The pair and no other; the number within a fourth; and most wrong labels come first in the ranking."""
    p, labels = world(4_000, 6, seed=1, spread=0.03)
    soft, given, wrong = mixed_up(p, labels, *NOISE[way])
    flips = find_pair_flips(soft, given)
    assert {(flip.true, flip.label) for flip in flips} == ({(1, 2), (2, 1)} if NOISE[way][1] else {(1, 2)})
    assert sum(flip.expected for flip in flips) == pytest.approx(wrong.sum(), rel=0.25)
    noise = replace(fit_noise_matrix(soft, given), flips=flips)
    first = np.argsort(-wrong_chances(noise, soft, given), kind="stable")[: 2 * int(wrong.sum())]
    assert wrong[first].sum() > 0.8 * wrong.sum()


@pytest.mark.parametrize("second", [0.2, 0.5, 0.67])
@pytest.mark.parametrize("error", [0.05, 0.15, 0.25])
def test_classes_that_are_merely_alike_are_not_told(error: float, second: float) -> None:
    """Two overlapping classes with right labels: of forty draws none is told, however many images."""
    sizes = (100, 400, 2_000, 10_000)
    told = [find_pair_flips(*alike(n, error, seed, second)) for n in sizes for seed in range(10)]
    assert not any(told)


def test_right_labels_of_an_unsure_classifier_are_not_told() -> None:
    """Labels drawn from the probabilities are all right."""
    assert not any(
        find_pair_flips(*world(3_000, 6, seed, spread)) for seed in range(5) for spread in (0.08, 0.2)
    )


def test_images_of_one_group_are_one_observation() -> None:
    """What forty images show as forty is not told where they are two groups."""
    p, labels = world(2_000, 4, seed=2)
    soft, given, wrong = mixed_up(p, labels, 0.3, 0.0)
    assert find_pair_flips(soft, given)
    units = np.where(wrong, 0, np.arange(1, len(labels) + 1))
    assert find_pair_flips(soft, given, units) == ()


def test_the_chance_of_a_label_by_hand() -> None:
    """.3 of class 0 is labelled 1: a picture with .7 and .3 is of class 0, and the label 1 is wrong."""
    flip = PairFlip(true=0, label=1, share=0.3, wrong=30, seen=100, images=200.0, p_value=0.0)
    p = np.array([[0.7, 0.3], [0.35, 0.65], [0.0, 1.0]])
    ((label, chance),) = chances_of_flips((flip,), p)
    assert label == 1
    assert chance == pytest.approx([1.0, 0.3 * 0.5 / 0.65, 0.0])
    assert flip.expected == 60.0
    noise = NoiseMatrix(np.eye(2), 1.0, 0.0, 20.0, (flip,))
    assert wrong_chances(noise, p, np.array([1, 1, 0])) == pytest.approx([1.0, 0.3 * 0.5 / 0.65, 0.0])


def test_which_exchange_a_label_is_wrong_by() -> None:
    """The likeliest of two; none where the image speaks against its label by itself, or has another label."""
    flips = tuple(PairFlip(true, 2, 0.3, 30, 100, 200.0, 0.0) for true in (0, 1))
    noise = NoiseMatrix(np.full((4, 4), 0.01) + 0.96 * np.eye(4), 1.0, 0.0, 20.0, flips)
    p = np.array([[0.4, 0.1, 0.2, 0.3], [0.1, 0.4, 0.2, 0.3], [0.0, 0.0, 0.001, 0.999], [0.4, 0.1, 0.2, 0.3]])
    assert exchanged_from(noise, p, np.array([2, 2, 2, 3])).tolist() == [0, 1, -1, -1]
    assert exchanged_from(noise, p[:0], np.zeros(0, np.int64)).tolist() == []


@pytest.mark.parametrize(
    ("least", "trials", "chance"), [(6, 20, 0.1), (30, 100, 0.05), (1, 1, 0.5), (90, 4_000, 0.01)]
)
def test_the_tail_of_the_binomial_distribution(least: int, trials: int, chance: float) -> None:
    """Equal to the exact sum: of whole numbers over the power of two that `chance` is a fraction of."""
    hit, of = chance.as_integer_ratio()
    terms = (
        comb(trials, k) * hit**k * (of - hit) ** (trials - k)
        for k in range(least, min(trials, least + 200) + 1)
    )
    exact = Fraction(sum(terms), of**trials)
    assert binomial_tail(least, trials, chance) == pytest.approx(float(exact), rel=1e-9)
    assert binomial_tail(1, 20, 0.5) == 1.0


def test_the_smallest_share_falls_with_the_size_of_the_classes() -> None:
    """And is unknown where the classes are too small for any."""
    found = [smallest_share(*world(n, 5, seed=3)) or 0.0 for n in (1_000, 2_000, 10_000)]
    assert all(one > other > 0 for one, other in pairwise(found))
    assert smallest_share(*world(300, 5, seed=3)) is None
    assert smallest_share(*world(20, 5, seed=3)) is None
    assert smallest_share(np.zeros((0, 3)), np.zeros(0, np.int64)) is None
    assert find_pair_flips(np.zeros((0, 3)), np.zeros(0, np.int64)) == ()


@pytest.mark.parametrize("n", [300, 1_000, 4_000])
def test_the_smallest_share_is_told_as_promised(n: int) -> None:
    """Where a share is promised it is told in 14 of 20 draws; by the size of the classes alone more was
    promised, and told in 1 to 5."""
    promised = told = 0
    for seed in range(100, 120):
        p, labels = world(n, 5, seed)
        share = smallest_share(p, labels)
        if share is not None:
            soft, given, _ = mixed_up(p, labels, share, 0.0)
            promised += 1
            told += (1, 2) in {(flip.true, flip.label) for flip in find_pair_flips(soft, given)}
    assert told >= 0.7 * promised
    assert (promised > 0) == (n > 300)


def clips_of(labels: np.ndarray, size: int) -> np.ndarray:
    """Groups of so many images of one class."""
    clips = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        clips[own] = label * len(labels) + np.arange(len(own)) // size
    return clips


def test_of_images_in_groups_whole_ones_are_planted() -> None:
    """Clips of ten images: what is promised is told in 14 of 20 draws; the share promised of single images is
    told in half of them at most. Of 20 clips of a class nothing is promised."""
    told = {"clips": 0, "images": 0}
    for seed in range(100, 110):
        p, labels = world(4_000, 5, seed)
        clips = clips_of(labels, 10)
        shares = {"clips": smallest_share(p, labels, clips), "images": smallest_share(p, labels)}
        for name, share in shares.items():
            assert share is not None
            of = np.random.default_rng(seed).permutation(np.unique(clips[labels == 1]))
            given = np.where(np.isin(clips, of[: round(share * len(of))]), 2, labels)
            soft = p.copy()
            soft[:, 2] += share * soft[:, 1]
            soft[:, 1] *= 1 - share
            told[name] += (1, 2) in {(flip.true, flip.label) for flip in find_pair_flips(soft, given, clips)}
    assert told["clips"] >= 7
    assert told["images"] <= 5
    p, labels = world(1_000, 5, 100)
    assert smallest_share(p, labels, clips_of(labels, 10)) is None


def test_two_classes_that_were_exchanged_whole_are_counted_whole() -> None:
    """25 images of each bear the other's name: 25 and 25 labels are wrong, and not a part of them."""
    labels = np.repeat(np.arange(4), 25)
    answers = np.array([1, 0, 2, 3])[labels]
    probabilities = np.full((100, 4), 0.01)
    probabilities[np.arange(100), answers] = 0.97
    flips = find_pair_flips(probabilities, labels)
    assert {(flip.true, flip.label) for flip in flips} == {(0, 1), (1, 0)}
    assert [flip.expected for flip in flips] == pytest.approx([25, 25])
