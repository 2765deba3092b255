"""From what an audit found to what a person decides: the table that `assay review` writes."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from assay.core import durable, run_folder
from assay.core.errors import AssayError
from assay.core.text import read_csv_text
from assay.data.decisions import APPLIED, Decision, decisions_csv, read_decisions
from assay.data.tables import read_table

#: What a person is asked to fill in.
DECISIONS: Final = "decisions.csv"

#: The checks whose images a person can decide about, those first that most often want a decision.
REVIEWED: Final = (
    "label-errors",
    "leakage",
    "exact-duplicates",
    "near-duplicates",
    "quality",
    "atypical",
    "ambiguous-labels",
)


def review(run: str | Path, out: str | Path | None = None) -> Path:
    """Write a row for each image that the audit of a run suspects, to be decided in a spreadsheet.

    out: the table; None writes `decisions.csv` in the run folder. What was decided already, in the run's own
    decisions, is filled in. Raises AssayError `not-a-run-folder`, `output-exists` (a table that somebody may
    have filled in is never overwritten), `run-damaged`.
    """
    folder = Path(run)
    path = Path(out) if out is not None else folder / DECISIONS
    if path.exists():
        fix = "Go on with that file, or give another with --out."
        raise AssayError("output-exists", path, "there are decisions already", fix)
    run_folder.read_config(folder)
    applied = folder / APPLIED
    decided = read_decisions(applied) if applied.exists() else ()
    durable.write_text(path, decisions_csv(_rows(_suspects(folder), decided)))
    return path


def suspects_of(path: Path) -> int:
    """How many images a table of decisions asks about."""
    return len(read_table(path)["digest"])


def _suspects(folder: Path) -> Iterator[list[Mapping[str, str]]]:
    """The issues of each image that can be decided about: by check as in `REVIEWED`, then worst first."""
    file = folder / "issues.csv"
    if not file.is_file():
        raise AssayError("run-damaged", file, "the run has no issues.csv", "Repeat the run.")
    header, lines = read_csv_text(file.read_text("utf-8"))
    issues = [dict(zip(header, line, strict=True)) for line in lines]
    by_image: dict[tuple[str, str], list[Mapping[str, str]]] = {}
    for check in REVIEWED:
        for issue in issues:
            if issue["check"] == check and issue["index"]:
                by_image.setdefault((issue["split"], issue["index"]), []).append(issue)
    yield from by_image.values()


def _rows(
    suspects: Iterator[list[Mapping[str, str]]], decided: Sequence[Decision]
) -> Iterator[Mapping[str, object]]:
    """Rows of the table; earlier decisions that no suspect asks for any more come last, so none is lost."""
    before = {(d.digest, d.label, d.split, d.id): d for d in decided}
    for issues in suspects:
        first = issues[0]
        row = {name: first[name] for name in ("digest", "split", "index", "id", "label")}
        decision = before.pop((row["digest"], row["label"], row["split"], row["id"]), None)
        suggestion = next((issue for issue in issues if issue["suggested"]), first)
        yield {
            **row,
            "found": "; ".join(_told(issue) for issue in issues),
            "suggested": suggestion["suggested"],
            "suggested_probability": suggestion["suggested_probability"],
            "new_label": suggestion["suggested"],
            **(_answers(decision) if decision else {}),
        }
    for decision in before.values():
        place = {name: getattr(decision, name) for name in ("digest", "split", "id", "label")}
        yield {**place, **_answers(decision)}


def _told(issue: Mapping[str, str]) -> str:
    """`label-errors likely-wrong 0.97 (detail)`: what a check says of an image."""
    said = f"{issue['check']} {issue['kind']} {float(issue['score']):.2f}"
    detail = issue["detail"] or issue["related_id"]
    return f"{said} ({detail})" if detail else said


def _answers(decision: Decision) -> dict[str, str]:
    own = {name: getattr(decision, name) for name in ("new_label", "reason", "who", "when")}
    return {"decision": decision.action, **{name: text for name, text in own.items() if text}}
