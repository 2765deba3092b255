"""Photographs and drawings: recipes on sets made of two Debian packages, the same splits, and flipped labels.

    apt-get download tuxpaint-stamps-default openclipart-png && dpkg-deb -x EACH SOURCE
    pip install cleanlab==2.9.0          # for the last peer
    python benchmarks/photos.py stamps SOURCE [--seeds 5] [--parts default,finetuned,cnn,probe,flips]

stamps: class = folder under stamps, those of 34 stamps and more but the symbols. clipart: nine folders of
drawings, at most 60 evenly spread of each. Both pasted on white, 224 px. `cnn` is given 64 pixels; `default`
names no model and makes the whole audit, the others the check `identity` alone. Peers: `probe`, logistic
regression in plain torch on the pretrained net's last layer, its weight decay chosen by validation images;
`flips`, Assay's ranking of labels and cleanlab's, fed with the same out-of-sample probabilities. `features`:
processor seconds that the pretrained net takes for 100 pictures, after start. Adds to
benchmarks/results/photos.json.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from assay.core.arrays import spread_rows
from assay.data.splitting.stratified import hold_out
from assay.estimators import ridge
from assay.estimators.logistic_calibration import fit_calibration
from assay.estimators.noise.noise_matrix import fit_noise_matrix, wrong_chances
from assay.features.choice import linear_inputs
from assay.features.pretrained import describe, described, folded_weights
from assay.workflow.load import load
from measuring import RESULTS, conditions, write_result

SIDE, LEAST, MOST = 224, 34, 60
FLIPPED, DRAWS = 0.05, 5
CLIPART = (
    "animals",
    "buildings",
    "computer",
    "food",
    "people",
    "plants",
    "recreation",
    "tools",
    "transportation",
)
#: Numbers of the last layer, which stand last.
LAST = 1280
DECAYS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


def stamps(source: Path) -> dict[str, list[Path]]:
    """The files of each class of the stamps."""
    folders = sorted(path for path in source.rglob("stamps/*") if path.is_dir() and path.name != "symbols")
    found = {folder.name: sorted(folder.rglob("*.png")) for folder in folders}
    return {name: files for name, files in found.items() if len(files) >= LEAST}


def clipart(source: Path) -> dict[str, list[Path]]:
    """Those of the clip art, which are drawn by many hands; two equal ones count once, in the first class."""
    (root,) = source.rglob("openclipart/png")
    known: set[bytes] = set()
    found: dict[str, list[Path]] = {}
    for name in CLIPART:
        files = sorted((root / name).rglob("*.png"))
        own = []
        for file in files[:: max(1, len(files) // (MOST + MOST // 2))]:
            content = file.read_bytes()
            if content not in known and len(own) < MOST:
                known.add(content)
                own.append(file)
        found[name] = own
    return found


SETS = {"stamps": stamps, "clipart": clipart}


def make_set(classes: dict[str, list[Path]], out: Path) -> None:
    """Write the set, a folder a class."""
    Image.MAX_IMAGE_PIXELS = None
    for name, files in classes.items():
        (out / name).mkdir(parents=True)
        for number, file in enumerate(files):
            drawn = Image.open(file).convert("RGBA")
            white = Image.new("RGBA", drawn.size, "white")
            white.alpha_composite(drawn)
            small = white.convert("RGB")
            small.thumbnail((SIDE, SIDE))
            square = Image.new("RGB", (SIDE, SIDE), "white")
            square.paste(small, ((SIDE - small.width) // 2, (SIDE - small.height) // 2))
            square.save(out / name / f"{number:03}.png")


def run(data: Path, recipe: str, seed: int, work: Path) -> dict[str, float]:
    """Test accuracy, processor seconds and peak memory of one whole run, nothing of it known before."""
    size = ["--size", "64"] if recipe == "cnn" else []
    model = [] if recipe == "default" else ["--model", recipe, "--checks", "identity"]
    out = work / f"{recipe}-{seed}"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    line = [sys.executable, "-m", "assay", "run", str(data), *size, *model, "--seed", str(seed), "-q"]
    environment = {**os.environ, "ASSAY_CACHE": str(work / "cache" / out.name)}
    subprocess.run([*line, "--out", str(out)], check=True, env=environment, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = json.loads((out / "evaluation.json").read_text("utf-8"))
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "accuracy": found["test"]["accuracy"],
        "n": found["test"]["n"],
        "recipe": found["model"]["recipe"],
        "processor_seconds": round(seconds, 1),
        "system_share": round((after.ru_stime - before.ru_stime) / seconds, 3),
    }


def probe(data: Path, seed: int) -> dict[str, float]:
    """The linear probe that everybody uses, on the same split."""
    import torch

    dataset = load(data, test_fraction=0.2, seed=seed)
    train, test = dataset.train, dataset.splits["test"]
    rows = hold_out(train, 0.1, seed)
    x = torch.from_numpy(np.square(describe(train)[:, -LAST:]))
    mean, deviation = x[rows.train].mean(0), x[rows.train].std(0) + 1e-6
    x, y = (x - mean) / deviation, torch.from_numpy(train.labels)

    def fitted(decay: float) -> torch.nn.Linear:
        torch.manual_seed(seed)
        layer = torch.nn.Linear(LAST, len(dataset.classes))
        optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=200)

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(layer(x[rows.train]), y[rows.train])
            loss = loss + decay * layer.weight.square().sum() / 2
            loss.backward()
            return loss

        optimizer.step(closure)
        return layer

    def right(layer: torch.nn.Linear) -> float:
        return float((layer(x[rows.validation]).argmax(1) == y[rows.validation]).float().mean())

    best = max((fitted(decay) for decay in DECAYS), key=right)
    asked = (torch.from_numpy(np.square(describe(test)[:, -LAST:])) - mean) / deviation
    accuracy = float((best(asked).argmax(1).numpy() == test.labels).mean())
    return {"accuracy": accuracy, "n": len(test)}


def flips(data: Path) -> dict[str, float]:
    """How well leave-one-out answers find flipped labels: means of some draws."""
    split = load(data).train
    inputs, labels, count = linear_inputs(describe(split)), split.labels, int(split.labels.max()) + 1
    number = round(FLIPPED * len(split))
    rankings: dict[str, list[tuple[float, float]]] = {"assay": [], "cleanlab": []}
    for seed in range(DRAWS):
        generator = np.random.default_rng(seed)
        rows = generator.choice(len(labels), number, replace=False)
        given, wrong = labels.copy(), np.zeros(len(labels), bool)
        given[rows] = (given[rows] + generator.integers(1, count, number)) % count
        wrong[rows] = True
        fitted = ridge.fit(lambda: [inputs], given, count, penalties=ridge.FINE_PENALTIES)
        scores = ridge.leave_one_out(fitted, lambda: [inputs], given.copy())
        p = fit_calibration(scores, given).probabilities(scores)
        ours = wrong_chances(fit_noise_matrix(p, given), p, given)  # one less the score of label_quality.csv
        doubts = {"assay": ours, "cleanlab": cleanlab_doubt(given, p)}
        for name, doubt in doubts.items():
            auroc = float((doubt[wrong][:, None] > doubt[~wrong]).mean())
            top = np.argsort(-doubt, kind="stable")[: 2 * number]
            rankings[name].append((auroc, float(wrong[top].sum() / number)))
    return {
        name: dict(
            zip(("auroc", "found_in_twice_their_number"), np.mean(pairs, axis=0).tolist(), strict=True)
        )
        for name, pairs in rankings.items()
    }


def features(data: Path) -> dict[str, Any]:
    """Processor seconds of the features of 100 pictures, several times; none of them is known before."""
    split, weights = load(data).train, folded_weights()
    rows = spread_rows(len(split), 100)
    list(described(weights, split, rows[:4]))  # the net is laid out for the processor
    seconds = []
    for _ in range(7):
        before = time.process_time()
        list(described(weights, split, rows))
        seconds.append(round(time.process_time() - before, 3))
    return {"pictures": len(rows), "seconds": seconds, "median": statistics.median(seconds)}


def cleanlab_doubt(labels: np.ndarray, p: np.ndarray) -> np.ndarray:
    """cleanlab's label quality (normalized margin, adjusted), turned around."""
    from cleanlab.rank import get_label_quality_scores

    quality = get_label_quality_scores(
        labels, p.astype(np.float64), method="normalized_margin", adjust_pred_probs=True
    )
    return 1 - quality


