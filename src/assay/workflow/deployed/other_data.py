"""A run's model on labelled images that are not the run's: its score there, and what it had seen of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import AssayError
from assay.core.events import Event, OnEvent, ignore, stage
from assay.core.text import counted, one_line
from assay.data.decoding.resize import with_channels
from assay.data.decoding.sixteen_bits import FULL_SCALE
from assay.data.digests import image_digests
from assay.data.load import as_request, chosen_source
from assay.data.values import Dataset, Split
from assay.evaluation.ood import Refused, count_refused, refused_at_most
from assay.evaluation.values import Evaluation
from assay.training.classifier import Model
from assay.training.requirements import require_for
from assay.workflow.deployed.seen_before import SeenBefore, seen_before
from assay.workflow.evidence import test_groups
from assay.workflow.planning.data import Data, open_data
from assay.workflow.recorded import run_record

#: Class names in a message.
_MOST_NAMES: Final = 8


@dataclass(frozen=True, eq=False)
class OtherScore:
    """A model judged on images that are not its run's.

    score: on all of them. split: which split of the data was judged; left_over: images of the other splits.
    seen: which of them are images that the run held for training (validation images among them), near copies
    of such, or of their groups. refused: those unlike the training images, and expected, the share of
    familiar pictures that are told so as well; None without a gate. at_most: what that share may be, where
    the gate was set by few validation images; else None.
    changed: in words, what was done to the images besides reading them, else empty.
    """

    score: Evaluation
    name: str
    split: str
    left_over: int
    seen: SeenBefore
    refused: Refused | None
    expected: float | None
    at_most: float | None = None
    changed: str = ""

    @property
    def unseen(self) -> Evaluation | None:
        """The score on the images that the run did not hold for training, nor near copies of them, nor others
        of their groups; None where there are none."""
        seen = self.seen.any_way
        if seen is None or seen.all():
            return None
        rows, score = np.flatnonzero(~seen), self.score
        groups = None if score.groups is None else score.groups[rows]
        probabilities = score.probabilities[rows]
        return replace(score, labels=score.labels[rows], probabilities=probabilities, groups=groups)

    @property
    def missing(self) -> tuple[str, ...]:
        """Classes of the model of which there is no image."""
        there = set(self.score.labels.tolist())
        return tuple(name for number, name in enumerate(self.score.classes) if number not in there)


def evaluate_other(
    folder: str | Path, data: Data, *, offline: bool = False, on_event: OnEvent = ignore, **reading: Any
) -> OtherScore:
    """The model of a finished run on labelled images of other data; nothing is written.

    The test split is judged where the data give one, else all images. They are read at the model's size by
    its rule. reading: how else, as arguments of `assay.load`. Raises AssayError `class-names` for a class
    that the model does not know, `image-format` for another scale of 16 bits, `bad-value` for a run without
    one model of its own.
    """
    folder = Path(folder)
    run_record.need_intact(folder)
    model = _model_of(folder)
    require_for(model.recipe["model"], {}, fitting=False)
    dataset = open_data(data, {**_size(model, data), **reading}, offline, _judging(on_event))
    name = _judged_split(list(dataset.splits))
    left_over = sum(len(split) for other, split in dataset.splits.items() if other != name)
    split = dataset.splits[name]
    labels = _labels(split.labels, dataset.classes, model.classes, one_line(dataset.name))
    _need_scale(split, model, dataset.name)
    with stage(on_event, "evaluate") as figures:
        score, distances = _judged(model, dataset, split, labels)
        seen = seen_before(folder, _as_seen(split, labels, model), model.classes, offline)
        gate = model.limits.gate
        refused = None if gate is None or distances is None else count_refused(distances, gate.threshold)
        interval = list(score.accuracy_ci95)
        figures.update(n=len(labels), accuracy=score.accuracy, accuracy_ci95=interval)
        figures["trained_on"] = None if seen.equal is None else int(seen.equal.sum())
        figures["near_copies_of_training"] = None if seen.near is None else int(seen.near.sum())
        figures["of_groups_of_training"] = None if seen.grouped is None else int(seen.grouped.sum())
        figures["unlike_training"] = None if refused is None else refused.refused
    expected = None if gate is None else gate.false_refusal_rate
    changed = _changed(split, model)
    most = None if gate is None else refused_at_most(gate.n, gate.false_refusal_rate)
    return OtherScore(score, dataset.name, name, left_over, seen, refused, expected, most, changed)


def _model_of(folder: Path) -> Model:
    """The one model of a run. Raises AssayError `bad-value` where there is none, or several."""
    if (folder / "model").is_dir():
        return Model.read(folder / "model")
    several = run_record.model_folders(folder)
    what = "it has several models" if several else "it has no model of Assay's own"
    fix = f"Name the folder of one, as {several[0]}." if several else "Give a run that trained a model."
    raise AssayError("bad-value", folder, what, fix)


def _size(model: Model, data: Data) -> dict[str, Any]:
    """The model's size and its rule for others, where the source of the data takes them.

    Nothing else is read as the run's data were: their columns and words are not those of other data.
    """
    if isinstance(data, Dataset) or "size" not in chosen_source(as_request(data)).takes:
        return {}
    needed = model.preprocessing
    return {"size": f"{needed.height}x{needed.width}", "resize": needed.resize}


def _labels(
    labels: NDArray[np.int64], classes: tuple[str, ...], known: tuple[str, ...], where: str
) -> NDArray[np.int64]:
    """The labels as numbers of the model's classes, by name. Raises AssayError `class-names`."""
    number = {name: at for at, name in enumerate(known)}
    used = set(labels.tolist())
    unknown = [name for at, name in enumerate(classes) if at in used and name not in number]
    if not unknown:
        return np.array([number.get(name, -1) for name in classes], np.int64)[labels]
    what = f"the model does not know {counted(len(unknown), 'class', 'classes')} of them: {_few(unknown)}"
    raise AssayError("class-names", where, f"{what}; it knows {_few(known)}", _way(unknown, classes, known))


