"""Drift of what arrives: other, blurred and inverted streams are flagged, the same kind is not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

import assay
from assay.core.errors import AssayError
from assay.data.values import Dataset, Split, numbered_ids
from assay.deployment.serving.drift import FEWEST, WINDOW, Watch, compare
from assay.deployment.serving.reference import (
    Moments,
    Reference,
    figures_of,
    read_reference,
    reference_of,
    write_reference,
)
from deployment.serving.conftest import SHAPE, Start, pictures


@pytest.fixture(scope="module")
def clothes() -> Dataset:
    return assay.load("fashion-mnist-sample")


@pytest.fixture(scope="module")
def reference(clothes: Dataset) -> Reference:
    return reference_of(clothes.train, 10, "00" * 32)


def test_images(dataset: Dataset) -> np.ndarray:
    return np.concatenate(list(dataset.splits["test"].blocks()))


test_images.__test__ = False  # type: ignore[attr-defined]


def blurred(images: np.ndarray) -> np.ndarray:
    soft = [Image.fromarray(one[..., 0]).filter(ImageFilter.GaussianBlur(1)) for one in images]
    return np.stack([np.asarray(one) for one in soft])[..., None]


def flagged_at(reference: Reference, images: np.ndarray) -> int | None:
    """After how many images of a stream, ten at a time, drift was first seen."""
    watch = Watch(reference)
    for start in range(0, len(images), 10):
        watch.arrived(images[start : start + 10])
        watch.catch_up()
    watch.close()
    assert watch.seen == watch.looked == len(images)
    return watch.first


CHANGES = {
    "inverted": lambda images: 255 - images,
    "blurred": blurred,
    "darker": lambda images: images // 2,
    "noisy": lambda images: images ^ np.random.default_rng(0).integers(0, 64, images.shape, np.uint8),
    "upside down": lambda images: images[:, ::-1],
    "moved": lambda images: np.roll(images, 6, axis=2),
    "another set": lambda images: (
        np.random.default_rng(0).permuted(images.reshape(-1, 28, 7, 4), axis=2).reshape(images.shape)
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_stream_is_flagged_within_500_images(
    clothes: Dataset, reference: Reference, change: str
) -> None:
    images = test_images(clothes)[:500]
    first = flagged_at(reference, CHANGES[change](images))
    assert first is not None and first <= 500


def test_another_real_set_is_flagged(reference: Reference) -> None:
    """Handwritten digits (scikit-learn's), at the size of the clothes, in an order that chance gave."""
    from sklearn.datasets import load_digits

    small = (load_digits().images * 15.9).astype(np.uint8)
    rows = np.random.default_rng(0).permutation(len(small))[:500]
    digits = np.stack([np.asarray(Image.fromarray(small[row]).resize((28, 28))) for row in rows])[..., None]
    first = flagged_at(reference, digits)
    assert first is not None and first <= 500


def test_streams_of_the_same_kind_are_not_flagged(clothes: Dataset, reference: Reference) -> None:
    """Two hundred streams of 1,000 images: at most two may be (measured with more: docs/deploy.md)."""
    rows = reference.rows(test_images(clothes))
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(200):
        stream = rows[rng.integers(0, len(rows), 1000)]
        verdicts = [
            compare(reference, stream[max(end - WINDOW, 0) : end]).verdict for end in range(64, 1001, 64)
        ]
        assert set(verdicts[2:]) <= {"pass", "warn", "fail"}
        alarms += bool({"warn", "fail"} & set(verdicts))
    assert alarms <= 2


def test_few_training_images_cry_no_drift() -> None:
    """Streams of the very pictures that 30 training images were drawn from: nine in ten were flagged."""
    y, x = np.mgrid[:24, :24]
    rng, alarms = np.random.default_rng(0), 0
    across, down = rng.uniform(7, 17, (2, 2000, 1, 1))
    soft = np.exp(-((y - across) ** 2 + (x - down) ** 2) / (2 * rng.uniform(3, 6, (2000, 1, 1)) ** 2))
    spots = (200 * soft + 20).astype(np.uint8)[..., None]
    for first in range(0, 300, 30):
        train = Split.from_arrays(spots[first : first + 30], np.zeros(30, np.int64), numbered_ids("t", 30))
        few = reference_of(train, 1, "00" * 32)
        rows = few.rows(spots[300:][rng.integers(0, 1700, WINDOW)])
        alarms += compare(few, rows).verdict != "pass"
    assert alarms <= 1


def test_too_few_images_say_nothing(clothes: Dataset, reference: Reference) -> None:
    found = compare(reference, reference.rows(255 - test_images(clothes)[: FEWEST - 1]))
    assert found.verdict == "not evaluated" and "100" in found.reason


def test_moments_against_numpy() -> None:
    rows = np.random.default_rng(1).normal(3, 2, (50, 4)).astype(np.float32)
    rows[:5, 2] = np.nan
    found = Moments.of(rows)
    assert found.count.tolist() == [50, 50, 45, 50]
    np.testing.assert_allclose(found.mean, np.nanmean(rows.astype(float), axis=0))
    np.testing.assert_allclose(found.variance, np.nanvar(rows.astype(float), axis=0))


def test_figures_by_hand() -> None:
    image = np.zeros((1, 3, 3, 1), np.uint8)
    image[0, 1, 1] = 90
    brightness, contrast, sharpness = figures_of(image)[0].tolist()
    assert brightness == pytest.approx(10) and contrast == pytest.approx(np.std([90] + [0] * 8))
    assert sharpness == pytest.approx(np.log(1e-3))  # one inner pixel: its Laplacian does not vary
    assert np.isnan(figures_of(np.full((1, 5, 5, 3), 7, np.uint8))[0, 2])
    assert np.isnan(figures_of(np.zeros((1, 1, 1, 1), np.uint8))[0, 2])


def test_a_reference_comes_back_and_fits_one_model(reference: Reference, tmp_path: Path) -> None:
    path = tmp_path / "m.reference.safetensors"
    write_reference(reference, path)
    found = read_reference(path, "00" * 32, 10, 1)
    assert np.array_equal(found.axes, reference.axes) and np.array_equal(found.counts, reference.counts)
    assert np.array_equal(found.moments.mean, reference.moments.mean)
    content = path.read_bytes()
    for wrong in ((path, "11" * 32, 10, 1), (path, "00" * 32, 9, 1), (path, "00" * 32, 10, 3)):
        with pytest.raises(AssayError, match="model-refused"):
            read_reference(*wrong)
    for damaged in (b"", content[:-1], content[:100], b"\xff" * 8 + content[8:], content + b"x"):
        path.write_bytes(damaged)
        with pytest.raises(AssayError, match="model-refused"):
            read_reference(path, "00" * 32, 10, 1)


def test_drift_over_http(start: Start) -> None:
    """By the routes alone: a stream of the kind passes, an inverted one is flagged, and counted."""
    served = start()
    assert served.ask("GET", "/drift")[1]["verdict"] == "not evaluated"

    def send(images: np.ndarray) -> dict[str, Any]:
        for begin in range(0, len(images), 100):
            part = images[begin : begin + 100]
            tensor = {"name": "images", "datatype": "UINT8", "shape": list(part.shape)}
            assert served.infer({"inputs": [{**tensor, "data": part.ravel().tolist()}]})[0] == 200
        found: dict[str, Any] = served.ask("GET", "/drift")[1]
        return found

    calm = send(pictures(300, 7)[0])
    assert (calm["verdict"], calm["images"], calm["alarms"]) == ("pass", 300, 0)
    assert set(calm["effects"]) == {"brightness", "contrast", "sharpness", "features"}
    assert 0 <= calm["ood_share"] <= 1 and 0 <= calm["answered_share"] <= 1
    changed = send(255 - pictures(500, 8)[0])
    assert changed["verdict"] == "fail" and changed["alarms"] == 1 and 300 < changed["first_alarm_at"] <= 800
    assert abs(changed["effects"]["brightness"]["effect"]) > 0.5
    assert "brightness" in changed["reason"]
    metrics = served.ask("GET", "/metrics")[1].decode()
    assert "assay_drift 2\n" in metrics and "assay_drift_alarms 1\n" in metrics


def test_only_a_sample_is_looked_at_when_many_arrive(reference: Reference) -> None:
    """Watching takes as long as a small model: it may not be what a busy server does all day."""
    watch = Watch(reference)
    images = np.zeros((500, 28, 28, 1), np.uint8)
    for _ in range(10):
        watch.arrived(images)
    watch.wait()
    assert watch.seen == 5000 and 1000 <= watch.looked < 2000
    watch.close()


def test_without_a_reference_the_verdict_says_why() -> None:
    watch = Watch()
    watch.arrived(np.zeros((3, *SHAPE), np.uint8))
    assert (
        watch.as_record()["verdict"] == "not evaluated" and "export it again" in watch.as_record()["reason"]
    )
    watch.close()
