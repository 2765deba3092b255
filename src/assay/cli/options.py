"""The options that several commands share, each declared once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

#: Options of a command: name of the parameter -> its type, annotated for Typer.
Options = Mapping[str, Any]

Data = Annotated[
    str | None,
    typer.Argument(
        metavar="[DATA]",
        help="A name (fashion-mnist, fashion-mnist-sample) or a path. [default: fashion-mnist]",
        show_default=False,
    ),
]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, such as runs/...")]

ModelName = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME,...", help="Recipes, each trained on the same splits: linear,mlp."),
]
Epochs = Annotated[int | None, typer.Option("--epochs", metavar="N", help="Passes over the training images.")]
BatchSize = Annotated[int | None, typer.Option("--batch-size", metavar="N", help="Images per step.")]
LearningRate = Annotated[float | None, typer.Option("--learning-rate", metavar="X", help="Step size.")]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Same seed, same model. [default: 0]")]
Seeds = Annotated[
    int | None, typer.Option("--seeds", metavar="K", help="Train with K seeds, from --seed on. [default: 1]")
]
Validation = Annotated[
    float | None,
    typer.Option(
        "--validation",
        metavar="F",
        help="Share of train held out to choose by; 0 trains on all. [default: 0.1]",
    ),
]
Device = Annotated[str | None, typer.Option("--device", metavar="KIND", help="auto, cpu, cuda or mps.")]
Threads = Annotated[int | None, typer.Option("--threads", metavar="N", help="CPU threads for training.")]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="The run folder. [default: a new one in runs/]")
]
Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="What to call the data.")]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings from a TOML file, as another run's config.toml."),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change one value of the recipe; may be repeated."),
]
Classes = Annotated[
    str | None, typer.Option("--classes", metavar="FILE|a,b,c", help="Class names in label order.")
]
Floats = Annotated[
    str | None,
    typer.Option("--floats", metavar="0-1|0-255", help="What pixels that are floats range from and to."),
]
ChannelOrder = Annotated[
    str | None,
    typer.Option("--channel-order", metavar="last|first", help="Where the colors of flat rows lie."),
]
Size = Annotated[
    str | None, typer.Option("--size", metavar="N|HxW", help="Working size of image files, as 64 or 48x64.")
]
Resize = Annotated[
    str | None,
    typer.Option(
        "--resize",
        metavar="HOW",
        help="fit, crop or stretch. [default: crop, or fit where that would cut off half]",
    ),
]
SkipBad = Annotated[
    bool | None, typer.Option("--skip-bad", help="Leave unreadable images out instead of stopping.")
]
PathColumn = Annotated[
    str | None, typer.Option("--path-column", metavar="NAME", help="Where a table has the image files.")
]
LabelColumn = Annotated[
    str | None, typer.Option("--label-column", metavar="NAME", help="Where a table has the labels.")
]
SplitColumn = Annotated[
    str | None, typer.Option("--split-column", metavar="NAME", help="Where a table has train, test, ...")
]
GroupColumn = Annotated[
    str | None,
    typer.Option("--group-column", metavar="NAME", help="Images of one group stay on one side of a split."),
]
GroupPattern = Annotated[
    str | None,
    typer.Option(
        "--group-pattern", metavar="REGEX", help="What finds an image's group in its name; or: versions."
    ),
]
Layout = Annotated[
    str | None,
    typer.Option("--layout", metavar="KIND", help="The first folders are: classes, splits or nested."),
]
SplitNames = Annotated[
    str | None,
    typer.Option("--split-names", metavar="train=A,test=B", help="Which folder is which split."),
]
FollowLinks = Annotated[
    bool | None, typer.Option("--follow-links", help="Read links that stay below the folder, or --root.")
]
Root = Annotated[
    str | None,
    typer.Option("--root", metavar="DIR", help="Where a table's paths begin; how far out links may lead."),
]
SkipUnlabelled = Annotated[
    bool | None,
    typer.Option("--skip-unlabelled", help="Leave rows of tables and arrays without a label out, counted."),
]
TestFraction = Annotated[
    float | None,
    typer.Option(
        "--test-fraction", metavar="F", help="Test split where there is none. [default for run: 0.2]"
    ),
]
Checks = Annotated[
    str | None, typer.Option("--checks", metavar="a,b", help="Only these checks of the audit.")
]
Thorough = Annotated[
    bool | None, typer.Option("--thorough", help="An audit with a larger reference classifier: slower.")
]
SelfTest = Annotated[
    bool | None,
    typer.Option("--self-test", help="Plant known faults in a copy, and count what the audit finds."),
]
Features = Annotated[
    str | None,
    typer.Option(
        "--features", metavar="FILE.npy", help="Your own features, a row per image in source order."
    ),
]
BackboneName = Annotated[
    str | None,
    typer.Option("--backbone", metavar="NAME", help="Pretrained net for photographs: default or quality."),
]
PredProbs = Annotated[
    str | None,
    typer.Option(
        "--pred-probs", metavar="FILE", help="Your own out-of-sample probabilities, to judge labels by."
    ),
]
Decisions = Annotated[
    str | None,
    typer.Option("--decisions", metavar="FILE", help="Keep, relabel or drop as the table of `review` says."),
]
WarmStart = Annotated[
    str | None,
    typer.Option("--warm-start", metavar="RUN", help="Begin with the weights of that run's model."),
]
FailOn = Annotated[
    str | None,
    typer.Option("--fail-on", metavar="GATES", help="Exit 8 if one is true, as 'leakage>0,accuracy<0.9'."),
]
Baseline = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="RUN", help="An earlier run, for gates as 'accuracy<baseline-0.5%'."),
]
Junit = Annotated[
    Path | None, typer.Option("--junit", metavar="FILE", help="Gates and checks as a JUnit report.")
]
Sarif = Annotated[
    Path | None, typer.Option("--sarif", metavar="FILE", help="Findings as SARIF, each at its file.")
]
Github = Annotated[bool, typer.Option("--github", help="Annotations and step summary for GitHub Actions.")]
Track = Annotated[
    str | None,
    typer.Option("--track", metavar="NAME,...", help="Also record in mlflow, tensorboard, trackio or wandb."),
]
MaxRisk = Annotated[
    float | None,
    typer.Option("--max-risk", metavar="SHARE", help="Answer only where at most so many are wrong, as 0.02."),
]
CheckpointEvery = Annotated[
    float | None,
    typer.Option("--checkpoint-every", metavar="MINUTES", help="Save inside long epochs too. [default: 5]"),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Only continue the unfinished run in --out; never begin one.")
]
AcceptChanges = Annotated[
    bool,
    typer.Option(
        "--accept-changes", help="Go on although data, settings or versions changed: other results."
    ),
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard", metavar="I/N", help="Measure one of N shares of the images; --out takes the parts."
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine", metavar="NAME", help="Measure in shards: serial, processes (of this machine) or ray."
    ),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", help="Shards at once of --engine. [default: processors]"),
]
TrainingWorkers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", help="Processes that train a net together. [default: 1]"),
]
Offline = Annotated[bool, typer.Option("--offline", help="Never use the network.")]
Json = Annotated[bool, typer.Option("--json", help="Events as JSON lines on stdout.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Only say where the result is.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


#: How data are read: the options of every command that reads data. A new one is a line here, a field of
#: `workflow.settings.Reading` and of `data.request.Request`.
READING: Final[Options] = {
    "name": Name,
    "classes": Classes,
    "floats": Floats,
    "channel_order": ChannelOrder,
    "size": Size,
    "resize": Resize,
    "path_column": PathColumn,
    "label_column": LabelColumn,
    "split_column": SplitColumn,
    "group_column": GroupColumn,
    "group_pattern": GroupPattern,
    "layout": Layout,
    "split_names": SplitNames,
    "follow_links": FollowLinks,
    "root": Root,
    "skip_unlabelled": SkipUnlabelled,
}

#: The same of data that a model is judged on, which are read by their own rules.
JUDGED_DATA: Final[Options] = {"skip_bad": SkipBad, **READING}

#: What an audit looks for. A new one is a line here and a field of `workflow.settings.Settings`.
AUDITING: Final[Options] = {
    "config": Config,
    "test_fraction": TestFraction,
    "checks": Checks,
    "features": Features,
    "backbone": BackboneName,
    "pred_probs": PredProbs,
    "thorough": Thorough,
    "self_test": SelfTest,
}

#: How a model is trained. A new one is a line here and a field of `workflow.settings.Settings`.
TRAINING: Final[Options] = {
    "model": ModelName,
    "epochs": Epochs,
    "batch_size": BatchSize,
    "learning_rate": LearningRate,
    "seed": Seed,
    "seeds": Seeds,
    "validation": Validation,
    "device": Device,
    "threads": Threads,
    "workers": TrainingWorkers,
    "changes": Set,
    "skip_bad": SkipBad,
    "decisions": Decisions,
    "warm_start": WarmStart,
    "max_risk": MaxRisk,
    "checkpoint_every": CheckpointEvery,
}

#: What must not be, and how a pipeline is told.
GATING: Final[Options] = {
    "fail_on": FailOn,
    "baseline": Baseline,
    "junit": Junit,
    "sarif": Sarif,
    "github": Github,
}

#: Who else keeps a record.
TRACKING: Final[Options] = {"track": Track}

#: How a command reports: progress, results, errors.
REPORTING: Final[Options] = {"json": Json, "quiet": Quiet, "verbose": Verbose, "debug": Debug}


@dataclass(frozen=True)
class Output:
    """How a command reports."""

    json: bool
    quiet: bool
    verbose: bool

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Output":
        """The options of `REPORTING` among those given to a command."""
        return cls(given["json"], given["quiet"], given["verbose"])
