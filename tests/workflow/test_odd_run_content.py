"""Files of a run folder that hold something else, with a manifest that fits: told in one line."""

import copy
import hashlib
import json
import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import tomli_w
from PIL import Image

import assay
from assay.cli.main import exit_code
from assay.core import durable
from assay.core.errors import AssayError
from assay.workflow.cards.croissant import croissant
from assay.workflow.cards.data_card import data_card
from assay.workflow.cards.model_card import model_card
from assay.workflow.cards.source import read_source
from torture.job import tiny_dataset, tiny_split

#: What no JSON, TOML or table of Assay's begins with.
RAW: Final = (b"", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000, b"9" * 5_000)
GONE: Final = object()
ODD: Final = (GONE, None, -1, 10**400, float("nan"), "\ud800", [[]], {"x": {}})
CELLS: Final = ("", "x", "-1", "nan", "1e999", "9" * 5_000, "\0", '"')

QUICK: Final = ("--model", "majority", "--checks", "identity,exact-duplicates", "-q")

#: Command by name; `a` is the odd run, `b` a good one.
COMMANDS: Final = {
    "cards": ["cards", "a"],
    "compare": ["compare", "a", "b", "--out", "c", "-q"],
    "baseline": [
        *("run", "set.npz", *QUICK, "--out", "c", "--baseline", "a"),
        *("--fail-on", "accuracy<baseline"),
    ],
    "verify": ["verify", "a", "--offline", "-q"],
    "review": ["review", "a", "--out", "c.csv"],
    "predict": ["predict", "a", "p.png"],
    "export": ["export", "a", "--offline", "-q"],
    "evaluate": ["evaluate", "a", "--offline", "-q"],
    "report": ["report", "a", "--offline", "-q"],
    "side by side": ["report", "a", "b", "--out", "c", "-q"],
    "resume": ["resume", "a", "--offline", "-q"],
    "config": ["audit", "set.npz", "--config", "a/config.toml", "--checks", "identity", "--out", "c", "-q"],
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs of one model, data and a picture."""
    place = tmp_path_factory.mktemp("runs")
    data, test = tiny_dataset(), tiny_split("test", 30, 1)
    arrays = {"x_train": data.train.images, "y_train": data.train.labels}
    np.savez(place / "set.npz", **arrays, x_test=test.images, y_test=test.labels)
    Image.fromarray(test.images[0, :, :, 0]).save(place / "p.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for name in ("good", "b"):
            assert exit_code(["run", "set.npz", *QUICK, "--out", name]) == 0
        assert exit_code(["export", "good", "-q"]) == 0
    return place


def _put(run: Path, name: str, content: bytes) -> None:
    """Make the run hold that content, as if it had been written so."""
    (run / name).write_bytes(content)
    if name != "manifest.json":
        manifest = json.loads((run / "manifest.json").read_text())
        manifest["files"][name] = hashlib.sha256(content).hexdigest()
        (run / "manifest.json").write_text(json.dumps(manifest))


def _places(content: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where values lie, at most five deep: of lists the first, of objects a dozen keys."""
    if before:
        yield before
    if len(before) < 5 and content:
        keys = [0] if isinstance(content, list) else list(content)[:12] if isinstance(content, dict) else []
        for key in keys:
            yield from _places(content[key], (*before, key))


def _changed(content: Any, place: tuple[Any, ...], value: object) -> Any:
    new = copy.deepcopy(content)
    at = new
    for key in place[:-1]:
        at = at[key]
    if value is GONE:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    return new


def _odd_json(text: str) -> Iterator[bytes]:
    content = json.loads(text)
    for place in _places(content):
        yield from (json.dumps(_changed(content, place, value)).encode() for value in ODD)


def _odd_toml(text: str) -> Iterator[bytes]:
    content = tomllib.loads(text)
    for place in _places(content):
        for value in ODD:
            try:
                yield tomli_w.dumps(_changed(content, place, value)).encode()
            except (TypeError, ValueError):  # what TOML cannot write, or not as UTF-8
                continue


def _odd_csv(text: str) -> Iterator[bytes]:
    header, *lines = text.splitlines()
    yield f"{header}\n".encode()
    yield "\n".join([header, *lines[:1], *lines[:1]]).encode()
    for column in range(header.count(",") + 1):
        for value in CELLS:
            cells = lines[0].split(",") if lines else [""] * (header.count(",") + 1)
            cells[column] = value
            yield "\n".join([header, ",".join(cells), *lines[1:]]).encode()


def _told(line: list[str], capfd: pytest.CaptureFixture[str]) -> str:
    """What is wrong with how the command ended; empty where it is right, or refused in one line."""
    capfd.readouterr()
    try:
        code = exit_code(line)
    except Exception as error:  # noqa: BLE001 - the promise is that none comes
        return f"{type(error).__name__}: {error}"
    err = capfd.readouterr().err
    if code == 0:
        return ""
    *told, last = err.splitlines() or [""]
    fine = code in range(2, 9) and last.startswith("error[") and all("warning" in line for line in told)
    return "" if fine else f"{code}: {err[:200]}"


#: What commands read of a run folder. Of all else they may at most see that it is not as it was.
READERS: Final = {
    "audit.json": ("cards", "compare", "baseline"),
    "evaluation.json": ("cards", "compare"),
    "manifest.json": tuple(COMMANDS),
    "config.toml": tuple(COMMANDS),
    "issues.csv": ("review",),
    "predictions.csv": ("compare", "baseline"),
    "model/model.json": ("cards", "compare", "predict", "export", "evaluate", "report"),
    "model/model.safetensors": ("compare", "predict", "export", "evaluate"),
    "export/model.onnx": ("verify", "export"),
}
PAIRS: Final = [(name, command) for name, commands in READERS.items() for command in commands]


def _all_told(
    runs: Path,
    tmp_path: Path,
    name: str,
    contents: Iterator[bytes],
    line: list[str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    wrong, run = [], tmp_path / "a"
    shutil.copytree(runs / "good", run)
    for content in contents:
        _remove(tmp_path / "c", tmp_path / "c.csv")
        shutil.copy(runs / "good" / "manifest.json", run)
        _put(run, name, content)
        if said := _told(line, capfd):
            wrong.append((content[:200], said))
            break  # one is enough to see
        if line[0] in ("evaluate", "report", "export", "resume"):  # they write anew what is odd
            _remove(run)
            shutil.copytree(runs / "good", run)
    assert wrong == []


def _remove(*paths: Path) -> None:
    for path in paths:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


@pytest.fixture
def place(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands work."""
    monkeypatch.chdir(tmp_path)
    for name in ("set.npz", "p.png", "b"):
        Path(name).symlink_to(runs / name)
    return tmp_path


@pytest.mark.parametrize(("name", "command"), PAIRS)
def test_what_is_no_such_file_is_told(
    name: str, command: str, runs: Path, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """An `audit.json` that was forged with its hash was a fault of Assay in cards, comparisons and gates."""
    contents = RAW[:2] if command == "baseline" else RAW  # it is read when all else is done
    _all_told(runs, place, name, iter(contents), COMMANDS[command], capfd)


@pytest.mark.parametrize("name", ["manifest.json", "config.toml"])
def test_a_value_of_another_kind_is_told(
    name: str, runs: Path, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each value in turn is missing, or another kind of value: told when the run is read."""
    odd = {"manifest.json": _odd_json, "config.toml": _odd_toml}[name]
    _all_told(runs, place, name, odd((runs / "good" / name).read_text()), COMMANDS["verify"], capfd)


def test_a_table_of_issues_with_odd_cells_is_told(
    runs: Path, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Short rows and missing columns were a fault of Assay."""
    header = (runs / "good" / "issues.csv").read_text().splitlines()[0]
    row = "exact-duplicates,copy,1.0,train,0,train/0,00,1,,,train,1,train/1,"
    contents = iter([*_odd_csv(f"{header}\n{row}\n"), b"check\na\n", f"{header}\na,b\n".encode()])
    _all_told(runs, place, "issues.csv", contents, COMMANDS["review"], capfd)


def _cards(run: Path) -> None:
    """What `assay cards` writes."""
    source = read_source(run, "", "")
    durable.json_text(croissant(source))
    durable.utf_8(data_card(source) + model_card(source))


def _compared(run: Path) -> None:
    assay.compare(run, "b")


#: What reads a file of a run, without the page or the cards that are then written.
READING: Final = [
    *((name, _cards) for name in ("audit.json", "evaluation.json", "manifest.json", "config.toml")),
    *((name, _compared) for name in ("audit.json", "evaluation.json", "predictions.csv", "config.toml")),
]


@pytest.mark.parametrize(("name", "read"), READING)
def test_each_value_that_is_read_may_be_odd(
    name: str, read: Callable[[Path], None], runs: Path, place: Path
) -> None:
    """Each value in turn is missing, or another kind of value. Nothing but an AssayError comes of it."""
    odd = {"json": _odd_json, "toml": _odd_toml, "csv": _odd_csv}[name.rpartition(".")[2]]
    wrong, run, read_at_all = [], place / "a", 0
    shutil.copytree(runs / "good", run)
    for content in odd((runs / "good" / name).read_text()):
        _put(run, name, content)
        try:
            read(run)
            read_at_all += 1
        except AssayError:
            continue
        except Exception as error:  # noqa: BLE001 - the promise is that none comes
            wrong.append((content[:200], repr(error)))
    assert wrong == []
    assert read_at_all or name == "predictions.csv"


@pytest.mark.parametrize("group", ["x", "", "-1", "9" * 30, "1.5"])
def test_a_group_that_is_no_number_is_told(group: str, runs: Path, place: Path) -> None:
    """As in the predictions of images that come in groups."""
    shutil.copytree(runs / "good", place / "a")
    header, *lines = (place / "a" / "predictions.csv").read_text().splitlines()
    table = [f"{header},group", *(f"{line},{group}" for line in lines)]
    _put(place / "a", "predictions.csv", "\n".join(table).encode())
    with pytest.raises(AssayError, match="a group is"):
        _compared(place / "a")
