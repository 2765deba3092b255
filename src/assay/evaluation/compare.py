"""`Comparison`: several trained models side by side and, on the same test images, pair by pair."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any, Final

import numpy as np

from assay.core.errors import AssayError
from assay.core.text import csv_text, html_table
from assay.estimators.mcnemar import groups_test, mcnemar
from assay.evaluation.grouped import share_interval
from assay.evaluation.paired import DRAWS, FEWEST_DIFFERING, FEWEST_IMAGES, difference_interval, holm
from assay.evaluation.predictions_file import Answers
from assay.evaluation.seed_variance import OverSeeds

#: How the figures of a comparison were made; part of `comparison.json`.
METHODS: Final[Mapping[str, Any]] = {
    "accuracy_ci95": "Wilson 1927, of the effective number of images where they come in groups",
    "difference_ci95": "paired bootstrap within each class, percentiles; none where images come in groups",
    "p_value": "exact McNemar test, two-sided; where images come in groups the paired randomization test of "
    "whole groups (Fisher 1935)",
    "p_value_holm": "the same, corrected for the number of pairs (Holm 1979)",
    "mean_ci95": "Student's t over seeds",
    "draws": DRAWS,
    "seed": 0,
}


@dataclass(frozen=True, eq=False)
class Candidate:
    """One trained model of a comparison: what it is, what it costs, and what it answered.

    name: unique within the comparison. data: what the data are called. recipe: resolved, as JSON types.
    fingerprints: of the splits it was trained and tested on, by name.
    costs: parameters, trainable_parameters, multiply_adds, bytes; None of a model trained elsewhere.
    validation_accuracy: on `validation_images`; None where nothing was held out. Their number is None of
    models saved before it was kept: then it may be the accuracy of a net without what is joined to it.
    answers: None where it has not been tested.
    """

    name: str
    data: str
    recipe: Mapping[str, Any]
    seed: int
    fingerprints: Mapping[str, str]
    costs: Mapping[str, int | None]
    validation_accuracy: float | None = None
    answers: Answers | None = None
    validation_images: int | None = None

    @property
    def accuracy(self) -> float | None:
        """Share of right answers; None where it has not been tested."""
        return None if self.answers is None else int(self.answers.right.sum()) / len(self.answers.right)

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the accuracy (see `share_interval`)."""
        return None if self.answers is None else share_interval(self.answers.right, self.answers.groups)

    def as_record(self) -> dict[str, Any]:
        """An entry of `runs` in `comparison.json`."""
        interval = self.interval
        return {
            "name": self.name,
            "data": self.data,
            "recipe": self.recipe["name"],
            "seed": self.seed,
            "n": None if self.answers is None else len(self.answers.rows),
            "accuracy": self.accuracy,
            "accuracy_ci95": list(interval) if interval else None,
            "reason": "not tested" if self.answers is None else None,
            "validation_accuracy": self.validation_accuracy,
            "validation_images": self.validation_images,
            **self.costs,
            "fingerprints": dict(self.fingerprints),
        }


