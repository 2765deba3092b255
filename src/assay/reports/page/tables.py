"""Rows of the report's tables: the audit's areas, evidence, settings, files, counts per class."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from assay.audits.values import AREAS, VERDICT_ORDER, Audit, Finding
from assay.core.text import one_line
from assay.data.preprocessing import Preprocessing
from assay.data.releases import RELEASES
from assay.data.values import Dataset
from assay.evaluation.values import Evaluation
from assay.reports.drawing.sampling import shown_note
from assay.reports.findings.wording import count, name
from assay.reports.values import Results

#: Evidence beyond this stands in audit.json.
_MOST_EVIDENCE: Final = 14
_LONGEST_CELL: Final = 140

#: What is examined in each area, and why it matters before any training.
AREA_TEXTS: Final[Mapping[str, str]] = {
    "data integrity": (
        "Counts, shapes, number type, label range and a fingerprint of the content, compared with the "
        "published release where there is one; copies within a split and across splits. A score means "
        "something only on data that are what they claim to be, and on images that training has not seen."
    ),
    "label balance": (
        "Counts per class and split, the ratio of the largest class to the smallest, the accuracy of always "
        "answering the largest. On unbalanced data, accuracy can be high while rare classes fail."
    ),
    "label quality": (
        "Labels that contradict the picture, and pictures between two classes. Wrong labels put a ceiling on "
        "any score."
    ),
    "scaling necessity": (
        "Range, mean and spread of the pixel values. Optimizers expect inputs of about unit size; which "
        "normalization gets there depends on what the values are now."
    ),
    "spatial complexity": (
        "How alike the average images of the classes are, and how far a nearest-mean classifier gets. It "
        "tells how much a model must see beyond the average shape, and whether neighborhoods matter."
    ),
    "content": (
        "Single images: blank, dark, blurred, cropped, or unlike all others of their class; and marks that "
        "give the class away. What is wrong there is learned or, worse, tested on."
    ),
}

#: These areas always have a row, examined or not.
_ALWAYS: Final = ("data integrity", "label balance", "scaling necessity", "spatial complexity")


@dataclass(frozen=True)
class AreaRow:
    """One row of the audit's summary table. positions: of its findings in `audit.findings`."""

    area: str
    detail: str
    status: str
    positions: tuple[int, ...]


def area_rows(audit: Audit) -> list[AreaRow]:
    """The summary table: every area that was examined, and the four that always should be."""
    return [_area_row(audit.findings, area) for area in AREAS if area in _ALWAYS or _in(audit.findings, area)]


def area_cells(audit: Audit) -> list[tuple[str, ...]]:
    """The same as text: the area, what is examined, its checks with their verdicts, the area's verdict."""
    return [
        (
            row.area.capitalize(),
            row.detail,
            "; ".join(f"{audit.findings[i].check}: {audit.findings[i].verdict}" for i in row.positions)
            or "no check was run",
            row.status,
        )
        for row in area_rows(audit)
    ]


def _in(findings: Sequence[Finding], area: str) -> tuple[int, ...]:
    return tuple(i for i, finding in enumerate(findings) if finding.area == area)


def _area_row(findings: Sequence[Finding], area: str) -> AreaRow:
    positions = _in(findings, area)
    verdicts = [findings[i].verdict for i in positions]
    status = max(verdicts, key=VERDICT_ORDER.index) if verdicts else "not evaluated"
    return AreaRow(area, AREA_TEXTS[area], status, positions)


