"""Lists and tables in the folder above the one that is given: `images/` beside `labels.csv`."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.workflow.load import load
from told_command import path_after

pytestmark = pytest.mark.usefixtures("own_cache")

SITES = [f"site{n % 3}/p{n:02}x.png" for n in range(18)]
FLAT = [f"p{n:02}x.png" for n in range(18)]


def label(path: str) -> str:
    return "cat" if int(path.rpartition("/")[2][1:3]) < 9 else "dog"


def pictures(root: Path, names: list[str]) -> Path:
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
        Image.fromarray(pixels).save(root / name, "PNG")
    return root


def as_table(root: Path, names: list[str]) -> None:
    rows = "".join(f"{name.rpartition('/')[2]},{label(name)}\n" for name in names)
    (root / "labels.csv").write_text(f"file,label\n{rows}")


def as_text(root: Path, names: list[str]) -> None:
    (root / "labels.txt").write_text("".join(f"images/{name} {label(name)}\n" for name in names))


def as_json(root: Path, names: list[str]) -> None:
    (root / "labels.json").write_text(json.dumps({name.rpartition("/")[2]: label(name) for name in names}))


@pytest.mark.parametrize("write", [as_table, as_text, as_json])
@pytest.mark.parametrize("look", [load, inspect])
def test_folders_that_a_list_above_contradicts_stop(
    look: Callable[..., object], write: Callable[[Path, list[str]], None], tmp_path: Path
) -> None:
    """Three sites beside a list of labels; also where the cache has the folder already."""
    images = pictures(tmp_path / "images", SITES)
    look(images)
    write(tmp_path, SITES)
    with pytest.raises(AssayError, match="of which the folders tell nothing") as caught:
        look(images)
    assert caught.value.code == "ambiguous-layout"
    look(images, layout="classes")
    if "(cd " in caught.value.what:
        assert load(path_after(caught.value.what)).classes == ("cat", "dog")
    else:
        assert f"Give the table, {tmp_path / 'labels.csv'}" in caught.value.fix
        assert load(tmp_path / "labels.csv").classes == ("cat", "dog")


@pytest.mark.parametrize("write", [as_table, as_text, as_json])
def test_images_without_folders_of_classes_are_told_what_lies_above(
    write: Callable[[Path, list[str]], None], tmp_path: Path
) -> None:
    images = pictures(tmp_path / "images", FLAT)
    write(tmp_path, FLAT)
    with pytest.raises(AssayError) as caught:
        load(images)
    assert "labels." in caught.value.what
    with pytest.raises(AssayError) as caught:
        inspect(images)
    assert "labels." in caught.value.what


def test_splits_above_are_told_with_a_command(tmp_path: Path) -> None:
    """Food-101's `images` given alone."""
    images = pictures(tmp_path / "images", SITES)
    for split, rows in (("train", SITES[:12]), ("test", SITES[12:])):
        (tmp_path / f"{split}.txt").write_text("\n".join(rows))
    (note,) = [note for note in load(images).notes if note.startswith("in the folder above: ")]
    found = load(path_after(note))
    assert {name: len(split) for name, split in found.splits.items()} == {"train": 12, "test": 6}
    assert found.classes == ("site0", "site1", "site2")


def test_what_agrees_or_is_of_other_images_is_passed_over(tmp_path: Path) -> None:
    """Lists of the same classes, of other images, of results; a folder with a table of its own."""
    images = pictures(tmp_path / "images", SITES)
    before = load(images).notes
    same = "".join(f"{name.rpartition('/')[2]},{name[:5]}\n" for name in SITES)
    (tmp_path / "labels.csv").write_text(f"file,label\n{same}")
    (tmp_path / "results.csv").write_text("epoch,label\n1,2\n2,3\n")
    (tmp_path / "labels.txt").write_text("".join(f"other{n}.png {n % 2}\n" for n in range(30)))
    (tmp_path / "train.txt").write_text("notes\non\ntraining\nand more\n")
    assert load(images).notes == before
    as_table(tmp_path, SITES)
    own = "".join(f"{name},{name[:5]}\n" for name in SITES)
    (images / "metadata.csv").write_text(f"file_name,label\n{own}")
    assert load(images).classes == ("site0", "site1", "site2")
