"""Labels of one class given as one other class: which pairs are told, and how list and ranking change.

    python benchmarks/mixed_up_labels.py [--half judging]

Sets are those of truth_sets.py and training images of Fashion-MNIST with an odd index (the half "tuning": an
even one). 15, 30 and 40 % of one class get the label of the most similar class, or of any; and both classes
that of each other; two draws each. Clean are the sets as they are, and sets of two to four similar classes of
clothes, also under noise. "Before" is the list without what is known of pairs. Groups are not looked for.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from assay.audits.measures.cross_validated import judge
from assay.audits.measures.reference_strength import reference_strength
from assay.audits.self_test.recall import found_in_twice
from assay.data.values import images_of
from assay.estimators.noise.inseparable import Inseparable, sorted_out
from assay.estimators.noise.noise_matrix import NoiseMatrix, disputes, fit_noise_matrix, wrong_chances
from assay.estimators.noise.pair_flips import PairFlip, find_pair_flips, smallest_share
from assay.workflow.load import load
from measuring import conditions, write_result
from truth_sets import SETS, STAMPS, labelled

SHARES, SIZES, LEAST = (0.15, 0.3, 0.4), (500, 1_000, 2_000, 5_000), 15
ALIKE = ((0, 6), (2, 4), (2, 6), (4, 6), (5, 7), (7, 9), (0, 2, 6), (2, 4, 6), (0, 2, 4, 6))


def sets(half: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, pictures, labels."""
    for name, (maker, part, side) in SETS[half].items():
        if STAMPS.is_dir() or not name.startswith("stamps"):
            yield name, *maker(part, side)
    train, odd = load("fashion-mnist", offline=True).train, int(half == "judging")
    for size in SIZES:
        rows = np.arange(odd, len(train), 2)
        rows = np.sort(np.random.default_rng([odd, size]).choice(rows, size, replace=False))
        yield f"Fashion-MNIST, {size:,} images", images_of(train, rows), train.labels[rows]


def planted(images: np.ndarray, labels: np.ndarray, draws: int) -> Iterator[tuple[Any, np.ndarray]]:
    """What was planted, and the labels: (share, both ways, to the similar class, class, label)."""
    sizes = np.bincount(labels)
    means = np.stack([images[labels == c].mean(axis=0).ravel() for c in range(len(sizes))])
    far = np.square(means[:, None] - means[None]).sum(axis=2)
    np.fill_diagonal(far, np.inf)
    large = np.flatnonzero(sizes >= LEAST)
    rng = np.random.default_rng([77, len(labels)])
    kinds = [(share, both, near) for share in SHARES for both in (False, True) for near in (True, False)]
    for share, both, near in kinds * draws if len(large) else []:
        one = int(rng.choice(large))
        rivals = np.flatnonzero((sizes >= 5) & (np.arange(len(sizes)) != one))
        other = int(rivals[far[one][rivals].argmin()] if near else rng.choice(rivals))
        given = labels.copy()
        for true, label in ((one, other), (other, one))[: 1 + both]:
            rows = np.flatnonzero(labels == true)
            given[rng.choice(rows, round(share * len(rows)), replace=False)] = label
        yield (share, both, near, one, other), given


def told_pairs(p: np.ndarray, labels: np.ndarray) -> tuple[tuple[PairFlip, ...], tuple[Inseparable, ...]]:
    """Pairs that are told as mixed up, and those told with both readings: hardly told apart, or exchanged."""
    mixed, alike = sorted_out(p, labels, {"train": find_pair_flips(p, labels)})
    return mixed["train"], alike


def row(p: np.ndarray, given: np.ndarray, labels: np.ndarray, kind: Any) -> dict[str, Any]:
    """Pairs told, expected wrong labels, and hits and lengths of the lists."""
    flips, either = told_pairs(p, given)
    told, wrong = {(flip.true, flip.label) for flip in flips}, given != labels
    plain = fit_noise_matrix(p, given)
    own, best = p[np.arange(len(p)), given], p.max(axis=1)

    def listed(noise: NoiseMatrix) -> tuple[list[int], float]:
        chances = wrong_chances(noise, p, given)
        rows = disputes(chances, own, best)
        return [int((rows & wrong).sum()), int(rows.sum())], found_in_twice(chances, wrong)

    (before, ranked_before), (now, ranked) = listed(plain), listed(replace(plain, flips=flips))
    _, both, _, one, other = kind
    asked = {(one, other), (other, one)} if both else {(one, other)}
    return {
        "told": bool(told & asked), "both_readings": {one, other} in [set(pair[:2]) for pair in either],
        "others_told": len(told - {(one, other), (other, one)}),
        "wrong": int(wrong.sum()), "expected": sum(flip.expected for flip in flips), "list_before": before,
        "list": now, "in_twice_before": ranked_before, "in_twice": ranked,
    }  # fmt: skip


def of_set(images: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    clean = labelled(images, labels)
    judged = judge(clean)
    if judged.refusal or reference_strength(judged, clean).too_weak:
        return {"images": len(labels), "not evaluated": True}
    rows: dict[str, list[Any]] = defaultdict(list)
    for kind, given in planted(images, labels, 1 if len(labels) >= SIZES[-1] else 2):
        found = judge(labelled(images, given), judged.components).probabilities
        if found:
            rows[f"{kind[0]:g} {'both' if kind[1] else 'one'}"].append(
                row(found["train"], given, labels, kind)
            )
    p = judged.probabilities["train"]
    return {
        "images": len(labels),
        "clean_told": len(told_pairs(p, labels)[0]),
        "smallest_share": smallest_share(p, labels),
        "rows": rows,
    }


def alike(half: str) -> dict[str, int]:
    """Clean sets of similar classes, and how many of them name a pair."""
    train, odd = load("fashion-mnist", offline=True).train, int(half == "judging")
    rng, every = np.random.default_rng([5, odd]), np.arange(odd, len(train), 2)
    told = []
    for classes in ALIKE:
        for size, noise in ((size, noise) for size in (100, 200, 400, 1_000) for noise in (0, 40, 90)):
            of = [every[train.labels[every] == c] for c in classes]
            rows = np.sort(np.concatenate([rng.choice(each, size, replace=False) for each in of]))
            images = images_of(train, rows)
            noisy = np.clip(images + rng.normal(0, noise, images.shape), 0, 255).astype(np.uint8)
            labels = np.searchsorted(classes, train.labels[rows])
            found = judge(labelled(noisy if noise else images, labels)).probabilities
            told.append(bool(found and told_pairs(found["train"], labels)[0]))
    return {"sets": len(told), "told": sum(told)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=("tuning", "judging"), default="judging")
    half = parser.parse_args().half
    before = conditions()
    figures = {name: of_set(images, labels) for name, images, labels in sets(half)}
    command = f"python benchmarks/mixed_up_labels.py --half {half}"
    write_result(f"mixed_up_labels_{half}", command, before, {"sets": figures, "alike": alike(half)})


if __name__ == "__main__":
    main()