def evidence_rows(evidence: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and value of the figures behind a finding, nested names joined, at most `_MOST_EVIDENCE`."""
    rows = [(key, _cut(value)) for key, value in _flat(evidence)]
    if len(rows) > _MOST_EVIDENCE:
        left = len(rows) - _MOST_EVIDENCE
        rows = [*rows[:_MOST_EVIDENCE], ("more", f"{count(left, 'further figure')} in audit.json")]
    return rows


def self_test_rows(audit: Audit) -> list[tuple[str, ...]]:
    """What the self-test counted, as cells: check, planted fault, found of planted, recall, precision,
    false alarms, ranking; empty where it was not asked for."""
    rows = audit.statistics.get("self_test") or []
    return [
        (
            row["check"],
            row["fault"],
            f"{row['found']:,} of {row['planted']:,}",
            *("\N{EN DASH}" if row[key] is None else f"{row[key]:.3f}" for key in ("recall", "precision")),
            f"{row['false_alarms']:,}",
            "\N{EN DASH}"
            if row["auroc"] is None
            else f"AUROC {row['auroc']:.4f}, {row['found_in_twice']:.0%} in a list of twice their number",
        )
        for row in rows
    ]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        label = prefix + str(key).replace("_", " ")
        if isinstance(value, Mapping):
            yield from _flat(value, f"{label} \N{MIDDLE DOT} ")
        elif isinstance(value, list | tuple) and value and all(isinstance(v, Mapping) for v in value):
            for position, entry in enumerate(value, 1):
                yield f"{label} {position}", ", ".join(f"{k} {_text(v)}" for k, v in entry.items())
        else:
            yield label, _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "\N{EN DASH}"}[value]
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(_text(v) for v in value) or "none"
    return str(value)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "\N{HORIZONTAL ELLIPSIS}"


def class_counts(per_class: Sequence[int], classes: Sequence[str]) -> str:
    """Counts per class in a few words: one number when they are equal, each for few classes, else a range."""
    if not per_class:
        return "\N{EN DASH}"
    low, high = min(per_class), max(per_class)
    if low == high:
        return f"{low:,} in each of {count(len(per_class), 'class', 'classes')}"
    if len(per_class) <= 12:
        return ", ".join(f"{name(c)} {n:,}" for c, n in zip(classes, per_class, strict=True))
    return f"{low:,} to {high:,} in {count(len(per_class), 'class', 'classes')}"


def about(dataset: Dataset) -> str:
    """What the data are and where they come from; of an intact published set its makers and license."""
    release = RELEASES.get(dataset.name)
    if release is None:
        return dataset.source
    known = {name: split.fingerprint for name, split in release.splits.items()}
    return release.about if dict(dataset.fingerprints) == known else dataset.source


def settings_rows(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The configuration as name and value. The data's place is left out: manifest.json tells it."""
    return [(key, _cut(value)) for key, value in _flat(config) if key not in ("schema", "data")]


#: Every file of a run folder: its name, what it holds, and whether an audit alone writes it too.
_FILES: Final = (
    ("report.html", "this report", True),
    (
        "report.json",
        "what this report tells and no other file holds: nearest images, map, typical images",
        True,
    ),
    ("figures/", "the report's figures as PNG, on white", True),
    ("audit.json", "what was found in the data: figures, verdicts, thresholds, decisions", True),
    ("issues.csv", "one row for each image that a check flagged", True),
    ("issues.parquet", "the same as issues.csv, for programs: numbers are numbers", True),
    ("label_quality.csv", "every image, with how far its label can be trusted: a ranking", True),
    ("model/", "the trained model: weights (safetensors) and everything needed to use them", False),
    ("history.csv", "loss and accuracy of each epoch", False),
    ("evaluation.json", "every score on the test split", False),
    ("predictions.csv", "the answer and the probabilities for each test image", False),
    ("config.toml", "what was asked for: repeats the run", True),
    ("manifest.json", "where the data lie, when and on what kind of machine, and a hash of each file", True),
)


def run_files(content: Results) -> list[tuple[str, str]]:
    """The files beside this report, and what each holds."""
    needs = {
        "evaluation.json": content.evaluation,
        "predictions.csv": content.evaluation,
        "label_quality.csv": content.audit.label_quality,
        "issues.parquet": content.audit.has_parquet or None,
    }
    trained = content.history is not None
    return [
        (file, holds)
        for file, holds, always in _FILES
        if needs.get(file, True) is not None and (always or trained)
    ]


def plain_rows(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The cells with everything invisible made visible (class names, ids and settings are among them)."""
    return [[one_line(cell) for cell in row] for row in rows]


def channel_rows(preprocessing: Preprocessing) -> list[tuple[str, str, str]]:
    """Mean and deviation per channel of the `standard` normalization."""
    names = ("gray",) if preprocessing.channels == 1 else ("red", "green", "blue")
    pairs = zip(preprocessing.mean, preprocessing.deviation, strict=True)
    return [
        (name, f"{mean:.6f}", f"{spread:.6f}") for name, (mean, spread) in zip(names, pairs, strict=False)
    ]


#: A table of more classes is read by nobody; evaluation.json has them all.
_MOST_SCORES: Final = 40


def worst_classes(evaluation: Evaluation) -> list[str]:
    """The classes of the score table: all in label order, or of very many those with the lowest F1."""
    scores = evaluation.test["per_class"]
    if len(scores) <= _MOST_SCORES:
        return list(scores)
    known = [k for k in scores if scores[k]["f1"] is not None]
    return sorted(known, key=lambda k: scores[k]["f1"])[:_MOST_SCORES]


def classes_note(evaluation: Evaluation) -> str:
    """The sentence that names classes left out of the score table; empty when there are none."""
    which = "those with the lowest F1; evaluation.json has all"
    return shown_note(len(evaluation.classes), len(worst_classes(evaluation)), which)
