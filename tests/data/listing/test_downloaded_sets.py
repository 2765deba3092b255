"""Public data sets as they lie after unpacking: the oddities of their folders, and clean twins."""

import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.data.values import Dataset
from assay.workflow.load import load
from told_command import path_after

pytestmark = pytest.mark.usefixtures("own_cache")


def picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    Image.fromarray(pixels).save(path, "PNG")


def laid(root: Path, folders: dict[str, int], *files: str, texts: tuple[str, ...] = ()) -> Path:
    """So many pictures in each folder, all different, single pictures by name, and texts."""
    names = [f"{folder}/{number}.png" for folder, count in folders.items() for number in range(count)]
    for seed, name in enumerate((*names, *files)):
        picture(root / name, seed)
    for name in texts:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("text")
    return root


def counts(data: Dataset) -> dict[str, dict[str, int]]:
    """Images by split and class."""
    return {
        name: dict(zip(data.classes, split.counts(len(data.classes)).tolist(), strict=True))
        for name, split in data.splits.items()
    }


def refused(root: Path, **options: Any) -> str:
    """The line that stops both `inspect` and `load`."""
    lines = []
    for look in (inspect, load):
        with pytest.raises(AssayError, match="ambiguous-layout") as caught:
            look(root, **options)
        lines.append(str(caught.value))
    assert lines[0] == lines[1]
    return lines[0]


TWO = {"A": 4, "B": 3}


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("asl_alphabet_train/asl_alphabet_train", "asl_alphabet_test/asl_alphabet_test"),
        ("toy_train", "toy_test"),
        ("train_images", "test_images"),
    ],
)
def test_a_test_folder_without_classes_beside_its_train_folder(train: str, test: str, tmp_path: Path) -> None:
    """ASL alphabet: `..._train/..._train/A`, and `..._test/..._test/A_test.jpg`: no class is called so."""
    root = laid(tmp_path, {f"{train}/A": 4, f"{train}/B": 3, test: 1})
    found = load(root)
    assert counts(found) == {"train": TWO}
    assert any("without the folder of a class: no labels" in note for note in found.notes)


@pytest.mark.parametrize(
    "folders",
    [
        {"box_train": 4, "box_test": 3, "query": 2},
        {"train_images": 4, "test_images": 3, "unlabeled_images": 2},
        {"cars_train/cars_train": 4, "cars_test/cars_test": 3},
        {"train": 4, "test": 3, "extra": 2},
    ],
    ids=["Market-1501", "STL-10", "Stanford Cars", "exact"],
)
def test_splits_of_loose_pictures_are_no_classes(folders: dict[str, int], tmp_path: Path) -> None:
    """Two folders of different splits that are called alike otherwise stop, whatever lies beside them."""
    root = laid(tmp_path, folders)
    told = refused(root)
    assert "named like splits and hold images without folders of classes" in told
    assert "query" not in told
    (root / "devkit").mkdir()
    (root / "devkit" / "meta.mat").write_bytes(b"MATLAB 5.0")
    assert "object detection" not in refused(root)
    assert set(load(root, layout="classes").classes) == {name.split("/")[0] for name in folders}


@pytest.mark.parametrize(
    "names", [("test tube", "train set"), ("box_train", "toy_test"), ("a_train", "b_train")]
)
def test_classes_that_only_look_like_splits_stay(names: tuple[str, str], tmp_path: Path) -> None:
    """Called after different things, or after one split: classes."""
    assert load(laid(tmp_path, dict.fromkeys((*names, "car"), 3))).classes == tuple(sorted((*names, "car")))


def once_more(root: Path, inner: str, *, same: bool) -> Path:
    """Two classes, and both again in a folder beside them: copies, or other pictures of the same names."""
    for seed, name in enumerate(f"{label}/{number}.png" for label in ("cat", "dog") for number in range(3)):
        picture(root / name, seed)
        picture(root / inner / name, seed if same else seed + 100)
    return root


