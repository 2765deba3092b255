"""What is measured of a picture at the size of its file."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from assay.data.decoding.original_stats import FIGURES, SMALLEST, appearance, detail
from assay.workflow.load import load
from planted import photograph


def figures(pixels: np.ndarray) -> dict[str, float]:
    return dict(zip(FIGURES, appearance(pixels), strict=True))


def blurred(pixels: np.ndarray, radius: float) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def test_figures_by_hand():
    """Half the pixels at 40, half at 240 in one channel, the others flat: every figure is known."""
    pixels = np.full((10, 20, 3), 100, np.uint8)
    pixels[:5, :, 1], pixels[5:, :, 1] = 40, 240
    pixels[:, :, 2] = 255
    found = figures(pixels)
    assert found.pop("detail") != found.get("detail")  # not a number in so small a picture
    assert found == pytest.approx(
        {"deviation": 100, "low": 40, "high": 255, "span": 200, "reach": 200, "clipped": 1 / 3}
    )


def test_constant_pictures_have_no_detail():
    """Without structure there is nothing to compare; the other figures stand."""
    found = figures(np.full((100, 100, 1), 7, np.uint8))
    assert (found["deviation"], found["reach"]) == (0, 0)
    assert np.isnan(found["detail"])


def test_white_noise_has_detail_two():
    """Of white noise the Laplacian falls by half with the size, whatever its strength."""
    rng = np.random.default_rng(0)
    for strength in (5, 40):
        noise = np.clip(rng.normal(128, strength, (1, 400, 400, 1)), 0, 255).round().astype(np.uint8)
        assert detail(noise)[0] == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("radius", [1.5, 2, 3, 4])
def test_blur_takes_detail_away(radius: float):
    """Pictures with structure of all sizes keep over 0.5; blurred ones fall under 0.36."""
    pictures = [photograph(np.random.default_rng(seed), 192) for seed in range(5)]
    assert min(detail(np.stack(pictures))) > 0.5
    assert max(detail(np.stack([blurred(picture, radius) for picture in pictures]))) < 0.36


def test_small_pictures_are_not_judged():
    """Under 64 pixels a side everything is an edge."""
    small = photograph(np.random.default_rng(0), SMALLEST)[None, : SMALLEST - 1]
    assert np.isnan(detail(small)).all()


def test_large_pictures_are_sampled():
    """A picture of 9 million pixels has about the figures of its quarter."""
    quarter = photograph(np.random.default_rng(0), 1500)
    whole = np.tile(quarter, (2, 2, 1))
    np.testing.assert_allclose(appearance(whole)[:6], appearance(quarter)[:6], rtol=0.05)


def test_files_are_judged_before_they_are_made_smaller(tmp_path):
    """The looks of a split are those of its files, and are there again when it is read from the cache."""
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for i in range(3):
            picture = photograph(np.random.default_rng(i), 150 + 10 * i)
            Image.fromarray(picture).save(tmp_path / label / f"{i}.png")
    expected = [appearance(photograph(np.random.default_rng(i), 150 + 10 * i)) for i in range(3)]
    for _ in range(2):
        splits = load(str(tmp_path), test_fraction=0.34).splits
        for split in splits.values():
            rows = [int(name[-5]) for name in split.ids]
            np.testing.assert_allclose(split.original_stats, [expected[row] for row in rows], rtol=1e-6)
    assert splits["train"].shape == (64, 64, 3)


def test_images_of_one_size_need_no_other_look(tmp_path):
    """Where nothing was made smaller the pixels themselves are judged."""
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for i in range(3):
            Image.fromarray(photograph(np.random.default_rng(i), 70)).save(tmp_path / label / f"{i}.png")
    assert all(split.original_stats is None for split in load(str(tmp_path)).splits.values())
