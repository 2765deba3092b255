"""The public functions: load -> measure -> audit -> hold out -> train -> evaluate -> report.

`run`, `audit`, `train`, `evaluate` and `predict` are the public functions; what the command line calls
beside them, to have results in a run folder, is in `run_commands`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Unpack

import numpy as np
from numpy.typing import NDArray

from assay.audits.values import Audit
from assay.core.errors import AssayError
from assay.core.events import OnEvent, ignore
from assay.data.answers.class_probabilities import are_answers
from assay.data.decisions import Decided, decide, read_decisions
from assay.data.decoding.given import Picture
from assay.data.values import Dataset
from assay.deployment.load_model import load_model
from assay.deployment.onnx_model import OnnxModel
from assay.deployment.predict import Prediction, predict_files
from assay.evaluation.evaluate import Classifier
from assay.evaluation.values import Evaluation
from assay.training.classifier import Model
from assay.training.place import given_place
from assay.training.requirements import require_for
from assay.workflow.evidence import judge_answers
from assay.workflow.own_models.answers import Answered, answers_of, named_columns
from assay.workflow.own_models.training import settings_for_own, with_net
from assay.workflow.planning.data import Data, need_test_split, open_data
from assay.workflow.planning.decided import tell_decided
from assay.workflow.planning.plan import make_plan, plan_run
from assay.workflow.run_commands import carry_out, run_answers, run_audit
from assay.workflow.settings import AuditSettings, RunSettings, TrainSettings
from assay.workflow.shown.progress import shown
from assay.workflow.stages import Run, evaluate_model, examined
from assay.workflow.training_stage import fit_model

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Run"]


def run(
    data: Data = "fashion-mnist",
    *,
    out: str | Path | None = None,
    offline: bool = False,
    on_event: OnEvent = shown,
    **settings: Unpack[RunSettings],
) -> Run:
    """Audit, train and evaluate; everything is written to a run folder.

    data: a name, a path, or a data set already loaded. out: the run folder; None makes one in `runs/`.
    settings: the fields of `assay.workflow.settings.Settings` (model, seed, validation, device,
    threads, classes, checks); any other name is one of the recipe's (epochs, batch_size, learning_rate, ...).
    An unfinished run of the same configuration in `out` is continued. Raises AssayError.

    >>> import assay
    >>> run = assay.run("fashion-mnist-sample", model="majority", checks=["identity"], out="runs/first")
    >>> (run.path / "report.html").exists(), run.model, run.score.accuracy
    (True, Model(majority, 10 parameters, 10 classes), 0.1)
    """
    return carry_out(plan_run("run", data, out, settings, offline, on_event), on_event)


def audit(
    data: Data = "fashion-mnist",
    *,
    out: str | Path | None = None,
    offline: bool = False,
    on_event: OnEvent = shown,
    **settings: Unpack[AuditSettings],
) -> Audit:
    """Look for what is wrong with the data, before any training. Needs no torch.

    out: a folder for the report; None writes nothing. Other arguments as in `run`.

    >>> import assay
    >>> audit = assay.audit("fashion-mnist-sample", checks=["exact-duplicates", "label-balance"])
    >>> audit
    Audit('fashion-mnist-sample', 2 checks: 2 pass; 0 issues)
    >>> audit.findings["exact-duplicates"].count
    0
    """
    _refuse_training(settings)
    if out is not None:
        return run_audit(data, out=out, offline=offline, on_event=on_event, **settings).audit
    return examined(make_plan("audit", data, None, settings, offline, on_event), on_event).audit


#: Settings that say how to train: a `config.toml` may bring them to an audit, a caller may not.
_OF_TRAINING: Final = (
    *"model seeds validation device threads workers warm_start checkpoint_every max_risk recipes".split(),
    "decisions",
)


def _refuse_training(settings: Mapping[str, Any]) -> None:
    for name in _OF_TRAINING:
        if name in settings:
            fix = "Leave it away, or use assay.run or assay.train."
            raise AssayError(
                "unknown-setting", name, "an audit trains nothing, so it has no such setting", fix
            )


def train(
    data: Data = "fashion-mnist",
    model: "str | nn.Module | Callable[[tuple[int, int, int], int], nn.Module] | None" = None,
    *,
    offline: bool = False,
    on_event: OnEvent = shown,
    **settings: Unpack[TrainSettings],
) -> Model:
    """Train a classifier on the training split; the test split is not looked at. Writes nothing.

    model: the name of a recipe; or a torch net of your own, or a function that builds one from
        (channels, height, width) and the number of classes. A net takes float32
        `(n, channels, height, width)`, normalized as the recipe says, and gives logits `(n, classes)`. A copy
        of it is trained, from the weights that it has; it is tried first (`net-refused` says what is wrong).
        recipe="cnn" names whose other settings train it; without it: plain Adam, as the recipe `mlp`.
    In a program that torchrun started as several processes, all of them train the net together, and each is
    returned the same model.
    Other arguments as in `run`; `Model.save` keeps the result, of your own net the weights alone
    (`assay.load_model(folder, model=net)` reads them).

    >>> import assay
    >>> data = assay.load("fashion-mnist-sample")
    >>> assay.train(data, "linear", epochs=1, seed=0)
    Model(linear, 7,850 parameters, 10 classes)
    >>> from torch import nn
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 32), nn.GELU(), nn.Linear(32, 10))
    >>> assay.train(data, net, epochs=1, learning_rate=0.01)
    Model(own-Sequential, 25,450 parameters, 10 classes)
    """
    if given_place().rank:  # of several processes, the first tells
        on_event = ignore
    if model is not None and not isinstance(model, str):
        return _train_own(data, model, offline, on_event, settings)
    plan = make_plan("train", data, None, {"model": model, **settings}, offline, on_event)
    if plan.parts:
        fix = "Train them one by one, or several in a run folder: assay.run(model='linear,mlp')."
        raise AssayError("bad-value", "model", f"one model is returned, {len(plan.parts)} were named", fix)
    return fit_model(plan, None, on_event)[1]


def _train_own(
    data: Data, net: object, offline: bool, on_event: OnEvent, settings: Mapping[str, Any]
) -> Model:
    if not callable(net):
        fix = "Give the name of a recipe, a torch.nn.Module, or a function that builds one."
        raise AssayError("bad-value", "model", f"{type(net).__name__} is no net", fix)
    plan = make_plan("train", data, None, settings_for_own(settings), offline, on_event)
    recipe = with_net(plan.recipe, net, plan.dataset, plan.settings.seed)
    return fit_model(replace(plan, recipe=recipe), None, on_event)[1]


def evaluate(
    model: Model | Classifier | str | None = None,
    data: Data = "fashion-mnist",
    *,
    predictions: Sequence[object] | NDArray[np.generic] | None = None,
    probabilities: object = None,
    audit: Audit | None = None,
    decisions: str | Path | None = None,
    out: str | Path | None = None,
    offline: bool = False,
    on_event: OnEvent = shown,
) -> Evaluation:
    """Judge a model on the test split of `data`.

    model: one that Assay trained; or any object with `predict_proba(images)` and `classes_` or `classes`, as
        scikit-learn's (which are given the pixels as flat rows); or, beside answers, their model's name.
    probabilities: instead of a model, its answers: an array (test images, classes), a data frame with a
        column per class, or a file (`.npy`, `.npz`, or a table as predictions.csv). predictions: where there
        are no probabilities, the class of each test image, as name or number; then nothing is said of
        confidence. With both, the two must agree.
    audit: of the same data; without it, the score without copies and without suspects is not made.
    decisions: a table of what a person decided; about test images, it gives one more score.
    out: of a model trained elsewhere, or of your own net: a run folder with audit, scores and report, for
        `assay compare`.
    Raises AssayError `bad-arrays`, `class-names`, `bad-value`, `shape-mismatch`.

    >>> import assay
    >>> data = assay.load("fashion-mnist-sample")
    >>> score = assay.evaluate(assay.train(data, "nearest-mean"), data)
    >>> low, high = score.accuracy_ci95
    >>> low < score.accuracy < high
    True
    >>> assay.evaluate(predictions=["Bag"] * 500, data=data).accuracy
    0.1
    """
    _need_audit(audit)
    if isinstance(model, Model):
        given = predictions is not None or probabilities is not None
        if not given and out is not None and model.own_net is not None:
            return _own_in_folder(model, data, out, audit, decisions, offline, on_event)
        if given or out is not None:
            what = "a model is judged by its own answers" if given else "assay.run writes its report"
            raise AssayError("bad-value", "model", what, "Give a model, or the answers of one.")
        require_for(model.recipe["model"], {}, fitting=False)
        dataset = open_data(data, {"classes": model.classes}, offline, on_event)
        need_test_split(dataset)
        decided = _decided(dataset, decisions, on_event)
        return evaluate_model(model, dataset, audit, decided, on_event)
    dataset = open_data(data, {}, offline, on_event)
    need_test_split(dataset)
    answers = answers_of(model, predictions, probabilities, dataset)
    if out is not None:
        return _in_folder(answers, dataset, out, audit, decisions, offline, on_event)
    decided = _decided(dataset, decisions, on_event)
    alone = answers.labels_only or are_answers(answers.probabilities)
    return judge_answers(answers.name, answers.probabilities, dataset, audit, decided, labels_only=alone)


def _need_audit(audit: object) -> None:
    if audit is not None and not isinstance(audit, Audit):
        what = f"a {type(audit).__name__} is no audit"
        raise AssayError("bad-value", "audit", what, "Give what assay.audit returned, or leave it out.")


def _decided(dataset: Dataset, table: str | Path | None, on_event: OnEvent) -> Decided | None:
    """What follows from a table of decisions, told as a run tells it."""
    if table is None:
        return None
    decisions = read_decisions(Path(table))
    decided = decide(dataset, decisions)
    tell_decided(decided, decisions, table, dataset, on_event)
    return decided


def _own_in_folder(
    model: Model,
    data: Data,
    out: str | Path,
    audit: Audit | None,
    decisions: str | Path | None,
    offline: bool,
    on_event: OnEvent,
) -> Evaluation:
    """The answers of a user's net in a run folder: none can hold the net itself."""
    dataset = open_data(data, {"classes": model.classes}, offline, on_event)
    need_test_split(dataset)
    shown = np.concatenate([model.predict_proba(block) for block in dataset.splits["test"].blocks()])
    answers = answers_of(model.recipe["name"], None, named_columns(shown, model.classes), dataset)
    return _in_folder(answers, dataset, out, audit, decisions, offline, on_event)