@pytest.mark.parametrize(
    ("top", "inner"),
    [
        ("cell_images", "cell_images"),
        (".", "brain_tumor_dataset"),
        ("x/y", "rps-cv-images"),
        (".", "all/all"),
    ],
)
def test_a_copy_of_the_set_beside_its_classes_is_left_out(top: str, inner: str, tmp_path: Path) -> None:
    """Malaria cells, PlantVillage, flowers: unpacked with the whole set once more inside."""
    found = load(once_more(tmp_path / top, inner, same=True))
    assert counts(found) == {"train": {"cat": 3, "dog": 3}}
    name = inner.split("/")[0]
    assert [n for n in found.notes if n.startswith(f"{name} holds")] == [
        f"{name} holds the folders and files of those beside it once more: its 6 images are left out"
    ]
    assert len(found.left_out) == 6
    assert set(load(tmp_path, layout="classes").classes) == {"cat", "dog", name}


def test_a_copy_of_the_set_beside_its_splits_is_told(tmp_path: Path) -> None:
    """Chest X-rays: `chest_xray/chest_xray/train`. Its images were left out in silence."""
    folders = {f"{split}/{label}": 2 for split in ("train", "test") for label in ("ill", "well")}
    root = laid(tmp_path / "xrays", folders)
    shutil.copytree(root, root / "xrays")
    found = load(root)
    assert counts(found) == {"train": {"ill": 2, "well": 2}, "test": {"ill": 2, "well": 2}}
    told = "xrays holds the folders and files of those beside it once more: its 8 images are left out"
    assert [note for note in found.notes if note.startswith("xrays holds")] == [told]


@pytest.mark.parametrize("name", ["train_old", "Train Augmented", "train-backup", "test_copy"])
def test_a_folder_called_after_a_copy_of_a_split_is_asked_about(name: str, tmp_path: Path) -> None:
    """Its images were joined to the split, with a note: those of a copy counted twice."""
    folders = ("train", "my test" if "train" in name.lower() else "test", name)
    root = laid(tmp_path, {f"{folder}/{label}": 2 for folder in folders for label in ("a", "b")})
    told = refused(root)
    split = "test" if "test" in name else "train"
    assert f"{name} may be a copy of {split}, or more images of that split" in told
    option = f"train=train,test={folders[1]}"
    assert f"--split-names {shlex.quote(option)} leaves it out, or --layout splits reads all." in told
    alone = load(root, split_names=option)
    assert counts(alone) == {"train": {"a": 2, "b": 2}, "test": {"a": 2, "b": 2}}
    assert sum(len(split) for split in load(root, layout="splits").splits.values()) == 12


@pytest.mark.parametrize("names", [("train_full", "train_small"), ("train", "train_mini")])
def test_a_part_of_a_split_beside_it_is_asked_about(names: tuple[str, str], tmp_path: Path) -> None:
    """Both were joined, so the images of the part counted twice."""
    root = laid(tmp_path, {f"{split}/{label}": 2 for split in (*names, "test") for label in ("a", "b")})
    assert f"{names[1]} may be a copy of {names[0]}, or more images of that split" in refused(root)


@pytest.mark.parametrize(
    "things", [("fold1", "fold2"), ("rgb", "gray"), ("224", "512"), ("2014", "2017"), ("", "resized")]
)
@pytest.mark.parametrize("form", ["{split}_{thing}", "{thing} {split}"])
def test_sets_of_splits_side_by_side_stop(things: tuple[str, str], form: str, tmp_path: Path) -> None:
    """Joined, the test images of a fold were training images of another one."""
    splits = ("train", "val")
    names = [form.format(split=split, thing=thing).strip(" _") for thing in things for split in splits]
    root = laid(tmp_path, {f"{name}/{label}": 2 for name in names for label in ("a", "b")})
    told = refused(root)
    assert "may each be a whole data set, such as a fold or a version of one" in told
    option = f"train={names[0]},validation={names[1]}"
    assert f"--split-names {shlex.quote(option)} reads" in told or things[0] in ("rgb", "")
    alone = load(root, split_names=option)
    assert {split: len(part) for split, part in alone.splits.items()} == {"train": 4, "validation": 4}
    assert sum(len(part) for part in load(root, layout="splits").splits.values()) == 16


