"""The work that is killed, starved and lied to: small enough for a thousand repetitions."""

import gzip
import hashlib
import os
import random
import signal
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from assay.core import durable
from assay.core.durable import TEMPORARY
from assay.core.events import Event, OnEvent, ignore
from assay.core.files import Files
from assay.data.request import Request
from assay.data.sources import fashion_mnist
from assay.data.splitting.stratified import hold_out
from assay.data.storage.mirrors import Folder
from assay.data.values import Dataset, Split, numbered_ids
from assay.training.classifier import Model
from assay.training.fit import fit
from assay.training.fit_request import FitRequest
from assay.training.loop.checkpoint_file import newest_checkpoint
from assay.training.recipes import read_recipe
from assay.workflow import run_folder
from assay.workflow.load import load
from assay.workflow.recorded import run_record

CLASSES = ("left", "middle", "right")

#: Every call of `Files` that changes the disk.
OPERATIONS = (
    "open_new",
    "write",
    "sync",
    "rename",
    "sync_directory",
    "make_directory",
    "unlink",
    "remove_tree",
    "sync_all",
)


#: What the jobs look at: gray images, many batches of which make a block; and photographs, one batch a block.
GRAY, PHOTOS = (6, 6, 1), (96, 96, 3)


def tiny_split(name: str, count: int, seed: int, shape: tuple[int, int, int] = GRAY) -> Split:
    """Three classes told apart by which third of the image is bright."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = generator.integers(0, 60, (count, *shape), dtype=np.uint8)
    third = shape[1] // 3
    for row, label in enumerate(labels):
        images[row, :, third * label : third * (label + 1)] += 120
    return Split.from_arrays(images, labels.astype(np.int64), numbered_ids(name, count))


def tiny_dataset() -> Dataset:
    """A data set for a whole run."""
    return Dataset(
        name="tiny",
        classes=CLASSES,
        splits={"train": tiny_split("train", 60, 0), "test": tiny_split("test", 30, 1)},
        source="made for these tests",
    )


#: The audit is made again by every resume; one cheap check stands for all.
CHECKS = ("identity",)

#: Steps in an epoch: 48 images for training, 16 at a time; 20 of the photographs.
STEPS = 3


def settings(epochs: int, hidden: int = 8) -> dict[str, Any]:
    """A small net."""
    return {"model": "mlp", "epochs": epochs, "batch_size": 16, "hidden": hidden, "learning_rate": 0.01}


def train_and_save(
    folder: Path,
    epochs: int,
    minutes: float | None,
    on_event: OnEvent = ignore,
    hidden: int = 8,
    *,
    photos: bool = False,
) -> Model:
    """Train with checkpoints below `folder` (every step with `minutes` 0), go on where it was stopped, and
    save the model there. Announces the finished model with a last event."""
    split = tiny_split("train", 60, 0, PHOTOS if photos else GRAY)
    chosen = settings(epochs, hidden) | ({"batch_size": 20} if photos else {})
    durable.make_directory(folder)
    durable.remove_leftovers(folder)
    model = fit(
        FitRequest(
            split,
            hold_out(split, 0.2, 0),
            CLASSES,
            read_recipe("mlp", chosen),
            threads=1,  # a forked child has none of the threads that its parent's libraries count on
            checkpoints=folder / "checkpoints",
            checkpoint_minutes=minutes,
            on_event=on_event,
        )
    )
    model.save(folder / "model")
    on_event(Event("run-finished", "train"))
    return model


def read_through_cache(data: Path, cache: Path) -> Dataset:
    """What lies in `data`, read by way of the folder `cache`: IDX files as a mirror of Fashion-MNIST serves
    them, or else a folder of images."""
    files = sorted(data.glob("*.gz"))
    if not files:
        os.environ["ASSAY_CACHE"] = str(cache)
        return load(data)
    digests = {path.name: hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest() for path in files}
    return fashion_mnist.read_from((Folder(data),), Request("fashion-mnist"), cache, digests)


def jumping_clock(seed: int) -> None:
    """Let the clock of this process tell another day at every look, years before or behind the true one."""
    chance, true_time = random.Random(seed), time.time

    class Jumping(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(days=chance.uniform(-4000, 4000))

    run_folder.datetime = Jumping  # type: ignore[misc]
    time.time = lambda: true_time() + chance.uniform(-3e8, 3e8)


def newest_step(folder: Path) -> int:
    """Steps done at the newest whole checkpoint below `folder`; 0 where there is none."""
    found = newest_checkpoint(folder / "checkpoints", ignore)
    if found is None:
        return 0
    position = found.record["position"]
    return (int(position["epoch"]) - 1) * STEPS + int(position["step"])


def result(folder: Path) -> dict[str, str]:
    """SHA-256 of each of the model's files (weights, and the record with history and scores)."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "model").iterdir())
        if not path.name.startswith(TEMPORARY)
    }


def whole_result(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a run folder but the manifest, the checkpoints, and the lock of a process
    that was killed after its last write (it stops nobody)."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.name not in (run_record.MANIFEST, run_record.LOCK)
        and "checkpoints" not in path.parts
    }


class Counting(Files):
    """The operating system, counting every call that changes the disk and acting before a chosen one."""

    def __init__(self, at: int | None = None) -> None:
        self.at, self.calls = at, 0

    def __getattribute__(self, name: str) -> Any:
        if name in OPERATIONS:
            self.calls += 1
            if self.calls == self.at:
                self.act()
        return super().__getattribute__(name)

    def act(self) -> None:
        """What happens before the chosen call."""


class Killing(Counting):
    """Dies before its n-th call, as by kill -9."""

    def act(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Refusing(Counting):
    """Refuses its n-th call and all later ones, as a full or broken disk does, with one error number."""

    def __init__(self, at: int, number: int) -> None:
        super().__init__(at)
        self.number = number

    def act(self) -> None:
        self.at += 1  # the next one too: a full disk stays full
        raise OSError(self.number, os.strerror(self.number))
