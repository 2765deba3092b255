"""`CardSource`: what a finished run folder says of itself, checked against its manifest."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.training.model_file import read_model_record
from assay.workflow.recorded import run_record
from assay.workflow.recorded.results import read_audit_record, read_evaluation_record


@dataclass(frozen=True)
class CardSource:
    """The records of a run. evaluation, model: None where the run has none.

    license, url: what the owner says of the data (or of the model, in its card); Assay cannot know them.
    """

    manifest: Mapping[str, Any]
    config: Mapping[str, Any]
    audit: Mapping[str, Any]
    evaluation: Mapping[str, Any] | None
    model: Mapping[str, Any] | None
    license: str
    url: str

    @property
    def data_name(self) -> str:
        """What the data are called."""
        return one_line(str(self.audit["dataset"]["name"]))

    @property
    def classes(self) -> list[str]:
        """The classes in label order."""
        return [one_line(str(name)) for name in self.audit["dataset"]["classes"]]


def read_source(folder: Path, license_name: str, url: str) -> CardSource:
    """The records of a run folder whose files are as they were.

    Raises AssayError `run-damaged`, `model-refused`, `not-a-run-folder`, and `bad-value` for a run of several
    models.
    """
    manifest = run_record.need_intact(folder)
    config = run_record.read_config(folder)
    if "audit.json" not in manifest["files"]:
        what, fix = "it compares runs and has no audit of its own", "Name the folder of one run."
        raise AssayError("bad-value", folder, what, fix)
    if not {"issues.csv", "label_quality.csv"} & manifest["files"].keys():
        what = "its manifest names no table of the audit"
        raise AssayError("run-damaged", folder / run_record.MANIFEST, what, "Repeat the run.")
    if config.get("recipes"):
        fix = "Name the folder of one: RUN/models/NAME."
        raise AssayError("bad-value", folder, "it has several models, and a card is of one", fix)
    evaluation = read_evaluation_record(folder) if "evaluation.json" in manifest["files"] else None
    model = read_model_record(folder / "model") if "model/model.json" in manifest["files"] else None
    audit = read_audit_record(folder)
    return CardSource(manifest, config, audit, evaluation, model, one_line(license_name), one_line(url))