@pytest.mark.parametrize(
    "names",
    [
        ("train_old", "test_old"),
        ("train", "train2", "test"),
        ("train_clean", "test"),
        ("1_train", "2_val", "3_test"),
        ("train", "test_seen", "test_unseen"),
        ("train2017", "val2017"),
    ],
)
def test_folders_of_splits_that_are_no_copies_are_read(names: tuple[str, ...], tmp_path: Path) -> None:
    """All are old, or numbered parts, or there is no other of that split."""
    root = laid(tmp_path, {f"{split}/{label}": 2 for split in names for label in ("a", "b")})
    assert sum(len(split) for split in load(root).splits.values()) == 4 * len(names)
    if "train2" in names:
        told = refused(laid(root, {"train_old/a": 2, "train_old/b": 2}))
        assert "Say which is right: move it away, or --layout splits reads all." in told


@pytest.mark.parametrize("name", ["trainval", "VOC2007_trainval"])
def test_train_and_validation_together_are_train(name: str, tmp_path: Path) -> None:
    """Both readings were asked about, and as splits it had none of train."""
    root = laid(tmp_path, {f"{split}/{label}": 2 for split in (name, "test") for label in ("a", "b")})
    found = load(root)
    assert counts(found) == {"train": {"a": 2, "b": 2}, "test": {"a": 2, "b": 2}}
    assert f"folders taken for splits by their names: {name} is train" in found.notes


def test_another_version_of_the_set_beside_its_classes_stops(tmp_path: Path) -> None:
    """Files of the same names with other content may be more images, or the same in another size."""
    told = refused(once_more(tmp_path, "resized", same=False))
    assert "the folder resized holds folders of the names of those beside it" in told
    assert f"Give that set alone, {tmp_path}/resized" in told
    assert counts(load(tmp_path / "resized")) == {"train": {"cat": 3, "dog": 3}}


def test_a_class_that_has_one_folder_named_as_another_class_stays(tmp_path: Path) -> None:
    """One name in common is a chance."""
    root = laid(tmp_path, {"cat": 3, "dog": 3, "both/cat": 2, "both/pair": 2})
    assert load(root).classes == ("both", "cat", "dog")


@pytest.mark.parametrize("between", ["images/", "a/b/", ""])
def test_domains_over_classes_stop_behind_single_folders(between: str, tmp_path: Path) -> None:
    """Office-31: `amazon/images/bike`: the domain is no class, and the reading by classes is offered."""
    root = laid(
        tmp_path,
        {f"{domain}/{between}{name}": 2 for domain in ("amazon", "dslr") for name in ("bike", "mug")},
    )
    assert "as nested: train {bike 4, mug 4}" in refused(root)
    assert counts(load(root, layout="nested")) == {"train": {"bike": 4, "mug": 4}}


COLLECTIONS = {
    "LC25000": {"colon_image_sets/aca": 2, "colon_image_sets/n": 2, "lung_image_sets/scc": 2},
    "Omniglot": {
        "images_background/Latin/c1": 2,
        "images_background/Greek/c1": 2,
        "images_evaluation/Ge/c1": 2,
    },
    "Places365": {"data_large/a": 3, "data_large/b": 3, "val_large": 2, "test_large": 2},
    "SUN397": {"a/abbey": 2, "a/attic": 2, "b/beach": 2},
    "a class beside examples": {"Dataset/0": 3, "Dataset/1": 3, "Examples": 2},
}


