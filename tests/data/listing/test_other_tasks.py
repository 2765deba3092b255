"""Data that are not laid out by classes: each is told by what it looks like, with the way on."""

import subprocess
from pathlib import Path
from unicodedata import normalize

import pytest
from PIL import Image

from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.workflow.load import load

pytestmark = pytest.mark.usefixtures("own_cache")


def made(root: Path, *names: str) -> Path:
    """Pictures, all different, and other files as texts."""
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".png"):
            picture = Image.new("L", (6, 6), number % 256)
            picture.putpixel((0, 0), number // 256)
            picture.save(path)
        else:
            path.write_text("text")
    return root


def numbered(*folders: str, count: int = 3, ending: str = ".png") -> list[str]:
    return [f"{folder}/{number}{ending}" for folder in folders for number in range(count)]


SEGMENTATION = {
    "beside": numbered("images", "masks"),
    "numbered": numbered("image_2", "label_2"),
    "in splits": numbered("train/images", "train/masks", "val/images", "val/masks"),
    "over splits": numbered(
        "images/training", "images/validation", "annotations/training", "annotations/validation"
    ),
    "cities": numbered(
        "leftImg8bit/train/ulm", "leftImg8bit/val/bonn", "gtFine/train/ulm", "gtFine/val/bonn"
    ),
    "VOC": [
        *numbered("JPEGImages", "SegmentationClass", "SegmentationObject"),
        *numbered("Annotations", ending=".xml"),
        "ImageSets/Main/train.txt",
    ],
}


@pytest.mark.parametrize("case", SEGMENTATION)
def test_pictures_and_masks_are_no_classes(case: str, tmp_path: Path) -> None:
    """All names of the folders say pictures or masks, and none says of what."""
    root = made(tmp_path, *SEGMENTATION[case])
    for look in (inspect, load):
        with pytest.raises(AssayError, match=r"ambiguous-layout.*this looks like data for segmentation"):
            look(root)
    assert len(load(root, layout="classes").classes) > 1


@pytest.mark.parametrize("names", [("face_mask", "photo_frame"), ("original", "forged"), ("images", "cats")])
def test_classes_with_such_words_are_classes(names: tuple[str, str], tmp_path: Path) -> None:
    assert set(load(made(tmp_path, *numbered(*names))).classes) == set(names)


DETECTION = {
    "YOLO": [*numbered("images/train", "images/val"), *numbered("labels/train", "labels/val", ending=".txt")],
    "YOLO by splits": [
        *numbered("train/images", "val/images"),
        *numbered("train/labels", "val/labels", ending=".txt"),
    ],
    "COCO": [*numbered("train2017", "val2017"), "annotations/instances_train2017.json"],
    "VOC": [*numbered("JPEGImages"), *numbered("Annotations", ending=".xml"), "ImageSets/Main/train.txt"],
}


@pytest.mark.parametrize("case", DETECTION)
def test_boxes_beside_pictures_are_told(case: str, tmp_path: Path) -> None:
    with pytest.raises(AssayError, match=r"ambiguous-layout.*data for object detection"):
        load(made(tmp_path, *DETECTION[case]))


def test_folders_of_other_files_below_are_no_empty_classes(tmp_path: Path) -> None:
    """Lists two folders down belong to no class."""
    root = made(tmp_path, *numbered("cat", "dog"), "lists/splits/train.txt")
    assert load(root).classes == ("cat", "dog")


def masked(root: Path, *endings: str) -> Path:
    names = numbered("sick", "well")
    return made(
        root, *names, *(name.replace(".png", f"{ending}.png") for name in names for ending in endings)
    )


@pytest.mark.parametrize(
    "endings", [("_mask",), ("_mask", "_mask_1"), ("_segmentation",), ("-Mask",), ("_gt",), (" mask",)]
)
def test_masks_among_the_pictures_of_a_class_are_left_out(endings: tuple[str, ...], tmp_path: Path) -> None:
    """`0.png` and `0_mask.png` in one folder: a note, and a warning of the audit, tell of the second."""
    found = load(masked(tmp_path, *endings))
    assert [len(split) for split in found.splits.values()] == [6]
    assert {item.reason for item in found.left_out} == {"named as the mask of an image beside it"}
    assert any(note.startswith(f"{6 * len(endings)} images are named as masks") for note in found.notes)
    assert found.notes[: len(inspect(tmp_path).notes)] or inspect(tmp_path).splits == {"train": 6}
    assert len(load(tmp_path, layout="classes").train) == 6 + 6 * len(endings)


@pytest.mark.parametrize("masks", ["lung masks", "infection_masks", "Tumor Segmentation", "masks"])
@pytest.mark.parametrize("above", ["", "Train/", "in one/"])
def test_folders_of_masks_of_something_are_left_out(above: str, masks: str, tmp_path: Path) -> None:
    """COVID-QU-Ex: `COVID-19/images` and `COVID-19/lung masks` were all images of the class."""
    tops = (above, "Test/") if above == "Train/" else (above,)
    folders = [f"{top}{c}/{kind}" for top in tops for c in ("sick", "well") for kind in ("images", masks)]
    root = made(tmp_path, *numbered(*folders))
    found = load(root)
    assert [len(split) for split in found.splits.values()] == [6] * len(tops)
    assert len(found.left_out) == 6 * len(tops)
    (note,) = [note for note in found.notes if "lie in folders of masks" in note]
    layout = "splits" if above == "Train/" else "classes"
    assert f"(--layout {layout} reads them as images)" in note
    assert sum(map(len, load(root, layout=layout).splits.values())) == 12 * len(tops)


def test_folders_of_masks_that_people_wear_are_classes(tmp_path: Path) -> None:
    """No folder of pictures beside them, or other names in it."""
    worn = made(tmp_path / "a", *numbered("face masks/cloth masks", "face masks/paper", "hats/felt"))
    assert len(load(worn).train) == 9
    names = [f"hats/images/{n}.png" for n in range(3)] + [f"hats/party masks/p{n}.png" for n in range(3)]
    assert len(load(made(tmp_path / "b", *names, *numbered("shoes"))).train) == 9


def test_what_has_no_picture_of_its_own_is_no_mask(tmp_path: Path) -> None:
    """Masks worn by people, a single file, a car's name."""
    root = made(tmp_path, *(f"{c}/{n}_mask.png" for c in ("yes", "no") for n in range(3)), "yes/7.png")
    assert len(load(root).train) == 7
    assert len(load(made(tmp_path / "b", *numbered("a", "b"), "a/0_mask.png")).train) == 7
    cars = made(
        tmp_path / "c", *(f"vw/golf {n}{e}.png" for n in range(3) for e in ("", " gt")), "kia/rio.png"
    )
    assert len(load(cars).train) == 7


def test_folders_inside_of_classes_are_told(tmp_path: Path) -> None:
    """Sorts of a class, or its patients: the note has the options that read them otherwise."""
    root = made(tmp_path, *numbered("animal/cat", "animal/dog", "thing/car", "thing/cup"))
    (note,) = inspect(root).notes
    assert note.startswith("folders inside the folders of classes are read as parts of the class")
    assert "animal holds cat, dog (--layout nested reads them as the classes; --group-pattern" in note
    assert load(root, layout="nested").classes == ("car", "cat", "cup", "dog")
    groups = load(root, group_pattern="([^/]+)/[^/]+$").train.columns["group"]
    assert sorted(set(groups)) == ["car", "cat", "cup", "dog"]
    split = made(
        tmp_path / "s", *numbered("train/a/p1", "train/a/p2", "train/b/p3", "test/a/p4", "test/b/p5")
    )
    assert "--group-pattern" in " ".join(load(split).notes)
    assert not inspect(made(tmp_path / "flat", *numbered("cat", "dog/images"))).notes


@pytest.mark.parametrize("name", ["video_{:04}", "Patient {}", "clip{}"])
def test_groups_that_each_class_numbers_anew_are_no_classes(name: str, tmp_path: Path) -> None:
    """`walk/video_0000` beside `run/video_0000`: it stopped, with the videos as the other reading."""
    folders = [f"{c}/{name.format(n)}" for c in ("run", "walk") for n in range(3)]
    root = made(tmp_path / "a", *numbered(*folders))
    assert load(root).classes == ("run", "walk")
    (note,) = inspect(root).notes
    assert note.endswith(
        "(--group-pattern '([^/]+)/[^/]+$' reads them as groups, such as patients or videos)"
    )
    assert len(set(load(root, group_pattern="([^/]+)/[^/]+$").train.columns["group"])) == 3
    other = made(
        tmp_path / "b", *numbered(*(f"{name.format(n)}/{c}" for c in ("run", "walk") for n in range(3)))
    )
    with pytest.raises(AssayError, match="it can be read in two ways"):
        load(other)


def test_a_test_split_under_another_name_is_offered(tmp_path: Path) -> None:
    """`train` and `holdout` hold the same classes: the line has the option that reads both."""
    root = made(tmp_path, *numbered("train/a", "train/b", "holdout/a", "holdout/b"))
    with pytest.raises(AssayError, match=r"or --split-names train=train,test=holdout\.") as caught:
        load(root)
    assert caught.value.code == "ambiguous-layout"
    assert set(load(root, split_names="train=train,test=holdout").splits) == {"train", "test"}


def test_the_table_with_labels_is_named_and_no_submission(tmp_path: Path) -> None:
    """A sample submission labels every test image alike; train.csv is what is meant."""
    root = made(tmp_path, *numbered("train", "test"))
    (root / "sample_submission.csv").write_text("id,label\n0,a\n1,a\n2,a\n")
    (root / "extra.csv").write_text("id,width\n0,6\n1,6\n2,6\n")
    with pytest.raises(AssayError, match=r"there is a table, extra\.csv, without a usual name.*id, width"):
        load(root)
    (root / "train.csv").write_text("id,label\n0,a\n1,b\n2,a\n")
    with pytest.raises(AssayError, match=r"there is a table, train\.csv: give its path"):
        load(root)


def test_a_table_with_labels_under_another_name_is_asked_about(tmp_path: Path) -> None:
    """All images in one folder `images`, and `tags` in a table: that folder is no class."""
    root = made(tmp_path, *numbered("images"))
    (root / "list.csv").write_text("filename,tags\n0.png,a\n1.png,b\n2.png,a\n")
    with pytest.raises(
        AssayError, match=r"of one class, images; .*list\.csv.*filename, tags.*--label-column"
    ):
        load(root)
    assert load(root / "list.csv", label_column="tags").classes == ("a", "b")


def test_metadata_with_labels_under_another_name_say_which_columns_there_are(tmp_path: Path) -> None:
    root = made(tmp_path, *numbered("train", "test"))
    for split in ("train", "test"):
        rows = "".join(f'{{"file_name": "{n}.png", "digit": "{"ab"[n % 2]}"}}\n' for n in range(3))
        (root / split / "metadata.jsonl").write_text(rows)
    with pytest.raises(
        AssayError, match=r"metadata\.jsonl.*it has file_name, digit\): name it with --label-c"
    ):
        load(root)
    assert load(root, label_column="digit").classes == ("a", "b")


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (("haze", "primary", "haze primary"), "haze primary"),
        (("scab", "leaf_spot", "rust_mite", "scab leaf_spot", "rust"), "scab leaf_spot"),
        (("cat", "dog", "owl", "cat and dog"), "cat and dog"),
        (("salt", "pepper", "salt and vinegar"), ""),
        (
            ("even big", "even small", "odd big", "odd small", "even small prime", "odd big prime"),
            "even small prime",
        ),
        (("even+big", "even+small", "odd+big", "odd+small", "odd+cut", "odd+big+cut"), "odd+big+cut"),
        (("a_big", "a_small", "b_big", "b_small", "a_big_cut", "b_cut"), "a_big_cut"),
        (("Effusion", "Hernia", "Effusion|Nodule", "Mass"), "Effusion|Nodule"),
        (("cat", "dog", "cat;rat", "cow"), "cat;rat"),
        (("Effusion|Nodule", "Hernia", "Mass", "cat"), ""),
        (("t-shirt", "shirt", "ankle-boot", "sneaker"), ""),
        (("retriever", "cat", "golden retriever"), ""),
        (("red oak", "white oak", "northern red oak", "black oak"), ""),
        (("red circle", "red square", "green circle", "green square", "blue circle", "blue square"), ""),
    ],
)
def test_labels_that_may_be_several_tags_in_one_are_told(tmp_path: Path, labels, told: str) -> None:
    made(tmp_path, *numbered(".", count=len(labels)))
    rows = "".join(f"{n}.png,{label}\n" for n, label in enumerate(labels))
    (tmp_path / "list.csv").write_text(f"file,label\n{rows}")
    notes = " ".join(load(tmp_path / "list.csv").notes)
    assert (f"such as {told!r} may name several classes" in notes) == bool(told)
    assert ("may name several classes" in notes) == bool(told)


