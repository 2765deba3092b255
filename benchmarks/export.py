"""Every recipe as an exported file, proved on the whole test split of Fashion-MNIST and 1,000 hostile images.

    python benchmarks/export.py [DATA] [--cases "mlp;cnn"] [--name export]

What is proved is that a file answers as its model does, not how good the model is. So a case may say
`epochs`: a net as large as the recipe's, trained for less long. Cases that were measured before and are not
named are kept in the result file, each with the commit, date and load that it was measured at.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

import assay
from assay.data.values import Dataset
from assay.deployment.export.classifier import onnx_bytes
from assay.deployment.export.proof import hostile_images
from assay.deployment.export.write import export_model
from assay.deployment.onnx_model import OnnxModel
from assay.training.classifier import Model
from measuring import RESULTS, conditions, write_result

#: Case -> recipe, settings, and what is not as the recipe ships.
CASES: Final[dict[str, tuple[str, dict[str, Any], str]]] = {
    "majority": ("majority", {}, ""),
    "nearest-mean": ("nearest-mean", {}, ""),
    "linear": ("linear", {}, ""),
    "mlp": ("mlp", {}, ""),
    "mlp with a rule": ("mlp", {"epochs": 2, "max_risk": 0.05}, "2 epochs; --max-risk 0.05"),
    "mlp, warm start": ("mlp", {"epochs": 2, "warm_start": "start"}, "2 epochs from another mlp"),
    "mlp, three members": ("mlp", {"epochs": 2, "members": 3}, "2 epochs; members = 3"),
    "mlp and reference": ("mlp", {"epochs": 2, "reference": 0.4}, "2 epochs; reference = 0.4"),
    "reference": ("reference", {}, ""),
    "cnn": ("cnn", {}, ""),
    "cnn-small": ("cnn-small", {"epochs": 1}, "1 of 60 epochs"),
    "cnn-accurate": ("cnn-accurate", {"epochs": 2}, "2 of 16 epochs"),
    "cnn-accurate, whole": ("cnn-accurate", {}, ""),
    "pretrained": ("pretrained", {}, "fitted on the sample's 1,000 training images"),
}

#: Cases that are measured only when they are named: they take many minutes.
LONG: Final = ("cnn-accurate, whole", "pretrained")

_BATCH: Final = 128


def trained(data: Dataset, case: str, folder: Path) -> Model:
    """The model of a case."""
    recipe, settings, _ = CASES[case]
    if "warm_start" in settings:
        start = folder / "start"
        assay.train(data, "mlp", epochs=1, seed=1).save(start)
        settings = {**settings, "warm_start": str(start)}
    if recipe == "pretrained":
        data = assay.load("fashion-mnist-sample")
    return assay.train(data, recipe, **settings)


def microseconds(file: OnnxModel, images: np.ndarray, batch: int) -> float:
    """Of one image: the best of three passes over all of them, one thread."""
    seconds = []
    for _ in range(3):
        before = time.perf_counter()
        for start in range(0, len(images), batch):
            file.run(images[start : start + batch])
        seconds.append(time.perf_counter() - before)
    return round(1e6 * min(seconds) / len(images), 1)


def measured(data: Dataset, case: str) -> dict[str, Any]:
    """Train, export with proof, and time one case."""
    with tempfile.TemporaryDirectory() as name:
        folder, load = Path(name), round(os.getloadavg()[0], 1)
        before = time.perf_counter()
        model = trained(data, case, folder)
        train_seconds = time.perf_counter() - before
        before = time.perf_counter()
        content = onnx_bytes(model)
        write_seconds = time.perf_counter() - before
        path = folder / "model.onnx"
        before = time.perf_counter()
        proof = export_model(model, path, data.splits["test"].blocks())
        export_seconds = time.perf_counter() - before
        file = OnnxModel.read(path, threads=1)
        images = np.concatenate([*data.splits["test"].blocks(np.arange(512))])
        hostile = hostile_images(data.shape, 64)
        return {
            "recipe": CASES[case][0],
            "unlike_the_recipe": CASES[case][2],
            "proof": proof.as_record(),
            "same_bytes_twice": content == path.read_bytes() == onnx_bytes(model),
            "bytes": len(content),
            "sha256": file.sha256,
            "train_seconds": round(train_seconds, 1),
            "write_seconds": round(write_seconds, 2),
            "export_seconds": round(export_seconds, 2),
            "microseconds_an_image": {
                "128 at a time": microseconds(file, images, _BATCH),
                "one at a time": microseconds(file, images, 1),
                "hostile, 64 at a time": microseconds(file, hostile, 64),
            },
            "load_before": load,
            "commit": _commit(),
        }


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", default="fashion-mnist")
    parser.add_argument("--cases", help="their names, separated by semicolons; without it all but the long")
    parser.add_argument("--name", default="export", help="of the result file")
    given = parser.parse_args()
    names = given.cases.split(";") if given.cases else [name for name in CASES if name not in LONG]
    before, data = conditions(), assay.load(given.data)
    place = RESULTS / f"{given.name}.json"
    figures = json.loads(place.read_text("utf-8"))["figures"] if place.exists() else {}
    for name in names:
        figures[name] = measured(data, name)
        ordered = {case: figures[case] for case in CASES if case in figures}
        write_result(given.name, "python benchmarks/export.py", before, ordered)


if __name__ == "__main__":
    main()
