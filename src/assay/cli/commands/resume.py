"""`assay resume RUN`: go on where a run stopped."""

from typing import Any

from assay.cli import options as o
from assay.cli.option_groups import with_options


@with_options(o.REPORTING)
def resume(
    run: o.RunArgument,
    data: o.Data = None,
    accept_changes: o.AcceptChanges = False,
    offline: o.Offline = False,
    **given: Any,
) -> None:
    """Continue a run that was stopped.

    Ends in the same model, history and scores as a run that was never stopped.
    """
    from assay.cli.closing import close_done, close_run, quoted, score_line
    from assay.cli.listeners import listening
    from assay.training.place import given_place
    from assay.workflow.recorded.run_record import is_finished
    from assay.workflow.run_commands import help_resume
    from assay.workflow.run_commands import resume as resume_run

    if given_place().rank:
        help_resume(run, data, offline=offline, accept_changes=accept_changes)
        return
    output = o.Output.of(given)
    if is_finished(run):
        close_run(run, "This run is finished already; nothing to do.", [], output)
        return
    with listening(output) as on_event:
        done = resume_run(run, data, offline=offline, accept_changes=accept_changes, on_event=on_event)
    headline = score_line(done.score) if done.score else "Finished; the test images have not been looked at."
    close_done(done, output, headline, [f"assay verify {quoted(done.path)}"])
