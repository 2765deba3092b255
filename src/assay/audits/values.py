"""`Finding` and `Audit`: the results of the checks."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, SupportsIndex, overload

from assay.audits.issues import _ISSUE_NUMBERS, ISSUE_COLUMNS, MANY_ISSUES, Issues
from assay.core import durable
from assay.core.errors import AssayError
from assay.core.table import Table, Tabular, figure_of, picture_html
from assay.core.text import choices, csv_text, html_table
from assay.data.values import Dataset
from assay.estimators.label_noise import LabelPosterior
from assay.estimators.label_quality import QUALITY_COLUMNS, LabelQuality, quality_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Verdict = Literal["pass", "warn", "fail", "not evaluated"]

#: From best to worst; an area is as good as its worst check.
VERDICT_ORDER: Final[tuple[Verdict, ...]] = ("pass", "not evaluated", "warn", "fail")

#: The areas of the audit, in the order of the report. Which check belongs to which: `registry.CHECKS`.
AREAS: Final = (
    "data integrity",
    "label balance",
    "label quality",
    "scaling necessity",
    "spatial complexity",
    "content",
)


@dataclass(frozen=True)
class Finding:
    """A check's verdict.

    summary: what was found, one sentence with its figures.
    evidence: the figures behind it, as JSON types.
    threshold: the limits that the verdict was decided by, and `reason`: why these.
    fix: what to do about it; empty where nothing needs doing.
    count: how many images it flags. area: filled in from the table of checks.
    """

    check: str
    verdict: Verdict
    summary: str
    evidence: Mapping[str, Any]
    threshold: str
    reason: str
    fix: str = ""
    count: int = 0
    area: str = ""

    def __post_init__(self) -> None:
        if self.area and self.area not in AREAS:
            raise ValueError(f"there is no area {self.area!r}")

    def as_record(self) -> dict[str, Any]:
        """The finding as JSON types, with the keys of `audit.json`."""
        return {**vars(self), "evidence": dict(self.evidence)}

    def __repr__(self) -> str:
        return f"Finding({self.check}: {self.verdict}, {self.summary})"


class Findings(Tabular, tuple[Finding, ...]):
    """The findings in the order of the checks: `findings[0]`, or `findings["label-errors"]` by name."""

    __slots__ = ()

    @overload
    def __getitem__(self, key: SupportsIndex) -> Finding: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[Finding, ...]: ...
    @overload
    def __getitem__(self, key: str) -> Finding: ...
    def __getitem__(self, key: SupportsIndex | slice | str) -> Finding | tuple[Finding, ...]:
        """A finding by place or by check. Raises KeyError for a check that did not run."""
        if not isinstance(key, str):
            return super().__getitem__(key)
        for finding in self:
            if finding.check == key:
                return finding
        raise KeyError(f"{key}: {choices(key, [finding.check for finding in self])}")

    def table(self) -> Table:
        """A row for each check."""
        names = ("check", "area", "verdict", "count", "summary", "threshold", "fix")
        return Table({name: [getattr(finding, name) for finding in self] for name in names}, "Findings")

    def __repr__(self) -> str:
        return f"Findings({', '.join(f'{f.check}: {f.verdict}' for f in self)})"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


_NO_ISSUES: Final = Issues()


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    dataset: name, source, classes, splits with counts per class, fingerprints (see `audit.json`).
    statistics: the measurements' summary: pixel range, mean, deviation, histogram, and so on.
    findings: in the order of the table of checks. issues: sorted by check, then score falling.
    posterior: what the classifier behind `label-errors` thinks of each test image, for asking how many labels
        it would dispute were all of them right; None without a test split or that check. Not in `audit.json`.
    label_quality: how far each label can be trusted, per split; None where `label-errors` did not run, {}
        where it was not evaluated. In `label_quality.csv`, not in `audit.json`.
    data: what was audited, for `show`; not part of the value.
    """

    dataset: Mapping[str, Any]
    statistics: Mapping[str, Any]
    findings: Findings
    issues: Issues = _NO_ISSUES
    decisions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    posterior: LabelPosterior | None = None
    label_quality: Mapping[str, LabelQuality] | None = None
    data: Dataset | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        # Whatever tuples they were made from: findings are found by name, issues can be tables.
        object.__setattr__(self, "findings", Findings(self.findings))
        object.__setattr__(self, "issues", Issues(self.issues))

    def __repr__(self) -> str:
        verdicts = Counter(finding.verdict for finding in self.findings)
        told = ", ".join(
            f"{verdicts[verdict]} {verdict}" for verdict in reversed(VERDICT_ORDER) if verdicts[verdict]
        )
        name = self.dataset.get("name", "")
        return f"Audit({name!r}, {len(self.findings)} checks: {told or 'none'}; {len(self.issues):,} issues)"

    def finding(self, check: str) -> Finding:
        """The finding of one check. Raises KeyError when it did not run."""
        return self.findings[check]

    def show(self, check: str, data: Dataset | None = None) -> "Figure":
        """The images that a check flags, the worst first, as a matplotlib figure.

        Of a check that flags nothing the figure says so in words. data: needed only where the audit was not
        made by `assay.audit` in this session. Raises KeyError for a check that did not run, AssayError
        `bad-value` without data, `data-changed` for other data.
        """
        dataset = data if data is not None else self.data
        if dataset is None:
            fix = "Give them: audit.show(check, data)."
            raise AssayError("bad-value", "data", "the audit was read from a file and has no images", fix)
        return figure_of("suspects", "plot_suspects", self, check, dataset)

    def labels(self, data: Dataset | None = None) -> Table:
        """How far each label can be trusted: a row for each image, with the columns of `label_quality.csv`.

        data: needed only where the audit was not made by `assay.audit` in this session. Raises AssayError
        `bad-value` where the check `label-errors` did not run, or without data.
        """
        dataset = data if data is not None else self.data
        if dataset is None or self.label_quality is None:
            what = "it has no images" if dataset is None else "the check label-errors did not run"
            fix = "Give them: audit.labels(data)." if dataset is None else "Run it: checks=['label-errors']."
            raise AssayError("bad-value", "audit", what, fix)
        rows = list(quality_rows(self.label_quality, dataset))
        return Table(dict(zip(QUALITY_COLUMNS, map(list, zip(*rows, strict=True)), strict=True)), "Labels")

    def area_verdicts(self) -> dict[str, Verdict]:
        """Each area that was examined with the worst verdict of its checks."""
        verdicts: dict[str, Verdict] = {}
        for area in AREAS:
            found = [f.verdict for f in self.findings if f.area == area]
            if found:
                verdicts[area] = max(found, key=VERDICT_ORDER.index)
        return verdicts

    def as_record(self) -> dict[str, Any]:
        """The content of `audit.json`."""
        return {
            "schema": 1,
            "dataset": dict(self.dataset),
            "statistics": dict(self.statistics),
            "findings": [finding.as_record() for finding in self.findings],
            "decisions": {name: dict(decision) for name, decision in self.decisions.items()},
        }

    def save(self, folder: Path) -> None:
        """Write `audit.json` and `issues.csv` into a folder, created if missing.

        Of many issues (`MANY_ISSUES`) also `issues.parquet`, where pyarrow is installed.
        """
        folder = durable.make_directory(Path(folder))
        durable.write_json(folder / "audit.json", self.as_record())
        durable.write_text(folder / "issues.csv", self.issues_csv())
        if self.has_parquet:
            durable.write_bytes(folder / "issues.parquet", self.issues.parquet(_ISSUE_NUMBERS))
        elif (folder / "issues.parquet").exists():
            durable.remove(folder / "issues.parquet")  # of an earlier audit of this run, and no longer true

    @property
    def has_parquet(self) -> bool:
        """Whether `save` writes `issues.parquet`."""
        return len(self.issues) >= MANY_ISSUES and find_spec("pyarrow") is not None

    def issues_csv(self) -> str:
        """The content of `issues.csv`."""
        return csv_text(ISSUE_COLUMNS, (issue.as_row() for issue in self.issues))

    def _repr_html_(self) -> str:
        rows = [(f.area, f.check, f.verdict, f.summary) for f in self.findings]
        title = f"Audit of {self.dataset['name']}"
        return html_table(("area", "check", "verdict", "finding"), rows, title) + self._worst_html()

    def _worst_html(self) -> str:
        """The images of the gravest finding that flags some which can be seen."""
        if self.data is None:
            return ""
        shown = {issue.check for issue in self.issues if issue.index >= 0}
        flagged = [f for f in self.findings if f.verdict in ("fail", "warn") and f.check in shown]
        for finding in sorted(flagged, key=lambda f: -VERDICT_ORDER.index(f.verdict)):
            with suppress(AssayError):  # its images cannot be shown, or are of files that were not read
                return picture_html(self.show(finding.check), f"{finding.check}: {finding.summary}")
        return ""
