"""What a command does to the machine around it: where it writes, whom it calls, what others may read."""

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from torture.job import whole_result

#: Calls that change what lies on the disk.
CHANGING = (
    *(
        "openat",
        "open",
        "creat",
        "mkdir",
        "mkdirat",
        "rename",
        "renameat",
        "renameat2",
        "unlink",
        "unlinkat",
        "rmdir",
    ),
    *("link", "linkat", "symlink", "symlinkat", "truncate", "chmod", "fchmodat", "mknod", "mknodat"),
)

COMMANDS = {
    "run": ["run", "set", "--model", "mlp", "--epochs", "1", "--out", "out/r", "-q"],
    "audit": ["audit", "set", "--out", "out/a", "-q"],
    "inspect": ["inspect", "set"],
    "verify": ["verify", "out/r"],
    "report": ["report", "out/r"],
    "convert": ["convert", "set", "out/c.npz"],
    "predict": ["predict", "out/r", "picture.png"],
    "doctor": ["doctor"],
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a set of 120 pictures of three classes."""
    from PIL import Image

    root = tmp_path_factory.mktemp("around")
    (root / "set").mkdir()
    (root / "home").mkdir()
    generator = np.random.default_rng(0)
    for name, count in (("train", 90), ("test", 30)):
        images = generator.integers(0, 256, (count, 10, 10), np.uint8)
        np.save(root / "set" / f"x_{name}.npy", images)
        np.save(root / "set" / f"y_{name}.npy", np.arange(count) % 3)
    Image.fromarray(images[0]).save(root / "picture.png")
    return root


def environment(place: Path) -> dict[str, str]:
    return os.environ | {
        "ASSAY_CACHE": str(place / "cache"),
        "HOME": str(place / "home"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def commands() -> list[str]:
    return [sys.executable, "-m", "assay"]


@pytest.mark.torture
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_network_and_no_writing_elsewhere(place: Path) -> None:
    """Every command under strace: it writes to the folder asked for and the cache, and calls nobody."""
    for name, command in COMMANDS.items():
        log = place / f"{name}.strace"
        line = [
            "strace",
            "-f",
            "-qq",
            "-s",
            "4096",
            "-o",
            str(log),
            "-e",
            f"trace=%network,{','.join(CHANGING)}",
        ]
        done = subprocess.run(
            [*line, *commands(), *command],
            cwd=place,
            env=environment(place),
            check=False,
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr
        text = log.read_text("utf-8", "replace")
        assert not re.findall(r"(?:connect|bind|sendto)\([^\n]*AF_INET", text), name
        outside = {path for path in _changed(text) if not _allowed(path, place)}
        assert not outside, (name, outside)
    assert list((place / "home").iterdir()) == []


def _changed(text: str) -> Iterator[str]:
    """The paths of calls that change something, and did."""
    for line in text.splitlines():
        if re.search(r"= -1 E", line):
            continue
        call = re.search(r"\d+ +(\w+)\(", line)
        if call is None or call[1] not in CHANGING:
            continue
        if call[1] in ("openat", "open") and not re.search(r"O_WRONLY|O_RDWR|O_CREAT", line):
            continue
        yield from re.findall(r'"((?:[^"\\]|\\.)*)"', line)


def _allowed(path: str, place: Path) -> bool:
    whole = os.path.normpath(place / path)
    return whole.startswith(
        (f"{place}/out", f"{place}/cache", "/dev/", "/proc/self/")
    ) or not path.startswith("/")


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_are_those_of_the_umask(place: Path, mask: int, mode: int) -> None:
    """Files and folders of an audit are as open as those that any program makes; none can be executed."""
    out = place / f"audit-{mask:o}"
    done = subprocess.run(
        [*commands(), "audit", "set", "--checks", "identity", "--out", str(out), "-q"],
        cwd=place,
        env=environment(place),
        umask=mask,
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    for path in out.rglob("*"):
        expected = 0o777 & ~mask if path.is_dir() else mode
        assert stat.S_IMODE(path.stat().st_mode) == expected, path


#: Under the locale of its surroundings for all that a program can ask of it, as a library may set it.
IN_ITS_LOCALE = """
import locale, sys
from assay.cli.main import exit_code
locale.setlocale(locale.LC_ALL, "")
assert locale.localeconv()["decimal_point"] == sys.argv[1] == f"{1.5:n}"[1], locale.setlocale(locale.LC_ALL)
sys.exit(exit_code(sys.argv[2:]))
"""


@pytest.mark.skipif(shutil.which("localedef") is None, reason="localedef is not installed")
def test_a_locale_with_another_decimal_sign_changes_nothing(place: Path, tmp_path: Path) -> None:
    """A Turkish locale made for this test, and in use: a whole run gives the same files as without."""
    made = ["localedef", "-i", "tr_TR", "-f", "UTF-8", str(tmp_path / "tr_TR.UTF-8")]
    if subprocess.run(made, check=False, capture_output=True).returncode > 1:  # 1: it only warned
        pytest.skip("the sources of the locale are not installed")
    found = {}
    for name, sign in (("C.UTF-8", "."), ("tr_TR.UTF-8", ",")):
        around = environment(place) | {"LC_ALL": name, "LANG": name, "LOCPATH": str(tmp_path)}
        if name.startswith("C"):
            del around["LOCPATH"]
        out = tmp_path / f"out-{name}"
        command = ["run", "set", "--model", "linear", "--epochs", "1", "--checks", "identity,label-balance"]
        line = [sys.executable, "-c", IN_ITS_LOCALE, sign, *command, "--out", str(out), "-q"]
        done = subprocess.run(line, cwd=place, env=around, check=False, capture_output=True)
        assert done.returncode == 0, done.stderr
        found[sign] = whole_result(out)
    assert found["."] == found[","]
    assert "report.html" in found["."]


@pytest.mark.torture
@pytest.mark.parametrize("killed", [3, 7])
def test_eight_processes_on_one_cache_while_one_is_killed(place: Path, tmp_path: Path, killed: int) -> None:
    """Seven succeed with the same result; the cache is whole for the next, and no litter stays."""
    from PIL import Image

    generator = np.random.default_rng(1)
    for label in "ab":
        (tmp_path / "photos" / label).mkdir(parents=True)
        for i in range(60):
            Image.fromarray(generator.integers(0, 256, (16, 16), np.uint8)).save(
                tmp_path / "photos" / label / f"{i}.png"
            )
    around = environment(place) | {"ASSAY_CACHE": str(tmp_path / "cache")}
    line = [*commands(), "inspect", "photos", "--json"]
    started = [
        subprocess.Popen(line, cwd=tmp_path, env=around, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(8)
    ]
    while not list((tmp_path / "cache").glob("*.lock")) and any(p.poll() is None for p in started):
        pass
    started[killed].kill()
    answers = [process.communicate(timeout=300) for process in started]
    codes = [process.returncode for process in started]
    assert all(code == 0 for i, code in enumerate(codes) if i != killed), (codes, answers)
    again = subprocess.run(line, cwd=tmp_path, env=around, check=False, capture_output=True)
    assert again.returncode == 0, again.stderr
    assert subprocess.run([*commands(), "doctor"], cwd=tmp_path, env=around, check=False).returncode == 0
    assert not list((tmp_path / "cache").glob(".assay-tmp-*"))


@pytest.mark.torture
def test_no_dependency_has_a_known_weakness() -> None:
    """pip-audit over the pinned versions; skipped where it or its list of weaknesses cannot be reached."""
    if shutil.which("pip-audit", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}") is None:
        pytest.skip("pip-audit is not installed")
    pins = Path(__file__).resolve().parents[2] / "constraints.txt"
    line = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    done = subprocess.run([*line, "-r", str(pins)], check=False, capture_output=True, text=True, timeout=300)
    told = done.stdout + done.stderr
    if "could not be audited" in told or re.search("ConnectionError|ServiceError|HTTPError", told):
        pytest.skip("the list of weaknesses cannot be reached")
    assert done.returncode == 0, told
