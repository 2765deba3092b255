"""The page of several models: a table, accuracy against seconds, and what of their differences is chance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assay.audits.values import Audit
from assay.core import durable
from assay.data.values import Split
from assay.evaluation.compare import Comparison


@dataclass(frozen=True, eq=False)
class ComparisonContent:
    """All that the page tells of.

    seconds: of each model's training, None where unknown. folders: where each run lies, for runs that are not
    part of this one; empty for the models of one run, which lie in `models/`. audit: of the data of that run.
    test: the test images that all were judged on, for pictures; None shows none.
    """

    comparison: Comparison
    seconds: Mapping[str, float | None] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    audit: Audit | None = None
    test: Split | None = None


def write_comparison(folder: Path, content: ComparisonContent) -> None:
    """Write comparison.json, differences.csv (where there are pairs), figures and report.html."""
    comparison = content.comparison
    durable.write_json(folder / "comparison.json", comparison.as_record())
    if comparison.pairs:
        durable.write_text(folder / "differences.csv", comparison.differences_csv())
