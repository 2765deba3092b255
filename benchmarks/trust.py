"""What a model's limits do on Fashion-MNIST, all of them fixed on the 6,000 validation images.

Calibration before and after the temperature, the rule for `--max-risk 0.02`, the share of strange pictures
that the gate catches, and what it all costs. The strange pictures were never used to choose anything but the
ridge of the gate's covariance (src/assay/estimators/mahalanobis.py).
"""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

import assay
from assay.data.values import Dataset
from assay.evaluation.evaluate import evaluate_split
from assay.training.classifier import Model
from assay.workflow.evidence import judge
from measuring import conditions, write_result

RECIPES = ("linear", "mlp")


def main() -> None:
    before = conditions()
    data = assay.load("fashion-mnist")
    audit = assay.audit(data)
    figures = {}
    for recipe in RECIPES:
        model = assay.train(data, recipe, seed=0, max_risk=0.02)
        started = time.perf_counter()
        evaluate_split(model, data.splits["test"], data.classes, "", {})
        plain = time.perf_counter() - started
        started = time.perf_counter()
        record = judge(model, data, audit).as_record()
        more = time.perf_counter() - started - plain
        figures[recipe] = {
            **told(record),
            "caught": caught(model, data),
            "seconds more than plain": round(more, 2),
        }
    write_result("trust", "python benchmarks/trust.py", before, figures)


def told(record: dict[str, Any]) -> dict[str, Any]:
    """The figures of an evaluation that this is about."""
    parts = ("ece", "ece_by_chance", "brier", "log_loss")
    calibration = record["calibration"]
    return {
        "temperature": calibration["temperature"],
        **{when: {part: calibration[when][part] for part in parts} for when in ("before", "after")},
        "max risk 0.02": record["abstention"]["rule"],
        "familiar test images refused": record["out_of_distribution"]["gate"]["test"],
        "stated rate": record["out_of_distribution"]["gate"]["false_refusal_rate"],
        "honest": record["honest"],
        "weakest slices": [
            f"{w['by']}: {w['slice']}, {w['accuracy']:.4f}" for w in record["slices"]["weakest"]
        ],
    }


def caught(model: Model, data: Dataset) -> dict[str, float]:
    """The share of each kind of strange picture that lies beyond the gate."""
    assert model.limits.gate is not None
    found = {}
    for name, images in strange(data.splits["test"].images).items():
        distances = model.distances(np.ascontiguousarray(images))
        assert distances is not None
        found[name] = round(float((distances > model.limits.gate.threshold).mean()), 4)
    return found


def strange(test: NDArray[np.uint8]) -> dict[str, NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    shape = (2_000, 28, 28, 1)
    return {
        "digits (scikit-learn's 1,797, enlarged)": digits(),
        "noise, every pixel anything": rng.integers(0, 256, shape).astype(np.uint8),
        "noise with the mean and deviation of train": np.clip(rng.normal(73, 90, shape), 0, 255).astype(
            np.uint8
        ),
        "inverted test images": 255 - test,
        "test images upside down": test[:, ::-1],
        "test images on their side": test.transpose(0, 2, 1, 3),
        "black": np.zeros((1, *shape[1:]), np.uint8),
    }


def digits() -> NDArray[np.uint8]:
    small = (load_digits().images * 255 / 16).astype(np.uint8)
    large = [Image.fromarray(image).resize((28, 28), Image.Resampling.BILINEAR) for image in small]
    return np.stack([np.asarray(image) for image in large])[..., None]


if __name__ == "__main__":
    main()
