"""Published data sets whose exact content is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class ReleasedSplit:
    """A split as published: its count and its content fingerprint (`Split.fingerprint`)."""

    count: int
    fingerprint: str


@dataclass(frozen=True)
class Release:
    """A published data set: what to call it, and its splits by name."""

    title: str
    splits: Mapping[str, ReleasedSplit]


#: By `Dataset.name`. The fingerprints follow from the pinned SHA-256 of the decoded files.
RELEASES: Final[Mapping[str, Release]] = {}
