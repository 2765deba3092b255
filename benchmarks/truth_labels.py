"""Wrong labels: Assay's list and ranking beside every method of cleanlab, from the same probabilities.

    python benchmarks/truth_labels.py PYTHON [--stamps FOLDER] [--draws N] [--only SET[;SET]]

PYTHON: of an environment with cleanlab 2.9. Sets are those of truth_sets.py that nothing was chosen on, and
2,000 training images of Fashion-MNIST with an odd index (those with an even one were tuned on, with
draws 0 and 1 of other seeds). Labels are flipped to any class, or to the class whose mean image is nearest.
"Reached" asks: is no method of cleanlab better than the list in both recall and precision? --only replaces
those sets in the result file, each with the commit that it is of.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import truth_sets
from assay.audits.checks.context import CheckContext
from assay.audits.checks.labels.label_errors import check_label_errors
from assay.audits.measures.pixel_sums import measure
from assay.audits.self_test.recall import found_in_twice, most_similar_classes
from assay.data.values import images_of
from assay.workflow.load import load
from measuring import RESULTS, conditions, write_result
from truth_sets import SETS, labelled

NOISE = (("any", 0.01), ("any", 0.05), ("similar", 0.05), ("none", 0.0))
SEED = 2613


def sets(stamps: bool) -> dict[str, Any]:
    """Name to pictures and labels."""
    found = {
        name: (maker, half, side)
        for name, (maker, half, side) in SETS["judging"].items()
        if stamps or not name.startswith("stamps")
    }
    made = {name: maker(half, side) for name, (maker, half, side) in found.items()}
    train = load("fashion-mnist", offline=True).train
    rng = np.random.default_rng([SEED, 2_000])
    rows = np.sort(rng.choice(np.arange(1, len(train), 2), 2_000, replace=False))
    made["Fashion-MNIST, 2,000 images"] = images_of(train, rows), train.labels[rows]
    return made


def flipped(labels: np.ndarray, similar: np.ndarray, to: str, share: float, draw: int) -> np.ndarray:
    """The labels with a share of them wrong."""
    rng = np.random.default_rng([SEED, draw, round(1000 * share), to == "any"])
    rows = rng.choice(len(labels), round(share * len(labels)), replace=False)
    changed, k = labels.copy(), int(labels.max()) + 1
    shifted = (labels[rows] + rng.integers(1, k, len(rows))) % k
    changed[rows] = shifted if to == "any" else similar[labels[rows]]
    return changed


def ours(images: np.ndarray, labels: np.ndarray) -> dict[str, Any] | None:
    """Probabilities, list and ranking; None where the check was not evaluated."""
    dataset = labelled(images, labels)
    context = CheckContext(dataset, {"train": measure(dataset.train, len(dataset.classes))})
    checked = check_label_errors(context)
    if checked.finding.verdict == "not evaluated":
        return None
    listed = np.zeros(len(labels), bool)
    listed[[issue.index for issue in checked.issues]] = True
    probabilities = context.label_judge.probabilities["train"]
    return {"p": probabilities, "list": listed, "wrong": context.wrong_chances["train"]}


def judged(found: dict[str, Any], labels: np.ndarray, wrong: np.ndarray, peers: Any) -> dict[str, Any]:
    """Hits and lengths of the lists, and the share of the flips in rankings twice their number."""
    own = found["p"][np.arange(len(labels)), labels]
    lists = {"Assay": found["list"]} | {k[5:]: peers[k] for k in peers if k.startswith("list ")}
    ranks = {"Assay": found["wrong"], "probability of the label": -own}
    ranks |= {k[8:]: -peers[k] for k in peers if k.startswith("ranking ")}
    return {
        "planted": int(wrong.sum()),
        "lists": {name: [int((rows & wrong).sum()), int(rows.sum())] for name, rows in lists.items()},
        "in_twice": {name: found_in_twice(score, wrong) for name, score in ranks.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", type=Path)
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--only", default="")
    parser.add_argument("--stamps", type=Path, default=truth_sets.STAMPS)
    asked = parser.parse_args()
    truth_sets.STAMPS = asked.stamps
    before, figures = conditions(), {"draws": asked.draws, "sets": {}}
    kept = json.loads((RESULTS / "truth_labels.json").read_text("utf-8")) if asked.only else None
    if kept:
        figures["sets"] = kept["figures"]["sets"]
    for name, (images, labels) in sets(asked.stamps.is_dir()).items():
        if kept and name not in asked.only.split(";"):
            continue
        clean = labelled(images, labels)
        counted = {"train": measure(clean.train, len(clean.classes))}
        similar = most_similar_classes(CheckContext(clean, counted))
        rows = []
        for to, share in NOISE:
            for draw in range(asked.draws if share else 1):
                given = flipped(labels, similar, to, share, draw)
                found = ours(images, given)
                rows.append(({"to": to, "share": share, "draw": draw}, found, given))
        rows = _beside(rows, labels, asked.python)
        figures["sets"][name] = {"images": len(labels), "classes": len(clean.classes), "rows": rows}
        if kept:
            figures["sets"][name]["commit"] = before["commit"]
        print(name, rows, file=sys.stderr, flush=True)
    command = f"python benchmarks/truth_labels.py PYTHON --draws {asked.draws}"
    write_result("truth_labels", command, kept["conditions"] if kept else before, figures)


def _beside(rows: list[Any], true: np.ndarray, python: Path) -> list[dict[str, Any]]:
    """The rows of a set with cleanlab's answers, all asked at once in its own environment."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for place, (_, found, labels) in enumerate(rows):
            if found is not None:
                np.savez(folder / f"{place}.npz", p=found["p"], labels=labels)
        subprocess.run([python, Path(__file__).parent / "peers" / "label_lists.py", folder], check=True)
        made = []
        for place, (row, found, labels) in enumerate(rows):
            if found is not None:
                with np.load(folder / f"{place}.peers.npz") as peers:
                    row |= judged(found, labels, labels != true, dict(peers))
            made.append(row)
    return made


if __name__ == "__main__":
    main()