@dataclass(frozen=True)
class Pair:
    """Two models on the same images, as counts of images. same_answer: right or wrong, but the same.

    difference: accuracy of the second minus that of the first; interval: 95 %, see `difference_interval`.
    groups: that the images come in; None where each stands alone. p_value: see `mcnemar`, and `groups_test`
    where there are groups; p_value_holm: corrected for all pairs of the comparison.
    """

    first: str
    second: str
    both_right: int
    only_first: int
    only_second: int
    both_wrong: int
    same_answer: int
    interval: tuple[float, float] | None
    p_value: float
    p_value_holm: float = 1.0
    groups: int | None = None

    @property
    def n(self) -> int:
        """Test images."""
        return self.both_right + self.only_first + self.only_second + self.both_wrong

    @property
    def difference(self) -> float:
        """Accuracy of the second minus that of the first, in [-1, 1]."""
        return (self.only_second - self.only_first) / self.n

    def as_record(self) -> dict[str, Any]:
        """An entry of `pairs` in `comparison.json`."""
        few = (
            f"fewer than {FEWEST_IMAGES} images, or fewer than {FEWEST_DIFFERING} on which the two differ"
            if self.groups is None
            else "the images come in groups"
        )
        return {
            **{key: value for key, value in vars(self).items() if key != "interval"},
            "n": self.n,
            "difference": self.difference,
            "difference_ci95": list(self.interval) if self.interval else None,
            "difference_ci95_reason": None if self.interval else few,
        }


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models side by side. pairs: every two of them; unpaired: why there are none, empty where there are."""

    candidates: tuple[Candidate, ...]
    pairs: tuple[Pair, ...] = field(default=())
    unpaired: str = ""

    @cached_property
    def over_seeds(self) -> tuple[OverSeeds, ...]:
        """The tested models by recipe: those that differ in nothing but the seed stand together."""
        groups: dict[tuple[str, int], list[Candidate]] = {}
        for candidate in self.candidates:
            if candidate.answers is not None:
                groups.setdefault(self._group(candidate), []).append(candidate)
        return tuple(
            OverSeeds(
                group[0].recipe["name"],
                tuple(member.seed for member in group),
                tuple(member.accuracy for member in group if member.accuracy is not None),
            )
            for group in groups.values()
        )

    def _group(self, candidate: Candidate) -> tuple[str, int]:
        """What a model has in common with those trained with other seeds, and a count of equal seeds."""
        kind = _kind(candidate)
        before = self.candidates[: self.candidates.index(candidate)]
        return kind, sum(_kind(c) == kind and c.seed == candidate.seed for c in before)

    @property
    def names(self) -> tuple[str, ...]:
        """The models' names, in order."""
        return tuple(candidate.name for candidate in self.candidates)

    def pair(self, first: str, second: str) -> Pair:
        """The pair of two names in the comparison's order. Raises KeyError when there is none."""
        for pair in self.pairs:
            if (pair.first, pair.second) == (first, second):
                return pair
        raise KeyError((first, second))

    def agreement(self) -> list[list[float]]:
        """For every two models the share of images that they answer alike; empty without pairs."""
        if not self.pairs:
            return []
        shares = {(pair.first, pair.second): pair.same_answer / pair.n for pair in self.pairs}
        return [[shares.get((a, b), shares.get((b, a), 1.0)) for b in self.names] for a in self.names]

    def as_record(self) -> dict[str, Any]:
        """The content of `comparison.json`. Seconds are not in it: the manifest has them."""
        return {
            "schema": 1,
            "runs": [candidate.as_record() for candidate in self.candidates],
            "recipes": [group.as_record() for group in self.over_seeds],
            "pairs": [pair.as_record() for pair in self.pairs],
            "pairs_reason": self.unpaired or None,
            "agreement": self.agreement(),
            "methods": dict(METHODS),
        }

    def differing(self) -> list[int]:
        """Places, in the order of `Answers`, of images that one model gets right and another wrong."""
        if not self.pairs:
            return []
        right = np.stack([c.answers.right for c in self.candidates if c.answers is not None])
        found: list[int] = np.flatnonzero(right.any(axis=0) & ~right.all(axis=0)).tolist()
        return found

    def differences_csv(self) -> str:
        """The content of `differences.csv`: a row for each image of `differing`, in source order.

        split, index, id: as in the first model's run. For each model its answer, with what probability.
        """
        said = [column for n in self.names for column in (f"predicted:{n}", f"probability:{n}", f"right:{n}")]
        return csv_text(["split", "index", "id", "digest", "label", *said], self._difference_rows())

    def _difference_rows(self) -> Iterator[list[object]]:
        answers = [c.answers.rows for c in self.candidates if c.answers is not None]
        for place in sorted(self.differing(), key=lambda place: answers[0][place].index):
            image = answers[0][place]
            said = [(rows[place].predicted, rows[place].probability, rows[place].right) for rows in answers]
            cells = [
                cell for name, chance, right in said for cell in (name, chance, "yes" if right else "no")
            ]
            yield [image.split, image.index, image.id, image.digest, image.label, *cells]

    def __repr__(self) -> str:
        scores = (f"{c.name}: {'not tested' if c.accuracy is None else c.accuracy}" for c in self.candidates)
        return f"Comparison({', '.join(scores)})"

    def _repr_html_(self) -> str:
        rows = [
            (
                c.name,
                "-" if c.accuracy is None else f"{c.accuracy:.4f}",
                *("-" if cost is None else cost for cost in c.costs.values()),
            )
            for c in self.candidates
        ]
        return html_table(("model", "accuracy", *self.candidates[0].costs), rows, "Comparison")


