"""A folder of colored pictures of mixed sizes and kinds, from the first to the last step."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from assay.workflow.api import run

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = pytest.mark.torture


def test_a_colored_folder_from_pictures_to_score(tmp_path, monkeypatch):
    """`run` goes through; what was converted is what the table in docs/data.md says; and eight pictures, each
    unlike the others, are told apart better than by chance."""
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "colored"
    subprocess.run([sys.executable, ROOT / "scripts" / "make_colored_folder.py", folder], check=True)
    heard = []
    found = run(
        folder, model="mlp", epochs=4, checks=("identity",), out=tmp_path / "run", on_event=heard.append
    )
    notes = " ".join(note for event in heard for note in event.figures.get("notes", ()))
    table = (ROOT / "docs" / "data.md").read_text("utf-8").partition("make_colored_folder")[2]
    rows = re.findall(r"^\| (\d+) \| (.+ to RGB|resized) \|$", table, re.MULTILINE)
    assert len(rows) == 4
    for count, what in rows:
        assert f"{count} images: {what}" in notes
    assert found.score is not None
    assert len(found.score.labels) == 120
    assert found.score.accuracy_ci95[0] > 1 / 8
    assert (found.path / "report.html").is_file()
