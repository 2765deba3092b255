"""How often the adjusted accuracies hold the truth, with leaks and wrong labels planted in the test split.

Each draw takes train and test of the size of the bundled sample out of the 70,000 images of Fashion-MNIST,
plants copies of train images in test, or wrong test labels, or both, trains and evaluates as a user would,
and compares the 95 % intervals with the accuracy of the same model on 10,000 other images: the truth.

    python benchmarks/adjusted_coverage.py [DATA] [--draws 200] [--rows FILE]

--rows: keep each draw there as a line of JSON, and go on from what is there.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

import assay
from assay.audits.self_test.pixel_changes import mirrored, noisy, unchanged
from assay.data.values import Dataset, images_of
from assay.evaluation.metrics import wilson_interval
from assay.workflow.evidence import judge
from measuring import conditions, write_result

RECIPE: Final = "reference"
CHECKS: Final = ("exact-duplicates", "near-duplicates", "leakage", "label-errors")

TRAIN, TEST, OTHERS = 2_000, 500, 10_000

#: Test images that become copies of train images, and test labels that become wrong: 5 % and 2 %.
LEAKS, WRONG = 25, 10

WORLDS: Final[Mapping[str, tuple[int, int]]] = {
    "both": (LEAKS, WRONG),
    "leaks": (LEAKS, 0),
    "wrong labels": (0, WRONG),
}


class Pool(NamedTuple):
    """All images that are drawn from, uint8 `(n, h, w, c)`, and their labels."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", nargs="?", default="fashion-mnist")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--rows", type=Path)
    given = parser.parse_args()
    before = conditions()
    pool = pool_of(assay.load(given.data))
    done = list(kept(given.rows))
    figures = {}
    for world in WORLDS:
        rows = [row for row in done if row["world"] == world][: given.draws]
        for draw in range(len(rows), given.draws):
            rows.append(drawn(pool, world, draw))
            if given.rows:
                with given.rows.open("a") as file:
                    file.write(json.dumps(rows[-1]) + "\n")
        figures[world] = covered(rows)
    write_result("adjusted_coverage", "python benchmarks/adjusted_coverage.py", before, figures)


def kept(path: Path | None) -> Iterator[dict[str, Any]]:
    """The draws of an earlier call."""
    if path is not None and path.exists():
        yield from map(json.loads, path.read_text().splitlines())


def pool_of(data: Dataset) -> Pool:
    """The images of all splits."""
    images = [images_of(split, np.arange(len(split))) for split in data.splits.values()]
    return Pool(np.concatenate(images), np.concatenate([split.labels for split in data.splits.values()]))


def covered(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The share of draws in which each interval holds the truth, and its mean distance from it."""
    found: dict[str, Any] = {
        "draws": len(rows),
        "truth": round(float(np.mean([row["truth"] for row in rows])), 4),
    }
    for name in rows[0]["intervals"]:
        ends = [(*row["intervals"][name], row["truth"]) for row in rows if row["intervals"][name] is not None]
        hits = sum(low <= truth <= high for low, high, truth in ends)
        middle = float(np.mean([(low + high) / 2 - truth for low, high, truth in ends]))
        width = float(np.mean([high - low for low, high, _ in ends]))
        found[name] = {
            "draws": len(ends),
            "covered": round(hits / len(ends), 4),
            "covered_ci95": [round(end, 4) for end in wilson_interval(hits, len(ends))],
            "middle_less_truth": round(middle, 4),
            "width": round(width, 4),
        }
    return found


def drawn(pool: Pool, world: str, draw: int) -> dict[str, Any]:
    """One draw: the truth, and the intervals of the evaluation by name."""
    rng = np.random.default_rng([2026, draw])
    images, labels = pool
    order = rng.permutation(len(labels))[: TRAIN + TEST + OTHERS]
    train, test, others = np.split(order, [TRAIN, TRAIN + TEST])
    x, y = images[train], labels[train]
    x_test, y_test = planted(x, y, images[test], labels[test], WORLDS[world], rng)
    given = assay.load((x, y, x_test, y_test), name=f"{world} {draw}")
    audit = assay.audit(given, checks=CHECKS)
    model = assay.train(given, RECIPE, seed=draw)
    adjusted = judge(model, given, audit).as_record()["honest"]
    truth = float((model.predict_proba(images[others]).argmax(axis=1) == labels[others]).mean())
    suspects = adjusted["suspects"]
    bounds = None if suspects is None else [suspects["counted_wrong"], suspects["counted_right"]]
    return {
        "world": world,
        "truth": truth,
        "intervals": {
            "as given": adjusted["as_given"]["ci95"],
            "without copies": (adjusted["without_copies"] or adjusted["as_given"])["ci95"],
            "disputed counted wrong to counted right": bounds
            and [bounds[0]["ci95"][0], bounds[1]["ci95"][1]],
        },
    }


def planted(
    x: NDArray[np.uint8],
    y: NDArray[np.int64],
    x_test: NDArray[np.uint8],
    y_test: NDArray[np.int64],
    counts: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The test split with so many copies of train images, in three forms, and so many wrong labels."""
    leaks, wrong = counts
    x_test, y_test = x_test.copy(), y_test.copy()
    places = rng.permutation(len(y_test))[: leaks + wrong]
    sources = rng.permutation(len(y))[:leaks]
    for number, change in enumerate((unchanged, noisy, mirrored)):
        mine = slice(number, leaks, 3)
        if leaks:
            x_test[places[:leaks][mine]] = change(x[sources[mine]], rng)
    y_test[places[:leaks]] = y[sources]
    flipped = places[leaks:]
    y_test[flipped] = (y_test[flipped] + rng.integers(1, 10, len(flipped))) % 10
    return x_test, y_test


if __name__ == "__main__":
    main()
