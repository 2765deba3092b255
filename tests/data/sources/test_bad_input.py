"""Input that must do no harm: deep trees, long tables, sets that change while they are read."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.data.decoding.worker_pool import Decoders
from assay.data.inspect import inspect
from assay.workflow.load import load

pytestmark = pytest.mark.usefixtures("own_cache")


def two_classes(root: Path, count: int = 3) -> Path:
    for number in range(2 * count):
        path = root / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 5), 9 * number, np.uint8)).save(path)
    return root


def test_two_thousand_folders_in_each_other(tmp_path: Path) -> None:
    """No crash and no endless walk: what lies too deep is left out and said."""
    two_classes(tmp_path / "set")
    here = Path.cwd()
    try:
        os.chdir(tmp_path / "set" / "a")
        for _ in range(2000):  # as one path it would be longer than the system takes
            os.mkdir("d")  # noqa: PTH102  relative to a folder that no path leads to
            os.chdir("d")
    finally:
        os.chdir(here)
    for look in (inspect, load):
        found = look(tmp_path / "set")
        assert found.classes == ("a", "b")
        assert any("folders deep" in left.reason for left in found.left_out)
    for _ in range(2000):  # so that pytest can remove them, too
        deep = tmp_path / "set" / "a" / "d"
        inner = deep / "d"
        if inner.exists():
            inner.rename(tmp_path / "up")
            deep.rmdir()
            (tmp_path / "up").rename(deep)


@pytest.fixture(scope="module")
def long_table() -> str:
    return "".join(f"{number}.png,{number % 2}\n" for number in range(1_000_000))


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("x.png,1,2\n", "table-unreadable", "line 1000002 has 3 cells"),
        ("x.png,\n", "table-value", "1 of 1,000,001 rows have no label, the first is row 1000001 (x.png)"),
    ],
    ids=["one cell more", "no label"],
)
def test_one_bad_row_of_a_million(line: str, code: str, words: str, long_table: str, tmp_path: Path) -> None:
    """It is found, and named; in seconds."""
    (tmp_path / "list.csv").write_text(f"file,label\n{long_table}{line}")
    with pytest.raises(AssayError) as caught:
        inspect(tmp_path / "list.csv")
    assert caught.value.code == code
    assert words in str(caught.value)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("way", ["0.png", "./0.png", "b/../0.png"])
def test_a_file_that_is_named_twice_with_other_labels(way: str, suffix: str, tmp_path: Path) -> None:
    """However its path is written; with the same label it counts once."""
    two_classes(tmp_path)
    for number in range(2):
        Image.fromarray(np.full((4, 5), 9 * number, np.uint8)).save(tmp_path / f"{number}.png")
    for name, label in (("same", "x"), ("other", "y")):
        rows = [("0.png", "x"), ("1.png", "y"), (way, label)]
        path = tmp_path / f"{name}.{suffix}"
        if suffix == "csv":
            path.write_text("file,label\n" + "".join(f"{file},{label}\n" for file, label in rows))
        elif suffix == "jsonl":
            path.write_text("".join(f'{{"file": "{file}", "label": "{label}"}}\n' for file, label in rows))
        else:
            pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
            files, labels = zip(*rows, strict=True)
            pq.write_table(pa.table({"file": files, "label": labels}), path)
    assert len(load(tmp_path / f"same.{suffix}").train) == 2
    with pytest.raises(AssayError, match=r"several-labels.*calls .*0\.png 'y', an earlier one 'x'"):
        load(tmp_path / f"other.{suffix}")


def _added(root: Path) -> None:
    Image.fromarray(np.full((4, 5), 255, np.uint8)).save(root / "a" / "new.png")


def _removed(root: Path) -> None:
    (root / "b" / "5.png").unlink()


def _rewritten(root: Path) -> None:
    Image.fromarray(np.full((4, 5), 254, np.uint8)).save(root / "a" / "0.png")


def _moved(root: Path) -> None:
    (root / "a" / "0.png").rename(root / "b" / "0.png")


def _became_a_link(root: Path) -> None:
    (root / "a" / "0.png").unlink()
    (root / "a" / "0.png").symlink_to(root / "a" / "2.png")


@pytest.mark.parametrize("change", [_added, _removed, _rewritten, _moved, _became_a_link])
@pytest.mark.parametrize("form", ["folder", "table"])
def test_a_set_that_changes_while_it_is_read(
    form: str, change, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is kept: it would be neither what was there before nor what is there now."""
    root = two_classes(tmp_path)
    if form == "table":
        rows = [f"{name}/{number}.png,{name}" for number, name in enumerate("ababab")]
        (root / "list.csv").write_text("\n".join(["file,label", *rows]))
    first = Decoders.answers
    done = []

    def answers(self, requests):
        yield from first(self, requests)
        if not done:
            done.append(change(root))

    monkeypatch.setattr(Decoders, "answers", answers)
    if form == "table" and change is _added:
        assert len(load(root / "list.csv").train) == 6  # no row names it
        return
    with pytest.raises(AssayError) as caught:
        load(root / "list.csv" if form == "table" else root)
    assert caught.value.code == "data-changed"
