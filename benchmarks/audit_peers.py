"""The audit beside what people use today: the same planted data, each tool in its own environment.

    python benchmarks/audit_peers.py [--environments FOLDER] [--images N]

Makes the environments with pip (about 2 GB; those already in FOLDER are used again), plants faults in
Fashion-MNIST, runs every tool once at its own defaults and counts what it finds. The faults lie in the
training images with an odd index, by which no threshold of ours was chosen. Not compared: fastdup (its
license forbids it) and what needs torchvision where that cannot be loaded.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from assay.audits.self_test.pixel_changes import DAMAGES, NEAR_CHANGES
from assay.audits.self_test.recall import auroc, found_in_twice
from assay.core import durable
from assay.workflow.load import load
from measuring import ROOT, conditions, write_result

SCRIPTS = Path(__file__).parent / "peers"
SEED = 7

#: Faults of each kind, and the share of labels flipped to any class and, as many again, to the most similar.
EACH = 100
FLIPPED = 0.01

#: Kinds of bad pictures that CleanVision and DataEval look for as we do.
DAMAGED = ("constant", "dark", "bright", "low-contrast", "blurry")

#: What pip installs for each environment. torch in its build for processors, as everywhere in this project.
ENVIRONMENTS = {
    "assay": [str(ROOT)],
    "cleanlab": ["cleanlab[image]==2.9.0", "torch==2.13.0"],
    "cleanvision": ["cleanvision==0.3.7"],
    "imagededup": ["imagededup==0.3.3.post2", "torch==2.13.0"],
    "dataeval": ["dataeval==1.1.4", "torch==2.13.0"],
}


@dataclass(frozen=True)
class Tool:
    """One row of the table: its environment, its script in `peers/` and the words after FOLDER and OUT."""

    environment: str
    script: str
    words: tuple[str, ...] = ()


TOOLS = {
    "Assay": Tool("assay", "ours.py"),
    "cleanlab Datalab, its tutorial's folds (3 of 2 epochs)": Tool(
        "cleanlab", "with_cleanlab.py", ("folds", "3", "2")
    ),
    "cleanlab Datalab, 5 folds of 10 epochs": Tool("cleanlab", "with_cleanlab.py", ("folds", "5", "10")),
    "cleanlab Datalab, our probabilities": Tool("cleanlab", "with_cleanlab.py", ("ours",)),
    "CleanVision": Tool("cleanvision", "with_cleanvision.py"),
    "imagededup PHash": Tool("imagededup", "with_imagededup.py", ("PHash", "stand-in")),
    "imagededup DHash": Tool("imagededup", "with_imagededup.py", ("DHash", "stand-in")),
    "imagededup CNN": Tool("imagededup", "with_imagededup.py", ("CNN",)),
    "DataEval": Tool("dataeval", "with_dataeval.py"),
}


@dataclass(frozen=True)
class Planted:
    """images: uint8 `(n, h, w, 1)`; labels: `(n,)`. copies: kind -> `(EACH, 2)`, a copy and its source.

    flips: where to -> rows; damages: kind -> rows. All rows are disjoint.
    """

    images: np.ndarray
    labels: np.ndarray
    copies: dict[str, np.ndarray]
    flips: dict[str, np.ndarray]
    damages: dict[str, np.ndarray]


def plant(count: int) -> Planted:
    """Copies at the end, flips and damages in place, in `count` training images of odd index."""
    train = load("fashion-mnist", offline=True).train
    rng = np.random.default_rng(SEED)
    rows = np.sort(rng.choice(np.arange(1, len(train), 2), count, replace=False))
    images, labels = np.asarray(train.images)[rows], train.labels[rows]
    free = iter(np.split(rng.permutation(count), np.arange(EACH, count, EACH)))
    copies, parts = {}, [images]
    for kind, change in {"exact": lambda pixels, _: pixels, **NEAR_CHANGES}.items():
        sources = next(free)
        copies[kind] = np.stack([sum(map(len, parts)) + np.arange(EACH), sources], axis=1)
        parts.append(change(images[sources], rng))
    damages = {kind: next(free) for kind in DAMAGED}
    similar = most_similar_classes(images, labels)
    rest = np.concatenate(list(free))
    flipped = round(FLIPPED * count)
    flips = {"any class": rest[:flipped], "the most similar class": rest[flipped : 2 * flipped]}
    changed = labels.copy()
    for to, places in flips.items():
        shift = rng.integers(1, 10, len(places))
        changed[places] = (labels[places] + shift) % 10 if to == "any class" else similar[labels[places]]
    sources = np.concatenate([pairs[:, 1] for pairs in copies.values()])
    for kind, places in damages.items():
        images[places] = DAMAGES[kind](images[places], rng)
    return Planted(np.concatenate(parts), np.concatenate([changed, labels[sources]]), copies, flips, damages)


def most_similar_classes(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """For each class the one whose mean image is nearest: a choice that no tool's model has a part in."""
    means = np.stack([images[labels == c].mean(axis=0).ravel() for c in range(10)])
    distances = np.square(means[:, None] - means).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    return distances.argmin(axis=1)


def write_data(planted: Planted, folder: Path) -> None:
    """The arrays and pictures that every script reads; `probabilities.npy` comes from our own."""
    np.save(folder / "images.npy", planted.images[..., 0])
    np.save(folder / "labels.npy", planted.labels)
    np.save(folder / "copies.npy", np.concatenate(list(planted.copies.values())))
    durable.make_directory(folder / "pictures")
    for i, image in enumerate(planted.images[..., 0]):
        Image.fromarray(image).save(folder / "pictures" / f"{i:06d}.png")