@pytest.mark.parametrize("case", COLLECTIONS)
def test_folders_of_collections_over_classes_stop(case: str, tmp_path: Path) -> None:
    """Names of lots of pictures, and letters, over folders: one level down may be the classes."""
    told = refused(laid(tmp_path, COLLECTIONS[case]))
    assert "as classes: train {" in told
    assert "as nested: train {" in told


@pytest.mark.parametrize(
    "folders",
    [
        {"fire_images": 3, "non_fire_images": 3},
        {"animal/cat": 2, "animal/dog": 2, "plant": 3},
        {"a": 3, "b": 3},
        {"a/x": 2, "a/y": 2, "b": 3},
        {"photo_set/one": 3, "drawing_set/one": 3},
    ],
)
def test_names_of_classes_that_only_look_like_collections(folders: dict[str, int], tmp_path: Path) -> None:
    """Without folders to choose from, or without such a name, folders are classes."""
    assert set(load(laid(tmp_path, folders)).classes) == {name.split("/")[0] for name in folders}


@pytest.mark.parametrize(
    "names", [("HAM10000_images_part_1", "HAM10000_images_part_2"), ("images_001", "images_002")]
)
def test_numbered_parts_of_a_set_are_no_classes(names: tuple[str, str], tmp_path: Path) -> None:
    """HAM10000, ChestX-ray14: the table beside them has the labels, and the line names it."""
    root = laid(tmp_path, {f"{name}/images": 3 for name in names})
    (root / "metadata_all.csv").write_text("image,label\n0.png,a\n")
    told = refused(root)
    assert "numbered parts of one set" in told
    assert "there is a table, metadata_all.csv: give its path" in told


@pytest.mark.parametrize("names", [("raw", "augmented"), ("Original Images", "images_resized", "cropped")])
def test_versions_of_a_set_are_no_classes(names: tuple[str, ...], tmp_path: Path) -> None:
    """Whether pictures are raw or prepared is no class of them."""
    assert "are called like versions of one set" in refused(laid(tmp_path, dict.fromkeys(names, 3)))


@pytest.mark.parametrize("names", [("s1", "s2"), ("raw", "cooked"), ("original", "forged"), ("obj1", "obj2")])
def test_numbered_classes_stay(names: tuple[str, str], tmp_path: Path) -> None:
    """People and objects are numbered, too, and words for versions are also those of things."""
    assert set(load(laid(tmp_path, dict.fromkeys(names, 3))).classes) == set(names)


@pytest.mark.parametrize("split", ["", "Train/"])
def test_folders_of_masks_inside_of_classes_are_left_out(split: str, tmp_path: Path) -> None:
    """COVID-19 radiography: `COVID/images`, `COVID/masks`: the masks are no pictures of a class."""
    folders = {f"{split}{name}/{kind}": 3 for name in ("COVID", "Normal") for kind in ("images", "masks")}
    found = load(laid(tmp_path, folders))
    assert counts(found) == {"train": {"COVID": 3, "Normal": 3}}
    assert any(note.startswith("6 images are named as masks") for note in found.notes)
    assert counts(load(tmp_path, layout="splits" if split else "classes")) == {
        "train": {"COVID": 6, "Normal": 6}
    }


@pytest.mark.parametrize(
    ("folder", "test"),
    [
        ("dataset2/", ""),
        ("a/dataset2/", ""),
        ("train/", "test1"),
        ("train/", "test"),
        ("train/train/", "test1/test1"),
        ("set/train/", "set/test1"),
    ],
)
def test_files_named_by_class_in_a_folder_of_their_own(folder: str, test: str, tmp_path: Path) -> None:
    """Multi-class weather, Dogs vs. Cats: no folder is a class, wherever the files lie."""
    files = [f"{folder}{name}{number}.png" for name in ("rain", "shine") for number in range(3)]
    found = load(laid(tmp_path, {test: 2} if test else {}, *files))
    assert counts(found) == {"train": {"rain": 3, "shine": 3}}
    assert any("the words that the files' names begin with (rain, shine)" in note for note in found.notes)


