"""Folders called after a split or masks, beside those of classes: no class in silence; commands that work."""

from pathlib import Path

import pytest

from assay.core.errors import AssayError
from assay.data.values import Dataset
from assay.workflow.load import load
from encoded import pictures
from told_command import words_after

pytestmark = pytest.mark.usefixtures("own_cache")

CLASSES = [f"{name}/{k}.png" for name in ("it's glass", "metal", "paper") for k in range(5)]
COUNTS = {"it's glass": 5, "metal": 5, "paper": 5}


def counts(data: Dataset) -> dict[str, dict[str, int]]:
    return {
        name: {data.classes[n]: int((split.labels == n).sum()) for n in set(split.labels.tolist())}
        for name, split in data.splits.items()
    }


def refused(root: Path) -> str:
    with pytest.raises(AssayError, match="ambiguous-layout") as caught:
        load(root)
    return str(caught.value)


FLAT = ("test", "Validation", "testing_images", "val2017", "test/test", "ground_truth_1")


@pytest.mark.parametrize(("name", "above"), [*((name, "") for name in FLAT), ("test", "data/")])
def test_a_flat_folder_beside_classes_is_no_class_in_silence(name: str, above: str, tmp_path: Path) -> None:
    """`test` with unlabelled images was a class of its own, without a word; the others can be read alone."""
    names = [*CLASSES, *(f"{name}/{k}.png" for k in range(100, 104))]
    root = pictures(tmp_path / "my set", *(above + path for path in names))
    told = refused(root)
    assert f"{name.partition('/')[0]}: called like " in told
    assert "4 images in no folder of a class" in told
    (given,) = words_after(told)
    assert counts(load(given)) == {"train": COUNTS}
    Path(given, "metadata.csv").unlink()
    assert counts(load(root, layout="classes"))["train"] == {**COUNTS, name.partition("/")[0]: 4}


def test_names_of_its_files_tell_the_classes(tmp_path: Path) -> None:
    """`validation/metal_7.png`: the split can be read with its classes."""
    own = [f"validation/{name}{n}.png" for name in ("it's glass_", "Metal ", "paper-") for n in (6, 7)]
    told = refused(pictures(tmp_path, *CLASSES, *own))
    (given,) = words_after(told)
    assert counts(load(given)) == {"train": COUNTS, "validation": dict.fromkeys(COUNTS, 2)}


@pytest.mark.parametrize(
    "names",
    [
        ("valid", "invalid", "blurred"),
        ("train", "bus", "car"),
        ("mask", "no_mask", "mask_worn_wrong"),
        ("test tube", "beaker", "flask"),
        ("control", "test"),
        ("matte", "glossy", "satin"),
        ("masks", "gloves", "syringes"),
        ("ground", "whole", "instant"),
        ("valid", "expired", "forged"),
    ],
)
def test_classes_called_so_are_read(names: tuple[str, ...], tmp_path: Path) -> None:
    """Words for splits and masks are also words for things."""
    root = pictures(tmp_path, *(f"{name}/{k}.png" for name in names for k in range(4)))
    assert set(load(root).classes) == set(names)


@pytest.mark.parametrize("ending", ["", "_mask"])
def test_masks_are_told_by_the_names_of_their_files(ending: str, tmp_path: Path) -> None:
    """`masks/IMG_7.png` beside `crack/IMG_7.png`; a class of masks has pictures of its own."""
    names = {"crack": range(5), "whole": range(5, 10)}
    files = [f"{kind}/IMG_{n}.png" for kind, numbers in names.items() for n in numbers]
    root = pictures(tmp_path / "set", *files, *(f"masks/IMG_{n}{ending}.png" for n in range(2, 8)))
    told = refused(root)
    assert "masks: called like masks of pictures" in told
    (given,) = words_after(told)
    assert counts(load(given)) == {"train": {"crack": 5, "whole": 5}}


def test_images_without_endings_are_in_the_table(tmp_path: Path) -> None:
    """`val/metal` and `paper/9`: read beyond the end of a name, and left out of the table of all."""
    root = pictures(tmp_path / "set", *CLASSES, "val/metal.png", "paper/9.png")
    for path in ("val/metal", "paper/9"):
        (root / f"{path}.png").rename(root / path)
    told = refused(root)
    assert "this writes a table of all" in told
    (given,) = words_after(told)
    assert counts(load(given)) == {
        "train": {**COUNTS, "paper": COUNTS["paper"] + 1},
        "validation": {"metal": 1},
    }