def _way(unknown: Sequence[str], classes: Sequence[str], known: Sequence[str]) -> str:
    """What to do about classes that the model does not know."""
    folded = {name.casefold(): name for name in known}
    alike = [(name, folded[name.casefold()]) for name in unknown if name.casefold() in folded]
    if len(alike) == len(unknown):
        pairs = _few([f"{one} as {other}" for one, other in alike])
        return f"They differ by case alone: name them as the model does ({pairs})."
    if all(name.isdecimal() for name in classes):
        asked = f"--classes says which name each is, in the order of {_few(classes)}"
        if all(name.isdecimal() for name in known):
            least, most = min(known, key=int), max(known, key=int)
            return f"Do they count from 1? The model's count from {least} to {most}: {asked}."
        return f"Numbers are no names: {asked}."
    return "Name classes as the model does, and leave images of other classes out."


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    shown = [f"'{name}'" if "," in name else name for name in map(one_line, names[:_MOST_NAMES])]
    return ", ".join(shown) + more


def _need_scale(split: Split, model: Model, where: str) -> None:
    """Raise AssayError `image-format` where images of 16 bits were brought to 8 by another rule."""
    own = model.preprocessing.deep
    if split.deep is None or split.deep == (own or FULL_SCALE):
        return
    trained = "images of 8 bits" if own is None else f"values from {own.low:,} to {own.high:,}"
    what = (
        f"they have 16 bits a channel and were read as values from {split.deep.low:,} to "
        f"{split.deep.high:,}, and the model was trained on {trained}"
    )
    raise AssayError("image-format", where, what, "Save them as the training images were.")


def _judged(
    model: Model, dataset: Dataset, split: Split, labels: NDArray[np.int64]
) -> tuple[Evaluation, NDArray[np.float32] | None]:
    """The score, and how far each image lies from those of training."""
    rows, far = [], []
    for block in split.blocks():
        images = np.stack([with_channels(image, model.preprocessing.channels) for image in block])
        rows.append(model.predict_proba(images))
        far.append(model.distances(images))
    groups = test_groups(replace(dataset, splits={"test": split}, fingerprints={}), None)
    record: Mapping[str, Any] = model.costs()
    score = Evaluation(model.classes, labels, np.concatenate(rows), record, groups=groups)
    found = [one for one in far if one is not None]
    return score, np.concatenate(found) if found else None


def _as_seen(split: Split, labels: NDArray[np.int64], model: Model) -> Split:
    """The images as the model sees them, with its numbers of classes."""
    channels = model.preprocessing.channels
    if split.shape[2] == channels:
        return replace(split, labels=labels)
    images = np.stack([with_channels(image, channels) for block in split.blocks() for image in block])
    return replace(split, labels=labels, images=images, digests=image_digests(images))


def _judged_split(names: Sequence[str]) -> str:
    return "test" if "test" in names else names[0]


def _judging(on_event: OnEvent) -> OnEvent:
    """The listener, told what splits of other data are for: nothing is learned from any."""

    def heard(event: Event) -> None:
        rows = event.figures.get("partition")
        if rows:
            judged = _judged_split([row["split"] for row in rows])
            told = [{**r, "purpose": "judged" if r["split"] == judged else "not judged"} for r in rows]
            event = replace(event, figures={**event.figures, "partition": told})
        on_event(event)

    return heard


def _changed(split: Split, model: Model) -> str:
    channels, wanted = split.shape[2], model.preprocessing.channels
    if channels == wanted:
        return ""
    return "they are in color, and the model sees them in gray" if wanted == 1 else "they are gray"
