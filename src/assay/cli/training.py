"""What `assay run` and `assay train` share: the same options, another half of the pipeline."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from assay.cli import options as o
from assay.cli.given_settings import settings_from
from assay.cli.option_groups import with_options


def training_command(name: str, help_text: str, start: Callable[..., Any]) -> Callable[..., None]:
    """A command with the options of training.

    start(settings, out, given, offline, output): does the work and says how it ended.
    """

    @with_options(o.TRAINING, o.READING, o.AUDITING, o.GATING, o.TRACKING, o.REPORTING)
    def command(
        data: o.Data = None,
        out: o.Out = None,
        resume: o.Resume = False,
        offline: o.Offline = False,
        **given: Any,
    ) -> None:
        settings = settings_from({"data": data, **given})
        if resume:
            need_unfinished(out)
        from assay.training.place import given_place

        if given_place().rank:
            from assay.workflow.run_commands import help_run

            help_run(name, out=out, offline=offline, **settings)
            return
        start(settings, out, given, offline, o.Output.of(given))

    command.__name__ = name
    command.__doc__ = help_text
    return command


def need_unfinished(out: Path | None) -> None:
    """Raise AssayError `bad-value` without --out, `not-a-run-folder` where no run was begun there."""
    from assay.core.errors import AssayError
    from assay.workflow.recorded.run_record import read_config

    if out is None:
        fix = "Name the folder of the run: --resume --out runs/..., or `assay resume runs/...`."
        raise AssayError("bad-value", "--resume", "it needs --out", fix)
    read_config(out)
