"""From what an audit found to what a person decides: the table that `assay review` writes."""

from pathlib import Path
from typing import Final

from assay.audits.review_table import suspect_rows
from assay.core import durable
from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.decisions import decided_in, decisions_csv
from assay.data.formats.text_table import read_table
from assay.workflow import run_folder
from assay.workflow.recorded import run_record

#: What a person is asked to fill in.
DECISIONS: Final = "decisions.csv"


def review(run: str | Path, out: str | Path | None = None) -> Path:
    """Write a row for each image that the audit of a run suspects, to be decided in a spreadsheet.

    out: the table; None writes `decisions.csv` in the run folder. What was decided already, in the run's own
    decisions, is filled in. Raises AssayError `not-a-run-folder`, `output-exists` (a table that somebody may
    have filled in is never overwritten), `bad-value` (another place in a run), `run-damaged`.
    """
    folder = Path(run)
    path = Path(out) if out is not None else folder / DECISIONS
    if path != folder / DECISIONS:
        run_folder.refuse_inside(path)
    if path.exists():
        what = "it is a folder" if path.is_dir() else "there is such a file already, perhaps with decisions"
        fix = f"{'' if path.is_dir() else 'Go on with that file, or '}name another file with --out."
        raise AssayError("output-exists", path, what, fix[0].upper() + fix[1:])
    run_record.read_config(folder)
    durable.write_text(path, _rows_of(folder))
    return path


def suspects_of(path: Path) -> int:
    """How many images a table of decisions asks about."""
    return len(read_table(path)["digest"])


def _rows_of(folder: Path) -> str:
    """The table for the run's `issues.csv`."""
    file = folder / "issues.csv"
    if not file.is_file():
        raise AssayError("run-damaged", file, "the run has no issues.csv", "Repeat the run.")
    try:
        return decisions_csv(suspect_rows(file.read_text("utf-8"), decided_in(folder)))
    except KeyError as error:
        raise AssayError("run-damaged", file, f"it has no column {error}", "Repeat the run.") from error
    except ValueError as error:
        raise AssayError("run-damaged", file, one_line(str(error)), "Repeat the run.") from error
