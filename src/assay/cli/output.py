"""How a command reports: as JSON lines, quietly, or at length."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Output:
    """How a command reports."""

    json: bool
    quiet: bool
    verbose: bool

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Output":
        """The options of `REPORTING` among those given to a command."""
        return cls(given["json"], given["quiet"], given["verbose"])
