"""Killed without warning, anywhere, again and again: resumed, the result is that of a run never stopped."""

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from torture.job import newest_step, result, whole_result

EPOCHS, SIGKILLED = 4, -9


@pytest.fixture(scope="module")
def reference(forker, tmp_path_factory) -> dict[str, str]:
    """The model's files of a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("reference")
    assert forker.do(job="train", folder=folder, epochs=EPOCHS) == 0
    return result(folder)


@pytest.fixture(scope="module")
def reference_of_photos(forker, tmp_path_factory) -> dict[str, str]:
    """The same of color images of 96 pixels, of which one batch makes a block."""
    folder = tmp_path_factory.mktemp("reference-of-photos")
    assert forker.do(job="train", folder=folder, epochs=EPOCHS, photos=True) == 0
    return result(folder)


@pytest.fixture(scope="module")
def operations(forker, tmp_path_factory) -> int:
    """How many calls of one undisturbed job change the disk."""
    return _count(forker, tmp_path_factory.mktemp("count"), job="train", epochs=EPOCHS)


def _count(forker, folder: Path, **order) -> int:
    """The largest `kill_at` that still kills, found by halving."""
    low, high = 1, 2
    while _killed(forker, folder / f"up-{high}", high, order):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if _killed(forker, folder / f"at-{middle}", middle, order):
            low = middle
        else:
            high = middle
    return low


def _killed(forker, folder: Path, at: int, order: dict) -> bool:
    return forker.do(folder=folder, kill_at=at, **order) == SIGKILLED


def _kill_at_random(
    forker, tmp_path: Path, reference: dict[str, str], kills: int, tally: Counter, **more
) -> None:
    """Kill at random moments, each run up to ten times, then let it end undisturbed.

    Delays reach as far as the time that an undisturbed job takes, whatever else the machine does.
    """
    order = {"job": "train", "epochs": EPOCHS, "minutes": 0, **more}
    started = time.monotonic()
    assert forker.do(folder=tmp_path / "timing", **order) == 0
    longest = time.monotonic() - started
    chance, done, number = random.Random(0), 0, 0
    while done < kills:
        number += 1
        folder, reached = tmp_path / str(number), 0
        for _ in range(min(10, kills - done)):
            if forker.do(folder=folder, kill_after=chance.uniform(0, longest), **order) != SIGKILLED:
                break
            done += 1
            now = newest_step(folder)
            assert now >= reached, "a committed step was lost"
            reached = now
        assert forker.do(folder=folder, **order) == 0
        assert result(folder) == reference
    tally["random kills"] += done
    tally["runs finished after random kills"] += number


def test_killed_at_random_moments(forker, tmp_path, reference, tally) -> None:
    """25 kills at random moments: no committed step is lost, and every run ends in the reference's bits."""
    _kill_at_random(forker, tmp_path, reference, 25, tally)


def test_photos_killed_at_random_moments(forker, tmp_path, reference_of_photos, tally) -> None:
    """The same with color images of 96 pixels and a checkpoint after every step."""
    _kill_at_random(forker, tmp_path, reference_of_photos, 15, tally, photos=True)


def test_photos_killed_at_durable_operations(forker, tmp_path, reference_of_photos, tally) -> None:
    """Killed before every ninth call that changes the disk, a checkpoint after every step, so that many of
    the kills leave one that stands after the last step of an epoch."""
    order = {"job": "train", "epochs": EPOCHS, "minutes": 0, "photos": True}
    calls = _count(forker, tmp_path / "count", **order)
    assert calls > 60
    for at in range(1, calls + 1, 9):
        folder = tmp_path / str(at)
        assert forker.do(folder=folder, kill_at=at, **order) == SIGKILLED
        assert forker.do(folder=folder, **order) == 0
        assert result(folder) == reference_of_photos, f"killed before call {at}"
        tally["kills at a durable operation"] += 1


@pytest.mark.torture
def test_killed_at_500_random_moments(forker, tmp_path, reference, tally) -> None:
    """The same, 500 times."""
    _kill_at_random(forker, tmp_path, reference, 500, tally)


