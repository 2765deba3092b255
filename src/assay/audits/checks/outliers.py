"""Check `atypical`: images far from all others of their class."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.audits.checks.context import CheckContext, Checked
from assay.audits.checks.issues import counted, flagged, not_evaluated, percent
from assay.audits.measures.robust_z import FEWEST, robust_scores
from assay.audits.values import Finding
from assay.core.arrays import spread_rows
from assay.core.thread_pool import all_cores
from assay.estimators.nearest_neighbors import nearest

#: Robust deviations of the logarithm of the distance. A normal distribution has one image in 3.5
#: million beyond 5; real classes have longer tails, and these are what is looked for.
UNUSUAL: Final = 5.0

#: The distance is the mean to so many nearest images of the class, in so many principal components,
#: among at most so many training images: more refine it little, and the cost stays linear.
_NEIGHBORS: Final = 5
_COMPONENTS: Final = 64
_MOST_BASE: Final = 4_000

#: More than this share of outliers is no tail any more: the class has several kinds.
WARN_SHARE: Final = 0.001


def check_atypical(context: CheckContext) -> Checked:
    """Find images whose nearest images of the same class are unusually far away."""
    counts = context.dataset.train.counts(len(context.dataset.classes))
    if counts.max(initial=0) < FEWEST:
        return not_evaluated("atypical", f"no class has {FEWEST} training images to be typical of")
    issues = []
    for name, scores in atypicality(context).items():
        issues += [
            flagged(
                context.dataset,
                "atypical",
                "far-from-class",
                scores[row] / (scores[row] + UNUSUAL),
                name,
                row,
                detail=f"{scores[row]:.1f} robust deviations farther from its class than is usual",
            )
            for row in np.flatnonzero(scores > UNUSUAL).tolist()
        ]
    looked = np.flatnonzero(counts >= FEWEST)
    splits = context.dataset.splits.values()
    total = sum(int(np.isin(split.labels, looked).sum()) for split in splits)
    left = sum(map(len, splits)) - total
    warns = len(issues) > WARN_SHARE * total
    return Checked(
        Finding(
            check="atypical",
            verdict="warn" if warns else "pass",
            summary=counted(
                len(issues),
                total,
                "image is unlike all others of its class.",
                "images are unlike all others of their class.",
            )
            + _told_small(left),
            evidence={"images": total, "flagged": len(issues)},
            threshold=f"log distance to the {_NEIGHBORS} nearest of the class at most {UNUSUAL:g} robust "
            f"deviations over the median of the class; more than {percent(WARN_SHARE, 1)} of the images warn",
            reason="an image without neighbors is a rare kind, a wrong label, or no picture of the class",
            fix="Look at them: a rare kind needs more examples, a foreign image should go." if warns else "",
            count=len(issues),
        ),
        tuple(issues),
    )


def _told_small(left: int) -> str:
    """Of how many images nothing was said; empty where of none."""
    if not left:
        return ""
    image, its = (
        ("1 image was", "its class has") if left == 1 else (f"{left:,} images were", "their classes have")
    )
    return f" {image} not judged: {its} fewer than {FEWEST} training images."


def atypicality(context: CheckContext) -> dict[str, NDArray[np.float64]]:
    """Per split, robust deviations `(n,)` of each image's log distance to its class; 0 for small classes."""
    splits = context.dataset.splits
    counts = context.dataset.train.counts(len(context.dataset.classes))
    scores = {name: np.zeros(len(split)) for name, split in splits.items()}

    def score_class(label: np.int64) -> None:
        for name, (rows, found) in _scores_of_class(context, label).items():
            scores[name][rows] = found

    with all_cores() as pool:
        list(pool.map(score_class, np.flatnonzero(counts >= FEWEST)))
    return scores


def _scores_of_class(
    context: CheckContext, label: np.int64
) -> dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Per split, the rows of the images of a class and their scores."""
    splits = context.dataset.splits
    rows = {name: np.flatnonzero(split.labels == label) for name, split in splits.items()}
    points = {name: context.components[name][rows[name], :_COMPONENTS] for name in splits}
    in_base = np.zeros(len(rows["train"]), bool)
    in_base[spread_rows(len(in_base), _MOST_BASE)] = True
    base = points["train"][in_base]
    own = _distance(points["train"], base, in_base)
    found = {"train": (rows["train"], robust_scores(own, own))}
    for name in splits.keys() - {"train"}:
        distance = _distance(points[name], base, np.zeros(len(rows[name]), bool))
        found[name] = (rows[name], robust_scores(distance, own[in_base]))
    return found


def _distance(
    points: NDArray[np.float32], base: NDArray[np.float32], in_base: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Log of the mean distance to the nearest of `base`; points that lie in it do not count themselves."""
    squares, _ = nearest(points, base, _NEIGHBORS + 1)
    distances = np.sqrt(squares.astype(np.float64))
    without = np.where(in_base, distances[:, 1:].mean(axis=1), distances[:, :-1].mean(axis=1))
    logarithm: NDArray[np.float64] = np.log(np.maximum(without, 1e-3))
    return logarithm
