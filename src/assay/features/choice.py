"""Feature selection: hand-made or pretrained, by leave-one-out accuracy on the training labels."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assay.core.arrays import Float32s, Rows, spread_rows
from assay.data.splitting.stratified import left_out_together
from assay.data.values import Dataset, Split
from assay.estimators import ridge
from assay.estimators.mcnemar import groups_test
from assay.estimators.projections import fit_components, fit_fourier
from assay.estimators.standardized import fit_scale, row_space, scaled, with_offset
from assay.features import backbones, hand_made, pretrained
from assay.features.backbones import DEFAULT
from assay.features.feature_cache import Kept

#: Images that the two are compared on, evenly spread: enough to tell a difference of a few hundredths.
_MOST_IMAGES: Final = 1_000

#: Random waves of the hand-made features, as of the recipe `reference`; at most half as many as images.
_WAVES: Final = 2_048

#: Of equally good features a difference this large comes about by chance in one set of twenty.
SIGNIFICANT: Final = 0.05

#: Pictures with a shorter side have lost what a net trained on photographs looks at.
LEAST_SIDE: Final = 64

#: Of more images an audit does not ask for pretrained features by itself: it would take over ten minutes.
MOST_DESCRIBED: Final = 20_000


@dataclass(frozen=True)
class Choice:
    """Two classifiers in closed form on the same images, each judged without itself.

    hand_made, pretrained: the share of `images` that each answered rightly. only_hand_made, only_pretrained:
    how many groups of images one alone did, or answered better: images that were left out together (copies,
    images of one group) are right or wrong together, and say one thing. groups: how many there are.
    p: of a difference in accuracy, by `groups_test`.
    """

    backbone: str
    images: int
    groups: int
    hand_made: float
    pretrained: float
    only_hand_made: int
    only_pretrained: int
    p: float

    @property
    def takes_pretrained(self) -> bool:
        """Are the pretrained features right more often, beyond chance?"""
        return self.pretrained > self.hand_made and self.p < SIGNIFICANT

    def sentence(self) -> str:
        """Both figures and what follows, in words."""
        taken = "pretrained" if self.takes_pretrained else "hand-made"
        units = "them" if self.groups == self.images else f"{self.groups:,} groups of them"
        return (
            f"{taken} features: of {self.images:,} training images, each judged without itself, pretrained "
            f"features ({self.backbone}) get {100 * self.pretrained:.1f} % right and hand-made ones "
            f"{100 * self.hand_made:.1f} % (pretrained ones alone for {self.only_pretrained:,} of {units}, "
            f"hand-made ones alone for {self.only_hand_made:,}: "
            f"{name_of_p(self.images, self.groups)}{self.p:.2g})"
        )


def worth_asking(shape: tuple[int, int, int]) -> bool:
    """Can pretrained features win at all? Color images of at least 64 pixels a side."""
    height, width, channels = shape
    return channels == 3 and min(height, width) >= LEAST_SIDE


def choose(
    split: Split,
    rows: NDArray[np.int64],
    class_count: int,
    backbone: str = DEFAULT,
    elsewhere: Kept | None = None,
) -> Choice:
    """Compare both on some of the training rows, evenly spread. elsewhere, errors: as of
    `pretrained.describe`."""
    chosen = rows[spread_rows(len(rows), _MOST_IMAGES)]
    labels = split.labels[chosen]
    groups = left_out_together(split)[chosen]
    ours = _right(_waves(hand_made.describe(split, chosen)), labels, class_count, groups, ridge.PENALTIES)
    inputs = linear_inputs(pretrained.describe(split, chosen, backbone, elsewhere))
    theirs = _right(inputs, labels, class_count, groups, ridge.FINE_PENALTIES)
    only_ours, only_theirs, units = groups_ahead(ours, theirs, groups)
    return Choice(
        backbone,
        len(chosen),
        units,
        float(ours.mean()),
        float(theirs.mean()),
        only_ours,
        only_theirs,
        groups_test(ours, theirs, groups),
    )


def name_of_p(images: int, groups: int) -> str:
    """What a p-value of `groups_test` is called: that of McNemar where each image stands alone."""
    return "McNemar p = " if images == groups else "randomization test of groups, p = "


def groups_ahead(first: NDArray[np.bool_], second: NDArray[np.bool_], groups: Rows) -> tuple[int, int, int]:
    """In how many groups the first is right for more images than the second, in how many for fewer, and how
    many groups there are."""
    _, place = np.unique(groups, return_inverse=True)
    ahead = np.bincount(place.ravel(), first.astype(np.float64) - second)
    return int((ahead > 0).sum()), int((ahead < 0).sum()), len(ahead)


def asked_for(shape: tuple[int, int, int], images: int, named: str | None) -> str | None:
    """The backbone whose features an audit of so many images of this shape asks for; None where it asks none.

    named: the one that the user named; of large sets, which take long, none is asked otherwise. No library is
    loaded.
    """
    backbone = named or DEFAULT
    small = images <= MOST_DESCRIBED or named is not None
    return backbone if worth_asking(shape) and small and backbones.missing(backbone) is None else None


def for_reference(
    dataset: Dataset, asked: str | None = None, elsewhere: Kept | None = None
) -> tuple[Choice | None, dict[str, Float32s] | None]:
    """What the audit's reference shall see: how both kinds of features did, and the pretrained ones of every
    split, float32 `(n, d)`, where they did better; None where they cannot be asked, or did not.

    asked: the backbone that the user named. Raises AssayError `missing-extra` where it is not there: what was
    asked for is not replaced in silence. elsewhere: features that other processes computed, as of `describe`.
    Loads torch only where pretrained features can win and are installed, and the set is small enough.
    """
    if asked is not None:
        backbones.require(asked)
    backbone = asked_for(dataset.shape, sum(map(len, dataset.splits.values())), asked)
    if backbone is None or len(np.unique(dataset.train.labels)) < 2:
        return None, None
    rows = np.arange(len(dataset.train))
    choice = choose(dataset.train, rows, len(dataset.classes), backbone, elsewhere)
    if not choice.takes_pretrained:
        return choice, None
    return choice, {
        name: pretrained.describe(split, name=backbone, elsewhere=elsewhere)
        for name, split in dataset.splits.items()
    }


def linear_inputs(features: Float32s, like: Float32s | None = None) -> Float32s:
    """Pretrained features for a linear classifier: standardized, and a column for the offset, all in
    the directions that the rows of train span.

    like: the features whose mean and deviation are taken, those of train; the same where None.
    """
    known = features if like is None else like
    scale = fit_scale(known)
    inputs = with_offset(scaled(known, *scale))
    basis = row_space(inputs)
    return (inputs if like is None else with_offset(scaled(features, *scale))) @ basis


def _waves(features: Float32s) -> Float32s:
    components = fit_components(features).project(features)
    fourier = fit_fourier(components, max(min(_WAVES, len(features) // 2) // 2 * 2, 2))
    return np.concatenate(list(fourier.blocks(components)))


def _right(
    inputs: Float32s, labels: Rows, class_count: int, groups: Rows, penalties: tuple[float, ...]
) -> NDArray[np.bool_]:
    """Which images a ridge classifier fitted to all of other groups answers rightly: bool `(n,)`."""
    fitted = ridge.fit(lambda: [inputs], labels, class_count, groups, penalties)
    scores = ridge.leave_one_out(fitted, lambda: [inputs], labels, groups)
    right: NDArray[np.bool_] = scores.argmax(axis=1) == labels
    return right
