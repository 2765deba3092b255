"""How true the findings are: recall, and false alarms on the clean twin, over sets that differ.

    python benchmarks/truth.py [tuning|judging ...] [--draws N] [--stamps FOLDER] [--only SET] [--damages]

--damages leaves the figures of copies in the result file as they are, with the commit that they are of.

Near copies as people make them (a pair counts as found where the copy is paired with its own source), and
damaged pictures (found where the check `quality` flags the image). A copy is counted where its source
deviates by more than STRUCTURE gray levels: of a plain surface nobody can say whether it is a copy. So is
damage, and where it changes the picture by as much in the mean: red for blue is no damage to a gray picture.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import truth_sets
from assay.audits.checks.context import CheckContext
from assay.audits.checks.image_quality import check_quality
from assay.audits.measures.pixel_sums import measure
from assay.duplicates.find import find_copies
from measuring import RESULTS, conditions, write_result
from truth_faults import COPIES, DAMAGES, changed
from truth_sets import SETS, labelled

#: Pictures that each kind of fault is planted in, per draw.
PLANTED = 20

#: Gray levels of deviation below which a picture is not made a copy of, nor damaged.
STRUCTURE = 10.0


def copies_of(images: np.ndarray, labels: np.ndarray, draw: int) -> dict[str, Any]:
    """Pictures of the clean set in a near pair, and how many copies of each kind are paired with theirs."""
    rng = np.random.default_rng([draw, 0xC0])
    shown = np.flatnonzero(images.std(axis=(1, 2)).max(axis=1) > STRUCTURE)
    sources = rng.permutation(shown)[: PLANTED * len(COPIES)]
    parts = dict(zip(COPIES, np.array_split(sources, len(COPIES)), strict=True))
    copies = [changed(images[rows], COPIES[kind], rng) for kind, rows in parts.items() if len(rows)]
    together, n = np.concatenate([images, *copies]), len(images)
    found = find_copies(labelled(together, np.concatenate([labels, labels[sources]])))
    pairs = {
        frozenset(pair) for pair in zip(found.near_first.tolist(), found.near_second.tolist(), strict=True)
    }
    table, row = {}, n
    for kind, rows in parts.items():
        same = [(int(found.picture[row + i]), int(found.picture[source])) for i, source in enumerate(rows)]
        table[kind] = [sum(a == b or frozenset((a, b)) in pairs for a, b in same), len(rows)]
        row += len(rows)
    return table


def false_pairs(images: np.ndarray, labels: np.ndarray) -> int:
    """Pictures of the clean set that are said to be near copies of an earlier one."""
    return len(np.unique(find_copies(labelled(images, labels)).near_second))


def damages_of(images: np.ndarray, labels: np.ndarray, draw: int) -> dict[str, Any]:
    """How many damaged pictures of each kind are flagged."""
    rng = np.random.default_rng([draw, 0xDA])
    kinds = {k: c for k, c in DAMAGES.items() if k != "wrong channel order" or images.shape[3] == 3}
    count = min(PLANTED, max(len(images) // (20 * len(kinds)), 5))
    shown = np.flatnonzero(images.std(axis=(1, 2)).max(axis=1) > STRUCTURE)
    rows = rng.permutation(shown)[: count * len(kinds)]
    parts = dict(zip(kinds, np.array_split(rows, len(kinds)), strict=True))
    damaged = images.copy()
    for kind, part in parts.items():
        damaged[part] = changed(images[part], kinds[kind], rng)
    moved = np.abs(damaged.astype(np.int16) - images).mean(axis=(1, 2, 3)) > STRUCTURE
    flagged = flagged_rows(damaged, labels)
    return {
        kind: [sum(int(row) in flagged for row in part if moved[row]), int(moved[part].sum())]
        for kind, part in parts.items()
    }


def flagged_rows(images: np.ndarray, labels: np.ndarray) -> set[int]:
    """Rows that the check `quality` flags."""
    dataset = labelled(images, labels)
    measured = {name: measure(split, len(dataset.classes)) for name, split in dataset.splits.items()}
    return {issue.index for issue in check_quality(CheckContext(dataset, measured)).issues}


def judged(name: str, half: str, draws: int, before: dict[str, Any] | None = None) -> dict[str, Any]:
    """The row of one set: counts added over the draws. before: the row whose figures of copies are kept."""
    maker, part, side = SETS[half][name]
    images, labels = maker(part, side)
    row: dict[str, Any] = {
        "images": len(images),
        "classes": int(labels.max()) + 1,
        "shape": list(images.shape[1:]),
        "clean": {
            "near copies": before["clean"]["near copies"] if before else false_pairs(images, labels),
            "quality": len(flagged_rows(images, labels)),
        },
    }
    for what, count in (("copies", copies_of), ("damages", damages_of)):
        if before and what == "copies":
            row[what] = before[what]
            continue
        tables = [count(images, labels, draw) for draw in range(draws)]
        row[what] = {
            kind: [sum(t[kind][0] for t in tables), sum(t[kind][1] for t in tables)] for kind in tables[0]
        }
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("halves", nargs="*", default=["judging"])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--stamps", type=Path, default=truth_sets.STAMPS)
    parser.add_argument("--only", default="")
    parser.add_argument("--damages", action="store_true")
    asked = parser.parse_args()
    truth_sets.STAMPS = asked.stamps
    before = conditions()
    figures: dict[str, Any] = {"draws": asked.draws}
    kept = json.loads((RESULTS / "truth.json").read_text("utf-8")) if asked.damages else None
    figures["copies_of_commit"] = _copies_of(kept) if kept else before["commit"]
    for half in asked.halves:
        figures[half] = {}
        for name in SETS[half]:
            if asked.only in name and (asked.stamps.is_dir() or not name.startswith("stamps")):
                row = kept["figures"][half][name] if kept else None
                figures[half][name] = judged(name, half, asked.draws, row)
                print(half, name, figures[half][name], file=sys.stderr, flush=True)
    if not asked.only and "judging" in asked.halves:
        command = f"python benchmarks/truth.py {' '.join(asked.halves)} --draws {asked.draws}"
        write_result("truth", command + " --damages" * asked.damages, before, figures)


def _copies_of(kept: dict[str, Any]) -> str:
    """The commit that the figures of copies in a result file are of."""
    return str(kept["figures"].get("copies_of_commit", kept["conditions"]["commit"]))


if __name__ == "__main__":
    main()