def test_classes_at_the_end_of_names_are_told_with_a_command_that_works(tmp_path: Path) -> None:
    root = made(tmp_path, *(f"{n:03}_{('cat', 'dog')[n % 2]}.png" for n in range(6)))
    with pytest.raises(AssayError, match="too-few-images") as caught:
        load(root)
    command = str(caught.value).partition("as the label: ")[2].partition(" ; then")[0]
    subprocess.run(command, shell=True, check=True)
    assert load(root).classes == ("cat", "dog")
    (tmp_path / "b").mkdir()
    with pytest.raises(AssayError) as plain:
        load(made(tmp_path / "b", *(f"{n:03}_{'abcdef'[n]}.png" for n in range(6))))
    assert "may tell the classes" not in str(plain.value)


def test_one_class_is_told_by_inspect_and_stops_a_run_at_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Before the audit, which takes long; the audit itself takes one class."""
    root = made(tmp_path / "set", *numbered("cat", count=12))
    assert exit_code(["inspect", str(root)]) == 0
    assert "there is one class only, 'cat'" in capfd.readouterr().out
    for command in ("run", "train"):
        assert exit_code([command, str(root), "--out", str(tmp_path / "run")]) == 3
        out, error = capfd.readouterr()
        assert "error[too-few-classes]: set: all images are of one class, cat" in error
        assert "audit" not in out
    assert not (tmp_path / "run").exists()
    assert exit_code(["audit", str(root), "--out", str(tmp_path / "audit")]) == 0


def test_spellings_of_one_class_are_joined_as_the_note_says(tmp_path: Path) -> None:
    """Case, a space at the end, and an accent in one character or two: the note's option joins them all."""
    names = ("Cat", "cat", "cat ", normalize("NFC", "caf\u00e9"), normalize("NFD", "caf\u00e9"))
    root = made(tmp_path, *numbered(*names, "dog"))
    plain = load(root)
    assert len(plain.classes) == 6
    assert sum("--classes with one name of each class joins them" in note for note in plain.notes) == 2
    joined = load(root, classes="Cat,caf\u00e9,dog")
    assert dict(zip(joined.classes, joined.train.counts(3).tolist(), strict=True)) == {
        "Cat": 9,
        "caf\u00e9": 6,
        "dog": 3,
    }
