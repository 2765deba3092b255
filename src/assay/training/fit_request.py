"""`FitRequest`: all that a fit is asked for, as one value."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assay.core.events import OnEvent, ignore
from assay.data.splitting.stratified import HoldOut
from assay.data.values import Split
from assay.training.model.values import ModelData
from assay.training.place import Place
from assay.training.recipes import Recipe


def never() -> bool:
    """The answer of a caller that never asks to stop."""
    return False


@dataclass(frozen=True, eq=False)
class FitRequest:
    """What to fit to which images, and how.

    split, rows: the training split and which of its rows to fit (`rows.train`) and to watch
    (`rows.validation`). classes: names in label order. seed: in [0, 2**63).
    validation: a split of its own to watch, where the data have one; `rows.validation` is then not used.
    fingerprints: of the data, kept in the model.

    Of nets alone, as a closed form takes seconds and begins anew:
    threads: None takes what serves such a net best; another number of threads may round differently.
    start: a model whose weights training begins from, as far as they fit (see `warm_start`).
    checkpoints: a folder; the state is saved there after each epoch and every `checkpoint_minutes`, and a
    run that was begun there continues, to the same bits as one that was never stopped. accept_changes: it
    continues, with a warning, even where data, recipe, classes or versions have changed since. finish: False
    trains nothing and writes nothing; the model is that of the newest checkpoint as it stands.
    should_stop: called after each step; on True the state is saved and `Interrupted` raised.
    place: of this process among those that train the net together, each given the same request but for
    `checkpoints`, which the first has alone.
    """

    split: Split
    rows: HoldOut
    classes: Sequence[str]
    recipe: Recipe
    seed: int = 0
    device: str = "auto"
    threads: int | None = None
    validation: Split | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    start: ModelData | None = None
    checkpoints: Path | None = None
    checkpoint_minutes: float | None = None
    accept_changes: bool = False
    finish: bool = True
    on_event: OnEvent = ignore
    should_stop: Callable[[], bool] = never
    place: Place = field(default_factory=Place)