def _kind(candidate: Candidate) -> str:
    return repr((sorted(candidate.recipe.items(), key=str), sorted(candidate.fingerprints.items())))


def lay_out(candidates: Sequence[Candidate]) -> Comparison:
    """The models side by side; in pairs where all were tested on the same images."""
    reason = next(iter(obstacles(candidates)), "")
    if reason:
        return Comparison(tuple(candidates), (), reason)
    pairs = [_pair(first, second) for first, second in combinations(candidates, 2)]
    corrected = holm([pair.p_value for pair in pairs])
    return Comparison(
        tuple(candidates),
        tuple(Pair(**{**vars(p), "p_value_holm": c}) for p, c in zip(pairs, corrected, strict=True)),
    )


def obstacles(candidates: Sequence[Candidate]) -> Iterator[str]:
    """What stands in the way of comparing models pair by pair, in words."""
    untested = [candidate.name for candidate in candidates if candidate.answers is None]
    if untested:
        yield f"{', '.join(untested[:5])}: the test images have not been looked at"
        return
    first = candidates[0]
    for candidate in candidates[1:]:
        if candidate.fingerprints["test"] != first.fingerprints["test"]:
            yield _other_images(first, candidate)
        elif first.answers and candidate.answers and first.answers.images != candidate.answers.images:
            yield f"the answers of {first.name} and {candidate.name} are not of the same images"


def _other_images(first: Candidate, other: Candidate) -> str:
    prints = [f"{c.name} has fingerprint {c.fingerprints['test'][:12]}" for c in (first, other)]
    return f"the test images or their labels are not the same: {prints[0]}, {prints[1]}"


def need_same_test(candidates: Sequence[Candidate], where: object) -> None:
    """Raise AssayError `run-not-evaluated` or `different-test-data` where models cannot be paired."""
    for reason in obstacles(candidates):
        if any(candidate.answers is None for candidate in candidates):
            fix = "Test it first: assay evaluate RUN."
            raise AssayError("run-not-evaluated", where, reason, fix)
        fix = "Compare runs on equal test images, or set these side by side with `assay report`."
        raise AssayError("different-test-data", where, reason, fix)


def _pair(first: Candidate, second: Candidate) -> Pair:
    assert first.answers is not None
    assert second.answers is not None
    a, b = first.answers.right, second.answers.right
    only_first, only_second = int((a & ~b).sum()), int((b & ~a).sum())
    groups = first.answers.groups
    return Pair(
        first.name,
        second.name,
        both_right=int((a & b).sum()),
        only_first=only_first,
        only_second=only_second,
        both_wrong=int((~a & ~b).sum()),
        same_answer=int((first.answers.predicted == second.answers.predicted).sum()),
        interval=difference_interval(a, b, first.answers.strata, METHODS["seed"]) if groups is None else None,
        p_value=mcnemar(only_first, only_second) if groups is None else groups_test(a, b, groups),
        groups=None if groups is None else len(np.unique(groups)),
    )
