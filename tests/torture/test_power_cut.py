"""A power cut at every operation, under a disk that forgets whatever was not flushed."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from assay.core import durable
from assay.core.events import Event
from assay.training.loop import checkpoint_saver
from torture.job import newest_step, result, train_and_save
from torture.lossy import LossyFiles, PowerCutError, WithoutDirectorySync, WithoutSync

EPOCHS = 2


class Cut:
    """One job on a disk that loses power before its n-th call; what it had promised by then."""

    def __init__(self, disk: type[LossyFiles], root: Path, at: int | None, patch: pytest.MonkeyPatch) -> None:
        root.mkdir()
        self.files, self.promised, self.finished = disk(root, at), 0, False
        with patch.context() as patched:
            patched.setattr(durable, "files", self.files)
            patched.setattr(checkpoint_saver, "save_checkpoint", self._saving)
            with suppress(PowerCutError):
                train_and_save(root / "run", EPOCHS, minutes=0, on_event=self._hear)

    def _saving(self, folder: Path, step: int, checkpoint: object) -> None:
        keeper_save(folder, step, checkpoint)
        self.promised = step

    def _hear(self, event: Event) -> None:
        self.finished |= event.event == "run-finished"


keeper_save = checkpoint_saver.save_checkpoint


def faults(cut: Cut, place: Path, chance: random.Random, wanted: dict[str, str]) -> list[str]:
    """What one state after the cut breaks of the promises, in words; then it is resumed to its end."""
    place.mkdir()
    cut.files.after_cut(place, chance)
    run = place / "run"
    found = [f"torn: {name}" for name in cut.files.torn(place)]
    if newest_step(run) < cut.promised:
        found.append(f"lost: step {cut.promised} was promised, {newest_step(run)} is there")
    if cut.finished and not ((run / "model").is_dir() and result(run) == wanted):
        found.append("lost: the finished model")
    train_and_save(run, EPOCHS, minutes=None)
    if result(run) != wanted:
        found.append("the resumed model differs")
    return found


def all_faults(
    disk: type[LossyFiles], tmp_path: Path, patch: pytest.MonkeyPatch, step: int, states: int, tally: Counter
) -> list[str]:
    """The faults found at every `step`-th operation in `states` states each."""
    train_and_save(tmp_path / "reference", EPOCHS, minutes=None)
    wanted = result(tmp_path / "reference")
    calls = Cut(disk, tmp_path / "whole", None, patch).files.calls
    assert calls > 60
    chance, found = random.Random(0), []
    for at in range(1, calls + 2, step):
        cut = Cut(disk, tmp_path / f"cut-{at}", at, patch)
        for state in range(states):
            found += faults(cut, tmp_path / f"cut-{at}-{state}", chance, wanted)
            tally["power cuts"] += 1
    return found


def test_power_cuts_lose_nothing_that_was_promised(tmp_path, monkeypatch, tally) -> None:
    """No torn file under a final name, no promised checkpoint lost, the same bits after resuming."""
    assert all_faults(LossyFiles, tmp_path, monkeypatch, step=3, states=2, tally=tally) == []


@pytest.mark.torture
def test_a_thousand_power_cuts_lose_nothing(tmp_path, monkeypatch, tally) -> None:
    """The same at every operation, in at least 1,000 states."""
    assert all_faults(LossyFiles, tmp_path, monkeypatch, step=1, states=10, tally=tally) == []
    assert tally["power cuts"] >= 1000


@pytest.mark.parametrize(
    ("disk", "word"), [(WithoutSync, "torn"), (WithoutSync, "lost"), (WithoutDirectorySync, "lost")]
)
def test_the_simulation_finds_a_missing_flush(tmp_path, monkeypatch, disk, word) -> None:
    """With the flush of files, or of directories, left out, the same check finds torn or lost files."""
    found = all_faults(disk, tmp_path, monkeypatch, step=3, states=2, tally=Counter())
    assert [fault for fault in found if fault.startswith(word)]


def test_the_simulation_finds_a_missing_rename(tmp_path, monkeypatch) -> None:
    """With files written in place, under their final name, the same check finds torn ones."""

    class Writer:
        def __init__(self, file: IO[bytes]) -> None:
            self.file = file

        def write(self, data: bytes) -> None:
            for start in range(0, len(data), 1000):
                durable.files.write(self.file, data[start : start + 1000])

    @contextmanager
    def in_place(path: Path, bytes_needed: int | None = None) -> Iterator[Writer]:
        durable.files.unlink(path)
        with durable.files.open_new(path) as file:
            yield Writer(file)
            durable.files.sync(file)
        durable.files.sync_directory(path.parent)

    monkeypatch.setattr(durable, "create", in_place)
    found = all_faults(LossyFiles, tmp_path, monkeypatch, step=3, states=2, tally=Counter())
    assert [fault for fault in found if fault.startswith("torn")]


def test_the_disk_keeps_what_was_flushed(tmp_path) -> None:
    """By hand: a flushed file under a flushed name survives every cut; an unflushed one need not."""
    root = tmp_path / "root"
    root.mkdir()
    disk = LossyFiles(root)
    for name, flushed in (("safe", True), ("loose", False)):
        with disk.open_new(root / name) as file:
            disk.write(file, b"x" * 100)
            if flushed:
                disk.sync(file)
        if flushed:
            disk.sync_directory(root)
    seen = set()
    for seed in range(60):
        place = tmp_path / str(seed)
        place.mkdir()
        disk.after_cut(place, random.Random(seed))
        assert (place / "safe").read_bytes() == b"x" * 100
        seen.add((place / "loose").read_bytes() if (place / "loose").exists() else None)
    assert {None, b"", b"x" * 100} < seen
