"""What a check is given, and what it gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from assay.audits.copies import Copies, find_copies
from assay.audits.judgment import Judgment, judge, principal_components
from assay.audits.looks import Looks, as_stored, background_of, look_at
from assay.audits.measure import Measurements
from assay.audits.values import Finding, Issue
from assay.data.values import Dataset
from assay.reference.beliefs import Beliefs


@dataclass(frozen=True)
class Material:
    """The data under audit and everything measured on them, computed once for all checks.

    measurements: per split name, over the whole split.
    features: the user's own, per split name `(n, any)`, in place of the reference features.
    thorough: take more time where more is found by it.
    What only some checks need is computed when the first of them asks.
    """

    dataset: Dataset
    measurements: Mapping[str, Measurements]
    features: Mapping[str, NDArray[np.float32]] | None = None
    thorough: bool = False

    @cached_property
    def exact_copies(self) -> Copies:
        """Exact copies alone, found by digest."""
        return find_copies(self.dataset, near=False)

    @cached_property
    def copies(self) -> Copies:
        """Exact and near copies."""
        return find_copies(self.dataset)

    @cached_property
    def components(self) -> Mapping[str, NDArray[np.float32]]:
        """The features of every image, per split name: what distances between images are taken in."""
        return principal_components(self.dataset, self.features)

    @cached_property
    def judgment(self) -> Judgment:
        """What the reference classifier makes of every image without its own label."""
        return judge(self.dataset, self.components, self.thorough)

    @cached_property
    def looks(self) -> Mapping[str, Looks]:
        """Brightness, contrast and sharpness of every image, per split name."""
        background = background_of(self.measurements["train"])
        return {name: look_at(split, background) for name, split in self.dataset.splits.items()}

    @cached_property
    def stored_looks(self) -> Mapping[str, Looks]:
        """The same at the size of the files, where that is known of every split."""
        splits = self.dataset.splits
        if any(split.looks is None for split in splits.values()):
            return self.looks
        return {name: as_stored(self.looks[name], split) for name, split in splits.items()}


@dataclass(frozen=True)
class Checked:
    """A check's finding and the images it flags. beliefs: of a check that disputes labels (see `Audit`)."""

    finding: Finding
    issues: tuple[Issue, ...] = ()
    beliefs: Beliefs | None = None


Check = Callable[[Material], Checked]
