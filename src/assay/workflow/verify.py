"""Verification of a run: its files, its data and, trained once more, its model."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assay.core import durable
from assay.core.errors import AssayError
from assay.core.events import OnEvent, ignore
from assay.data.decisions import APPLIED
from assay.training.classifier import Model
from assay.training.loop.warm_start import START
from assay.training.model_file import weights_file
from assay.workflow.api import audit, evaluate, train
from assay.workflow.deployed.export import EXPORT, export_facts
from assay.workflow.planning.data import Data
from assay.workflow.planning.plan import Plan, plan_of_run
from assay.workflow.recorded import run_record
from assay.workflow.run_folder import made_otherwise

_WEIGHTS: Final = Path("model") / "model.safetensors"

#: The settings that decide a model, and those that decide an audit.
_OF_TRAINING: Final = ("seed", "split_seed", "validation", "device", "threads")
_OF_AUDIT: Final = ("seed", "split_seed", "checks", "features", "thorough", "self_test")


#: What ends the name of a fact about a second training.
_AGAIN: Final = ", trained again"


@dataclass(frozen=True)
class Fact:
    """One comparison: what was compared, and whether it is still the same."""

    what: str
    holds: bool


def verify_run(
    folder: str | Path,
    data: Data | None = None,
    *,
    retrain: bool = False,
    offline: bool = False,
    on_event: OnEvent = ignore,
) -> list[Fact]:
    """Compare a finished run with its manifest and its data; nothing is written.

    data: only needed where the run's own data have moved. retrain: also train and evaluate again, and compare
    the model's bits, the history and the scores (equal on the same versions and kind of machine).
    Raises AssayError `not-a-run-folder`, `run-damaged` (the manifest itself), and those of loading.
    """
    folder = Path(folder)
    manifest = run_record.read_manifest(folder)
    damaged = set(run_record.damaged_files(folder, manifest))
    facts = [Fact(f"file {name}", name not in damaged) for name in sorted(manifest["files"])]
    unlisted = run_record.unlisted_files(folder, manifest)
    facts += [Fact(f"file {name} is not in the manifest", holds=False) for name in unlisted]
    if run_record.CONFIG in damaged:
        return facts  # it says which data and how they were used; damaged, it says nothing
    if run_record.read_config(folder).get("command") == "compare":
        return facts  # it speaks of other runs, which have manifests of their own
    fingerprint = run_record.data_fingerprint(folder, manifest)
    plan = plan_of_run(folder, data, offline, on_event)
    same = plan.dataset.fingerprint == fingerprint
    facts.append(Fact("fingerprint of the data", same))
    if (folder / EXPORT).exists() and same:
        facts += [Fact(what, holds) for what, holds in export_facts(plan, folder)]
    if not retrain:
        return facts
    models = [_of_model(part, _retrained(part.folder, part, on_event)) for part in plan.parts]
    return [*facts, *_retrained(folder, plan, on_event), *(fact for facts in models for fact in facts)]


def _of_model(part: Plan, facts: Sequence[Fact]) -> list[Fact]:
    """The facts of one model of several, saying whose they are."""
    return [Fact(f"{part.folder.name}: {fact.what}", fact.holds) for fact in facts]


def demand(folder: Path, facts: Sequence[Fact]) -> None:
    """Raise AssayError `run-damaged` unless every fact holds."""
    broken = [fact.what for fact in facts if not fact.holds]
    if broken:
        more = f" and {len(broken) - 3} more" if len(broken) > 3 else ""
        fix = "Do not use what changed; repeat the run."
        if all(what.endswith(_AGAIN) for what in broken):
            changed = made_otherwise(folder)
            told = f"; changed since: {', '.join(changed)}" if changed else ""
            fix = (
                "All files are those that the run wrote. Other versions, other code or another machine train "
                f"other bits{told}. Where nothing of that changed, repeat the run."
            )
        raise AssayError("run-damaged", folder, f"not as it was: {', '.join(broken[:3])}{more}", fix)


def _retrained(folder: Path, plan: Plan, on_event: OnEvent) -> list[Fact]:
    if plan.recipe is None:
        return []
    chosen = {key: getattr(plan.settings, key) for key in _OF_TRAINING}
    chosen["max_risk"] = _max_risk(folder)
    if plan.settings.decisions:
        chosen["decisions"] = str(folder / APPLIED)
    if plan.start is not None:
        chosen["warm_start"] = str(folder / START)
    recipe = plan.recipe.as_record()
    model = train(plan.dataset, plan.recipe.name, recipe=recipe, on_event=on_event, **chosen)
    facts = [
        Fact(f"model{_AGAIN}", _weights_hash(model) == durable.file_sha256(folder / _WEIGHTS)),
        Fact(f"history{_AGAIN}", _same_text(folder / "history.csv", model.history.csv())),
    ]
    if (folder / "evaluation.json").exists():
        checks = {key: getattr(plan.settings, key) for key in _OF_AUDIT}
        if plan.pred_probs is not None:
            checks["pred_probs"] = plan.pred_probs
        found = audit(plan.dataset, on_event=on_event, **checks)
        decisions = chosen.get("decisions")
        score = evaluate(model, plan.dataset, audit=found, decisions=decisions, on_event=on_event)
        text = durable.json_text(score.as_record())
        facts.append(Fact(f"evaluation{_AGAIN}", _same_text(folder / "evaluation.json", text)))
    return facts


def _max_risk(folder: Path) -> float | None:
    """The risk that the run's model keeps to: `assay evaluate` may have named another than its settings."""
    rule = Model.read(folder / "model").limits.rule
    return None if rule is None else rule.max_risk


def _weights_hash(model: Model) -> str:
    return hashlib.sha256(weights_file(model)).hexdigest()


def _same_text(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == durable.utf_8(text)
