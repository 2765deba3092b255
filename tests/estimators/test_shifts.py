"""Two splits of one pool do not differ beyond chance, however few images or groups they have."""

import numpy as np
import pytest

from assay.estimators.projections import fit_components
from assay.estimators.shifts import effect_size, f_deviate, feature_shift, share_difference
from assay.features.hand_made import describe_block

#: Standard errors from which the check speaks.
BEYOND = 4.0


def soft_spots(count: int, seed: int) -> np.ndarray:
    """Pictures in which a soft spot lies anywhere: a few components hold nearly all that varies."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:24, :24]
    across, down = rng.uniform(7, 17, (2, count, 1, 1))
    size = rng.uniform(3, 6, (count, 1, 1))
    distance = (y - across) ** 2 + (x - down) ** 2
    return (200 * np.exp(-distance / (2 * size**2)) + 20).astype(np.uint8)[..., None]


@pytest.fixture(scope="module")
def spots() -> np.ndarray:
    return describe_block(soft_spots(800, 0))


@pytest.mark.parametrize(("train", "test"), [(10, 3), (10, 10), (20, 5), (20, 200), (40, 40), (80, 20)])
def test_pictures_of_one_kind_do_not_shift(spots: np.ndarray, train: int, test: int) -> None:
    """Of 40 random splits of one pool at most one differs; components of few images said so of 35 to 97 of
    100, for they are chosen to spread these very images."""
    rng, told = np.random.default_rng(1), 0
    for _ in range(40):
        rows = rng.permutation(len(spots))[: train + test]
        axes = fit_components(spots[rows[:train]])
        found = feature_shift(axes.project(spots[rows[:train]]), axes.project(spots[rows[train:]]))
        told += found["standard_errors"] >= BEYOND
    assert told <= 1


def test_pictures_of_another_kind_do(spots: np.ndarray) -> None:
    """Noise on 40 of 100 pictures is told of every draw, so that silence above means something."""
    rng = np.random.default_rng(2)
    noisy = describe_block((soft_spots(800, 0) + rng.integers(0, 30, (800, 24, 24, 1))).astype(np.uint8))
    for _ in range(10):
        rows = rng.permutation(800)[:100]
        axes = fit_components(spots[rows[:60]])
        found = feature_shift(axes.project(spots[rows[:60]]), axes.project(noisy[rows[60:]]))
        assert found["standard_errors"] >= BEYOND and found["effect"] > 0.5


def in_groups(rng: np.random.Generator, groups: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Figures float32 `(n, 16)` that are alike within groups, labels of whole groups, and the groups."""
    units = np.repeat(np.arange(groups), rng.integers(1, 40, groups))
    own, each = rng.normal(size=(groups, 16))[units], rng.normal(size=(len(units), 16))
    return ((own + each) / 2**0.5).astype(np.float32), rng.integers(0, 3, groups)[units], units


@pytest.mark.parametrize(("train", "test"), [(1, 1), (2, 1), (2, 2), (20, 1), (20, 3), (20, 6), (60, 20)])
def test_groups_of_one_kind_do_not_differ(train: int, test: int) -> None:
    """Patients of one clinic, split at random: counted by images, figures differed in 36 to 65 of 100 draws,
    features in 90 and more, and label shares in 43 to 73."""
    rng, told = np.random.default_rng(3), np.zeros(3, int)
    for _ in range(60):
        (a, labels, ours), (b, others, theirs) = in_groups(rng, train), in_groups(rng, test)
        units = ours, theirs
        of_classes = [
            np.bincount(np.unique(np.stack(p), axis=1)[1], minlength=3)
            for p in ((ours, labels), (theirs, others))
        ]
        found = (
            effect_size(a[:, 0], b[:, 0], units),
            feature_shift(a, b, units),
            share_difference(*(np.bincount(one, minlength=3) for one in (labels, others)), tuple(of_classes)),
        )
        told += [one is not None and one["standard_errors"] >= BEYOND for one in found]
    assert told.max() <= 2


def test_each_image_a_group_is_no_group() -> None:
    """With one image a group the figures are those without groups."""
    rng = np.random.default_rng(4)
    a, b = (rng.normal(size=(n, 5)).astype(np.float32) for n in (30, 20))
    units = np.arange(30), np.arange(20)
    found, alone = effect_size(a[:, 0], b[:, 0], units), effect_size(a[:, 0], b[:, 0])
    assert found is not None and alone is not None
    assert found["effect"] == alone["effect"]
    assert found["standard_errors"] <= alone["standard_errors"]
    assert feature_shift(a, b, units) == pytest.approx(feature_shift(a, b))


def test_deviates_have_the_tails_of_f() -> None:
    """Against scipy: the probability beyond a deviate of 0 to 5 is that beyond the ratio, within half."""
    stats = pytest.importorskip("scipy.stats")
    for above, below in ((1, 30), (3, 20), (10, 18), (32, 500), (32, 1e6)):
        for beyond in (0.02, 1e-3, 3e-5):
            ratio = float(stats.f.isf(beyond, above, below))
            assert stats.norm.sf(f_deviate(ratio, above, below)) == pytest.approx(beyond, rel=0.5)
