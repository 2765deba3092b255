"""Whether pictures are as they should be, by an odd kernel: left out in closed form, odd, silent."""

import numpy as np

from assay.audits.measures.class_fit import exchanged, fit_as_it_is, inverted


def channel_order(*given: np.ndarray) -> np.ndarray:
    return fit_as_it_is(exchanged, *given)[0]


def warm(seed: int, count: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Levels of pictures of which red is brighter than blue, in most, and labels of two classes."""
    rng = np.random.default_rng(seed)
    levels = rng.uniform(60, 200, (count, 1, 3)) + rng.normal(0, 15, (count, 21, 3))
    levels[..., 0] += rng.normal(60, 30, (count, 1))
    return levels.astype(np.float32), np.arange(count) % 2


def test_each_picture_is_left_out_of_what_it_is_judged_by() -> None:
    """The closed form agrees with learning from the others alone; judging what was learned from would not."""
    levels, labels = warm(1)
    told = channel_order(levels, labels, levels, labels)
    others = [np.arange(len(levels)) != row for row in range(len(levels))]
    alone = [channel_order(levels[~one], labels[~one], levels[one], labels[one])[0] for one in others]
    np.testing.assert_allclose(told, alone, atol=0.03)
    np.testing.assert_array_equal(told, fit_as_it_is(exchanged, levels, labels, levels, labels)[1])
    learned = channel_order(levels.copy(), labels, levels, labels)
    assert np.abs(learned - alone).max() > 0.3


def test_the_exchanged_picture_is_told_as_its_opposite() -> None:
    """Whether it is learned from or not."""
    levels, labels = warm(2)
    asked, classes = warm(3, 20)
    told = channel_order(asked, classes, levels, labels)
    assert np.abs(told).max() > 0.5
    np.testing.assert_allclose(channel_order(exchanged(asked), classes, levels, labels), -told, atol=1e-9)
    ordered = np.concatenate([levels[:, :16], np.sort(levels[:, 16:], axis=1)], axis=1)
    told, _ = fit_as_it_is(inverted, ordered[:20], labels[:20], ordered, labels)
    opposite, _ = fit_as_it_is(inverted, inverted(ordered[:20]), labels[:20], ordered, labels)
    assert np.abs(told).max() > 0.5
    np.testing.assert_allclose(opposite, -told, atol=1e-6)


def test_without_color_or_with_few_pictures_nothing_is_told() -> None:
    """Of both sides: pictures asked, and pictures learned from."""
    levels, labels = warm(4)
    gray = levels.copy()
    gray[..., 2] = gray[..., 0] + 3
    assert not channel_order(gray, labels, gray, labels).any()
    assert not channel_order(gray[:10], labels[:10], levels, labels).any()
    assert not channel_order(levels, labels, levels[:15], labels[:15]).any()


def test_more_pictures_than_are_learned_from_are_all_judged() -> None:
    """Those that are not learned from as those that are, in blocks."""
    levels, labels = warm(5, 5_000)
    levels[::50] = exchanged(levels[::50])
    told = channel_order(levels, labels, levels, labels)
    for rows in (slice(0, None, 50), slice(4_100, None, 50)):
        assert told[rows].mean() < -0.3
    assert told[1::50].mean() > 0.3


def test_small_classes_count_as_one() -> None:
    """Of four pictures a class tells nothing by itself."""
    levels, _ = warm(6)
    each = np.arange(len(levels)) // 4
    together = channel_order(levels, np.zeros(80, np.int64), levels, np.zeros(80, np.int64))
    np.testing.assert_array_equal(channel_order(levels, each, levels, each), together)
    halves = np.arange(len(levels)) // 40
    assert np.abs(channel_order(levels, halves, levels, halves) - together).max() > 0.05
