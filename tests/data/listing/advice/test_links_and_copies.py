"""Links and copies by class beside all images; one class in train alone; the folder above in shards."""

import os
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from assay.core.errors import AssayError
from assay.data.load import as_request
from assay.data.piece import Shard
from assay.data.shards import read_shard
from assay.data.values import Dataset
from assay.workflow.load import load
from encoded import pictures
from told_command import words_after

pytestmark = pytest.mark.usefixtures("own_cache")

NAMES = [f"{n:03}.png" for n in range(24)]
CLASSES = ("it's", "cat", "dog")
LABELS = {name: CLASSES[n % 3] for n, name in enumerate(NAMES)}


def stopped(root: Path, **options: Any) -> AssayError:
    with pytest.raises(AssayError) as caught:
        load(root, **options)
    assert caught.value.code == "ambiguous-layout"
    return caught.value


def followed(told: str, **options: Any) -> Dataset:
    return load(words_after(told)[0], **options)


def labels(data: Dataset) -> dict[str, str]:
    return {
        name.rpartition("/")[2]: data.classes[label]
        for split in data.splits.values()
        for name, label in zip(split.ids, split.labels.tolist(), strict=True)
    }


def by_class(root: Path, place: str, how: str) -> None:
    """Links or copies of the images in `pool`, in a folder for each class below a place."""
    for name, label in LABELS.items():
        folder = root / place.format(split="train" if int(name[:3]) < 16 else "test") / label
        folder.mkdir(parents=True, exist_ok=True)
        source = root / "pool" / name
        if how == "link":
            (folder / name).symlink_to(os.path.relpath(source, folder))
        elif how == "whole link":
            (folder / name).symlink_to(source)
        else:
            (os.link if how == "hard link" else shutil.copy)(source, folder / name)


@pytest.mark.parametrize("how", ["link", "whole link"])
@pytest.mark.parametrize("place", ["by class", "", "splits/{split}"])
def test_links_by_class_come_with_a_command(place: str, how: str, tmp_path: Path) -> None:
    """All images were of the class `pool`, and links were a note."""
    root = pictures(tmp_path / "my set", *(f"pool/{name}" for name in NAMES))
    by_class(root, place, how)
    error = stopped(root)
    assert "24 links to these images" in error.what
    data = followed(str(error))
    assert labels(data) == LABELS
    assert list(data.splits) == (["train", "test"] if "split" in place else ["train"])


def test_links_elsewhere_are_no_classes(tmp_path: Path) -> None:
    """A folder of links alone, `latest`, tells nothing of classes."""
    root = pictures(tmp_path / "set", *(f"pool/{name}" for name in NAMES))
    (root / "latest").mkdir()
    for name in NAMES[:9]:
        (root / "latest" / name).symlink_to(root / "pool" / name)
    assert set(labels(load(root)).values()) == {"pool"}


@pytest.mark.parametrize("how", ["link", "hard link", "copy"])
@pytest.mark.parametrize("place", ["by_class", ""])
def test_a_pool_beside_classes_of_its_images_stops(place: str, how: str, tmp_path: Path) -> None:
    """Each image was there twice, under two classes. The clean twin has other images of the same names."""
    root = pictures(tmp_path / "my set", *(f"pool/{name}" for name in NAMES))
    by_class(root, place, how)
    follow = {"follow_links": True} if how == "link" else {}
    error = stopped(root, **follow)
    assert "the 24 images of pool are those of" in error.what
    if place:
        assert f"Give {shlex.quote(str(root / place))}, or" in error.fix
        within = {**follow, "root": root} if follow else {}
        assert labels(load(root / place, **within)) == LABELS
    elif how != "link":
        assert labels(followed(error.fix)) == LABELS
    if how == "copy" and place:
        for name in NAMES:
            with (root / "pool" / name).open("ab") as file:
                file.write(b"x")
        assert "pool" in load(root).classes


@pytest.mark.parametrize("above", ["", "bottle/"])
def test_one_class_in_train_and_others_in_test_stop(above: str, tmp_path: Path) -> None:
    """MVTec: good alone to train on. It was read as one class, and most of test left out."""
    good = [f"{above}{split}/good/{name}" for split in ("train", "test") for name in NAMES[:9]]
    bad = [f"{above}test/{kind}/{name}" for kind in ("bent", "it's") for name in NAMES[:5]]
    masks = [f"{above}ground_truth/bent/{name[:-4]}_mask.png" for name in NAMES[:5]]
    root = pictures(tmp_path / "my set", *good, *bad, *masks)
    error = stopped(root)
    assert "train has images of good alone, and other splits of bent, it's too" in error.what
    assert "--layout splits reads" in error.fix
    assert load(root, layout="splits").classes == ("good",)
    data = followed(error.fix, test_fraction=0.2)
    assert set(data.classes) == {"good", "bent", "it's"}
    assert sum(map(len, data.splits.values())) == len(good) + len(bad)


def test_one_class_in_all_splits_is_a_note(tmp_path: Path) -> None:
    names = [f"{split}/good/{name}" for split in ("train", "test") for name in NAMES[:5]]
    assert load(pictures(tmp_path / "set", *names)).classes == ("good",)


def test_shards_look_into_the_folder_above(tmp_path: Path) -> None:
    """The whole stopped where the table contradicts the folders; shares of it read sites as classes."""
    root = pictures(tmp_path / "set", *(f"images/site{n % 2}/{name}" for n, name in enumerate(NAMES)))
    request = as_request(root / "images")
    (tmp_path / "a").mkdir()
    assert read_shard(request, Shard(1, 2), tmp_path / "a").whole.classes == ("site0", "site1")
    rows = "".join(f"{name},{LABELS[name]}\n" for name in NAMES)
    (root / "labels.csv").write_text(f"file,label\n{rows}")
    (tmp_path / "b").mkdir()
    with pytest.raises(AssayError, match="in the folder above"):
        read_shard(request, Shard(1, 2), tmp_path / "b")
