"""Several models in one run: each in a run folder of its own, on the same splits and audit, then compared."""

from dataclasses import replace

from assay.audits.values import Audit
from assay.core.events import Event, OnEvent, stage
from assay.reports.values import Results
from assay.workflow import run_folder
from assay.workflow.planning.plan import Plan, keep_inputs, need_same_data
from assay.workflow.recorded import run_record
from assay.workflow.run_folder import RunFolder
from assay.workflow.stages import Run, evaluate_model, test_one, train_one
from assay.workflow.training_stage import hold_out_rows, layers_of


def train_several(
    plan: Plan, folder: RunFolder, results: Results, on_event: OnEvent, accept_changes: bool
) -> Run:
    """Every model in a run folder of its own, on the same splits and audit; then all side by side."""
    for part in plan.parts:  # whatever does not fit these images is refused before the first is trained
        layers_of(part, hold_out_rows(part))
    runs = tuple(_train_part(part, results, on_event, accept_changes) for part in plan.parts)
    return side_by_side(plan, folder, results, runs, on_event)


def test_several(
    plan: Plan, folder: RunFolder, results: Results, on_event: OnEvent, max_risk: float | None
) -> Run:
    """Every model judged again, in its own folder; then all side by side."""
    runs = tuple(_test_part(part, results, on_event, max_risk) for part in plan.parts)
    return side_by_side(plan, folder, results, runs, on_event)


def side_by_side(
    plan: Plan, folder: RunFolder, results: Results, runs: tuple[Run, ...], on_event: OnEvent
) -> Run:
    """The comparison of a run's models, written into its folder, which is finished by it."""
    from assay.workflow.compare_runs import write_models  # draws: matplotlib takes most of a second to load
    from assay.workflow.run_files import save_audit

    with stage(on_event, "report"):
        folder.facts["data"] = dict(plan.location)
        save_audit(folder.path, results)
        comparison = write_models(folder, plan.dataset, results.audit)
        folder.finish()
    scores = {candidate.name: candidate.accuracy for candidate in comparison.candidates}
    figures = {"areas": results.audit.area_verdicts(), "accuracies": scores}
    on_event(Event("run-finished", "report", {"path": str(folder.path), **figures}))
    return Run(folder.path, results.audit, runs=runs, comparison=comparison, results=results)


def _train_part(part: Plan, results: Results, on_event: OnEvent, accept_changes: bool) -> Run:
    """One model of several; one that is finished already is only read and judged."""
    tell = _naming(part, on_event)
    if run_record.is_finished(part.folder):
        return _finished_part(part, results.audit, tell)
    with run_folder.claim(part.folder, part.config()) as folder:
        keep_inputs(part, folder.path)
        return train_one(part, folder, results, tell, accept_changes)


def _finished_part(part: Plan, audit: Audit, on_event: OnEvent) -> Run:
    from assay.training.classifier import Model

    run_record.need_intact(part.folder)
    model = Model.read(part.folder / "model")
    need_same_data(model, part)
    score = (
        evaluate_model(model, part.dataset, audit, part.decided, on_event) if part.command == "run" else None
    )
    return Run(part.folder, audit, model, score)


def _test_part(part: Plan, results: Results, on_event: OnEvent, max_risk: float | None) -> Run:
    with run_folder.reopen(part.folder, run_folder.JUDGED) as opened:
        return test_one(part, opened, results, _naming(part, on_event), max_risk)


def _naming(part: Plan, on_event: OnEvent) -> OnEvent:
    """A listener for one model of several: its events say whose they are."""

    def tell(event: Event) -> None:
        if event.event != "run-finished":  # the run goes on: only this model is finished
            on_event(replace(event, figures={"run": part.folder.name, **event.figures}))

    return tell
