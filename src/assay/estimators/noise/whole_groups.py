"""Groups disputed as a whole: their labels are one observation, however many images there are.

Ten frames of one clip are right or wrong together, and a clip that looks unlike the rest of its class is
disputed in every frame. How often that happens where labels are right is told by other groups, not by images.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Floats, Rows
from assay.estimators.noise.noise_matrix import disputes, fit_noise_matrix, wrong_chances

#: A group is disputed as a whole where at least this share of its images of one label is.
_WHOLE: Final = 0.5


@dataclass(frozen=True, eq=False)
class WholeGroup:
    """Images of one group and label of which most labels are disputed.

    rows: int64, its images. label, suggested: classes. chance: that the label of all is wrong.
    """

    rows: Rows
    label: int
    suggested: int
    chance: float


def whole_groups(
    probabilities: Floats, labels: Rows, units: Rows, wrong: NDArray[np.float64], known: NDArray[np.bool_]
) -> tuple[WholeGroup, ...]:
    """The groups that are disputed as a whole, in the order of their first images.

    probabilities: `(n, k)`, out of sample and without the image's group; labels, units: int64 `(n,)`;
    wrong: the chance of each label by itself; known: bool `(n,)`, labels whose class the classifier knows.
    """
    k = probabilities.shape[1]
    _, first, code, sizes = np.unique(
        units * k + labels, return_index=True, return_inverse=True, return_counts=True
    )
    code, each = code.ravel(), np.arange(len(labels))
    best = probabilities.max(axis=1, initial=0)
    disputed = disputes(wrong, probabilities[each, labels], best) & known
    shares = np.bincount(code, disputed, minlength=len(sizes)) / np.maximum(sizes, 1)
    found = np.flatnonzero((sizes > 1) & (shares >= _WHOLE))
    if not len(found):
        return ()
    means = np.zeros((len(sizes), k))
    np.add.at(means, code, probabilities)
    means /= sizes[:, None]
    of_group = labels[first]
    judged = known[first]
    noise = fit_noise_matrix(means[judged], of_group[judged])
    chances = wrong_chances(noise, means[found], of_group[found])
    groups = [
        WholeGroup(np.flatnonzero(code == one), int(of_group[one]), int(means[one].argmax()), float(chance))
        for one, chance in zip(found.tolist(), chances, strict=True)
    ]
    return tuple(sorted(groups, key=lambda group: int(group.rows[0])))
