"""Two passes over runs of rows give what one process gives of all of them, whoever makes them."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.estimators import ridge
from assay.estimators.passes import ridge_passes
from assay.estimators.passes.ridge_passes import ByThreads, fit_and_leave_out, run_count, runs_of
from assay.estimators.passes.shared_passes import Helpers, main, passes_by
from assay.estimators.projections import Fourier, fit_fourier

CLASSES = 3


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Fourier, np.ndarray, np.ndarray]:
    """900 rows in seven runs, the last one short; what they are made of, and labels that they tell."""
    monkeypatch.setattr(ridge_passes, "RUN", 137)
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(4)
    labels = rng.integers(0, CLASSES, 900)
    components = (rng.normal(0, 1, (900, 6)) + 1.5 * np.eye(CLASSES, 6)[labels]).astype(np.float32)
    return fit_fourier(components, 64), components, labels


def groups_of(kind: str) -> np.ndarray | None:
    if kind == "none":
        return None
    numbers = np.arange(900)
    if kind == "pairs across runs":
        numbers[500:540] = numbers[:40]
    if kind == "all in groups":
        numbers //= 4
    if kind == "one larger than the features":
        numbers[100:300] = 100
    return numbers


KINDS = ("none", "pairs across runs", "all in groups", "one larger than the features")


@pytest.mark.parametrize("kind", KINDS)
def test_two_passes_give_the_fit_of_all_rows(
    kind: str, rows: tuple[Fourier, np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Penalty, scores of rows, and scores of whole groups: as of the fit that sees all rows at once."""
    monkeypatch.setattr(ridge_passes, "_AT_HAND", 50)
    fourier, components, labels = rows
    groups, blocks = groups_of(kind), partial(fourier.blocks, components)
    expected = ridge.fit(blocks, labels, CLASSES, groups)
    passes = ByThreads(fourier, components, labels, CLASSES)
    fitted, scores = fit_and_leave_out(passes, fourier, components, labels, groups)
    assert fitted.share == pytest.approx(expected.share)
    left_out = ridge.leave_one_out(expected, blocks, labels, groups)
    np.testing.assert_allclose(scores, left_out, atol=2e-4)


def started(commands: Mapping[str, Sequence[str]]) -> None:
    """All at once, each a process of its own."""
    running = [subprocess.Popen(command) for command in commands.values()]
    assert [process.wait() for process in running] == [0] * len(running)


@pytest.mark.parametrize("count", [1, 2, 3, 20])
def test_helpers_change_no_bit(
    count: int, rows: tuple[Fourier, np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    """However many share the passes; what they were handed is gone afterwards."""
    fourier, components, labels = rows
    groups = groups_of("pairs across runs")
    found = []
    for helpers in (None, Helpers(count, started)):
        with passes_by(helpers, fourier, components, labels, CLASSES) as passes:
            found.append(fit_and_leave_out(passes, fourier, components, labels, groups))
    (alone, its_scores), (shared, scores) = found
    assert np.array_equal(its_scores, scores)
    assert np.array_equal(alone.eigenvalues, shared.eigenvalues) and alone.penalty == shared.penalty
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_helper_that_is_started_again_makes_what_is_missing(
    rows: tuple[Fourier, np.ndarray, np.ndarray],
) -> None:
    """And leaves alone what is there: no run counts twice."""
    fourier, components, labels = rows
    started_before: list[Path] = []

    def killed_once(commands: Mapping[str, Sequence[str]]) -> None:
        for command in commands.values():
            folder, which = Path(command[3]), command[4]
            assert main(command[3:]) == 0
            made = sorted(folder.glob(f"{which}-*"))
            times = [path.stat().st_mtime_ns for path in made[1:]]
            made[0].unlink()  # as if it had been killed before that one
            assert main(command[3:]) == 0
            assert [path.stat().st_mtime_ns for path in made[1:]] == times
            started_before.extend(made)

    with passes_by(Helpers(1, killed_once), fourier, components, labels, CLASSES) as passes:
        _, scores = fit_and_leave_out(passes, fourier, components, labels, None)
    assert len(started_before) == 2 * run_count(900)
    _, expected = fit_and_leave_out(
        ByThreads(fourier, components, labels, CLASSES), fourier, components, labels, None
    )
    assert np.array_equal(scores, expected)


def damaged_after(commands: Mapping[str, Sequence[str]], name: str) -> None:
    for command in commands.values():
        assert main(command[3:]) == 0
    path = Path(next(iter(commands.values()))[3]) / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_a_damaged_result_is_refused(rows: tuple[Fourier, np.ndarray, np.ndarray]) -> None:
    """A bit that changed on the way would change labels' verdicts."""
    helpers = Helpers(2, partial(damaged_after, name="first-3"))
    with (
        passes_by(helpers, *rows, CLASSES) as passes,
        pytest.raises(AssayError, match=r"first-3: it is not as it was written") as caught,
    ):
        list(passes.first())
    assert caught.value.code == "disk-error"


def test_a_helper_tells_its_error_in_one_line(
    rows: tuple[Fourier, np.ndarray, np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    """As every command does, so that an engine can tell it on."""
    codes: Iterator[int] = iter(())

    def run(commands: Mapping[str, Sequence[str]]) -> None:
        nonlocal codes
        command = next(iter(commands.values()))
        (Path(command[3]) / "run-0").write_bytes(b"something else")
        codes = iter([main(command[3:])])

    with passes_by(Helpers(2, run), *rows, CLASSES) as passes, pytest.raises(AssayError):
        list(passes.first())
    assert next(codes) == 5
    told = capsys.readouterr().err
    assert told.startswith("error[disk-error]: ") and told.count("\n") == 1


def test_runs_are_whole_but_for_the_last() -> None:
    """So that the number of processes decides nothing."""
    sizes = [
        len(run.labels) for run in runs_of(np.zeros((40_000, 1), np.float32), np.zeros(40_000, np.int64))
    ]
    assert sizes == [ridge_passes.RUN, ridge_passes.RUN, 40_000 - 2 * ridge_passes.RUN]
    assert [run_count(rows) for rows in (0, 1, ridge_passes.RUN, ridge_passes.RUN + 1)] == [1, 1, 1, 2]


def test_the_command_is_a_module() -> None:
    """What an engine starts: it needs no more than Python."""
    command = [sys.executable, "-m", "assay.estimators.passes.shared_passes", "nowhere", "first", "1", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and done.stderr.startswith("error[")
