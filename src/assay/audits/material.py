"""What a check is given, and what it gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assay.audits.measure import Measurements
from assay.audits.values import Finding, Issue
from assay.data.values import Dataset


@dataclass(frozen=True)
class Material:
    """The data under audit and everything measured on them, computed once for all checks.

    measurements: per split name, over the whole split.
    """

    dataset: Dataset
    measurements: Mapping[str, Measurements]


@dataclass(frozen=True)
class Checked:
    """A check's finding and the images it flags."""

    finding: Finding
    issues: tuple[Issue, ...] = ()


Check = Callable[[Material], Checked]