def _kill_at_operations(forker, tmp_path, reference, chosen: range, tally: Counter) -> None:
    for at in chosen:
        folder = tmp_path / str(at)
        assert forker.do(job="train", folder=folder, epochs=EPOCHS, kill_at=at) == SIGKILLED
        assert forker.do(job="train", folder=folder, epochs=EPOCHS) == 0
        assert result(folder) == reference, f"killed before call {at}"
        tally["kills at a durable operation"] += 1


def test_killed_at_durable_operations(forker, tmp_path, reference, operations, tally) -> None:
    """Killed before every fourth call that changes the disk, and resumed: the same bits."""
    assert operations > 30
    _kill_at_operations(forker, tmp_path, reference, range(1, operations + 1, 4), tally)


@pytest.mark.torture
def test_killed_at_every_durable_operation(forker, tmp_path, reference, operations, tally) -> None:
    """Killed before every single call that changes the disk, and resumed: the same bits."""
    _kill_at_operations(forker, tmp_path, reference, range(1, operations + 1), tally)


def _kill_resumes(forker, tmp_path, reference, seed: int, tally: Counter) -> None:
    """Ten kills in a row, each at a random call of the resume before it."""
    chance, folder = random.Random(seed), tmp_path / f"resumes-{seed}"
    for _ in range(10):
        at = chance.randint(1, 16)
        assert forker.do(job="train", folder=folder, epochs=EPOCHS, minutes=0, kill_at=at) == SIGKILLED
        tally["kills during resume"] += 1
    assert forker.do(job="train", folder=folder, epochs=EPOCHS) == 0
    assert result(folder) == reference


def test_killed_ten_times_during_resume(forker, tmp_path, reference, tally) -> None:
    """Ten resumes in a row are killed; the eleventh ends in the same bits."""
    _kill_resumes(forker, tmp_path, reference, 0, tally)


@pytest.mark.torture
def test_killed_ten_times_during_resume_often(forker, tmp_path, reference, tally) -> None:
    """The same with twenty other places to die at."""
    for seed in range(1, 21):
        _kill_resumes(forker, tmp_path, reference, seed, tally)


@pytest.mark.torture
def test_a_whole_run_killed_at_every_durable_operation(forker, tmp_path, tally) -> None:
    """`run` with audit, figures and report, killed before every call that changes the disk, and resumed:
    every file of the run folder is the same as that of a run never stopped."""
    assert forker.do(job="run", folder=tmp_path / "reference") == 0
    wanted = whole_result(tmp_path / "reference")
    assert {"report.html", "evaluation.json", "history.csv", "model/model.safetensors"} <= wanted.keys()
    for at in range(1, _count(forker, tmp_path / "count", job="run") + 1):
        folder = tmp_path / str(at)
        assert forker.do(job="run", folder=folder, kill_at=at) == SIGKILLED
        assert (folder / "manifest.json").exists() or forker.do(job="run", folder=folder) == 0
        assert whole_result(folder) == wanted, f"killed before call {at}"
        tally["whole runs killed at a durable operation"] += 1


def test_a_whole_run_killed_twice(forker, tmp_path) -> None:
    """`run` killed early, its resume killed late, and resumed: every file is that of a run never stopped."""
    assert forker.do(job="run", folder=tmp_path / "a") == 0
    for at in (25, 40):
        assert forker.do(job="run", folder=tmp_path / "b", kill_at=at) == SIGKILLED
    assert forker.do(job="run", folder=tmp_path / "b") == 0
    assert whole_result(tmp_path / "a") == whole_result(tmp_path / "b")


def test_a_clock_that_jumps_changes_nothing(forker, tmp_path) -> None:
    """Under a clock that tells another day at every look, years off, `run` gives the same files, also when
    it is killed on the way and resumed."""
    assert forker.do(job="run", folder=tmp_path / "a") == 0
    assert forker.do(job="run", folder=tmp_path / "b", clock=1, kill_at=40) == SIGKILLED
    assert forker.do(job="run", folder=tmp_path / "b", clock=2) == 0
    assert whole_result(tmp_path / "a") == whole_result(tmp_path / "b")
