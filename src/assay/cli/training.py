"""What `assay run` and `assay train` share: the same options, another half of the pipeline."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from assay.cli import options as o


def training_command(name: str, help_text: str, start: Callable[..., Any]) -> Callable[..., None]:
    """A command with the options of training.

    start(settings, out, gates, offline, output): does the work and says how it ended.
    """

    def command(
        data: o.Data = None,
        model: o.ModelName = None,
        epochs: o.Epochs = None,
        batch_size: o.BatchSize = None,
        learning_rate: o.LearningRate = None,
        seed: o.Seed = None,
        seeds: o.Seeds = None,
        validation: o.Validation = None,
        out: o.Out = None,
        name: o.Name = None,
        device: o.Device = None,
        threads: o.Threads = None,
        config: o.Config = None,
        changes: o.Set = None,
        classes: o.Classes = None,
        size: o.Size = None,
        resize: o.Resize = None,
        skip_bad: o.SkipBad = None,
        path_column: o.PathColumn = None,
        label_column: o.LabelColumn = None,
        split_column: o.SplitColumn = None,
        group_column: o.GroupColumn = None,
        test_fraction: o.TestFraction = None,
        checks: o.Checks = None,
        features: o.Features = None,
        thorough: o.Thorough = None,
        self_test: o.SelfTest = None,
        decisions: o.Decisions = None,
        warm_start: o.WarmStart = None,
        max_risk: o.MaxRisk = None,
        checkpoint_every: o.CheckpointEvery = None,
        resume: o.Resume = False,
        fail_on: o.FailOn = None,
        offline: o.Offline = False,
        json: o.Json = False,
        quiet: o.Quiet = False,
        verbose: o.Verbose = False,
        debug: o.Debug = False,
    ) -> None:
        settings = o.settings_from(locals())
        if resume:
            need_unfinished(out)
        start(settings, out, fail_on, offline, o.Output(json, quiet, verbose))

    command.__name__ = name
    command.__doc__ = help_text
    return command


def need_unfinished(out: Path | None) -> None:
    """Raise AssayError `bad-value` without --out, `not-a-run-folder` where no run was begun there."""
    from assay.core.errors import AssayError
    from assay.workflow.run_folder import read_config

    if out is None:
        fix = "Name the folder of the run: --resume --out runs/..., or `assay resume runs/...`."
        raise AssayError("bad-value", "--resume", "it needs --out", fix)
    read_config(out)
