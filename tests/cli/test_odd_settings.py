"""Settings that cannot be right: one line with the documented code, never a fault of Assay."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.cli.main import exit_code

DEEP = "[" * 5000 + "]" * 5000

#: The content of a file for --config, by what is wrong with it.
CONFIGS = {
    "recipe a number": "recipe = 5",
    "recipe a list": "recipe = [1, 2]",
    "recipe text": 'recipe = "mlp"',
    "name a number": "[recipe]\nname = 5",
    "options a number": "[recipe]\noptions = 5",
    "recipes a number": "recipes = 5",
    "recipes of numbers": "[recipes]\nmlp = 5",
    "long integer": "seed = " + "9" * 5000,
    "integer of 4,000 digits": "seed = " + "9" * 4000,
    "recipe's integer of 4,000 digits": "[recipe]\nepochs = " + "9" * 4000,
    "recipe's float of 4,000 digits": "[recipe]\nlearning_rate = " + "9" * 4000,
    "deep lists": f"seed = {DEEP}",
    "deep lists in a recipe": f"[recipe]\nepochs = {DEEP}",
    "lists as deep as can be parsed": "[recipe]\nepochs = " + "[" * 150 + "]" * 150,
    "NUL": "seed = 1\0",
    "NUL in text": 'data = "a\\u0000b"',
    "not UTF-8": "data = '\udcff'",
    "data a list": "data = [1]",
    "model a number": "model = 5",
    "checks a table": "[checks]\na = 1",
    "features a number": "features = 5",
    "decisions with NUL": 'decisions = "a\\u0000b"',
    "features with NUL": 'features = "a\\u0000b"',
    "a folder for the run": 'out = "x"',
    "a network": "offline = true",
    "a listener": "on_event = 5",
    "an engine": 'engine = "ray"',
    "a share": 'shard = "1/2"',
    "workers in words": 'workers = "two"',
    "no workers": "workers = 0",
    "a backbone that is a list": 'backbone = ["a"]',
    "a backbone without a name": 'backbone = ""',
    "endless": "# " + "x" * (1 << 21),
}


def one_line(capfd: pytest.CaptureFixture[str]) -> str:
    told = capfd.readouterr().err
    assert told.startswith("error["), told
    assert "error[bug]" not in told
    assert len(told.strip().splitlines()) == 1
    assert len(told) < 1000
    return told


@pytest.mark.parametrize("case", CONFIGS)
def test_a_config_that_cannot_be_right(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 or 3, and no finished run."""
    monkeypatch.chdir(tmp_path)
    Path("c.toml").write_bytes(CONFIGS[case].encode("utf-8", "surrogateescape"))
    given = [] if "data =" in CONFIGS[case] else ["fashion-mnist-sample"]
    assert exit_code(["run", *given, "--config", "c.toml", "--out", "r"]) in (2, 3)
    one_line(capfd)
    assert not Path("r", "manifest.json").exists()


