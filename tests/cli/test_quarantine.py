"""What `--skip-bad` leaves out stands in the folder of the run and of the audit: which file, and why."""

import csv
import html
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.cli.main import exit_code

pytestmark = pytest.mark.usefixtures("undrawn")

#: The content of each bad file, and what is said of it.
BAD = {
    "a/empty.png": (b"", "the file is empty"),
    "a/<b>page.jpg": (b"<html>", "it is a page of HTML, as a server sends in place of an image that is gone"),
    "b/cut.png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "the file is cut off after 16 bytes"),
}

COMMANDS = {
    "run": ("--model", "linear", "--epochs", "1", "--skip-bad", "--test-fraction", "0.3"),
    "audit": (),
}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty good pictures of two classes, and the bad ones."""
    root = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (root / name).mkdir()
        for i in range(20):
            Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)).save(root / name / f"{i}.png")
    for path, (content, _) in BAD.items():
        (root / path).write_bytes(content)
    return root


def _made(command: str, photos: Path, out: Path, checks: str) -> Path:
    arguments = [command, str(photos), *COMMANDS[command], "--checks", checks, "--out", str(out), "-q"]
    assert exit_code(arguments) == 0
    return out


def _issues(folder: Path) -> list[dict[str, str]]:
    with (folder / "issues.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("command", COMMANDS)
def test_each_file_left_out_is_named_with_its_reason(command: str, photos: Path, tmp_path: Path) -> None:
    """In issues.csv, without a place in the split and with its class; and as text in report.html."""
    out = _made(command, photos, tmp_path / "out", "unreadable")
    found = {row["id"]: (row["check"], row["index"], row["label"], row["detail"]) for row in _issues(out)}
    assert found == {path: ("unreadable", "", path[0], reason) for path, (_, reason) in BAD.items()}
    page = (out / "report.html").read_text("utf-8")
    assert "<b>page" not in page
    for path, (_, reason) in BAD.items():
        assert path in html.unescape(page)
        assert reason in html.unescape(page)


def test_they_are_counted_even_where_nobody_asked(photos: Path, tmp_path: Path) -> None:
    """With other checks alone, the report still says how many images are missing."""
    out = _made("audit", photos, tmp_path / "out", "identity")
    assert _issues(out) == []
    assert "3 images are unreadable" in (out / "report.html").read_text("utf-8")