def test_names_do_not_outweigh_a_table_of_labels(tmp_path: Path) -> None:
    """Clinics stand in names as well: with a table it stops; a sample of what a contest wants is none."""
    files = [f"set/{name}_{number}.png" for name in ("clinicA", "clinicB") for number in range(12)]
    root = laid(tmp_path, {}, *files)
    (root / "sample_submission.csv").write_text("id,label\n1,0\n")
    assert load(root).classes == ("clinicA", "clinicB")
    rows = "".join(f"{file},{('sick', 'well')[number % 2]}\n" for number, file in enumerate(files))
    (root / "diagnosis.csv").write_text(f"file_name,label\n{rows}")
    told = refused(root)
    assert "diagnosis.csv gives 24 of the images other classes (sick, well ...)" in told
    assert f"Give the table, {root}/diagnosis.csv" in told


def hinted_groups(root: Path, **options: Any) -> set[object]:
    """The groups that the pattern makes which a note on folders inside of classes offers."""
    (note,) = [note for note in inspect(root, **options).notes if "--group-pattern" in note]
    pattern = note.split("--group-pattern '")[1].split("'")[0]
    return set(load(root, **options, group_pattern=pattern).train.columns["group"])


@pytest.mark.parametrize(
    ("below", "groups"),
    [
        (("SOB/p1/40X", "SOB/p1/100X", "SOB/p2/40X", "SOB/p2/100X"), {"p1", "p2"}),
        (("p1/left/day", "p1/right/day", "p2/left/day", "p2/right/day"), {"p1", "p2"}),
        (("p1", "p2"), {"p1", "p2"}),
        (("site/p1", "site/p2"), {"p1", "p2"}),
    ],
    ids=["BreakHis", "two levels", "patients", "below a folder"],
)
def test_the_groups_offered_are_no_folders_that_every_patient_has(
    below: tuple[str, ...], groups: set[str], tmp_path: Path
) -> None:
    """BreakHis: `40X` lies in the folder of every patient; grouped by it, every patient is on both sides."""
    folders = {f"{name}/{path.replace('p', name + 'p')}": 2 for name in ("sick", "well") for path in below}
    expected = {f"{name}{group}" for name in ("sick", "well") for group in groups}
    assert hinted_groups(laid(tmp_path, folders)) == expected


def test_folders_inside_the_classes_of_a_nested_reading_are_told(tmp_path: Path) -> None:
    """Places365: `b/bakery/shop` is one of several bakeries, and was one class with them without a word."""
    root = laid(tmp_path, {"a/attic": 2, "b/beach": 2, "b/bakery/shop": 2, "b/bakery/oven": 2})
    (note,) = [note for note in load(root, layout="nested").notes if "inside the folders" in note]
    assert "b/bakery holds oven, shop" in note  # and no group pattern: not all images lie in such folders
    assert "--layout" not in note
    (tmp_path / "b" / "bakery" / "oven").rename(tmp_path / "b" / "oven")
    assert not any("inside the folders" in note for note in load(root, layout="nested").notes)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("train_test_split.txt", True),
        ("lists/train_val_test.csv", True),
        ("image_class_labels.txt", False),
        ("train_only.txt", False),
    ],
)
def test_one_list_of_several_splits_is_named(text: str, told: bool, tmp_path: Path) -> None:
    """CUB-200: one list says of each image whether it is train or test."""
    root = laid(tmp_path, {"images/001.Albatross": 3, "images/002.Auk": 3}, texts=(text,))
    assert any(f"no split was read; {text} may tell" in note for note in load(root).notes) is told


@pytest.mark.parametrize("top", ["", "download/", "a/b/"])
def test_tables_are_seen_where_the_images_lie(top: str, tmp_path: Path) -> None:
    """Imagenette: its table lies in the one folder that was unpacked, and a note names it."""
    root = laid(
        tmp_path, {f"{top}train/cat": 3, f"{top}train/dog": 3, f"{top}val/cat": 2, f"{top}val/dog": 2}
    )
    (root / top / "noisy.csv").write_text("path,noisy_labels_0\ntrain/cat/0.png,cat\n")
    assert any(f"tables beside them were not read: {top}noisy.csv" in note for note in load(root).notes)