@pytest.fixture
def odd_file(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Something that is no regular file."""
    path = tmp_path / "odd"
    if request.param == "folder":
        path.mkdir()
    elif request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "link to a device":
        path.symlink_to("/dev/zero")
    elif request.param == "link to itself":
        path.symlink_to(path)
    return {"device": "/dev/zero", "NUL": "a\0b", "long name": "a" * 300}.get(request.param, str(path))


ODD = ["folder", "pipe", "device", "link to a device", "link to itself", "NUL", "long name", "missing"]


@pytest.mark.parametrize("odd_file", ODD, indirect=True)
@pytest.mark.parametrize("option", ["--config", "--features", "--decisions", "--pred-probs", "--warm-start"])
def test_no_regular_file(
    option: str, odd_file: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Refused at once: a pipe is not waited for, a device not read until memory ends."""
    command = ["train", "fashion-mnist-sample", "--model", "nearest-mean", "--out", str(tmp_path / "r")]
    if option in ("--features", "--pred-probs"):
        command = ["audit", "fashion-mnist-sample", "--checks", "label-errors", "--out", str(tmp_path / "r")]
    code = exit_code([*command, option, odd_file])
    one_line(capfd)
    assert code in (2, 3, 5, 7)


@pytest.mark.parametrize("value", ["9" * 5000, DEEP, "9" * 4000, "\0"])
@pytest.mark.parametrize("key", ["epochs", "learning_rate", "channels", "schedule"])
def test_a_value_of_a_recipe_that_cannot_be_right(
    key: str, value: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """--set takes any text; a number of 5,000 digits is no number of epochs."""
    line = ["run", "fashion-mnist-sample", "--model", "cnn", "--set", f"{key}={value}"]
    assert exit_code([*line, "--out", str(tmp_path / "r")]) == 2
    one_line(capfd)


def test_the_usual_config_is_read_as_ever(tmp_path: Path) -> None:
    """The one that a run records."""
    line = ["audit", "fashion-mnist-sample", "--checks", "identity", "-q", "--out"]
    assert exit_code([*line, str(tmp_path / "a")]) == 0
    again = ["audit", "--config", str(tmp_path / "a" / "config.toml"), "-q", "--out", str(tmp_path / "b")]
    assert exit_code(again) == 0


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('model = "mlp"\n[recipe]\nname = "nearest-mean"', "error[bad-value]: --config"),
        ('model = "majority"\n[recipes.mpl]\nepochs = 1', "error[unknown-recipe]: mpl"),
        ('model = "majority"\n[recipes.mlp]\nepoch = 1', "error[unknown-setting]: epoch"),
        ('model = "majority"\n[recipe]\nepochs = 1', "There are none."),
    ],
)
def test_recipes_of_a_config_that_cannot_be_meant(
    content: str, told: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A name misspelled among `recipes` was passed over, and so was one that `model` contradicts."""
    (tmp_path / "c.toml").write_text(content)
    line = ["run", "fashion-mnist-sample", "--checks", "identity", "-q", "--out", str(tmp_path / "a")]
    capfd.readouterr()
    assert exit_code([*line, "--config", str(tmp_path / "c.toml")]) == 2
    assert told in capfd.readouterr().err


def test_a_recipe_that_a_config_names_is_trained(tmp_path: Path) -> None:
    """Without `model` another one was trained, with the settings of the one that was named."""
    (tmp_path / "c.toml").write_text('[recipe]\nname = "majority"')
    line = ["run", "fashion-mnist-sample", "--checks", "identity", "-q", "--out", str(tmp_path / "a")]
    assert exit_code([*line, "--config", str(tmp_path / "c.toml")]) == 0
    assert 'model = "majority"' in (tmp_path / "a" / "config.toml").read_text()


SHORT = """
import resource, sys
from assay.core import memory
from assay.cli.main import exit_code
bound = 1 << 40
resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
def load(*_, **__):
    raise ImportError({words!r})
sys.modules.pop("assay.workflow.api", None)
class Loader:
    def find_spec(self, name, *_):
        if name == "assay.workflow.api":
            load()
sys.meta_path.insert(0, Loader())
sys.exit(exit_code(["audit", "fashion-mnist-sample"]))
"""


def test_a_library_that_does_not_load_under_a_limit_of_memory(tmp_path: Path) -> None:
    """Exit 5, and that memory is limited."""
    code = SHORT.format(words="libsomething.so: failed to map segment from shared object")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 5, done.stderr
    assert done.stderr.startswith("error[out-of-memory]: memory: a library could not be loaded; this process")


def test_a_folder_of_good_pictures_where_memory_is_short(tmp_path: Path) -> None:
    """Exit 5, memory is short: the pictures are not called damaged."""
    from PIL import Image

    for label in "ab":
        (tmp_path / "set" / label).mkdir(parents=True)
        for i in range(3):
            picture = np.full((8, 8), 40 * i, np.uint8)
            Image.fromarray(picture).save(tmp_path / "set" / label / f"{i}.png")
    # The limit is set after the libraries are there: only the process that decodes has too little.
    code = (
        "import resource, sys, numpy, PIL.Image, assay.workflow.api, assay.cli.main as m\n"
        "import assay.data.sources.image_dataset\n"
        "size = int(open('/proc/self/statm').read().split()[0]) * 4096\n"
        "from assay.data.decoding import worker_pool\n"
        "popen = worker_pool.subprocess.Popen\n"
        "def limited(*a, **k):\n"
        "    less = lambda: resource.setrlimit(resource.RLIMIT_AS, (120 << 20,) * 2)\n"
        "    return popen(*a, preexec_fn=less, **k)\n"
        "worker_pool.subprocess.Popen = limited\n"
        "sys.exit(m.exit_code(['inspect', 'set']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
        # NumPy asks for memory by the thread: with one alone it would just fit.
        env=os.environ | {"ASSAY_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "2"},
    )
    assert done.returncode == 5, done.stderr
    assert "error[out-of-memory]" in done.stderr
    assert "crashed" not in done.stderr


def test_a_limit_that_torch_does_not_fit_into(tmp_path: Path) -> None:
    """It would end the process from inside; the command ends before, with exit 5."""
    code = (
        "import resource, sys, assay.cli.main as m, assay.workflow.api\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (300 << 20),) * 2)\n"
        "line = ['train', 'fashion-mnist-sample', '--model', 'mlp', '--epochs', '1', '--out', 'r']\n"
        "sys.exit(m.exit_code(line))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 5, done.stderr
    assert "loading torch takes 0.6 GiB" in done.stderr
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("command", ["run", "audit", "inspect", "merge", "verify", "report", "convert"])
@pytest.mark.parametrize("option", ["--out", "--features", "--decisions", "--junit", "--root=", ""])
def test_an_empty_text_is_no_path(
    command: str,
    option: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A variable that was never set: it was this folder, or as if the option had not been given."""
    monkeypatch.chdir(tmp_path)
    given = [""] if not option else [option] if option.endswith("=") else [option, ""]
    assert exit_code([command, *(["fashion-mnist-sample"] if option else []), *given]) == 2
    assert "empty text" in one_line(capfd)
    assert list(tmp_path.iterdir()) == []


def test_no_workers_are_none(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Zero is a number that somebody gave, not as many as there are processors."""
    line = ["audit", "fashion-mnist-sample", "--engine", "serial", "--out", str(tmp_path / "a")]
    assert exit_code([*line, "--workers", "0"]) == 2
    assert "0 is no number of workers" in one_line(capfd)


def test_names_that_are_no_unicode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of files and classes: every command takes them, and the model can be read again. No config could hold a
    path of that kind: that is told before any work."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for row in range(12):
        folder = os.fsdecode(b"p/cat\xff" if row % 2 else b"p/dog")
        Path(folder).mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8))
        with Path(folder, os.fsdecode(b"%d\xfe.png" % row)).open("wb") as file:
            picture.save(file, "PNG")
    line = ["run", "p", "--model", "nearest-mean", "--test-fraction", "0.3", "--checks", "identity"]
    assert exit_code([*line, "--out", "o", "-q"]) == 0
    commands = [
        ["verify", "o"], ["report", "o", "-q"], ["cards", "o"], ["convert", "p", "q.parquet", "-q"],
        ["predict", "o", str(next(Path("p/dog").iterdir()))],
        ["audit", "p", "--shard", "1/1", "--checks", "identity", "--out", "parts", "-q"],
        ["merge", "parts", "--out", "m", "-q"],
    ]  # fmt: skip
    for command in commands:
        assert exit_code(command) == 0, command
    assert "p:cat\\udcff" in capfd.readouterr().out
    Path("p").rename(os.fsdecode(b"p\xfe"))
    assert exit_code(["audit", os.fsdecode(b"p\xfe"), "--out", "n", "-q"]) == 2
    assert "no UTF-8" in one_line(capfd)


@pytest.mark.parametrize("option", ["--junit", "--sarif"])
def test_nothing_takes_the_place_of_a_pipe(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A file is renamed to its name: for root that replaced even what lies in /dev."""
    monkeypatch.chdir(tmp_path)
    np.savez("s.npz", x_train=np.arange(6 * 16, dtype=np.uint8).reshape(6, 4, 4), y_train=np.arange(6) % 2)
    os.mkfifo("pipe")
    Path("link").symlink_to("pipe")
    for name in ("pipe", "link"):
        line = ["audit", "s.npz", "--checks", "identity", "--out", f"of {name}", "-q", option, name]
        assert exit_code(line) == 5
        assert "no file" in one_line(capfd)
        assert Path(name).is_fifo()
