"""Commands that are told of data given by a relative path work where they are typed."""

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.workflow.load import load


@pytest.fixture(autouse=True)
def there(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.chdir(tmp_path)


def pictures(*names: str) -> None:
    """A picture, all different, at each name below `a set`."""
    for seed, name in enumerate(names):
        path = Path("a set") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
        Image.fromarray(pixels).save(path, "PNG")


def told(data: str) -> str:
    """The line that a refusal gives, or the one note that has a command."""
    try:
        notes = load(data).notes
    except AssayError as error:
        return str(error)
    (note,) = [note for note in notes if "(cd " in note]
    return note


def several_images_a_row() -> tuple[str, int]:
    pictures(*(f"images/{n}_{side}.png" for n in range(12) for side in ("left", "right")))
    Path("a set/labels.csv").write_text("id,label\n" + "".join(f"{n},{'ab'[n % 2]}\n" for n in range(12)))
    return "a set/labels.csv", 24


def a_split_without_folders() -> tuple[str, int]:
    pictures(*(f"train/{c}/{n}.png" for c in "ab" for n in range(4)), *(f"test/{n}.png" for n in range(6)))
    Path("a set/answers.csv").write_text(
        "file,label\n" + "".join(f"{n}.png,{'ab'[n % 2]}\n" for n in range(6))
    )
    return "a set", 14


def a_list_of_labels() -> tuple[str, int]:
    pictures(*(f"images/{n}.png" for n in range(12)))
    Path("a set/labels.txt").write_text("".join(f"{n}.png {'ab'[n % 2]}\n" for n in range(12)))
    return "a set", 12


def lists_of_splits() -> tuple[str, int]:
    pictures(*(f"{c}/{n}.png" for c in "ab" for n in range(8)))
    for split, rows in (("train", range(6)), ("test", range(6, 8))):
        Path(f"a set/{split}.txt").write_text("".join(f"{c}/{n}.png\n" for c in "ab" for n in rows))
    return "a set", 16


def letters_over_classes() -> tuple[str, int]:
    pictures(*(f"{name[0]}/{name}/{n}.png" for name in ("abbey", "alley", "barn", "beach") for n in range(4)))
    return "a set", 16


@pytest.mark.parametrize(
    "case",
    [several_images_a_row, a_split_without_folders, a_list_of_labels, lists_of_splits, letters_over_classes],
)
def test_a_command_for_a_relative_path_works(case: Callable[[], tuple[str, int]]) -> None:
    """After it all images are read, by the path that the line gives, or by the one that was given."""
    data, count = case()
    line = told(data)
    command, _, then = line[line.index("(cd ") :].partition(" ; then give ")
    command = command if then else command[: command.rindex("done)") + len("done)")]
    subprocess.run(["bash", "-ec", command], check=True)
    after = (
        shlex.split(then.partition(". Do ")[0].rstrip(").").replace(". as classes", " "))[0] if then else data
    )
    found = load(after)
    assert sum(len(split) for split in found.splits.values()) == count
    assert found.left_out == () or {item.kind for item in found.left_out} == {"ignored"}
