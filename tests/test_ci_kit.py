"""The pipeline kit: what the action and the hook run is run here as it stands."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
ACTION = ROOT / ".github" / "actions" / "assay" / "action.yml"
HOOK = ROOT / ".pre-commit-hooks.yaml"
WORKFLOW = ROOT / ".github" / "workflows" / "check.yml"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes, one image of which lies in test too."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 12), ("test", 4)):
        for label in ("cat", "dog"):
            folder = tmp_path / "my photos" / split / label
            folder.mkdir(parents=True)
            for row in range(count):
                Image.fromarray(rng.integers(0, 256, (12, 12), np.uint8)).save(folder / f"{row}.png")
    copy = (tmp_path / "my photos/train/cat/0.png").read_bytes()
    (tmp_path / "my photos/test/cat/copy.png").write_bytes(copy)
    return tmp_path


def _script() -> str:
    """The last script of the action."""
    block = ACTION.read_text("utf-8").rsplit("run: |\n", 1)[1]
    return "\n".join(line.removeprefix(" " * 8) for line in block.splitlines())


@pytest.mark.skipif(os.name == "nt", reason="the action runs its scripts in bash")
@pytest.mark.parametrize(("gates", "code"), [("leakage>0", 8), ("unreadable>0", 0)])
def test_the_script_of_the_action(photos: Path, gates: str, code: int) -> None:
    """Inputs with spaces arrive whole; a gate decides the exit code; the files are where the outputs say."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "ASSAY_DATA": "my photos",
        "ASSAY_GATES": gates,
        "ASSAY_OPTIONS": "--checks leakage,unreadable,exact-duplicates",
        "ASSAY_OUT": "out",
        "GITHUB_STEP_SUMMARY": str(photos / "summary.md"),
    }
    done = subprocess.run(
        ["bash", "-e", "-c", _script()],
        cwd=photos,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert ("::error title=assay gate" in done.stdout) == (code == 8)
    assert {"out", "out.xml", "out.sarif", "summary.md"} <= {path.name for path in photos.iterdir()}


def test_the_action_puts_no_input_into_a_script() -> None:
    """`${{ inputs... }}` inside a script would run what a caller writes."""
    scripts = re.findall(r"run: \|?(.*?)(?=\n    -|\Z)", ACTION.read_text("utf-8"), re.DOTALL)
    assert len(scripts) == 2
    assert not any("${{" in script for script in scripts)


def test_the_hook(photos: Path) -> None:
    """The entry with the arguments that its head proposes stops the commit."""
    text = HOOK.read_text("utf-8")
    entry = re.search(r"entry: (.*)", text).group(1)
    assert "types: [image]" in text
    assert "pass_filenames: false" in text
    command = [sys.executable, "-m", *shlex.split(entry), "my photos", "--fail-on", "unreadable>0,leakage>0"]
    done = subprocess.run(command, cwd=photos, capture_output=True, text=True, check=False)
    assert done.returncode == 8, done.stderr


def test_the_workflow_covers_three_systems() -> None:
    """And runs the commands that CONTRIBUTING tells of."""
    text = WORKFLOW.read_text("utf-8")
    assert "os: [ubuntu-latest, macos-latest, windows-latest]" in text
    for step in ("ruff check", "mypy", "pytest"):
        assert f"python -m {step}" in text


CONTAINERFILE = ROOT / "Containerfile"


def test_the_containerfile_copies_what_a_build_needs(tmp_path: Path) -> None:
    """Each file named is there, and the wheel can be built from them alone: nothing else is in the image."""
    text = CONTAINERFILE.read_text("utf-8")
    named = [name for line in re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE) for name in line.split()]
    for name in named:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "dist").glob("assay-*.whl"))) == 1


@pytest.mark.torture
def test_the_container_is_built_and_audits() -> None:
    """By buildah, without torch; skipped where it or the base image is missing. Where there are no user
    namespaces: BUILDAH_ISOLATION=chroot, and a storage.conf with driver = "vfs"."""
    if shutil.which("buildah") is None:
        pytest.skip("no buildah here")
    base = re.search(r"^FROM (\S+)$", CONTAINERFILE.read_text("utf-8"), re.MULTILINE)
    assert base is not None
    ways = (["inspect", "--type", "image"], ["pull", "-q"])
    if all(subprocess.run(["buildah", *way, base[1]], capture_output=True).returncode for way in ways):
        pytest.skip(f"{base[1]} cannot be had here")
    build = [
        "buildah",
        "build",
        "-q",
        "--pull=never",
        "--build-arg",
        "EXTRAS=",
        "-f",
        str(CONTAINERFILE),
        ".",
    ]
    image = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    make = ["buildah", "from", "--pull=never", image]
    container = subprocess.run(make, capture_output=True, text=True, check=True).stdout.strip()
    try:
        audit = (
            "assay audit fashion-mnist-sample --checks identity --out /tmp/a && test -f /tmp/a/report.html"
        )
        run = ["buildah", "run", container, "--", "sh", "-c", f'test "$(id -un)" = assay && {audit}']
        done = subprocess.run(run, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    finally:
        subprocess.run(["buildah", "rm", container], capture_output=True, check=True)
        subprocess.run(["buildah", "rmi", image], capture_output=True, check=True)
