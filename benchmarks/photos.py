"""Photographs: recipes on the stamps of a Debian package, the same splits, and flipped labels.

    apt-get download tuxpaint-stamps-default && dpkg-deb -x tuxpaint-stamps-default_*.deb STAMPS
    python benchmarks/photos.py STAMPS [--seeds 5] [--recipes reference,cnn,pretrained]

The set: class = folder under stamps, those of 34 stamps and more but the symbols, pasted on white, 224 px.
`cnn` is given 64 pixels. Writes benchmarks/results/photos.json.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from assay.estimators import ridge
from assay.estimators.logistic_calibration import fit_calibration
from assay.features.choice import linear_inputs
from assay.features.pretrained import describe
from assay.workflow.load import load
from measuring import conditions, write_result

SIDE, LEAST = 224, 34
FLIPPED, DRAWS = 0.05, 5


def make_set(stamps: Path, out: Path) -> None:
    """Write the set of photographs, a folder a class."""
    for folder in sorted(path for path in stamps.rglob("stamps/*") if path.is_dir()):
        files = sorted(folder.rglob("*.png"))
        if len(files) < LEAST or folder.name == "symbols":
            continue
        (out / folder.name).mkdir(parents=True)
        for number, file in enumerate(files):
            drawn = Image.open(file).convert("RGBA")
            white = Image.new("RGBA", drawn.size, "white")
            white.alpha_composite(drawn)
            small = white.convert("RGB")
            small.thumbnail((SIDE, SIDE))
            square = Image.new("RGB", (SIDE, SIDE), "white")
            square.paste(small, ((SIDE - small.width) // 2, (SIDE - small.height) // 2))
            square.save(out / folder.name / f"{number:03}.png")


def run(data: Path, recipe: str, seed: int, work: Path) -> dict[str, float]:
    """Test accuracy and processor seconds of one whole run without its audit."""
    size = ["--size", "64"] if recipe == "cnn" else []
    model = [] if recipe == "default" else ["--model", recipe, "--checks", "identity"]
    out = work / f"{recipe}-{seed}"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    line = [sys.executable, "-m", "assay", "run", str(data), *size, *model, "--seed", str(seed), "-q"]
    environment = {**os.environ, "ASSAY_CACHE": str(work / "cache" / out.name)}
    subprocess.run([*line, "--out", str(out)], check=True, env=environment, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    test = json.loads((out / "evaluation.json").read_text("utf-8"))["test"]
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"accuracy": test["accuracy"], "n": test["n"], "processor_seconds": round(seconds, 1)}


def flips(data: Path) -> dict[str, float]:
    """How well leave-one-out answers find flipped labels: means of some draws."""
    split = load(data).train
    inputs, labels, count = linear_inputs(describe(split)), split.labels, int(split.labels.max()) + 1
    aurocs, found, number = [], [], round(FLIPPED * len(split))
    for seed in range(DRAWS):
        generator = np.random.default_rng(seed)
        rows = generator.choice(len(labels), number, replace=False)
        given, wrong = labels.copy(), np.zeros(len(labels), bool)
        given[rows] = (given[rows] + generator.integers(1, count, number)) % count
        wrong[rows] = True
        fitted = ridge.fit(lambda: [inputs], given, count, penalties=ridge.FINE_PENALTIES)
        scores = ridge.leave_one_out(fitted, lambda: [inputs], given.copy())
        p = fit_calibration(scores, given).probabilities(scores)
        doubt = 1 - p[np.arange(len(given)), given]
        aurocs.append(float((doubt[wrong][:, None] > doubt[~wrong]).mean()))
        found.append(float(wrong[np.argsort(-doubt)[: 2 * number]].sum() / number))
    return {"auroc": float(np.mean(aurocs)), "found_in_twice_their_number": float(np.mean(found))}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("stamps", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--recipes", default="reference,cnn,pretrained")
    asked = parser.parse_args()
    before = conditions()
    with tempfile.TemporaryDirectory(prefix="assay-photos-") as folder:
        work = Path(folder)
        data = work / "stamps"
        make_set(asked.stamps, data)
        recipes = {
            name: [run(data, name, seed, work) for seed in range(asked.seeds)]
            for name in asked.recipes.split(",")
        }
        os.environ["ASSAY_CACHE"] = str(work / "cache")
        figures = {"recipes": recipes, "flips": flips(data)}
        command = f"python benchmarks/photos.py STAMPS --seeds {asked.seeds} --recipes {asked.recipes}"
        write_result("photos", command, before, figures)


if __name__ == "__main__":
    main()
