"""`assay train`: the first half, without touching the test split."""

from pathlib import Path
from typing import Any

from assay.cli.options import Output
from assay.cli.training import training_command


def _train(
    settings: dict[str, Any], out: Path | None, given: dict[str, Any], offline: bool, output: Output
) -> None:
    from assay.cli.closing import close_done, quoted
    from assay.cli.gating import Gating
    from assay.cli.listeners import listening
    from assay.workflow.run_commands import finished_again, run_train
    from assay.workflow.tracking.listen import tracking

    gating = Gating.of(given, out, scored=False)
    with listening(output) as show, tracking(given["track"] or "", show, offline=offline) as on_event:
        place: dict[str, Any] = {"out": out, "offline": offline, "on_event": on_event}
        if gating.missing_in(out):
            done = finished_again("train", **place, **settings)
        else:
            done = run_train(**place, **settings)
    recipe = f"Trained {done.model.recipe['name']}; " if done.model else ""
    headline = f"{recipe}the test images have not been looked at."
    close_done(done, output, headline, [f"assay evaluate {quoted(done.path)}"])
    gating.finish(done, output)


train = training_command("train", "Audit and train; the test split stays unseen.", _train)
