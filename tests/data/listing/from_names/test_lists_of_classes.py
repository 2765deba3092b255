"""Lists and tables of a class each: what stops, and the command that works."""

import re
import subprocess
from pathlib import Path

import pytest

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.workflow.load import load
from encoded import pictures
from told_command import path_after

pytestmark = pytest.mark.usefixtures("own_cache")

CLASSES = ("cat", "it's a dog", "owl")
COUNT = 18


def told_by(path: Path) -> str:
    with pytest.raises(AssayError) as caught:
        load(path)
    return str(caught.value)


def voc(root: Path, masks: bool = False, splits: tuple[str, ...] = ("train", "val", "trainval")) -> Path:
    """As Pascal VOC lies: image k is of class k % 3, the first also of the second class, the last of none."""
    names = [f"{k:06}" for k in range(COUNT)]
    pictures(root, *(f"VOC2007/JPEGImages/{name}.png" for name in names))
    if masks:
        pictures(root, *(f"VOC2007/SegmentationClass/{name}.png" for name in names[:6]))
    lists = root / "VOC2007" / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    rows = {"train": range(12), "val": range(12, COUNT), "trainval": range(COUNT)}
    for split in splits:
        (lists / f"{split}.txt").write_text("".join(f"{names[k]}\n" for k in rows[split]))
        for c, name in enumerate(CLASSES):
            yes = {k: (k % 3 == c or (k, c) == (0, 1)) and k != COUNT - 1 for k in rows[split]}
            text = "".join(f"{names[k]} {1 if yes[k] else (0 if k == 5 else -1):2}\n" for k in rows[split])
            (lists / f"{name}_{split}.txt").write_text(text)
    return root


@pytest.mark.parametrize("masks", [False, True])
def test_lists_of_yes_and_no_come_with_a_command(masks: bool, tmp_path: Path) -> None:
    """Images of several classes, or of none, have no label; masks of the same names are no images."""
    told = told_by(voc(tmp_path / "a set", masks))
    assert "3 classes, cat, it's a dog, owl" in told
    data = load(path_after(told), skip_unlabelled=True)
    found = {
        int(Path(name).stem): (split, data.classes[label])
        for split, part in data.splits.items()
        for name, label in zip(part.ids, part.labels, strict=True)
    }
    right = {k: ("train" if k < 12 else "validation", CLASSES[k % 3]) for k in range(1, COUNT - 1)}
    assert found == right
    assert all("JPEGImages" in name for part in data.splits.values() for name in part.ids)


def test_lists_of_train_and_validation_at_once_count_where_there_are_no_others(tmp_path: Path) -> None:
    told = told_by(voc(tmp_path, splits=("trainval",)))
    data = load(path_after(told), skip_unlabelled=True)
    assert {split: len(part.labels) for split, part in data.splits.items()} == {"train": COUNT - 2}


def test_lists_of_other_images_say_nothing(tmp_path: Path) -> None:
    root = voc(tmp_path)
    for path in (root / "VOC2007" / "JPEGImages").iterdir():
        path.rename(path.with_name(f"x{path.name}"))
    assert "say of each image" not in told_by(root)


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_tables_of_the_images_of_a_class_each_come_with_a_command(sign: str, tmp_path: Path) -> None:
    """Of `cat.csv` with other columns the line was to give it, with the width as the label."""
    pictures(tmp_path, *(f"images/{k}.png" for k in range(COUNT)))
    for c, name in enumerate(CLASSES):
        rows = [f'{n}{sign}"{k}.png"{sign}32' for n, k in enumerate(range(c, COUNT, 3))]
        (tmp_path / f"{name}.csv").write_text("\n".join([f"no{sign}image{sign}width", *rows]) + "\n")
    data = load(path_after(told_by(tmp_path)))
    found = {
        int(Path(n).stem): data.classes[label]
        for n, label in zip(data.train.ids, data.train.labels, strict=True)
    }
    assert found == {k: CLASSES[k % 3] for k in range(COUNT)}


def test_a_list_of_test_that_lists_train_too_is_left_out(tmp_path: Path) -> None:
    """PACS: the lists called test are of all images, for sets of which none is trained on. Crossval is
    validation; it was passed over."""
    for domain in ("art", "photo"):
        names = [f"{domain}/{name}/{k}.png" for k in range(6) for name in ("cat", "dog")]
        pictures(tmp_path, *(f"kfold/{name}" for name in names))
        lines = [f"{name} {1 + ('dog' in name)}\n" for name in names]
        (tmp_path / f"{domain}_train_kfold.txt").write_text("".join(lines[:8]))
        (tmp_path / f"{domain}_crossval_kfold.txt").write_text("".join(lines[8:]))
        (tmp_path / f"{domain}_test_kfold.txt").write_text("".join(lines))
    with pytest.raises(
        AssayError, match=r"not of art_test_kfold\.txt, which lists those of train, too"
    ) as caught:
        inspect(tmp_path)
    command = re.search(r"\(echo split.*list\.tsv", caught.value.what)
    assert command is not None
    subprocess.run(["bash", "-ec", command[0]], check=True, cwd=tmp_path)
    assert inspect(tmp_path / "list.tsv").splits == {"train": 16, "validation": 8}


def test_a_table_that_differs_from_the_folders_in_some_images_is_called_so(tmp_path: Path) -> None:
    """ "gives 18 of the images other classes (cat, dog, owl ...), of which the folders tell nothing"."""
    names = ("cat", "dog", "owl")
    pictures(tmp_path, *(f"{names[k % 3]}/{k}.png" for k in range(COUNT)))
    rows = [f"{names[k % 3]}/{k}.png,{names[(k + (k % 6 == 0)) % 3]}" for k in range(COUNT)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label", *rows]) + "\n")
    with pytest.raises(
        AssayError, match=r"labels\.csv gives 3 of 18 images another of these classes"
    ) as caught:
        inspect(tmp_path)
    assert "tell nothing" not in str(caught.value)
