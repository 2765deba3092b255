"""How often each 95 % interval holds the truth, where the truth is known because it was made.

For every interval that an evaluation gives: test sets drawn again and again from a world with known scores,
over a grid of accuracies and sizes. `--quick` draws few, for the tests.
"""

import argparse
import statistics
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.evaluation.intervals import macro_intervals, nested_difference_interval
from assay.evaluation.metrics import macro_of_counts, wilson_interval
from assay.evaluation.selective import choose_threshold
from measuring import conditions, write_result

ACCURACIES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99)
SIZES = (500, 1_000, 2_000, 5_000, 10_000)
#: Classes and images of a test set. A hundred classes take ten times as long: fewer worlds of them.
WORLDS = ((2, 500), (2, 2_000), (10, 500), (10, 2_000), (10, 10_000), (100, 20_000))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    before = conditions()
    figures = coverage(wilson_draws=500 if quick else 20_000, worlds=1 if quick else 24, per_world=25)
    if quick:
        print(figures)
    else:
        write_result("interval_coverage", "python benchmarks/interval_coverage.py", before, figures)


def coverage(wilson_draws: int, worlds: int, per_world: int) -> dict[str, Any]:
    """The mean coverage of each interval, and the lowest and highest of its grid."""
    rng = np.random.default_rng(2026)
    return {
        "accuracy (Wilson), 500 to 10,000 images": spread(wilson(SIZES, wilson_draws, rng)),
        "recall of a class (Wilson), 5 to 200 images": spread(
            wilson((5, 10, 20, 50, 100, 200), wilson_draws, rng)
        ),
        "accuracy without some images minus accuracy of all (Newcombe, nested)": spread(
            nested(wilson_draws // 5, rng)
        ),
        **{
            f"{name} (stratified bootstrap, logit)": spread(found)
            for name, found in macro(worlds, per_world, rng).items()
        },
        "risk of the answers given, at most the named one (95 % promised)": spread(
            risk(wilson_draws // 50, rng)
        ),
        "the same where the confidence tells nothing and the true risk is a little more": spread(
            no_telling(wilson_draws // 50, rng)
        ),
    }


def spread(cells: list[float]) -> dict[str, float]:
    return {
        "mean": round(statistics.mean(cells), 4),
        "lowest": round(min(cells), 4),
        "highest": round(max(cells), 4),
        "cells": len(cells),
    }


def wilson(sizes: tuple[int, ...], draws: int, rng: np.random.Generator) -> list[float]:
    """One share for each size and accuracy. For the small sizes accuracies vary in every draw."""
    return [_wilson_cell(n, truth, draws, rng) for n in sizes for truth in ACCURACIES]


def _wilson_cell(n: int, truth: float, draws: int, rng: np.random.Generator) -> float:
    # Around the named accuracy, for coverage at one exact accuracy jumps with the grid of counts.
    truths = np.clip(truth + rng.uniform(-0.005, 0.005, draws), 0, 1)
    hits = rng.binomial(n, truths)
    bounds = np.array([wilson_interval(count, n) for count in range(n + 1)])
    return float(np.mean((bounds[hits, 0] <= truths) & (truths <= bounds[hits, 1])))


def nested(draws: int, rng: np.random.Generator) -> list[float]:
    """From 5 to 200 of 500 or 10,000 images taken out, that are answered worse, alike or better."""
    cells = [(n, out, kept, removed) for n in (500, 10_000) for out in (5, 20, 50, 200)
             for kept in (0.8, 0.9, 0.97) for removed in (0.1, 0.5, 0.9)]  # fmt: skip
    return [_nested_cell(*cell, draws, rng) for cell in cells]


def _nested_cell(
    n: int, out: int, kept: float, removed: float, draws: int, rng: np.random.Generator
) -> float:
    kept_truth = np.clip(kept + rng.uniform(-0.02, 0.02, draws), 0, 1)
    removed_truth = np.clip(removed + rng.uniform(-0.08, 0.08, draws), 0, 1)
    a, b = rng.binomial(n - out, kept_truth), rng.binomial(out, removed_truth)
    truth = out / n * (kept_truth - removed_truth)
    intervals = [nested_difference_interval(int(x), n - out, int(y), out) for x, y in zip(a, b, strict=True)]
    low, high = np.array(intervals).T
    return float(np.mean((low <= truth) & (truth <= high)))


def macro(worlds: int, per_world: int, rng: np.random.Generator) -> dict[str, list[float]]:
    """For each size and accuracy several worlds: what each class is taken for, and how often."""
    cells: dict[str, list[float]] = {}
    for k, n in WORLDS:
        for accuracy in (0.6, 0.8, 0.9, 0.95, 0.98):
            tried = worlds if k < 100 else max(worlds // 6, 1)
            held = [hold for _ in range(tried) for hold in _macro_world(k, n, accuracy, per_world, rng)]
            for name in held[0]:
                cells.setdefault(name, []).append(float(np.mean([hold[name] for hold in held])))
    return cells


def _macro_world(
    k: int, n: int, accuracy: float, draws: int, rng: np.random.Generator
) -> Iterator[dict[str, bool]]:
    rows = _confusions(k, accuracy, rng)
    support = np.full(k, n // k)
    expected = rows * support[:, None]
    truth = macro_of_counts(expected.diagonal(), support, expected.sum(axis=0))  # type: ignore[arg-type]
    for draw in range(draws):
        drawn = np.stack([rng.multinomial(support[c], rows[c]) for c in range(k)])
        found, _ = macro_intervals(drawn, seed=draw)
        if found is not None:  # None: no mistake at all was drawn, and no interval is given
            yield {name: found[name][0] <= truth[name] <= found[name][1] for name in found}


def _confusions(k: int, accuracy: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """`(k, k)`: how often each class is taken for each; classes differ, mistakes go to few others."""
    right = np.clip(accuracy + 0.7 * (1 - accuracy) * rng.uniform(-1, 1, k), 0.05, 0.999)
    rows = np.zeros((k, k))
    for label in range(k):
        others = np.delete(np.arange(k), label)
        rows[label, others] = rng.dirichlet(np.full(k - 1, 0.3)) * (1 - right[label])
        rows[label, label] = right[label]
    return rows


def risk(draws: int, rng: np.random.Generator) -> list[float]:
    """How often the true risk of the rule chosen on validation images is at most the one that was named."""
    cells = [(n, named) for n in (500, 2_000, 6_000) for named in (0.01, 0.02, 0.05)]
    return [statistics.mean(_risk_holds(n, named, rng) for _ in range(draws)) for n, named in cells]


def _risk_holds(n: int, named: float, rng: np.random.Generator) -> bool:
    confidence = rng.beta(4, 0.5, n)
    wrong = _wrong_at(confidence)
    rule = choose_threshold(confidence, rng.random(n) >= wrong, named)
    if rule.threshold is None:
        return True
    return _true_risk(rule.threshold) <= named


def no_telling(draws: int, rng: np.random.Generator) -> list[float]:
    """How often no rule is found, where any would break its promise: a thousandth above the named risk."""
    cells = [(n, named) for n in (100, 500, 2_000, 6_000) for named in (0.02, 0.05, 0.1, 0.2)]
    return [
        statistics.mean(
            choose_threshold(rng.random(n), rng.random(n) >= 1.001 * named, named).threshold is None
            for _ in range(draws)
        )
        for n, named in cells
    ]


def _true_risk(threshold: float) -> float:
    """The mean of `_wrong_at` over all confidences from the threshold on, by their density."""
    confidence = np.linspace(threshold, 1, 2_001)[:-1] + (1 - threshold) / 4_000
    density = confidence**3 / np.sqrt(1 - confidence)
    return float((_wrong_at(confidence) * density).sum() / density.sum())


def _wrong_at(confidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """A model that is a little too sure."""
    return np.minimum(1.3 * (1 - confidence), 1.0)


if __name__ == "__main__":
    main()
