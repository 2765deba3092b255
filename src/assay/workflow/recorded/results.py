"""`audit.json` and `evaluation.json` of a finished run, as far as cards and comparisons need them."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field

from assay.core.errors import AssayError
from assay.evaluation.predictions_file import read_record
from assay.workflow.recorded.problem import STRICT, problem_of

#: A count, a share; both beyond any data, and within what a number can be written as.
_Count = Annotated[int, Field(ge=0, le=2**53)]
_Share = Annotated[float, Field(ge=0, le=1)]


class _Shape(BaseModel):
    model_config = STRICT


class _Split(_Shape):
    count: _Count
    fingerprint: str
    per_class: dict[str, _Count]
    purpose: str


class _Data(_Shape):
    name: str
    classes: list[str]
    fingerprint: str
    shape: Annotated[list[_Count], Field(min_length=3, max_length=3)]
    splits: dict[str, _Split]
    notes: list[str]


class _Finding(_Shape):
    check: str
    verdict: str
    count: _Count
    summary: str
    fix: str


class _Audit(_Shape):
    dataset: _Data
    findings: list[_Finding]


class _Adjusted(_Shape):
    n: _Count
    accuracy: _Share
    ci95: Annotated[list[_Share], Field(min_length=2, max_length=2)]


class _ClassScore(_Shape):
    recall: _Share | None
    precision: _Share | None
    support: _Count


class _Test(_Shape):
    accuracy: _Share
    macro_f1: _Share | None
    per_class: dict[str, _ClassScore]


class _Adjustments(_Shape):
    as_given: _Adjusted | None = None
    without_copies: _Adjusted | None = None
    without_suspects: _Adjusted | None = None
    without_both: _Adjusted | None = None


class _Model(_Shape):
    recipe: str


class _Evaluation(_Shape):
    model: _Model
    fingerprint: str
    test: _Test
    honest: _Adjustments


def read_audit_record(folder: Path) -> dict[str, Any]:
    """The `audit.json` of a run folder. Raises AssayError `run-damaged` where it is none."""
    return _read(folder / "audit.json", _Audit)


def read_evaluation_record(folder: Path) -> dict[str, Any]:
    """The `evaluation.json` of a run folder. Raises AssayError `run-damaged` where it is none."""
    return _read(folder / "evaluation.json", _Evaluation)


def _read(file: Path, shape: type[BaseModel]) -> dict[str, Any]:
    record = read_record(file)
    problem = problem_of(shape, record)
    if problem:
        raise AssayError("run-damaged", file, problem, "Repeat the run; this file was changed.")
    return record