def test_tables_below_the_images_do_not_matter(tmp_path: Path) -> None:
    """Beside them only."""
    root = laid(tmp_path, {"cat": 3, "dog": 3})
    (root / "cat" / "boxes.csv").write_text("file,x\n0.png,1\n")
    assert not any("tables" in note for note in load(root).notes)


@pytest.mark.parametrize(
    ("folders", "told"),
    [
        ({"seg_pred": 3}, "3 images lie in seg_pred, beside the folders of splits: left out"),
        ({"set/train/A": 2, "more": 1}, "3 images lie in more, set, beside the folders of splits: left out"),
        ({}, ""),
    ],
)
def test_folders_beside_splits_are_told(folders: dict[str, int], told: str, tmp_path: Path) -> None:
    """Intel's `seg_pred`, the copy of chest X-rays inside: left out, and said so."""
    splits = {"seg_train/A": 4, "seg_train/B": 3, "seg_test/A": 2, "seg_test/B": 2}
    notes = load(laid(tmp_path, {**splits, **folders})).notes
    assert [note for note in notes if "beside the folders of splits" in note] == ([told] if told else [])


@pytest.mark.parametrize(
    ("more", "command"),
    [
        ({"my holdout/cat": 2, "my holdout/dog": 3}, "'train=train,validation=dev,test=my holdout'"),
        ({"holdout/cat": 2}, None),
        ({"holdout/cat": 2, "holdout/owl": 2}, None),
        ({"holdout/cat": 2, "holdout/dog": 2, "unseen/cat": 2, "unseen/dog": 2}, None),
    ],
)
def test_a_folder_beside_splits_may_be_test(
    more: dict[str, int], command: str | None, tmp_path: Path
) -> None:
    """Its classes are theirs, and no other split is called test: how to read it stands beside its number."""
    splits = {"train/cat": 4, "train/dog": 4, "dev/cat": 2, "dev/dog": 2}
    root = laid(tmp_path, {**splits, **more})
    (told,) = [note for note in load(root).notes if "beside the folders of splits" in note]
    way = told.partition("--split-names ")[2].partition(" reads it")[0]
    assert way == (command or "")
    if command:
        assert load(root, split_names=shlex.split(way)[0]).splits["test"].counts(2).tolist() == [2, 3]


def moved(root: Path) -> None:
    """Run the command that a note gives."""
    (command,) = [note.partition("classes: ")[2] for note in load(root).notes if "this moves them" in note]
    subprocess.run(["bash", "-ec", command], check=True)


def test_a_list_of_the_labels_of_a_split_comes_with_a_command_that_works(tmp_path: Path) -> None:
    """Tiny ImageNet: `val_annotations.txt`; the images come out of `images`; what is no class stays."""
    root = laid(tmp_path / "tiny set", {"train/n01": 4, "train/n02": 4, "val/images": 4, "test/images": 2})
    rows = "".join(f"{number}.png\tn0{1 + number % 2}\t0\t32\t44\r\n" for number in range(4))
    laid(root, {}, "val/images/9.png")
    hostile = "9.png\t../../n01\t0\t32\t44\n"  # beyond the rows that decide
    (root / "val" / "val_annotations.txt").write_text(rows + "x\n" * 40_000 + hostile)
    moved(root)
    assert counts(load(root))["validation"] == {"n01": 2, "n02": 2}
    assert [path.name for path in (root / "val" / "images").iterdir()] == ["9.png"]
    assert not (tmp_path / "n01").exists()