def test_a_set_without_any_endings_has_a_command_that_works(tmp_path: Path) -> None:
    """No ending at all: the command was no Python."""
    names = [*CLASSES, "ground_truth/0.png"]
    root = pictures(tmp_path / "set", *names)
    for path in names:
        (root / path).rename((root / path).with_suffix(""))
    (given,) = words_after(refused(root))
    assert counts(load(given)) == {"train": COUNTS}


@pytest.mark.parametrize("name", ["red-green-0.png", "red green.png"])
def test_a_name_that_may_mean_two_classes_tells_none(name: str, tmp_path: Path) -> None:
    """Beside `red` and `red_green` it was of `red`."""
    kinds = ("red", "green", "red_green")
    root = pictures(tmp_path, *(f"{kind}/{n}.png" for kind in kinds for n in range(3)), f"val/{name}")
    assert "The names of its files tell the classes" not in refused(root)


def test_a_split_with_the_classes_that_lie_beside_it(tmp_path: Path) -> None:
    """`metal`, `paper`, `validation/metal`, `validation/paper`: the third reading comes with its command."""
    own = [f"validation/{name}/{n}.png" for name in COUNTS for n in (6, 7)]
    told = refused(pictures(tmp_path, *CLASSES, *own))
    (given,) = words_after(told)
    assert counts(load(given)) == {"train": COUNTS, "validation": dict.fromkeys(COUNTS, 2)}


def test_groups_of_train_beside_the_folder_of_a_test(tmp_path: Path) -> None:
    """`D1/c0`, `D2/c0`, `testing/c0`: days beside the test split, with their classes."""
    days = [f"D{day}/c{c}/{n}.png" for day in (1, 2, 3) for c in (0, 1) for n in range(4)]
    told = refused(pictures(tmp_path, *days, *(f"testing/c{c}/{n}.png" for c in (0, 1) for n in (8, 9))))
    given, option, pattern = words_after(told)
    assert option == "--group-pattern"
    data = load(given, group_pattern=pattern)
    assert counts(data) == {"train": {"c0": 12, "c1": 12}, "test": {"c0": 2, "c1": 2}}
    assert len(set(data.train.columns["group"])) == 3


def test_labelled_and_unlabelled_pictures_side_by_side(tmp_path: Path) -> None:
    """`avec_labels/{cancer,normal}` beside `sans_label` were two classes: being labelled is none."""
    root = pictures(
        tmp_path,
        *(f"avec_labels/{name}/{n}.png" for name in ("cancer", "normal") for n in range(4)),
        *(f"sans_label/{n}.png" for n in range(10, 16)),
    )
    assert "--layout nested" in refused(root)
    assert counts(load(root, layout="nested")) == {"train": {"cancer": 4, "normal": 4}}


@pytest.mark.parametrize("above", ["", "data/"])
def test_folders_in_splits_that_hold_the_same_names(above: str, tmp_path: Path) -> None:
    """`training_data/fold_0/{all,hem}` beside a flat test: the folds were the classes, with a note."""
    names = [f"training_data/fold_{f}/{c}/{n}.png" for f in range(3) for c in ("all", "hem") for n in (1, 2)]
    names += [f"testing_data/final/{n}.png" for n in range(6)]
    root = pictures(tmp_path, *(above + name for name in names))
    told = refused(root)
    assert "(fold_0, fold_1, fold_2) hold folders of the same names (all, hem)" in told
    (given,) = words_after(told)
    data = load(given)
    assert counts(data) == {"train": {"all": 6, "hem": 6}}
    assert len(set(data.train.columns["folder"])) == 3
    Path(given, "metadata.csv").unlink()
    assert len(load(root, layout="splits").classes) == 3


@pytest.mark.parametrize("test", ["cat/rain", "cat"])
def test_sites_in_every_split_are_asked_about_where_all_hold_the_same(test: str, tmp_path: Path) -> None:
    """`train/siteA/cat`, `test/siteA/cat`; where the test split has no folders below, it has the classes."""
    names = [
        f"train/{one}/{two}/{n}.png" for one in ("cat", "dog") for two in ("rain", "sun") for n in (1, 2)
    ]
    names += [f"test/{test.replace('cat', one)}/{n}.png" for one in ("cat", "dog") for n in (3, 4)]
    root = pictures(tmp_path, *names)
    if "/" not in test:
        assert load(root).classes == ("cat", "dog")
        return
    (given,) = words_after(refused(root))
    assert load(given).classes == ("rain", "sun")
