"""Every `Next:` line is complete: it runs as it is printed, on the data that the command was given."""

import json
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image

from assay.cli.commands import inspect as module_of_a_command
from assay.cli.main import exit_code
from assay.core.errors import Interrupted
from assay.core.events import Event
from assay.reports.findings import next_steps
from assay.reports.findings.verdict import Need
from assay.workflow import api
from assay.workflow.load import load
from torture.job import tiny_split

pytestmark = pytest.mark.usefixtures("undrawn")

#: How a command prints its end.
ENDS = ("close_plain(", "close_done(", "close_run(", "close_comparison(", "Next: ")

QUICK = ("--checks", "identity,label-errors,unreadable")


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A table of pictures whose columns have names of their own, in a folder with a space in its name."""
    monkeypatch.chdir(tmp_path)
    folder = Path("my photos")
    folder.mkdir()
    lines = ["picture,kind,part"]
    for name, count in (("train", 60), ("test", 30)):
        split = tiny_split(name, count, count)
        for row, image in enumerate(split.blocks(size=1)):
            Image.fromarray(np.kron(image[0, :, :, 0], np.ones((2, 2), np.uint8))).save(
                folder / f"{name}{row}.png"
            )
            lines.append(f"{name}{row}.png,class {split.labels[row]},{name}")
    (folder / "list.csv").write_text("\n".join(lines))
    Image.fromarray(np.zeros((12, 12), np.uint8)).save("PICTURE.png")
    Path("quick.toml").write_text(
        'model = "nearest-mean"\nchecks = ["identity", "label-errors", "unreadable"]\n'
    )
    return "my photos/list.csv"


COLUMNS = ("--path-column", "picture", "--label-column", "kind", "--split-column", "part", "--size", "6")


def _next(capfd: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """The `Next:` lines of a command that succeeds."""
    capfd.readouterr()
    assert exit_code(list(arguments)) == 0, capfd.readouterr().err
    out = capfd.readouterr().out
    found = [line.removeprefix("Next: ") for line in out.splitlines() if line.startswith("Next: ")]
    assert found, out
    return found


def _follow(capfd: pytest.CaptureFixture[str], lines: list[str]) -> str:
    """Run lines as they are printed; what they print."""
    told = ""
    for line in lines:
        words = shlex.split(line)
        assert words[0] == "assay"
        code = exit_code(words[1:])
        out, err = capfd.readouterr()
        assert code == 0, f"{line}\n{err}"
        told += out
    return told


def test_a_run_that_goes_on_proposes_to_check_it(table: str, capfd) -> None:
    """Stopped after its first epoch, in a folder with a space: what `resume` proposes runs as printed."""

    def stop(event: Event) -> None:
        if event.event == "epoch":
            raise Interrupted(143)

    named = {"path_column": "picture", "label_column": "kind", "split_column": "part", "size": "6"}
    with pytest.raises(Interrupted):
        api.run(table, model="mlp", out="my run", checks=["identity"], epochs=2, on_event=stop, **named)
    lines = _next(capfd, "resume", "my run")
    assert lines == ["assay verify 'my run'"]
    _follow(capfd, lines)


def test_inspect_names_data_and_columns(table: str, capfd) -> None:
    """Columns and size are repeated: without them the table is refused."""
    lines = _next(capfd, "inspect", table, *COLUMNS)
    assert shlex.split(lines[0]) == ["assay", "audit", table, *_sorted(COLUMNS)]
    assert "class 0" not in _follow(capfd, [f"{lines[0]} {shlex.join(QUICK)}"])


def test_inspect_of_a_test_split_alone_names_what_takes_it(tmp_path: Path, capfd) -> None:
    """It proposed an audit, which refuses such a set; the line is one that takes it, with a run."""
    for split in ("train", "test"):
        for label in ("a", "b"):
            for number in range(30):
                path = tmp_path / ("whole" if split == "train" else "it") / split / label / f"{number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                bright = 200 * (label == "b") + number + 15 * (split == "test")
                Image.fromarray(np.full((8, 8), bright, np.uint8)).save(path)
    api.run(tmp_path / "whole", model="nearest-mean", out=tmp_path / "own", checks=["identity"])
    (line,) = _next(capfd, "inspect", str(tmp_path / "it"), "--size", "8", "--layout", "splits")
    assert shlex.split(line) == [
        *("assay", "evaluate", "RUN", str(tmp_path / "it"), "--layout", "splits", "--other-data"),
    ]
    assert "60 images" in _follow(capfd, [line.replace(" RUN ", f" {tmp_path / 'own'} ")])


def _sorted(options: tuple[str, ...]) -> list[str]:
    """The options in the order of `READING`."""
    given = dict(zip(options[::2], options[1::2], strict=True))
    order = ("--size", "--path-column", "--label-column", "--split-column")
    return [word for name in order for word in (name, given[name])]


def test_audit_then_run_then_predict(table: str, capfd) -> None:
    """An audit passes over a damaged image; the run that it proposes does so too, and says it."""
    Path("my photos/train0.png").write_bytes(b"damaged")
    lines = _next(capfd, "audit", table, *COLUMNS, "--config", "quick.toml", "--out", "a")
    assert "--skip-bad" in lines[0]
    told = _follow(capfd, lines)
    following = [line.removeprefix("Next: ") for line in told.splitlines() if line.startswith("Next: ")]
    assert following[-1].startswith("assay predict runs/")
    assert "PICTURE.png" in _follow(capfd, following)


def test_review_names_the_data_of_its_run(table: str, capfd) -> None:
    """It printed a line without DATA, which started Fashion-MNIST."""
    _next(capfd, "audit", table, *COLUMNS, "--config", "quick.toml", "--out", "a")
    lines = _next(capfd, "review", "a")
    told = _follow(capfd, lines)
    assert ": 90 images, 3 classes" in told
    assert "fashion" not in told
    assert "holds no decision" in told


def test_train_evaluate_verify_convert(table: str, capfd) -> None:
    """The halves of a run, and what follows a conversion."""
    quick = (*COLUMNS, *QUICK, "--model", "nearest-mean")
    told = _follow(capfd, _next(capfd, "train", table, *quick, "--out", "t"))
    assert "Test accuracy" in told
    lines = _next(capfd, "convert", table, "set.npz", *COLUMNS)
    _follow(capfd, [f"{lines[0]} {shlex.join(QUICK)}"])
    np.save("p.npy", np.full((30, 3), 1 / 3))
    _follow(capfd, _next(capfd, "evaluate", "p.npy", "set.npz", "--out", "e"))
    _follow(capfd, _next(capfd, "review", "e", "--out", "e.csv"))


def test_shards_are_merged_when_all_are_there(table: str, capfd) -> None:
    """The last shard proposes to merge, the others do not; the merged audit proposes what an audit does."""
    quick = (table, *COLUMNS, *QUICK[:2], "--out", "parts")
    assert exit_code(["audit", *quick, "--shard", "2/2"]) == 0
    out = capfd.readouterr().out
    assert "Next:" not in out
    assert "1 of 2 are there" in out
    (line,) = _next(capfd, "audit", *quick, "--shard", "1/2")
    assert line == "assay merge parts"
    _follow(capfd, [line])


def test_several_models(table: str, capfd) -> None:
    """The best on the validation images is the one to predict with, of several and of compared ones."""
    quick = (*COLUMNS, *QUICK, "--model", "majority,nearest-mean", "--out", "my s")
    lines = _next(capfd, "run", table, *quick)
    assert "nearest-mean-s0" in lines[0]
    _follow(capfd, lines)
    runs = [f"my s/models/{name}-s0" for name in ("majority", "nearest-mean")]
    lines = _next(capfd, "compare", *runs, "--out", "c")
    assert "nearest-mean-s0" in lines[0]
    _follow(capfd, lines)


def _decisions(path: str, rows: list[tuple[str, str, str]]) -> None:
    lines = ["digest,label,decision", *(",".join(row) for row in rows)]
    Path(path).write_text("\n".join(lines))


def test_decisions_are_told_and_a_foreign_table_is_refused(table: str, capfd) -> None:
    """How many apply, by split; a table of which none matches is exit 3, before any work."""
    from assay.workflow.load import load

    data = load(table, path_column="picture", label_column="kind", split_column="part", size="6")
    digest = data.train.hex_digest(0)
    label = data.classes[data.train.labels[0]]
    quick = (table, *COLUMNS, *QUICK, "--model", "nearest-mean")
    _decisions("own.csv", [(digest, label, "drop"), ("0" * 64, label, "keep")])
    assert exit_code(["run", *quick, "--decisions", "own.csv", "--out", "a"]) == 0
    out = capfd.readouterr().out
    assert "1 decision applies (train: drop 1)" in out
    assert "passed over 1 decisions" in out
    _decisions("other.csv", [("0" * 64, label, "drop"), ("1" * 64, label, "keep")])
    assert exit_code(["run", *quick, "--decisions", "other.csv", "--out", "b"]) == 3
    assert "none of its 2 decisions is about an image" in capfd.readouterr().err
    assert not Path("b").exists()
    assert exit_code(["run", *quick, "--decisions", "own.csv", "--out", "c", "--json"]) == 0
    events = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    told = next(event for event in events if event["event"] == "decided")
    assert (told["applied"], told["unmatched"], told["counts"]["train"]["drop"]) == (1, 1, 1)


def test_what_a_report_proposes_to_train_next_runs_as_printed(table: str, capfd) -> None:
    """Other recipes, more or fewer epochs, another rate or scale: each on the same data, in a new folder."""
    Path("small.toml").write_text('checks = ["identity"]\n[recipe]\nepochs = 1\nhidden = 4\n')
    quick = (table, *COLUMNS, "--config", "small.toml", "--model", "mlp", "--validation", "0.2")
    assert exit_code(["run", *quick, "--out", "my run"]) == 0, capfd.readouterr().err
    facts: Any = SimpleNamespace(course=SimpleNamespace(last=1, best=1), underfits=False)
    commands = [next_steps._training_step(need, facts).in_folder("'my run'") for need in get_args(Need)]
    assert len(set(commands)) == 7
    for number, command in enumerate(dict.fromkeys(commands)):
        told = _follow(capfd, [command.replace("NEXT", f"next{number}")])
        assert ": 90 images, 3 classes" in told


@pytest.mark.parametrize("model", ["majority", "nearest-mean"])
def test_what_a_run_of_a_closed_form_proposes_runs_as_printed(table: str, model: str, capfd) -> None:
    """It has no epochs, so it is not told to train longer: `--epochs 2` was refused."""
    quick = (table, *COLUMNS, "--checks", "identity,class-similarity", "--validation", "0.2")
    lines = _next(capfd, "run", *quick, "--model", model, "--out", "my run")
    assert not any("--epochs" in line for line in lines)
    again = [line for line in lines if "--out NEXT" in line and "--model" in line]
    assert [line.partition("--model ")[2] for line in again] == ["mlp --out NEXT"] * (model == "majority")
    _follow(capfd, [line.replace("NEXT", "next --epochs 1") for line in again])


def test_fetch_and_doctor_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    """Both propose a run of the sample, which needs nothing else."""
    monkeypatch.chdir(tmp_path)
    lines = {*_next(capfd, "fetch", "fashion-mnist-sample"), *_next(capfd, "doctor")}
    assert lines == {"assay run fashion-mnist-sample"}
    assert "Test accuracy" in _follow(capfd, list(lines))


def test_no_command_prints_a_next_line_that_is_not_followed_here() -> None:
    """A new `Next:` line needs a test: the commands that print one are counted."""
    commands = Path(module_of_a_command.__file__).parent
    printing = {
        file.stem for file in commands.glob("*.py") if any(end in file.read_text("utf-8") for end in ENDS)
    }
    assert printing == {
        *("audit", "run", "train", "evaluate", "inspect", "review", "convert"),  # above
        *("doctor", "fetch"),  # above
        "resume",  # above
        *("compare", "report"),  # as compare, of several runs; of one it prints none
    }


def test_an_audit_whose_names_suggest_groups_ends_with_the_run_that_keeps_them_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of a set without a test split: the run would draw one."""
    monkeypatch.chdir(tmp_path)
    random, number = np.random.default_rng(1), 0
    for label in ("cat", "dog"):
        (tmp_path / "frames" / label).mkdir(parents=True)
        for session in range(12):
            places = random.uniform(0, 255, (6, 6))
            for _ in range(4):
                number += 1
                noisy = places + random.normal(0, 45, (6, 6))
                picture = Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).resize((24, 24))
                picture.save(tmp_path / "frames" / label / f"{number * 67 % 97:04}-{label}{session}.png")
    (line,) = _next(capfd, "audit", "frames", "--out", "a", "--checks", "leakage")
    *command, pattern = shlex.split(line)
    assert command == ["assay", "run", "frames", "--group-pattern"]
    drawn = load("frames", group_pattern=pattern, test_fraction=0.25)
    groups = [set(drawn.splits[name].columns["group"]) for name in ("train", "test")]
    assert "cat0" in groups[0] | groups[1]
    assert not groups[0] & groups[1]
