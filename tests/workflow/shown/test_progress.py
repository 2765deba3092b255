"""What a call from Python shows while it works: live in a notebook, lines in a terminal, else nothing."""

import io
import logging
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

import assay
from assay.core.events import Event, ignore
from assay.data.values import LeftOut
from assay.workflow.load import losses
from assay.workflow.shown import progress
from torture.job import tiny_dataset


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_script_in_a_terminal_shows_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stage, each epoch, and warnings; no control characters."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assay.train(tiny_dataset(), "linear", epochs=2)
    lines = terminal.getvalue().splitlines()
    assert lines[0] == "load ..." and "train ..." in lines
    assert any(line.startswith("train  epoch 2 of 2: loss ") and "accuracy" in line for line in lines)
    assert lines[-1].startswith("train  ") and lines[-1].endswith(" s")
    assert terminal.getvalue().replace("\n", "").isprintable()


def test_elsewhere_nothing_is_written(capfd: pytest.CaptureFixture[str]) -> None:
    """A pipe, a log, a test: silent, as `on_event=ignore` always is."""
    assay.audit(tiny_dataset(), checks=["identity"])
    assert capfd.readouterr() == ("", "")


def damaged_folder(folder: Path) -> Path:
    """Six images, one of them damaged, and a stray file."""
    for n in range(6):
        place = folder / ("cat", "dog")[n % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), 40 * n).save(place / f"{n}.png")
    damaged = folder / "dog" / "1.png"
    damaged.write_bytes(damaged.read_bytes()[:40])
    (folder / "read me.txt").write_text("hello")
    return folder


LOST = "pets: 1 unreadable image was left out: the file is cut off after 40 bytes (dog/1.png)"


def test_a_program_hears_of_what_was_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """By the logger of the package: a warning for a loss, what was noted on reading as information."""
    caplog.set_level(logging.INFO, "assay")
    data = assay.load(damaged_folder(tmp_path / "pets"), skip_bad=True)
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [LOST]
    noted = [record.getMessage() for record in caplog.records if record.levelname == "INFO"]
    assert noted == [f"pets: {note}" for note in data.notes] and "pets: 1 other file was ignored" in noted
    assert repr(data) == "Dataset('pets', 2 classes, train: 5; left out: 2)"
    caplog.clear()
    assay.audit(data, checks=["identity"])
    assert caplog.records == []  # of these data it was told


def test_many_reasons_are_told_shortly() -> None:
    """Each file that is cut off after another byte has a reason of its own."""
    left = [LeftOut(f"{n}.png", "unreadable", f"the file is cut off after {n} bytes") for n in range(40)]
    left += [LeftOut("a.png", "unlabelled", "no folder"), LeftOut("b.txt", "ignored", "no image")]
    told = losses(left)
    assert len(told) == 7
    assert told[5] == "35 more unreadable images were left out for other reasons"
    assert told[6] == "1 image without a class was left out: no folder (a.png)"


def test_a_loss_is_on_standard_error_unless_the_log_goes_elsewhere(tmp_path: Path) -> None:
    """As Python does with any warning of a log that nobody has set up; nothing else is written."""
    folder = damaged_folder(tmp_path / "pets")
    told = {}
    for name, setting in (("as it is", ""), ("off", "logging.getLogger('assay').setLevel('ERROR');")):
        asked = f"{str(folder)!r}, skip_bad=True, checks=['identity']"
        code = f"import assay, logging; {setting} assay.audit({asked})"
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        told[name] = (done.stdout, done.stderr)
    assert told == {"as it is": ("", f"{LOST}\n"), "off": ("", "")}


def test_a_terminal_shows_what_was_noted_and_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    data = assay.load(damaged_folder(tmp_path / "pets"), skip_bad=True)
    lines = terminal.getvalue().splitlines()
    assert [line for line in lines if line.startswith("pets: ")] == [f"pets: {note}" for note in data.notes]
    assert lines[-1] == f"warning: {LOST}"


def test_a_listener_of_load_hears_its_end(tmp_path: Path) -> None:
    heard: list[Event] = []
    data = assay.load(damaged_folder(tmp_path / "pets"), skip_bad=True, on_event=heard.append)
    assert (heard[0].event, heard[-1].event, heard[-1].stage) == ("stage-started", "stage-finished", "load")
    assert (heard[-1].figures["notes"], heard[-1].figures["left_out"]) == (list(data.notes), [LOST[6:]])


def test_warnings_of_other_stages_reach_the_log(caplog: pytest.LogCaptureFixture) -> None:
    progress.shown(Event("warning", "train", {"message": "a\nb"}))
    assert caplog.record_tuples == [("assay", logging.WARNING, "a\\nb")]


def test_a_listener_takes_the_place_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assay.audit(tiny_dataset(), checks=["identity"], on_event=ignore)
    heard: list[Event] = []
    assay.audit(tiny_dataset(), checks=["identity"], on_event=heard.append)
    assert terminal.getvalue() == "" and heard


def test_a_terminal_that_was_closed_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(Terminal):
        def write(self, _: str) -> int:
            raise OSError("gone")

    monkeypatch.setattr(sys, "stderr", Closed())
    assert assay.audit(tiny_dataset(), checks=["identity"]).findings
    monkeypatch.setattr(sys, "stderr", None)
    assert assay.audit(tiny_dataset(), checks=["identity"]).findings


def test_text_from_data_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning that quotes data cannot move the cursor."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    progress.shown(Event("warning", "load", {"message": "a\x1b[2J\nb"}))
    assert terminal.getvalue().count("\n") == 1 and "\x1b" not in terminal.getvalue()


def test_counting_is_shown_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line for each of a thousand images would hide what matters."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    progress.shown(Event("stage-started", "load", {}))
    for done in range(1000):
        progress.shown(Event("progress", "load", {"done": done, "total": 1000, "unit": "images"}))
    assert len(terminal.getvalue().splitlines()) <= 3


def test_marimo_is_given_the_output_of_its_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    """By marimo's own functions; the library itself is tried where it is installed."""
    shown: list[object] = []
    library = ModuleType("marimo")
    library.running_in_notebook = lambda: True  # type: ignore[attr-defined]
    library.plain_text = lambda text: text  # type: ignore[attr-defined]
    library.output = type("output", (), {"replace": staticmethod(shown.append)})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "marimo", library)
    assay.train(tiny_dataset(), "linear", epochs=1)
    assert "train ..." in shown and str(shown[-1]).endswith(" s")


NOTEBOOK = """import marimo
app = marimo.App()

@app.cell
def _():
    import sys
    sys.path.insert(0, {tests!r})
    import assay
    from torture.job import tiny_dataset
    model = assay.train(tiny_dataset(), "linear", epochs=2)
    return
"""


def test_marimo_itself_shows_the_last_line(tmp_path: Path) -> None:
    """A notebook run by marimo, and what its page holds."""
    pytest.importorskip("marimo")
    (tmp_path / "notebook.py").write_text(NOTEBOOK.format(tests=str(Path(__file__).parents[2])))
    page = tmp_path / "page.html"
    export = [
        sys.executable,
        "-m",
        "marimo",
        "export",
        "html",
        str(tmp_path / "notebook.py"),
        "-o",
        str(page),
    ]
    subprocess.run(export, check=True, capture_output=True, timeout=300)
    assert "train  " in page.read_text("utf-8") and "train ..." not in page.read_text("utf-8")
