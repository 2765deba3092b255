"""Which of several models the next command names, and by which rule: on validation images, never on test."""

from collections.abc import Sequence
from typing import Final

from assay.evaluation.compare import Candidate
from assay.evaluation.metrics import wilson_interval
from assay.reports.findings.wording import count, name

#: What one standard error to each side holds of a normal distribution.
_ONE_ERROR: Final = 0.6827

#: The splits that models must share for their scores on validation images to compare.
_SEEN: Final = ("train", "validation")


def model_to_take(candidates: Sequence[Candidate]) -> tuple[Candidate, str]:
    """The smallest model within one standard error of the best on validation images, and that in words.

    The rule of Breiman and others (1984): a higher score within that is no reason for a larger model. One
    standard error: Wilson's, of single images, and one image at least. The first model where the scores do
    not compare. candidates: at least one, of known size.
    """
    first = candidates[0]
    images, why = _compared_on(candidates)
    if not images:
        return first, f"The next command names the first model, {name(first.name)}: {why}."
    right = {candidate.name: round(_score(candidate) * images) for candidate in candidates}
    best = max(right.values())
    least = min(images * wilson_interval(best, images, _ONE_ERROR)[0], best - 1)
    near = [candidate for candidate in candidates if right[candidate.name] >= least]
    taken = min(near, key=lambda candidate: (candidate.costs["parameters"] or 0, -_score(candidate)))
    on = f"{count(images, 'validation image')}"
    if len(near) == 1:
        return taken, (
            f"The next command names {name(taken.name)}: on {on} every other model is behind it by more than "
            "one standard error."
        )
    return taken, (
        f"The next command names {name(taken.name)}: of the {len(near)} models within one standard error of "
        f"the best on {on} none has fewer parameters."
    )


def _score(candidate: Candidate) -> float:
    return candidate.validation_accuracy or 0.0


def _compared_on(candidates: Sequence[Candidate]) -> tuple[int, str]:
    """How many validation images all scores are of; 0 where they do not compare, and why."""
    if any(candidate.validation_accuracy is None for candidate in candidates):
        return 0, "not all were scored on validation images"
    used = {
        (candidate.validation_images, *map(candidate.fingerprints.get, _SEEN)) for candidate in candidates
    }
    if len(used) > 1 or not candidates[0].validation_images:
        return 0, "their scores on validation images do not compare"
    return candidates[0].validation_images, ""
