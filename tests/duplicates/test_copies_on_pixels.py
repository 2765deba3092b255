"""Windows, likeness and JPEG's rounding: what makes two pictures the same one, changed."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

from assay.duplicates.alignment import compare
from assay.duplicates.candidates import (
    Candidates,
    Query,
    describe_window,
    find_candidates,
    margin,
    thumbnails,
)
from assay.duplicates.decision import each_once, explained
from assay.duplicates.jpeg import jpeg_excess
from assay.duplicates.residual import NOISE_LEFT, remainder, smoothed

PLAIN = Query(0, 0, 1.0, 1, 1)


def smooth(n: int, side: int = 24, seed: int = 0) -> np.ndarray:
    """Random soft pictures, no two alike."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(20, 235, (n, 6, 6))
    fine = np.kron(coarse, np.ones((1, side // 6, side // 6)))
    blurred = (fine + np.roll(fine, 1, 1) + np.roll(fine, 1, 2) + np.roll(fine, (1, 1), (1, 2))) / 4
    return np.rint(blurred).astype(np.uint8)[..., None]


def pair(down: int = 0, right: int = 0) -> Candidates:
    one = np.ones(1, np.int64)
    return Candidates(0 * one, one, down * one, right * one, np.zeros(1, np.float32))


def test_description_is_the_same_for_mirror_gain_and_contrast():
    """Mirroring, a gain and an offset leave the description as it is."""
    pictures = smooth(3).astype(float)
    changed = np.rint(0.7 * pictures[:, :, ::-1] + 20).astype(np.uint8)
    before, after = (describe_window(p.astype(np.uint8), PLAIN) for p in (pictures, changed))
    np.testing.assert_allclose(before, after, atol=0.01)
    np.testing.assert_allclose(np.square(before).sum(axis=1), 1, atol=1e-4)


def test_description_of_a_moved_window_is_that_of_the_moved_picture():
    """The window of the original at (2, -1) is the middle of the copy moved by (-2, 1)."""
    pictures = smooth(2)
    copies = np.roll(pictures, (-2, 1), (1, 2))
    asked = describe_window(pictures, Query(2, -1, 1.0, 1, 1))
    np.testing.assert_allclose(asked, describe_window(copies, PLAIN), atol=1e-5)


def test_a_gain_cuts_each_color_off_by_itself():
    """Asked with a gain, a picture looks as its brightened copy does: red is cut off, green and blue grow."""
    rng = np.random.default_rng(5)
    pictures = rng.integers(0, 120, (6, 16, 16, 3), np.uint8)
    pictures[..., 0] += 130
    brightened = np.minimum(np.rint(pictures * 1.4), 255).astype(np.uint8)
    asked = describe_window(pictures, Query(0, 0, 1.4, 1, 1))
    np.testing.assert_allclose(asked, describe_window(brightened, PLAIN), atol=0.01)


def test_a_copy_is_the_first_candidate():
    """Moved copies among a hundred other pictures are found with the right shift."""
    pictures = smooth(100)
    copies = np.roll(pictures[:10], (1, 2), (1, 2))
    found = find_candidates(np.concatenate([pictures, copies]))
    near = found.chosen(found.distance < 0.01)
    pairs = {(min(a, b), max(a, b)) for a, b in zip(near.first.tolist(), near.second.tolist(), strict=True)}
    assert pairs == {(i, 100 + i) for i in range(10)}


def test_flat_pictures_have_no_candidates():
    """Pictures without structure are compared with nothing."""
    assert len(find_candidates(np.full((50, 20, 20, 1), 9, np.uint8))) == 0


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (3, 9), (5, 5), (12, 12), (1, 40)])
def test_small_pictures_have_a_window(shape):
    """Whatever the size, the window with its margin lies inside the picture."""
    small = np.random.default_rng(0).integers(0, 256, (6, *shape, 1), np.uint8)
    assert min(shape) - 2 * margin(small.shape) >= 1
    assert np.isfinite(find_candidates(small).distance).all()


def test_likeness_undoes_mirror_shift_and_gain():
    """What remains of a mirrored, moved and brightened copy is rounding."""
    original = smooth(1)
    copy = np.rint(np.roll(original[:, :, ::-1], (-2, 0), (1, 2)) * 0.8 + 10).astype(np.uint8)
    alignment = compare(np.concatenate([original, copy]), pair(down=2))
    assert alignment.residual[0] < 0.5
    assert alignment.mirrored[0]
    assert alignment.gain[0] == pytest.approx(0.8, abs=0.01) or alignment.gain[0] == pytest.approx(
        1.25, abs=0.02
    )


def test_likeness_of_a_cut_off_copy_is_exact():
    """Pixels that a gain cut off at 255 count as explained."""
    original = smooth(1)
    copy = np.clip(np.rint(original * 1.5), 0, 255).astype(np.uint8)
    assert (copy == 255).mean() > 0.1
    assert compare(np.concatenate([original, copy]), pair()).residual[0] < 0.5


def test_likeness_measures_noise():
    """Noise of deviation 6 leaves a residual of about 6."""
    original = np.clip(smooth(1), 40, 215)
    noise = np.random.default_rng(0).normal(0, 6, original.shape)
    copy = np.rint(original + noise).astype(np.uint8)
    assert compare(np.concatenate([original, copy]), pair()).residual[0] == pytest.approx(6, abs=0.6)


def test_different_pictures_do_not_explain_each_other():
    """Two unrelated pictures leave most of their contrast."""
    alignment = compare(smooth(2), pair())
    assert alignment.residual[0] > 0.5 * alignment.structure[0]


def remaining(original: np.ndarray, copy: np.ndarray, between_pixels: bool = False) -> float:
    """What remains of an unmoved, not mirrored pair."""
    both = np.concatenate([original, copy])
    return float(remainder(both, pair(), np.zeros(1, bool), between_pixels)[0][0])


def test_smoothing_averages_noise_out():
    """Weights 1/4, 1/2, 1/4 both ways keep a constant, and leave 3/8 of white noise."""
    noise = np.random.default_rng(0).normal(0, 8, (4, 60, 60, 1)).astype(np.float32)
    assert smoothed(noise).std() == pytest.approx(8 * NOISE_LEFT, rel=0.05)
    np.testing.assert_allclose(smoothed(np.full((1, 5, 6, 2), 7, np.float32)), np.full((1, 3, 4, 2), 7))


def test_remainder_tells_noise_from_another_picture():
    """Both differ by about 8 gray levels; noise leaves 3 of them, a coarse difference most."""
    original = np.clip(smooth(1), 60, 195)
    noise = np.random.default_rng(0).normal(0, 8, original.shape)
    other = np.kron(np.random.default_rng(1).choice([-8, 8], (1, 4, 4, 1)), np.ones((1, 6, 6, 1)))
    noisy, different = (np.rint(original + change).astype(np.uint8) for change in (noise, other))
    assert remaining(original, noisy) < 8 * NOISE_LEFT * 1.2
    assert remaining(original, different) > 6


def test_remainder_of_a_cut_off_copy_is_rounding():
    """Pixels that a gain cut off at 255 count as explained."""
    original = smooth(1)
    copy = np.clip(np.rint(original * 1.5), 0, 255).astype(np.uint8)
    assert remaining(original, copy) < 0.3


def test_remainder_undoes_a_shift_between_pixels():
    """A large picture moved by one of its pixels, both averaged down by three: little remains."""
    large = np.random.default_rng(3).uniform(0, 255, (1, 30, 30, 1))
    large = np.kron(large, np.ones((1, 6, 6, 1)))
    original, copy = (
        np.rint(picture.reshape(1, 60, 3, 60, 3, 1).mean(axis=(2, 4))).astype(np.uint8)
        for picture in (large, np.roll(large, (1, 1), (1, 2)))
    )
    assert remaining(original, copy) > 10
    assert remaining(original, copy, between_pixels=True) < 3


def test_nothing_is_claimed_of_pictures_without_a_middle():
    """Where smoothing leaves no pixel the remainder is infinite."""
    tiny = smooth(2)[:, :4, :4]
    assert np.isinf(remainder(tiny, pair(), np.zeros(1, bool), False)[0]).all()
    assert remainder(tiny, pair().chosen(np.zeros(0, np.int64)), np.zeros(0, bool), True)[0].shape == (0,)


def test_jpeg_explains_itself_and_nothing_else():
    """A copy of quality 35 stays within the rounding; one of quality 5, and another picture, do not."""
    rng = np.random.default_rng(0)
    original = np.clip(smooth(1, 48)[0, ..., 0] * 0.5 + 60 + rng.normal(0, 6, (48, 48)), 0, 255).astype(
        np.uint8
    )

    def excess(quality: int) -> float:
        buffer = io.BytesIO()
        Image.fromarray(original).save(buffer, "JPEG", quality=quality)
        copy = np.asarray(Image.open(buffer))
        return float(jpeg_excess(original[None, ..., None], copy[None, ..., None])[0])

    assert excess(35) < 0.3
    assert excess(80) < 0.3
    assert excess(5) > 3.5
    assert jpeg_excess(smooth(1, 48, 1), smooth(1, 48, 2))[0] > 3.5


def test_jpeg_transform_is_scipys():
    """The excess is measured on the orthonormal cosine transform of 8 x 8 blocks."""
    first = np.zeros((1, 8, 8, 1), np.uint8)
    second = np.full((1, 8, 8, 1), 100, np.uint8)
    constant = dctn(np.full((8, 8), 100.0), norm="ortho")[0, 0]
    step = np.floor((16 * 5000 / 35 + 50) / 100)
    expected = (constant - step / 2) / 8
    assert jpeg_excess(first, second)[0] == pytest.approx(expected, rel=1e-4)


def test_pictures_under_a_block_are_never_explained_by_jpeg():
    """Without a whole 8 x 8 block nothing is claimed."""
    tiny = np.zeros((2, 7, 30, 1), np.uint8)
    assert np.isinf(jpeg_excess(tiny, tiny)).all()


def test_thumbnails_average_down_and_never_up():
    """Large pictures become 96 a side, small ones stay as they are."""
    assert thumbnails(np.zeros((2, 100, 20, 3), np.uint8)).shape == (2, 96, 20, 3)
    assert (thumbnails(np.full((1, 99, 80, 1), 77, np.uint8)) == 77).all()


def test_of_pairs_that_come_twice_the_best_is_kept():
    """The same two pictures, either way round, by two shifts."""
    first, second, zero = np.array([3, 1, 1, 3, 5]), np.array([1, 3, 2, 1, 6]), np.zeros(5, np.int64)
    pairs = Candidates(first, second, zero, zero, np.ones(5, np.float32))
    chosen = each_once(pairs, np.array([0, 1, 2, 4]), np.array([0.7, 0.8, 0.6, 0.9]))
    assert chosen.tolist() == [2, 1, 3]
    assert not len(each_once(pairs, zero[:0], np.zeros(0)))


def test_shifts_that_explain_a_pair_as_well_all_count():
    """Between pixels two shifts leave the same but for rounding: none goes before both are judged."""
    first, second, zero = np.array([3, 1, 1, 3, 5, 1]), np.array([1, 3, 2, 1, 6, 3]), np.zeros(6, np.int64)
    pairs = Candidates(first, second, zero, zero, np.ones(6, np.float32))
    for left in ([0.3127, 0.3126, 0.5, 0.4, 1.01, np.inf], [0.3126, 0.3127, 0, 0.4, np.inf, 1.2]):
        assert explained(pairs, np.array(left, np.float32)).tolist() == [0, 1, 2]
    assert not len(explained(pairs, np.full(6, np.inf, np.float32)))
    assert not len(explained(pairs.chosen(zero[:0]), np.zeros(0, np.float32)))
