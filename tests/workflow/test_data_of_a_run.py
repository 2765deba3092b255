"""The data of a finished run are found again from any working folder."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.cli.main import exit_code
from assay.core.errors import AssayError, Interrupted
from assay.core.events import Event
from assay.workflow import api, run_commands
from assay.workflow.planning.data import is_relative, keep_place, named_in, placed
from assay.workflow.planning.plan import reading_of_run
from assay.workflow.recorded.run_record import PLACE, file_hashes
from assay.workflow.verify import verify_run

CHECKS = ["exact-duplicates", "label-balance"]


def pictures(folder: Path, seed: int) -> None:
    """Three classes of 14 pictures in train and 6 in test."""
    random = np.random.default_rng(seed)
    for split, count in (("train", 14), ("test", 6)):
        for label in range(3):
            place = folder / split / "abc"[label]
            place.mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(0, 60, (8, 8)) + 60 * label
                Image.fromarray(pixels.astype(np.uint8)).save(place / f"{number}.png")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run on `DATA` of one folder; the working folder is another one, with other data of that name."""
    pictures(tmp_path / "here" / "DATA", 1)
    pictures(tmp_path / "there" / "DATA", 2)
    monkeypatch.chdir(tmp_path / "here")
    api.run("DATA", model="linear", out=Path("../run"), checks=CHECKS, epochs=1, seed=0)
    monkeypatch.chdir(tmp_path / "there")
    return tmp_path / "run"


def told(run: Path) -> dict[str, str]:
    return dict(json.loads((run / "manifest.json").read_text("utf-8"))["data"])


def test_a_run_is_gone_on_with_from_another_folder(run: Path, tmp_path: Path) -> None:
    """`verify` reads the data of the run, and not those that are called so here; so does each command after a
    report, which writes the manifest anew."""
    before = told(run)
    assert before["argument"] == before["location"] == "DATA"
    assert before["folder"] == str(tmp_path / "here")
    for _ in range(2):
        assert all(fact.holds for fact in verify_run(run))
        run_commands.report_again(run)
        assert {**told(run), "location": "DATA"} == before
    assert reading_of_run(run)[0] == str(tmp_path / "here" / "DATA")


def test_data_that_are_gone_come_with_the_way_to_name_them(run: Path, tmp_path: Path, capfd) -> None:
    """It was "Check the path." of a path that nobody typed; each command that needs the data takes them."""
    (tmp_path / "here").rename(tmp_path / "moved")
    (tmp_path / "there/DATA").rename(tmp_path / "other")
    for command in ("verify", "evaluate", "export", "report"):
        assert exit_code([command, str(run)]) == 2
        err = capfd.readouterr().err
        assert "DATA: there is no " in err
        assert "The data of the run run lay there. If they moved, name them behind the run: " in err
    moved = str(tmp_path / "moved/DATA")
    for line in (["verify", moved], ["evaluate", moved], ["export", moved], ["report", "--data", moved]):
        assert exit_code([line[0], str(run), *line[1:]]) == 0
    assert exit_code(["verify", str(run), str(tmp_path / "nowhere")]) == 2
    assert "The data of the run" not in capfd.readouterr().err


def test_data_that_moved_along_are_found_here(run: Path, tmp_path: Path) -> None:
    """Where nothing lies there any more, the path is taken as it was typed; other data are refused."""
    (tmp_path / "here").rename(tmp_path / "moved")
    with pytest.raises(AssayError) as caught:
        run_commands.report_again(run)
    assert caught.value.code == "data-changed"
    (tmp_path / "there").rename(tmp_path / "other")
    (tmp_path / "moved").rename(tmp_path / "there")
    assert reading_of_run(run)[0] == "DATA"


def test_data_that_are_given_are_taken(run: Path, tmp_path: Path) -> None:
    """`--data` names where they lie now, from the working folder."""
    (tmp_path / "here").rename(tmp_path / "moved")
    run_commands.report_again(run, data="../moved/DATA")
    assert told(run)["folder"] == str(tmp_path / "there")
    assert told(run)["argument"] == "../moved/DATA"


def stop_in_training(event: Event) -> None:
    if event.stage == "train":
        raise Interrupted(143)


@pytest.mark.parametrize("model", ["linear", "linear,majority"])
def test_an_unfinished_run_goes_on_from_another_folder(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its own data, to the files that it would have had; not with others that are called so there."""
    pictures(tmp_path / "here" / "DATA", 1)
    pictures(tmp_path / "there" / "DATA", 2)
    monkeypatch.chdir(tmp_path / "here")
    common = {"model": model, "checks": CHECKS, "epochs": 1, "seed": 0}
    api.run("DATA", out="../whole", **common)
    with pytest.raises(Interrupted):
        api.run("DATA", out="../run", on_event=stop_in_training, **common)
    monkeypatch.chdir(tmp_path / "there")
    assert reading_of_run(tmp_path / "run")[0] == str(tmp_path / "here" / "DATA")
    run_commands.resume("../run")
    assert {**told(tmp_path / "run"), "location": "DATA"} == told(tmp_path / "whole")
    first, second = (file_hashes(tmp_path / name) for name in ("run", "whole"))
    timed = ("report.html", "figures/ladder.png") if "," in model else ()  # these show seconds of training
    assert PLACE not in first
    assert first.keys() == second.keys()
    assert [n for n in first if first[n] != second[n] and "manifest" not in n and n not in timed] == []


@pytest.mark.parametrize("content", ["", "{", "[1]", "5", '"relative"', '"/a\\u0000b"', "[" * 5_000])
def test_a_place_that_is_none_is_told_or_passed_over(content: str, tmp_path: Path) -> None:
    """The file that keeps it may be harmed: one line, or as if it were not there."""
    (tmp_path / PLACE).write_text(content)
    try:
        assert named_in(tmp_path) == ""
    except AssayError as error:
        assert error.code == "run-damaged"
        assert content in ("", "{", "[" * 5_000)


def test_the_first_place_is_kept(tmp_path: Path) -> None:
    """A command in a wrong folder, whose data are refused, does not replace it; a finished run gets none."""
    for place in ("/first", "/second"):
        keep_place({"folder": place}, tmp_path)
    assert named_in(tmp_path) == "/first"
    finished = tmp_path / "finished"
    finished.mkdir()
    (finished / "manifest.json").touch()
    keep_place({"folder": "/x"}, finished)
    assert not (finished / PLACE).exists()


@pytest.mark.parametrize(
    "name", ["fashion-mnist", "fashion-mnist-sample", "hf:mnist", "s3://bucket/x", "/data/x"]
)
def test_what_is_no_relative_path_stays(name: str, tmp_path: Path) -> None:
    """Named sets, addresses and absolute paths are the same everywhere."""
    assert not is_relative(name)
    assert placed(name, {"root": "r"}, str(tmp_path)) == (name, {"root": "r"})


def test_patterns_and_roots_are_placed_too(tmp_path: Path) -> None:
    """A pattern of shards, and the folder in which a table's paths begin."""
    (tmp_path / "t.csv").touch()
    assert placed("t.csv", {"root": "images"}, str(tmp_path)) == (
        str(tmp_path / "t.csv"),
        {"root": tmp_path / "images"},
    )
    assert placed("s-*.parquet", {"root": None}, str(tmp_path))[0] == str(tmp_path / "s-*.parquet")
    assert placed("t.csv", {}, "") == ("t.csv", {})
    assert placed("gone.csv", {}, str(tmp_path)) == ("gone.csv", {})
