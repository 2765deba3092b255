"""The gate for strange pictures: false refusals beside what is promised, and refusals of other sets.

    python benchmarks/ood_sets.py [--seeds N] [--stamps FOLDER]

Each home set is drawn into train, validation and test; a model is trained on it as a user would, by
`assay.run` with `max_risk`. Strangers are the other sets of truth_sets.py, made gray and brought
to its size, and noise. No bound of the gate was chosen on any of them.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import assay
import truth_sets
from assay.data.values import images_of
from assay.evaluation.ood import count_refused
from assay.workflow.load import load
from measuring import conditions, write_result
from truth_faults import noise
from truth_sets import clothes, digits, faces, glyphs, stamps, surfaces, tiles

SEED, MOST = 2609, 200
MAX_RISK = 0.05


def homes() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Name to pictures and labels: what a model is trained on."""
    written = [digits(half, 28) for half in ("tuning", "judging")]
    clothing = load("fashion-mnist", offline=True).train
    rows = np.sort(np.random.default_rng(SEED).choice(np.arange(1, 60_000, 2), 4_000, replace=False))
    return {
        "digits": (np.concatenate([w[0] for w in written]), np.concatenate([w[1] for w in written])),
        "Fashion-MNIST": (images_of(clothing, rows), clothing.labels[rows]),
    }


def strangers(home: str) -> dict[str, np.ndarray]:
    """Name to pictures 28 pixels a side, gray, at most `MOST` of each, of sets that the model never saw."""
    made = {
        "clothes" if home == "digits" else "digits": (clothes if home == "digits" else digits)("judging", 28)[
            0
        ],
        "glyphs": glyphs("judging", 32)[0],
        "tiles of photographs": tiles("judging", 64)[0],
        "faces": faces("judging", 25)[0][:100],
        "surfaces": surfaces("judging", 64)[0],
    }
    if truth_sets.STAMPS.is_dir():
        made["stamps"] = stamps("judging", 96)[0]
    rng = np.random.default_rng(SEED)
    made["noise"] = np.stack([noise(np.zeros((28, 28, 1), np.uint8), rng) for _ in range(MOST)])
    return {
        name: np.stack([_fitted(p) for p in rng.permutation(images)[:MOST]]) for name, images in made.items()
    }


def _fitted(pixels: np.ndarray) -> np.ndarray:
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).convert("L")
    return np.asarray(picture.resize((28, 28), Image.Resampling.BILINEAR))[..., None]


def judged(home: str, images: np.ndarray, labels: np.ndarray, seed: int) -> dict[str, Any]:
    """One draw: refusals by set, and the answers that the rule for `MAX_RISK` gives on test images."""
    order = np.random.default_rng([SEED, seed]).permutation(len(labels))
    train, test = np.split(order, [len(order) * 2 // 3])
    arrays = (images[train], labels[train], images[test], labels[test])
    with tempfile.TemporaryDirectory() as folder:
        run = assay.run(
            arrays, model="reference", seed=seed, validation=0.3, max_risk=MAX_RISK, out=Path(folder) / "run",
            checks=["identity"], on_event=lambda _: None,
        )  # fmt: skip
        gate = run.model.limits.gate
        assert gate is not None, run.model.limits

        def refused(pixels: np.ndarray) -> list[int]:
            found = count_refused(run.model.distances(iter([pixels])), gate.threshold)
            return [found.refused, found.n]

        answers = {k: v for k, v in run.score.as_record()["abstention"].items() if k != "curve"}
    return {
        "promised": gate.false_refusal_rate,
        "home": refused(images[test]),
        "strangers": {name: refused(pixels) for name, pixels in strangers(home).items()},
        "max_risk": answers,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--stamps", type=Path, default=truth_sets.STAMPS)
    asked = parser.parse_args()
    truth_sets.STAMPS = asked.stamps
    before, figures = conditions(), {}
    for home, (images, labels) in homes().items():
        figures[home] = [judged(home, images, labels, seed) for seed in range(asked.seeds)]
        print(home, figures[home], file=sys.stderr, flush=True)
    write_result("ood_sets", f"python benchmarks/ood_sets.py --seeds {asked.seeds}", before, figures)


if __name__ == "__main__":
    main()
