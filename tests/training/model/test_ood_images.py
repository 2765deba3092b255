"""The gate on pictures of something else: none of them was used to build it."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import assay
from assay.evaluation.metrics import wilson_interval


@pytest.fixture(scope="module")
def data():
    return assay.load("fashion-mnist-sample")


@pytest.fixture(scope="module")
def model(data):
    return assay.train(data, "nearest-mean", seed=0)


def refused(model, images: np.ndarray) -> float:
    """The share of the pictures that the gate turns away."""
    distances = model.distances(np.ascontiguousarray(images))
    return float((distances > model.limits.gate.threshold).mean())


def test_familiar_pictures_pass(model, data) -> None:
    """Of the test images, the stated share is refused, within its interval."""
    images = data.splits["test"].images
    share = refused(model, images)
    low, high = wilson_interval(round(share * len(images)), len(images))
    assert low <= model.limits.gate.false_refusal_rate <= 0.01
    assert high >= 0.002


def test_digits_are_turned_away(model) -> None:
    """Handwritten digits, which have the ground of these pictures and strokes unlike any of them."""
    digits = (load_digits().images * 255 / 16).astype(np.uint8)
    large = [Image.fromarray(digit).resize((28, 28), Image.Resampling.BILINEAR) for digit in digits]
    assert refused(model, np.stack([np.asarray(one) for one in large])[..., None]) > 0.5


def test_noise_inverted_and_empty_pictures_are_turned_away(model, data) -> None:
    """What no camera gives, what has dark and bright exchanged, and nothing at all."""
    noise = np.random.default_rng(0).integers(0, 256, (500, 28, 28, 1)).astype(np.uint8)
    assert refused(model, noise) > 0.9
    assert refused(model, 255 - data.splits["test"].images) > 0.9
    assert refused(model, np.zeros((1, 28, 28, 1), np.uint8)) == 1
    assert refused(model, np.full((1, 28, 28, 1), 255, np.uint8)) == 1