@pytest.mark.parametrize("known", [True, False])
def test_a_table_of_the_labels_of_a_split(known: bool, tmp_path: Path) -> None:
    """GTSRB: other columns hold small numbers, too; only a usual name tells which are classes."""
    root = laid(tmp_path, {"Train/5": 4, "Train/6": 4, "Test": 4, "Meta": 2})
    rows = "".join(f"5,6,{5 + number % 2},Test/{number}.png\n" for number in range(4))
    (root / "Test.csv").write_text(f"Left,Top,{'ClassId' if known else 'Right'},Path\n{rows}")
    if not known:
        assert not any("this moves them" in note for note in load(root).notes)
        return
    moved(root)
    assert counts(load(root))["test"] == {"5": 2, "6": 2}


def test_names_without_endings_and_samples_of_a_contest(tmp_path: Path) -> None:
    """ImageNet of a contest: ids, and the first of several words; what only shows the form tells nothing."""
    root = laid(tmp_path, {"train/n01": 4, "train/n02": 4, "val": 4, "test": 4})
    rows = "".join(f"{number},n0{1 + number % 2} 1 2 3 4\n" for number in range(4))
    (root / "a_sample_submission.csv").write_text(f"ImageId,PredictionString\n{rows}")
    assert not any("this moves them" in note for note in load(root).notes)
    for number in range(4):
        (root / "val" / f"{number}.png").rename(root / "val" / f"val_{number}.png")
    lines = "".join(f"val_{number},n0{1 + number % 2} 1 2 3 4\n" for number in range(4))
    (root / "solution.csv").write_text(f"ImageId,PredictionString\n{lines}")
    moved(root)
    assert counts(load(root))["validation"] == {"n01": 2, "n02": 2}


def test_a_file_for_each_image_is_no_list_of_splits(tmp_path: Path) -> None:
    """ImageNet's `val/ILSVRC2012_val_00000001.xml`; three lists of names are some."""
    root = laid(
        tmp_path,
        {"cat": 3, "dog": 3},
        texts=tuple(f"boxes/{s}_{n}.xml" for s in ("train", "val") for n in range(15)),
    )
    assert not any("may tell which image" in note for note in load(root).notes)
    laid(root, {}, texts=("lists/train.txt", "lists/val.txt"))
    assert any("lists/train.txt, lists/val.txt may tell which image" in note for note in load(root).notes)


def test_pictures_beside_annotations_can_be_given_alone(tmp_path: Path) -> None:
    """Pets, Stanford 40, CUB: names or folders tell the classes; the line says what to give."""
    names = [f"images/{name}_{number}.png" for name in ("pug", "beagle") for number in range(3)]
    for root, masks in ((tmp_path / "pets", {"trimaps": 6}), (tmp_path / "actions", {})):
        laid(root, masks, *names, texts=("annotations/pug_0.xml",))
        assert f"begin with (beagle, pug) are the classes, give it alone: {root}/images." in refused(root)
        assert counts(load(root / "images")) == {"train": {"beagle": 3, "pug": 3}}
    birds = laid(tmp_path / "birds", {f"{kind}/{n}": 2 for kind in ("images", "segmentations") for n in "ab"})
    assert f"Where its folders (a, b) are the classes, give it alone: {birds}/images." in refused(birds)
    masks_alone = laid(tmp_path / "cells", {"images": 3, "masks": 3})
    assert "give it alone" not in refused(masks_alone)


@pytest.mark.parametrize(
    ("names", "option"),
    [
        (
            ("NCT-CRC-HE-100K", "CRC-VAL-HE-7K"),
            "--split-names train=NCT-CRC-HE-100K,validation=CRC-VAL-HE-7K",
        ),
        (("rps", "rps-test-set"), "--split-names train=rps,test=rps-test-set"),
        (("10253", "10254"), "--layout nested --group-pattern '([^/]+)/[^/]+/[^/]+$'"),
    ],
)
def test_the_options_for_sets_of_the_same_classes_are_shown(
    names: tuple[str, str], option: str, tmp_path: Path
) -> None:
    """Two splits under other names, patients over classes: what is typed is what the line says."""
    large, small = names
    root = laid(tmp_path, {f"{large}/A": 4, f"{large}/B": 3, f"{small}/A": 2, f"{small}/B": 2})
    told = refused(root)
    assert option in told
    assert f"one of these folders alone, {root}/" in told
    if "--split-names" in option:
        found = load(root, split_names=option.partition("names ")[2])
        assert counts(found)["train"] == TWO
    else:
        found = load(root, layout="nested", group_pattern=option.split("'")[1])
        assert set(found.train.columns["group"]) == set(names)


