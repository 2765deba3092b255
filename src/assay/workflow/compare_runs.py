"""Runs side by side: read from their folders, compared, and written as a folder of its own.

What a run folder says is enough; the data are only looked up for the pictures of the page.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from assay.audits.values import Audit
from assay.core import durable
from assay.core.errors import AssayError
from assay.core.events import Event, OnEvent, ignore, stage, warn
from assay.data.values import Dataset, Split
from assay.evaluation.compare import Candidate, Comparison, lay_out, need_same_test
from assay.evaluation.predictions_file import read_answers
from assay.reports.page.comparison import ComparisonContent, write_comparison
from assay.training.classifier import Model
from assay.training.model_file import RECORD, WEIGHTS
from assay.workflow import run_folder
from assay.workflow.own_models.given_probabilities import ANSWERS
from assay.workflow.planning.data import open_data
from assay.workflow.planning.plan import reading_of_run
from assay.workflow.recorded import run_record
from assay.workflow.recorded.results import read_audit_record, read_evaluation_record
from assay.workflow.run_folder import RunFolder
from assay.workflow.shown.progress import shown


@dataclass(frozen=True, eq=False)
class Entry:
    """A finished run of one model. seconds: of its training; None where the manifest does not tell."""

    candidate: Candidate
    folder: Path
    seconds: float | None


class HasFolder(Protocol):
    """A `Run`: whatever says in which folder it lies."""

    @property
    def path(self) -> Path:
        """The run folder."""


def compare(
    *runs: str | Path | HasFolder,
    out: str | Path | None = None,
    on_event: OnEvent = shown,
) -> Comparison:
    """Compare models on the same test images: pairs, intervals, what one gets right and another wrong.

    runs: folders of finished runs, or `Run`s; one of several models stands for all of them. Training data may
    differ. out: a folder for comparison.json, differences.csv and a page; None writes nothing.
    Raises AssayError `different-test-data`, `run-not-evaluated`, `not-a-run-folder`, `run-damaged`, and
    `bad-value` where a run is named twice.

    >>> import assay
    >>> data = assay.load("fashion-mnist-sample")
    >>> both = assay.run(data, model="majority,nearest-mean", checks=["identity"], out="both")
    >>> comparison = assay.compare(both)
    >>> [pair.difference > 0.4 for pair in comparison.pairs]
    [True]
    """
    folders = [_folder_of(run) for run in runs]
    if out is not None:
        return write_compared(folders, Path(out), paired=True, on_event=on_event)
    entries = read_entries(folders)
    comparison = _compared(entries, folders, paired=True)
    for told in _same_models(entries):
        warn(on_event, "report", told)
    return comparison


def _folder_of(run: object) -> Path:
    path = run if isinstance(run, str | Path) else getattr(run, "path", None)
    if not isinstance(path, str | Path):
        what = f"{type(run).__name__} is neither a folder nor a run"
        raise AssayError("bad-value", "RUN", what, "Give the folders of runs, or what assay.run returned.")
    return Path(path)


def write_compared(
    folders: Sequence[Path], out: Path, *, paired: bool, on_event: OnEvent = ignore
) -> Comparison:
    """Compare runs and write the comparison into the folder `out`.

    paired: insist on equal test images; otherwise runs on different ones are only set side by side.
    """
    entries = read_entries(folders)
    comparison = _compared(entries, folders, paired)
    for told in _same_models(entries):
        warn(on_event, "report", told)
    with run_folder.claim(out, {"command": "compare", "schema": 1}) as folder, stage(on_event, "report"):
        names = {entry.candidate.name: str(entry.folder) for entry in entries}
        test = _test_split(entries[0], on_event) if comparison.pairs else None
        _write(folder, entries, ComparisonContent(comparison, folders=names, test=test))
        folder.finish()
    on_event(Event("run-finished", "report", {"path": str(out)}))
    return comparison


def write_models(folder: RunFolder, dataset: Dataset, audit: Audit) -> Comparison:
    """Set the models of a run of several side by side, in its own folder."""
    entries = read_entries([folder.path])
    comparison = lay_out([entry.candidate for entry in entries])
    content = ComparisonContent(comparison, audit=audit, test=dataset.splits.get("test"))
    _write(folder, entries, content)
    return comparison


def _compared(entries: Sequence[Entry], folders: Sequence[Path], paired: bool) -> Comparison:
    if len(entries) < 2:
        fix = "Name two runs or more, or a run of several models."
        raise AssayError(
            "bad-value", folders[0] if folders else "RUN", "there is nothing to compare it with", fix
        )
    _refuse_one_run_twice(entries)
    candidates = [entry.candidate for entry in entries]
    if paired:
        need_same_test(candidates, entries[0].folder)
    return lay_out(candidates)


def _refuse_one_run_twice(entries: Sequence[Entry]) -> None:
    """A run beside itself, or beside a copy of its folder, has no difference, which would read as two models
    that are equally good. Manifests tell: they hold when a run was made."""
    digests = [durable.file_sha256(entry.folder / run_record.MANIFEST) for entry in entries]
    twice = next((e.folder for e, sha in zip(entries, digests, strict=True) if digests.count(sha) > 1), None)
    if twice is not None:
        what = "it is named more than once: itself, a copy of it, or a run of several models that holds it"
        raise AssayError("bad-value", twice, what, "Name different runs, each once.")


def _same_models(entries: Sequence[Entry]) -> Iterator[str]:
    """Runs whose models are equal to the bit, in words: a repeated run, or a copy that was judged again. That
    they do not differ says nothing of two models."""
    found: dict[tuple[str, ...], list[str]] = {}
    for entry in entries:
        files = [entry.folder / "model" / name for name in (WEIGHTS, RECORD)]
        if all(file.is_file() for file in files):
            key = tuple(durable.file_sha256(file) for file in files)
            found.setdefault(key, []).append(entry.candidate.name)
    for names in found.values():
        if len(names) > 1:
            yield f"{' and '.join(names)} are the same model, equal in every bit: they cannot differ"


def _write(folder: RunFolder, entries: Sequence[Entry], content: ComparisonContent) -> None:
    """Everything about the comparison. Seconds and folders are facts of the manifest; the page shows them."""
    facts = {e.candidate.name: {"folder": _place(e, folder.path), "seconds": e.seconds} for e in entries}
    folder.facts["models"] = facts
    seconds = {entry.candidate.name: entry.seconds for entry in entries}
    write_comparison(folder.path, replace(content, seconds=seconds))


def _place(entry: Entry, top: Path) -> str:
    inside = entry.folder.is_relative_to(top)
    return entry.folder.relative_to(top).as_posix() if inside else str(entry.folder)


def read_entries(folders: Sequence[Path]) -> list[Entry]:
    """The models in run folders, in order; a run of several models stands for all of them."""
    entries = [
        _read_entry(one) for folder in folders for one in (run_record.model_folders(folder) or [folder])
    ]
    names = list(_distinct([entry.candidate.name for entry in entries]))
    if len(folders) > 1:
        names = folder_names([entry.folder for entry in entries])
    return [
        replace(entry, candidate=replace(entry.candidate, name=name))
        for entry, name in zip(entries, names, strict=True)
    ]


def folder_names(folders: Sequence[Path]) -> list[str]:
    """Each folder by the end of its path that tells it from the others: `a/mlp` and `b/mlp`, or `first`.

    A folder that is there twice is numbered.
    """
    parts = [folder.resolve().parts for folder in folders]
    for length in range(1, max(map(len, parts), default=0) + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if len(set(names)) == len(set(parts)):
            return list(_distinct(names))
    return list(_distinct([str(folder) for folder in folders]))


def _distinct(names: Sequence[str]) -> Iterator[str]:
    """The names, numbered in order where one is there several times."""
    often, seen = Counter(names), Counter[str]()
    for name in names:
        seen[name] += 1
        yield name if often[name] == 1 else f"{name} #{seen[name]}"


def _read_entry(folder: Path) -> Entry:
    """A finished run. Raises AssayError `not-a-run-folder`, `run-damaged`, `model-refused`."""
    manifest = run_record.need_intact(folder)
    if (folder / ANSWERS.file).is_file():
        return _read_foreign(folder)
    if not (folder / "model").is_dir():
        what = "it holds an audit and no model"
        raise AssayError("not-a-run-folder", folder, what, "Give the folder of `assay run` or `assay train`.")
    model, seed = Model.read(folder / "model"), run_record.read_config(folder).get("seed", 0)
    tested = (folder / "evaluation.json").is_file()
    scores = read_evaluation_record(folder) if tested else {}
    costs = model.costs()
    candidate = Candidate(
        name=run_record.model_name(model.recipe["name"], seed),
        data=read_audit_record(folder)["dataset"]["name"],
        recipe=model.recipe,
        seed=seed,
        fingerprints={**model.fingerprints, **({"test": scores["fingerprint"]} if tested else {})},
        costs={key: costs[key] for key in ("parameters", "trainable_parameters", "multiply_adds", "bytes")},
        **_validation(model),
        answers=read_answers(folder) if tested else None,
    )
    training = manifest.get("training", {})
    seconds = None if training.get("resumed", True) else training.get("seconds")
    return Entry(candidate, folder, seconds)


def _validation(model: Model) -> dict[str, Any]:
    """The accuracy on validation images, and of how many; of models saved before, of the net alone."""
    seen = model.limits.temperature
    if seen.right is None:
        return {"validation_accuracy": model.scores.get("val_accuracy")}
    return {"validation_accuracy": seen.right / seen.images, "validation_images": seen.images}


def _read_foreign(folder: Path) -> Entry:
    """A model that was trained elsewhere: its costs are not known, and no two are the same but for a seed."""
    scores, dataset = read_evaluation_record(folder), read_audit_record(folder)["dataset"]
    name, answers = scores["model"]["recipe"], durable.file_sha256(folder / ANSWERS.file)
    costs = ("parameters", "trainable_parameters", "multiply_adds", "bytes")
    candidate = Candidate(
        name=name,
        data=dataset["name"],
        recipe={"name": name, "answers": answers},
        seed=0,
        fingerprints={"test": scores["fingerprint"]},
        costs=dict.fromkeys(costs),
        answers=read_answers(folder),
    )
    return Entry(candidate, folder, None)


def _test_split(entry: Entry, on_event: OnEvent) -> Split | None:
    """The test images of a run, for pictures; None, with a warning, where they are not what was tested."""
    try:
        dataset = open_data(*reading_of_run(entry.folder), offline=True, on_event=ignore)
    except AssayError as error:
        warn(on_event, "report", f"no pictures in the page: {error.where}: {error.what}")
        return None
    if dataset.fingerprints.get("test") != entry.candidate.fingerprints["test"]:
        warn(on_event, "report", "no pictures in the page: the test images are not those of the run any more")
        return None
    return dataset.splits["test"]