def _in_folder(
    answers: Answered,
    dataset: Dataset,
    out: str | Path,
    audit: Audit | None,
    decisions: str | Path | None,
    offline: bool,
    on_event: OnEvent,
) -> Evaluation:
    """The score of given answers, with audit and report, in a run folder."""
    if answers.labels_only:
        fix = "Give probabilities, or leave out away."
        raise AssayError(
            "bad-value", "out", "the report tells of confidence, and there are no probabilities", fix
        )
    if audit is not None:
        fix = "Leave audit away (an audit that was made before is kept and used again), or leave out away."
        raise AssayError("bad-value", "audit", "a run folder holds the audit that the run itself makes", fix)
    frame = named_columns(answers.probabilities, dataset.classes)
    score = run_answers(
        frame, dataset, name=answers.name, out=out, decisions=decisions, offline=offline, on_event=on_event
    ).score
    assert score is not None
    return score


def predict(model: Model | OnnxModel | str | Path, files: Picture | Iterable[Picture]) -> list[Prediction]:
    """Classify pictures, read exactly as in training.

    model: a model, or the path of a run folder or of an exported file. files: paths, the content of picture
    files, Pillow's images, or arrays uint8 `(h, w, c)`: several of these, or one that is no array. Raises
    AssayError `file-missing`, `image-unreadable`, and those of `assay.load_model`.

    >>> import assay
    >>> from PIL import Image
    >>> data = assay.load("fashion-mnist-sample")
    >>> picture = next(data.splits["test"].blocks())[0, :, :, 0]
    >>> Image.fromarray(picture).save("first.png")
    >>> found = assay.predict(assay.train(data, "nearest-mean"), ["first.png"])[0]
    >>> found.predicted in data.classes, round(sum(found.probabilities.values()), 6)
    (True, 1.0)
    """
    chosen = load_model(model) if isinstance(model, str | Path) else model
    return predict_files(chosen, files)
