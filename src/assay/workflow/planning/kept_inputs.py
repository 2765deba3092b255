"""What a run is given beside its data and keeps in its folder: decisions, a model to begin from, reasons."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from assay.core import durable
from assay.core.errors import AssayError
from assay.data.decisions import APPLIED, Decision, decisions_csv, read_decisions
from assay.data.formats.safe_open import holds, read_file
from assay.training.loop.warm_start import START, is_kept, read_start
from assay.training.model.values import ModelData
from assay.workflow.settings import Settings

#: In the run folder: why the recipe was taken, in words.
REASON: Final = "recipe_reason.txt"

#: Bytes of it that are read.
_LONGEST_REASON: Final = 10_000


def decisions_of(folder: Path, settings: Settings) -> tuple[Decision, ...]:
    """A run's decisions, from its own copy: the table that it was given may have been edited since."""
    if settings.decisions is None:
        return ()
    copy = folder / APPLIED
    return read_decisions(copy if copy.exists() else Path(settings.decisions))


def start_of(folder: Path, settings: Settings) -> ModelData | None:
    """The model that a run begins from: its own copy, for the other may be gone or trained further."""
    if settings.warm_start is None:
        return None
    own = folder / START
    return read_start(own if is_kept(own) else Path(settings.warm_start))


def reason_of(folder: Path) -> str:
    """Why the recipe was taken, in words; empty where none were kept."""
    copy = folder / REASON
    return read_file(copy, _LONGEST_REASON).decode("utf-8", "replace") if copy.exists() else ""


def keep_decisions(decisions: Sequence[Decision], folder: Path) -> None:
    """Copy a run's decisions into its folder. Raises AssayError `config-changed` where it has others."""
    copy, text = folder / APPLIED, decisions_csv({**vars(d), "decision": d.action} for d in decisions)
    if not copy.exists():
        durable.write_text(copy, text)
    elif not holds(copy, durable.utf_8(text)):
        fix = "Give that run's decisions to continue it, or give another folder with --out."
        raise AssayError("config-changed", folder, "the unfinished run there has other decisions", fix)
