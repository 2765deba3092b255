"""How true the findings are: recall, and false alarms on the clean twin, over sets that differ.

    python benchmarks/truth.py [tuning|judging ...] [--draws N] [--stamps FOLDER] [--only SET]
                               [--damages | --copies]

--damages leaves the figures of copies in the result file as they are, with the commit that they are of;
--copies leaves all others so.

Near copies as people make them and exact ones (a pair counts as found where the copy is paired with its own
source), damaged and badly taken pictures (found where the check `quality` flags the image), and pictures of
another set (found where `atypical` or `quality` flags them). A copy is counted where its source deviates by
more than STRUCTURE gray levels: of a plain surface nobody can say whether it is a copy. So is damage, and
where it changes the picture by as much in the mean: red for blue is no damage to a gray picture. The same
pictures go to CleanVision, DataEval and cleanlab: benchmarks/truth_peers.py.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import truth_sets
from assay.audits.checks.context import CheckContext
from assay.audits.checks.outliers import check_atypical
from assay.audits.checks.quality.image_quality import check_quality
from assay.audits.measures.pixel_sums import measure
from assay.data.values import Dataset
from assay.duplicates.find import Copies, find_copies, of_one_class
from measuring import RESULTS, conditions, write_result
from truth_planted import Damaged, with_copies, with_damages, with_exposures, with_strangers
from truth_sets import SETS, labelled

#: Kind of fault -> how many are found, and how many were planted.
Table = dict[str, list[int]]


def copies_of(name: str, images: np.ndarray, labels: np.ndarray, draw: int) -> Table:  # noqa: ARG001
    """How many copies of each kind are paired with their sources."""
    planted = with_copies(images, labels, draw)
    found = told_copies(labelled(planted.images, planted.labels))
    pairs = {
        frozenset(pair) for pair in zip(found.near_first.tolist(), found.near_second.tolist(), strict=True)
    }
    table = {}
    for kind, rows in planted.kinds.items():
        same = found.picture[rows].tolist()
        table[kind] = [sum(a == b or frozenset((a, b)) in pairs for a, b in same), len(rows)]
    return table


def false_pairs(images: np.ndarray, labels: np.ndarray) -> int:
    """Pictures of the clean set that are said to be near copies of an earlier one."""
    return len(np.unique(told_copies(labelled(images, labels)).near_second))


def told_copies(dataset: Dataset) -> Copies:
    """As the checks have them."""
    return of_one_class(find_copies(dataset), dataset)


def damages_of(name: str, images: np.ndarray, labels: np.ndarray, draw: int) -> Table:  # noqa: ARG001
    """How many damaged pictures of each kind are flagged."""
    return _found(with_damages(images, draw), labels, flagged_rows)


def exposures_of(name: str, images: np.ndarray, labels: np.ndarray, draw: int) -> Table:  # noqa: ARG001
    """How many pictures that were taken badly are flagged."""
    return _found(with_exposures(images, draw), labels, flagged_rows)


def strangers_of(name: str, images: np.ndarray, labels: np.ndarray, draw: int) -> Table:
    """How many pictures of another set are flagged as atypical or as of poor quality."""
    return _found(with_strangers(name, images, draw), labels, outlying_rows)


def _found(planted: Damaged, labels: np.ndarray, flags: Callable[..., set[int]]) -> Table:
    flagged = flags(planted.images, labels)
    return {
        kind: [sum(row in flagged for row in rows.tolist()), len(rows)]
        for kind, rows in planted.kinds.items()
    }


#: Families of faults, and what counts how many of each kind are found.
FAMILIES: dict[str, Callable[[str, np.ndarray, np.ndarray, int], Table]] = {
    "copies": copies_of,
    "damages": damages_of,
    "exposures": exposures_of,
    "strangers": strangers_of,
}


def flagged_rows(images: np.ndarray, labels: np.ndarray) -> set[int]:
    """Rows that the check `quality` flags."""
    return {issue.index for issue in check_quality(_context(images, labels)).issues}


def outlying_rows(images: np.ndarray, labels: np.ndarray) -> set[int]:
    """Rows that the checks `atypical` and `quality` flag."""
    context = _context(images, labels)
    return {issue.index for check in (check_atypical, check_quality) for issue in check(context).issues}


def _context(images: np.ndarray, labels: np.ndarray) -> CheckContext:
    dataset = labelled(images, labels)
    measured = {name: measure(split, len(dataset.classes)) for name, split in dataset.splits.items()}
    return CheckContext(dataset, measured)


def judged_copies(name: str, half: str, draws: int, before: dict[str, Any]) -> dict[str, Any]:
    """The row of one set, all but the figures of copies as they were before."""
    maker, part, side = SETS[half][name]
    images, labels = maker(part, side)
    copies = added([copies_of(name, images, labels, draw) for draw in range(draws)])
    clean = {**before["clean"], "near copies": false_pairs(images, labels)}
    return {**before, "clean": clean, "copies": copies}


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
            "atypical or quality": len(outlying_rows(images, labels)),
        },
    }
    for what, count in FAMILIES.items():
        if before and what == "copies":
            row[what] = before[what]
            continue
        tables = [count(name, images, labels, draw) for draw in range(draws)]
        row[what] = added(tables)
    return row


def added(tables: list[Table]) -> Table:
    """Found and planted, added up over draws."""
    return {kind: [sum(t[kind][i] for t in tables) for i in (0, 1)] for kind in tables[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("halves", nargs="*", default=["judging"])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--stamps", type=Path, default=truth_sets.STAMPS)
    parser.add_argument("--only", default="")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--damages", action="store_true")
    part.add_argument("--copies", action="store_true")
    asked = parser.parse_args()
    truth_sets.STAMPS = asked.stamps
    before = conditions()
    figures: dict[str, Any] = {"draws": asked.draws}
    some = asked.damages or asked.copies
    kept = json.loads((RESULTS / "truth.json").read_text("utf-8")) if some else None
    figures["copies_of_commit"] = _commit(kept, "copies_of_commit") if asked.damages else before["commit"]
    figures["others_of_commit"] = _commit(kept, "others_of_commit") if asked.copies else before["commit"]
    for half in asked.halves:
        figures[half] = {}
        for name in SETS[half]:
            if asked.only in name and (asked.stamps.is_dir() or not name.startswith("stamps")):
                row = kept["figures"][half][name] if kept else None
                count = judged_copies if asked.copies else judged
                figures[half][name] = count(name, half, asked.draws, row)
                print(half, name, figures[half][name], file=sys.stderr, flush=True)
    if not asked.only and "judging" in asked.halves:
        command = f"python benchmarks/truth.py {' '.join(asked.halves)} --draws {asked.draws}"
        command += " --damages" * asked.damages + " --copies" * asked.copies
        write_result("truth", command, before, figures)


def _commit(kept: dict[str, Any], which: str) -> str:
    """The commit that some figures in a result file are of."""
    return str(kept["figures"].get(which, kept["conditions"]["commit"]))


if __name__ == "__main__":
    main()
