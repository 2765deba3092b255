"""The house keeps its walls: what loads what, who may touch what, and that these tests can fail."""

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import assay
from assay.core.errors import ERROR_CODES

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "assay"


def _loaded(code: str, module: str) -> bool:
    """Does running `code` in a fresh interpreter load `module`?"""
    probe = f"{code}\nimport sys; sys.stderr.write('LOADED' if {module!r} in sys.modules else 'ABSENT')"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd="/")
    return done.stderr.endswith("LOADED")


LIGHT = {
    "import assay": "import assay",
    "assay --help": "from assay.cli.main import exit_code; exit_code(['--help'])",
    "the audit from Python": "import assay; assay.audit('fashion-mnist-sample')",
    "assay audit": "import tempfile; from assay.cli.main import exit_code\n"
    "assert exit_code(['audit', 'fashion-mnist-sample', '-q', '--out', tempfile.mkdtemp()]) == 0",
}


@pytest.mark.parametrize("code", LIGHT)
def test_nothing_but_training_loads_torch(code: str) -> None:
    """Import, help and audit do without a deep-learning framework."""
    assert not _loaded(LIGHT[code], "torch")


def test_the_probe_for_torch_can_fail() -> None:
    """The twin of the test above: where torch is loaded, the probe says so."""
    assert _loaded("import assay.training.loop.train", "torch")


PHOTOGRAPHS = """
import numpy as np, assay
generator = np.random.default_rng(0)
labels = np.arange(40) % 2
images = generator.integers(0, 80, (40, {side}, {side}, 3), dtype=np.uint8)
images[labels == 1] += 90
assay.audit(assay.load(arrays=(images, labels)), checks=("separability",))
"""


def test_small_pictures_are_audited_without_torch() -> None:
    """Where pretrained features are not asked, below 64 pixels, what computes them is not loaded."""
    assert not _loaded(PHOTOGRAPHS.format(side=63), "torch")


def test_the_audit_with_pretrained_features_loads_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin of the test above: of photographs both kinds of features are asked; none are kept yet."""
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path))
    assert _loaded(PHOTOGRAPHS.format(side=64), "torch")


@pytest.mark.parametrize("module", ["numpy", "matplotlib", "pydantic", "typer", "rich"])
def test_importing_assay_loads_nothing_heavy(module: str) -> None:
    """`import assay` is quick: the public names are loaded when they are used."""
    assert not _loaded("import assay", module)


def _modules() -> list[str]:
    found = [m.name for m in pkgutil.walk_packages(assay.__path__, "assay.")]
    return [name for name in found if not name.endswith("__main__")]


def test_public_names_stay_functions_after_importing_every_submodule() -> None:
    """Rooms are nouns and functions are verbs: no submodule hides a public name."""
    for name in _modules():
        importlib.import_module(name)
    for name in assay.__all__:
        assert callable(getattr(assay, name)) or name == "__version__", name
    assert inspect.isfunction(assay.audit)
    assert sorted(assay.__all__) == dir(assay)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = assay.nothing


def _lines_outside(pattern: str, *allowed: str) -> list[str]:
    """Source lines that match `pattern`, in files not below an allowed path."""
    return [
        f"{file.relative_to(SOURCE)}:{number}: {line.strip()}"
        for file in sorted(SOURCE.rglob("*.py"))
        if not file.relative_to(SOURCE).as_posix().startswith(allowed)
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]


def test_pixels_are_read_through_blocks_only() -> None:
    """Outside `data/`, no code touches a split's pixels but through `blocks`, so a split may be anywhere."""
    pattern = r"(split|splits\[[^]]*\]|train|test)\.images\b"
    assert _lines_outside(pattern, "data/") == []
    assert _lines_outside(pattern) != []


def test_the_library_never_prints_and_never_swallows() -> None:
    """Printing belongs to the command line; a broad `except` belongs nowhere; pickle neither."""
    assert _lines_outside(r"\bprint\(", "cli/") == []
    # A tracker is a library of others: whatever it raises, a run goes on, with a warning.
    assert _lines_outside(r"except:|except Exception\b", "workflow/tracking/worker.py") == []
    assert _lines_outside(r"import pickle|allow_pickle=True") == []
    # One file, whose hash is known, is opened by torch, which runs nothing in it.
    found = _lines_outside(r"torch\.load\(")
    assert len(found) == 1
    assert found[0].startswith("features/backbones.py")
    assert "weights_only=True" in found[0]


def test_every_error_code_is_explained_and_used() -> None:
    """docs/errors.md and the table of codes hold the same codes, and the source raises each."""
    headings = re.findall(
        r"^## `?([a-z-]+)`?$", (ROOT / "docs" / "errors.md").read_text("utf-8"), re.MULTILINE
    )
    assert sorted(headings) == sorted(ERROR_CODES)
    source = "".join(f.read_text("utf-8") for f in SOURCE.rglob("*.py") if f.name != "errors.py")
    assert [code for code in ERROR_CODES if f'"{code}"' not in source and f"'{code}'" not in source] == []


WITHOUT_FCNTL = """
import sys
sys.modules["fcntl"] = None  # as on Windows: importing it fails
import importlib, pkgutil, assay
for module in pkgutil.walk_packages(assay.__path__, "assay."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
from assay.cli.main import exit_code
sys.exit(exit_code(["audit", "fashion-mnist-sample", "-q", "--checks", "identity", "--out", sys.argv[1]]))
"""


def test_assay_does_without_fcntl(tmp_path: Path) -> None:
    """A system that has no `fcntl` imports every module and audits; locks are the package filelock's."""
    command = [sys.executable, "-c", WITHOUT_FCNTL, str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "audit.json").is_file()