#: Parts that know no seed.
ALONE = {"flips": flips, "features": features}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("set", choices=SETS)
    parser.add_argument("source", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--parts", default="default,finetuned,cnn,reference,probe,flips,features")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-photos-") as folder:
        work = Path(folder)
        data = work / asked.set
        make_set(SETS[asked.set](asked.source), data)
        os.environ["ASSAY_CACHE"] = str(work / "cache")
        for part in asked.parts.split(","):
            before, seeds = conditions(), range(asked.seeds)
            if part in ALONE:
                figures: Any = ALONE[part](data)
            else:
                figures = [probe(data, s) if part == "probe" else run(data, part, s, work) for s in seeds]
            add(asked.set, part, asked.seeds, before, figures)


def add(name: str, part: str, seeds: int, before: dict[str, Any], figures: Any) -> None:
    """Put one part's figures into the result file, beside those that are there."""
    path = RESULTS / "photos.json"
    known = json.loads(path.read_text("utf-8"))["figures"] if path.exists() else {}
    own = {**known.get(name, {}), part: {"figures": figures, "conditions": before}}
    command = f"python benchmarks/photos.py {'|'.join(SETS)} SOURCE --seeds {seeds}"
    write_result("photos", command, before, {**known, name: own})


if __name__ == "__main__":
    main()
