"""What the search of scripts/fuzz.py found to reach new lines of a parser: each is read, or refused."""

import importlib.util
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from assay.core.errors import AssayError

_SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fuzz.py"
_SPEC = importlib.util.spec_from_file_location("fuzz", _SCRIPT)
assert _SPEC is not None
assert _SPEC.loader is not None
fuzz = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fuzz)

FOUND = Path(__file__).parent / "found.zip"

with zipfile.ZipFile(FOUND) as _archive:
    CONTENTS = {name: _archive.read(name) for name in _archive.namelist()}


@pytest.mark.parametrize("parser", sorted({name.split("/")[0] for name in CONTENTS}))
def test_every_content_is_read_or_refused(parser: str, tmp_path: Path) -> None:
    """Nothing but AssayError comes out of a parser."""
    parse, path = fuzz.parsers()[parser], tmp_path / fuzz.NAMES.get(parser, f"file.{parser}")
    contents = [content for name, content in CONTENTS.items() if name.startswith(f"{parser}/")]
    assert contents
    for content in contents:
        path.write_bytes(content)
        with suppress(AssayError):
            parse(path, content)