def test_versions_of_one_size_are_offered_as_no_splits(tmp_path: Path) -> None:
    """Colored and gray pictures of the same leaves are train and test of nothing."""
    root = laid(tmp_path, {f"{kind}/{name}": 3 for kind in ("color", "gray") for name in ("rust", "scab")})
    told = refused(root)
    assert f"one of these folders alone, {root}/color" in told
    assert "--split-names" not in told
    assert "not where they hold the same pictures in several versions" in told
    picture(root / "color" / "rust" / "more.png", 99)
    assert "several versions" not in refused(root)


def test_a_table_below_comes_with_the_root_of_its_paths(tmp_path: Path) -> None:
    """DeepWeeds: `labels/labels.csv` beside `images`: the line is enough to read it."""
    root = laid(tmp_path, {"images": 4})
    (root / "labels").mkdir()
    rows = "".join(f"{number}.png,{'ab'[number % 2]}\n" for number in range(4))
    (root / "labels" / "labels.csv").write_text(f"Filename,Label\n{rows}")
    assert f"labels/labels.csv: give its path and --root {root}" in refused(root)
    found = load(root / "labels" / "labels.csv", root=root)
    assert counts(found) == {"train": {"a": 2, "b": 2}}


@pytest.mark.parametrize(
    "names",
    [
        ("a. Training Set", "b. Testing Set"),
        ("A) train", "B) test"),
        ("1. Original Images/(a) Training", "1. Original Images/(b) Test"),
    ],
)
def test_folders_of_splits_with_letters_before_them_are_no_classes(
    names: tuple[str, str], tmp_path: Path
) -> None:
    """IDRiD: the splits were two classes, for `a` and `b` seemed to tell other things than the split."""
    for seed, name in enumerate(names):
        for number in range(3):
            path = tmp_path / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (6, 6), 9 * seed + number).save(path)
    assert "named like splits and hold images without folders of classes" in refused(tmp_path)


@pytest.mark.parametrize("top", ["", "set/"])
@pytest.mark.parametrize("deep", ["test", "train"])
def test_a_split_that_has_its_classes_a_level_deeper_stops(deep: str, top: str, tmp_path: Path) -> None:
    """`test/sketch/cat` beside `train/cat`: test was set aside as without labels."""
    places = {"test": "", "train": ""} | {deep: "/sketch"}
    names = {f"{top}{split}{place}/{c}": 2 for split, place in places.items() for c in ("cat", "dog")}
    root = laid(tmp_path, {**names, f"{top}{deep}/photo/cat": 2, f"{top}{deep}/photo/dog": 2})
    told = refused(root)
    assert f"the folders of {deep} (photo, sketch) hold folders of the classes of the other splits" in told
    found = load(path_after(told))
    assert counts(found) == {
        split: dict.fromkeys(("cat", "dog"), 4 if split == deep else 2) for split in ("train", "test")
    }
    assert set(found.splits[deep].columns["folder"]) == {"photo", "sketch"}


def test_test_folders_of_other_classes_are_read_on(tmp_path: Path) -> None:
    """The clean twins: one folder of images, and one that shares a class."""
    names = {"train/cat": 2, "train/dog": 2, "test/cat/dog": 2, "test/cat/cat": 2, "test/dog": 2}
    assert load(laid(tmp_path, names)).classes == ("cat", "dog")
