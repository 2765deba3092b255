"""Assay itself: all checks on the planted data, nothing kept from before."""

import numpy as np
from answers import answer, duplicates, load

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.registry import CHECKS, measure_all
from assay.workflow.load import load as load_data


def pairs(checked: Checked) -> list[tuple[int, int]]:
    """The flagged images, each with the earlier one that it repeats."""
    return [(issue.index, issue.related_index) for issue in checked.issues if issue.related_index is not None]


def flags(checked: Checked, count: int) -> np.ndarray:
    """bool `(count,)`: the flagged images."""
    found = np.zeros(count, bool)
    found[[issue.index for issue in checked.issues]] = True
    return found


def main() -> None:
    images, labels, copies = load("images"), load("labels"), load("copies")
    data = load_data(arrays=(images, labels))
    context = CheckContext(data, measure_all(data))
    found = {name: check.run(context) for name, check in CHECKS.items()}
    exact_linked, exact_flagged = duplicates(pairs(found["exact-duplicates"]), copies, len(images))
    near_linked, near_flagged = duplicates(pairs(found["near-duplicates"]), copies, len(images))
    probabilities = context.cross_validated.probabilities["train"]
    quality = found["label-errors"].label_quality["train"]
    answer(
        exact_linked=exact_linked,
        exact_flagged=exact_flagged,
        near_linked=near_linked,
        near_flagged=near_flagged,
        label_suspect=flags(found["label-errors"], len(images)),
        label_score=1 - np.array(quality.right, np.float64),
        bad_image=flags(found["quality"], len(images)),
        probabilities=probabilities,
    )


if __name__ == "__main__":
    main()