def environment(name: str, folder: Path) -> Path:
    """The Python of an environment, made where it is not there yet."""
    python = folder / name / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / name], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *ENVIRONMENTS[name]], check=True)
    return python


def installed(python: Path) -> dict[str, Any]:
    """Packages besides pip and setuptools, their versions and megabytes."""
    done = subprocess.run(
        [python, "-m", "pip", "list", "--format=freeze"], check=True, capture_output=True, text=True
    )
    versions = dict(line.split("==", 1) for line in done.stdout.splitlines() if "==" in line)
    own = {name: v for name, v in versions.items() if name not in ("pip", "setuptools")}
    files = (path for path in python.parent.parent.rglob("*") if path.is_file() and not path.is_symlink())
    size = sum(path.stat().st_size for path in files if path.suffix != ".pyc")
    return {"packages": len(own), "megabytes": round(size / 1e6), "versions": own}


def run(tool: Tool, python: Path, folder: Path, out: Path) -> dict[str, Any]:
    """The tool's answer (arrays) and what it cost; or why it does not run here."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [python, "-W", "ignore", SCRIPTS / tool.script, folder, out, *tool.words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    }
    if done.returncode:
        return {"does_not_run_here": done.stderr.strip().splitlines()[-1]}
    with np.load(out) as arrays:
        return {**cost, **{name: arrays[name] for name in arrays.files}}


def counted(found: dict[str, Any], planted: Planted) -> dict[str, Any]:
    """Recall, precision and AUROC by kind of fault, from a tool's answer."""
    record = {name: float(found[name]) for name in found if name.startswith(("seconds", "cpu_seconds"))}
    kinds = np.repeat(list(planted.copies), EACH)
    if "exact_linked" in found:
        record["exact copies"] = _copies(found, "exact", kinds == "exact", planted)
    if "near_linked" in found:
        record["near copies"] = _copies(found, "near", kinds != "exact", planted) | {
            "recall_by_kind": {
                kind: float(found["near_linked"][kinds == kind].mean()) for kind in NEAR_CHANGES
            }
        }
    if "label_score" in found:
        record["labels"] = {to: _labels(found, planted, to) for to in planted.flips}
        wrong = np.concatenate(list(planted.flips.values()))
        record["labels"]["precision"] = _share(found["label_suspect"], wrong)
    if "bad_image" in found:
        by_kind = {kind: float(found["bad_image"][rows].mean()) for kind, rows in planted.damages.items()}
        damaged = np.concatenate(list(planted.damages.values()))
        record["bad pictures"] = {
            "recall": float(found["bad_image"][damaged].mean()),
            "precision": _share(found["bad_image"], damaged),
            "recall_by_kind": by_kind,
        }
    return record


def _copies(found: dict[str, Any], name: str, which: np.ndarray, planted: Planted) -> dict[str, Any]:
    """Precision: the share of the grouped images that are a planted copy or its source, of any kind.

    Damaged pictures are left out of it: constant ones are truly copies of each other.
    """
    pairs = np.concatenate(list(planted.copies.values()))
    flagged = found[f"{name}_flagged"].copy()
    flagged[np.concatenate(list(planted.damages.values()))] = False
    return {
        "recall": float(found[f"{name}_linked"][which].mean()),
        "precision": _share(flagged, np.unique(pairs)),
    }


def _share(flagged: np.ndarray, faulty: np.ndarray) -> float | None:
    total = int(flagged.sum())
    return float(flagged[faulty].sum() / total) if total else None


def _labels(found: dict[str, Any], planted: Planted, to: str) -> dict[str, Any]:
    """Ranking of one kind of flip against all labels that were not flipped."""
    rows = planted.flips[to]
    others = np.concatenate([places for name, places in planted.flips.items() if name != to])
    judged = np.setdiff1d(np.arange(len(planted.labels)), others)
    faulty = np.isin(judged, rows)
    scores = found["label_score"][judged]
    return {
        "auroc": auroc(scores, faulty),
        "found_in_twice": found_in_twice(scores, faulty),
        "recall": float(found["label_suspect"][rows].mean()),
    }


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--environments", type=Path)
    options.add_argument("--images", type=int, default=30_000)
    chosen = options.parse_args()
    before, planted = conditions(), plant(chosen.images)
    tools: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(planted, folder)
        environments = chosen.environments or folder
        for label, tool in TOOLS.items():
            python = environment(tool.environment, environments)
            out = folder / f"{len(tools)}.npz"
            found = run(tool, python, folder, out)
            refused = found.get("does_not_run_here")
            if label == "Assay":  # which the others need, and which may not be missing
                if refused:
                    raise SystemExit(refused)
                np.save(folder / "probabilities.npy", found["probabilities"])
            tools[label] = {"does_not_run_here": refused} if refused else counted(found, planted)
            tools[label]["installed"] = installed(python)
            print(label, {k: v for k, v in tools[label].items() if k != "installed"}, flush=True)
    figures = {
        "images": len(planted.labels),
        "planted": {
            "copies_of_each_kind": EACH,
            "flips": FLIPPED,
            "damages_of_each_kind": EACH,
            "seed": SEED,
        },
        "threads": len(os.sched_getaffinity(0)),
        "tools": tools,
    }
    command = f"python benchmarks/audit_peers.py --images {chosen.images}"
    write_result("audit_peers", command, before, figures)


if __name__ == "__main__":
    main()
