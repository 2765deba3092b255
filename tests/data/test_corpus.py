"""The malformed corpus: over 500 files, each refused with one clear line, in little memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CORPUS = Path(__file__).parent.parent / "corpus"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What reading every file of the corpus, in one process, came to."""
    folder = tmp_path_factory.mktemp("corpus")
    subprocess.run(
        [sys.executable, CORPUS / "malformed.py", folder], check=True, capture_output=True, timeout=120
    )
    done = subprocess.run(
        [sys.executable, CORPUS / "read_malformed.py", folder],
        check=True,
        capture_output=True,
        text=True,
        timeout=500,
        env={**os.environ, "ASSAY_CACHE": str(tmp_path_factory.mktemp("cache"))},
    )
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_file_is_refused_as_bad_data(found):
    """None slips through, none crashes, none hangs: exit 3 for each of them."""
    assert len(found) >= 500
    assert [row["file"] for row in found if row["exit_code"] != 3] == []


def test_every_refusal_is_one_line_with_file_reason_and_fix(found):
    """error[CODE]: FILE: REASON. FIX"""
    for row in found:
        assert row["text"].startswith(f"error[{row['code']}]: ")
        assert Path(row["file"]).name in row["text"]
        assert "\n" not in row["text"]
        assert row["text"].rstrip(".").count(". ") >= 1


def test_reading_them_takes_little_memory(found):
    """At most 64 MB above the idle process, bombs included."""
    assert max(row["growth"] for row in found) <= 64 << 10


def test_the_corpus_is_the_same_every_time(tmp_path):
    """Made from a seed: a failure can be looked at again."""
    sizes = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        subprocess.run(
            [sys.executable, CORPUS / "malformed.py", folder], check=True, capture_output=True, timeout=120
        )
        sizes.append({str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("*/*")})
    assert sizes[0] == sizes[1]
